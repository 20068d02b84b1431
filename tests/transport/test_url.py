"""URLs of meters: what they say, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import ConfigurationError
from dlms.transport.url import Url


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
        "tcp://meter?encryption_key=00",
        "tcp://meter?client=x",
        "tcp://meter?client=1&client=2",
        "tcp://meter?client",
        "tcp://meter?client=-1",
        "tcp://meter:70000",
        "tcp://meter?address_size=3",
        "hdlc+serial://",
        "tcp://meter#x",
        "tcp://meter?device=12345678",
        "iec+serial:///dev/ttyUSB0?device=!",
        "iec+serial:///dev/ttyUSB0?device=",
        "tcp://[::1",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Url.parse(text)
    assert "secret" not in str(refused.value)


@given(st.text())
def test_any_text(text: str) -> None:
    for prefix in ("", "tcp://", "tcp://meter?", "hdlc+serial://"):
        with contextlib.suppress(ConfigurationError):
            Url.parse(prefix + text)
