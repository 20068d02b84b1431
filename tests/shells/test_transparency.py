"""HDLC whose frames are made transparent by octet stuffing, as asynchronous lines that keep 7E and 7D for themselves
want it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.serving import serving
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import LONG, NAME, make_device, secured
from tests.shells.proxy import Proxy

import dlms
from dlms.cli import main
from dlms.data import OctetString
from dlms.errors import DlmsError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.server import Server
from dlms.shell import Deadlines
from dlms.transport.capture import CaptureFile, read_capture

FLAGS_AND_ESCAPES = bytes.fromhex("7E 7D 5E 5D 7E7E 7D7D 7D5E 7E7D") * 60
STUFFED = HdlcSettings(transparency=True, response_timeout=0.2, repetitions=1)
PLAIN = HdlcSettings(response_timeout=0.2, repetitions=1)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("ciphered", [False, True])
def test_a_session_on_a_line_that_keeps_two_octets_for_itself(colour: str, ciphered: bool) -> None:
    async def scenario(connect: Any) -> None:
        seen: list[bytes] = []
        url = f"hdlc+tcp://127.0.0.1:{proxy.port}?client={1 if ciphered else 16}"
        security = secured() if ciphered else None
        async with connect(
            url, security=security, hdlc=STUFFED, trace=lambda what, octets: seen.append(octets)
        ) as meter:
            await meter.set(LONG, OctetString(FLAGS_AND_ESCAPES))
            assert await meter.get(LONG) == FLAGS_AND_ESCAPES
            assert await meter.get(NAME) == b"a meter of ours"
        if not ciphered:
            assert any(FLAGS_AND_ESCAPES[:40] in octets for octets in seen)  # as an APDU, unstuffed

    with (
        serving(Server(make_device(), hdlc=STUFFED), "hdlc+tcp://127.0.0.1:0") as (at,),
        Proxy(("127.0.0.1", int(at.rpartition(":")[2]))) as proxy,
    ):
        run(colour, scenario)
    for passed in proxy.passed.values():  # flags stand between frames and nowhere else
        for frame in bytes(passed).strip(b"\x7e").split(b"\x7e"):
            assert all(after in b"\x5d\x5e" for before, after in pairwise(frame) if before == 0x7D)
    assert b"\x7d\x5e" in proxy.passed["up"]
    assert b"\x7d\x5e" in proxy.passed["down"]


@pytest.mark.parametrize("colour", COLOURS)
def test_one_end_that_does_not_know_of_it_is_one_clear_error(colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with pytest.raises(DlmsError):
            async with connect(
                f"{url}?client=16", hdlc=PLAIN, deadlines=Deadlines(link=1, response=1, release=0.2)
            ) as meter:
                await meter.set(LONG, OctetString(FLAGS_AND_ESCAPES))

    with serving(Server(make_device(), hdlc=STUFFED), "hdlc+tcp://127.0.0.1:0") as (url,):
        run(colour, scenario)


def test_its_capture_is_decoded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, value = tmp_path / "capture.txt", b"\0\x7e\x7d\x5e" * 3
    with (
        serving(Server(make_device(), hdlc=STUFFED), "hdlc+tcp://127.0.0.1:0") as (url,),
        CaptureFile(path) as trace,
        dlms.connect(f"{url}?client=16", hdlc=STUFFED, trace=trace) as meter,
    ):
        meter.set(LONG, OctetString(value))
        assert meter.get(LONG) == value
    octets = "".join(record.octets.hex() for record in read_capture(path.read_text()) if record.direction == "received")
    for source, names in (
        (str(path), ("aarq", "aare", "set-request-normal", "get-response-normal", "rlrq", "rlre")),
        (octets, ("aare", "set-response-normal", "get-response-normal", "rlre")),
    ):
        assert main(["decode", source]) == 0
        shown = capsys.readouterr().out
        places = [shown.index(f"\n{name}") for name in names]
        assert places == sorted(places)
        assert value.hex().upper() in shown.replace(" ", "").upper()
