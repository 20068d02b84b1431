"""What has no answer costs no waiting over HDLC: the turn comes back at once, and streamed blocks are polled for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.serving import serving
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import LONG, LONG_VALUE, NAME

from dlms.association.opening import LN_CONFORMANCE
from dlms.data import OctetString
from dlms.enumerations import Conformance
from dlms.link.hdlc_settings import HdlcSettings
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server

GENERAL_BLOCKS = (
    LN_CONFORMANCE & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE & ~Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.GENERAL_BLOCK_TRANSFER
)
ACKNOWLEDGE_AFTER = HdlcSettings().acknowledge_after

pytestmark = [pytest.mark.parametrize("colour", COLOURS), pytest.mark.parametrize("window", [1, 7])]


@pytest.fixture(scope="module")
def hdlc() -> Iterator[str]:
    client = ServedClient(16, attributes=READ_AND_WRITE, max_receive_pdu_size=120)
    device = LogicalDevice("TST0000000000001", system_title=b"TST\0\0\0\0\1", clients=[client])
    device[NAME] = OctetString(b"a meter of ours")
    device[LONG] = OctetString(b"")
    with serving(Server(device), "hdlc+tcp://127.0.0.1:0") as (url,):
        yield url


def test_general_blocks_stream_both_ways(hdlc: str, colour: str, window: int) -> None:
    settings = HdlcSettings(window_transmit=window, window_receive=window)
    options: dict[str, Any] = {"conformance": GENERAL_BLOCKS, "max_receive_pdu_size": 120, "hdlc": settings}

    async def scenario(connect: Any) -> None:
        async with connect(f"{hdlc}?client=16", **options) as meter:
            began = time.monotonic()
            await meter.set(LONG, OctetString(LONG_VALUE))
            assert await meter.get(LONG) == LONG_VALUE
            assert time.monotonic() - began < ACKNOWLEDGE_AFTER

    run(colour, scenario)


def test_unconfirmed_requests(hdlc: str, colour: str, window: int) -> None:
    settings = HdlcSettings(window_transmit=window, window_receive=window)

    async def scenario(connect: Any) -> None:
        async with connect(f"{hdlc}?client=16", hdlc=settings) as meter:
            began = time.monotonic()
            for number in range(5):
                await meter.set(NAME, OctetString(bytes([number])), confirmed=False)
            assert await meter.get(NAME) == b"\4"
            await meter.set(NAME, OctetString(b"a meter of ours"))
            assert time.monotonic() - began < ACKNOWLEDGE_AFTER

    run(colour, scenario)
