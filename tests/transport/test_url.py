"""URLs of meters: what they say, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import ConfigurationError
from dlms.transport.url import Url, Use


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://192.0.2.7", Url("wrapper", "tcp", "192.0.2.7:4059", "192.0.2.7", 4059)),
        ("tcp://meter:99?client=1&server=17", Url("wrapper", "tcp", "meter:99", "meter", 99, 1, 17)),
        ("udp://[2001:db8::1]:4060", Url("wrapper", "udp", "[2001:db8::1]:4060", "2001:db8::1", 4060)),
        ("hdlc+tcp://meter:8000?physical=17&address_size=4",
         Url("hdlc", "tcp", "meter:8000", "meter", 8000, physical=17, address_size=4)),
        ("hdlc+serial:///dev/ttyUSB0?baud=19200", Url("hdlc", "serial", "/dev/ttyUSB0", baud=19200)),
        ("iec+serial://COM3", Url("iec", "serial", "COM3", "com3")),
        ("hdlc+rfc2217://127.0.0.1:7000", Url("hdlc", "rfc2217", "rfc2217://127.0.0.1:7000", "127.0.0.1")),
        ("hdlc+loop://", Url("hdlc", "loop", "loop://")),
        ("hdlc+serial://", None),
        ("pair://bench", Url("wrapper", "pair", "bench", "bench")),
    ],
)  # fmt: skip
def test_what_it_says(text: str, expected: Url | None) -> None:
    if expected is None:
        with pytest.raises(ConfigurationError):
            Url.parse(text)
    else:
        assert Url.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "meter",
        "http://meter",
        "hdlc+udp://meter:1",
        "hdlc+tcp://meter",
        "foo+tcp://meter",
        "tcp://",
        "tcp://meter/path",
        "tcp://user:secret@meter",
        "tcp://user@meter",
        "tcp://:secret@meter",
        f"tcp://{'a' * 64}.example",  # a label of 63 at the most
        "tcp://meter?encryption_key=00",
        "tcp://meter?client=x",
        "tcp://meter?client=1&client=2",
        "tcp://meter?client",
        "tcp://meter?client=-1",
        "tcp://meter?client=\u00b2",
        "tcp://meter?client=1234567890",
        "tcp://meter?client=1&",
        "tcp://meter:70000",
        "hdlc+tcp://meter:1?address_size=3",
        "hdlc+serial://",
        "tcp://meter#x",
        "tcp://meter?device=12345678",
        "iec+serial:///dev/ttyUSB0?device=!",
        "iec+serial:///dev/ttyUSB0?device=",
        "tcp://[::1",
        "tcp://me\0ter",
        "tcp://meter\n",
        "tcp://meter?Client=1",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Url.parse(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp://meter?physical=17", "physical means nothing for tcp://: .* HDLC"),
        ("udp://meter?client=1&address_size=4", "address_size means nothing for udp://: .* HDLC"),
        ("pair://bench?physical=0", "physical means nothing for pair://: .* HDLC"),
        ("tcp://meter?baud=9600", "baud means nothing for tcp://: only serial lines"),
        ("hdlc+tcp://meter:8000?baud=9600", r"baud means nothing for hdlc\+tcp://: only serial lines"),
        ("hdlc+socket://meter:8000?baud=9600", r"baud means nothing for hdlc\+socket://: only serial lines"),
        ("hdlc+serial:///dev/ttyUSB0?device=7", r"device means nothing for hdlc\+serial://: .* sign-on"),
        ("tcp://meter?client=1&server=2&client=1", "client is given twice"),
        ("tcp://meter?phisical=17", "no option 'phisical'; it has address_size, baud, client"),
    ],
)
def test_what_means_nothing(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        Url.parse(text)


@pytest.mark.parametrize(
    ("use", "known", "unknown"),
    [
        ("readout", "iec+serial://COM3?baud=9600&device=7", "client physical"),
        ("dialogue", "iec+serial://COM3?baud=9600", "client server physical device"),
        ("listen", "hdlc+serial://COM3?baud=9600&physical=17", "client server address_size"),
        ("push", "hdlc+tcp://meter:4061?physical=17", "client server address_size"),
    ],
)
def test_what_means_nothing_for_its_use(use: Use, known: str, unknown: str) -> None:
    assert Url.parse(known, use) == Url.parse(known)
    for name in unknown.split():
        with pytest.raises(ConfigurationError, match=f"the option {name} means nothing (in|where) "):
            Url.parse(f"{known}&{name}=1", use)


@given(st.text())
def test_any_text(text: str) -> None:
    for prefix in ("", "tcp://", "tcp://meter?", "hdlc+serial://"):
        with contextlib.suppress(ConfigurationError):
            Url.parse(prefix + text)
