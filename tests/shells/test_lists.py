"""Several attributes written and several methods invoked at once: with lists, in blocks, one by one, by short names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import ENERGY, LONG, NAME, make_device

from dlms.apdu import decode
from dlms.cosem.classes import Clock, Data, ImageTransfer
from dlms.cosem.classes.access_control import ImageBlock
from dlms.data import Integer, OctetString
from dlms.enumerations import Conformance, MethodAccessV3
from dlms.errors import EncodeError
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server
from dlms.service_errors import ObjectUndefined, ServiceError

UNKNOWN = Data("0.0.99.99.9.255").value
CLOCK, TRANSFER = Clock("0.0.1.0.0.255"), ImageTransfer("0.0.44.0.0.255")
NO_LISTS = Conformance.GET | Conformance.SET | Conformance.ACTION


WAYS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "lists": ({}, {"SetRequestWithList", "ActionRequestWithList"}),
    "blocks": (
        {"max_receive_pdu_size": 100},
        {"SetRequestWithListAndFirstDatablock", "ActionRequestWithListAndFirstPblock"},
    ),
    "one by one": ({"conformance": NO_LISTS}, {"SetRequestNormal", "ActionRequestNormal"}),
    "short names": ({"short_names": True}, {"WriteRequest"}),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("way", WAYS)
def test_several_at_once(colour: str, way: str) -> None:
    options, expected = WAYS[way]
    device = LogicalDevice(
        "TST0000000000001",
        clients=[ServedClient(16, max_receive_pdu_size=options.get("max_receive_pdu_size", 0xFFFF),
                              attributes=READ_AND_WRITE, methods=MethodAccessV3.ACCESS)],
    )  # fmt: skip
    device[NAME], device[LONG] = OctetString(b"old"), OctetString(b"old")
    device.add(ENERGY)
    invoked: list[Any] = []
    device.on_call(TRANSFER.image_block_transfer, invoked.append)
    device.on_call(CLOCK.adjust_to_quarter, lambda argument: OctetString(b"done"))
    sent: set[str] = set()

    def trace(what: str, octets: bytes) -> None:
        if what == "apdu sent":
            sent.add(type(decode(octets)).__name__)

    async def scenario(connect: Callable[..., Any]) -> None:
        server = Server(device)
        url = await server.listen("tcp://127.0.0.1:0")
        try:
            async with connect(f"{url}?client=16", trace=trace, **options) as meter:
                long = bytes(range(250))
                assert await meter.set_several((NAME, OctetString(b"new")), (LONG, OctetString(long))) == (None, None)
                assert await meter.get(NAME, LONG) == (b"new", long)

                outcomes = await meter.set_several(
                    (UNKNOWN, Integer(1)), (NAME, OctetString(b"newer")), errors="return"
                )
                assert isinstance(outcomes[0], ObjectUndefined)
                assert outcomes[1] is None
                with pytest.raises(ServiceError) as refused:
                    await meter.set_several((NAME, OctetString(b"newest")), (UNKNOWN, Integer(1)))
                assert refused.value.results[0] is None
                assert await meter.get(NAME) == b"newest"

                calls = (
                    (TRANSFER.image_block_transfer, (7, long)),
                    (CLOCK.adjust_to_quarter, None),
                    (ENERGY.reset, None),
                ) * 5
                *outcomes, refusal = await meter.call_several(*calls, errors="return")
                assert outcomes[:2] == [None, b"done"]
                assert isinstance(refusal, ServiceError)
                assert invoked == [ImageBlock(7, long)] * 5
        finally:
            await server.close()

    run(colour, scenario)
    assert expected <= sent
    if way != "one by one":
        assert not sent & WAYS["one by one"][1]


@pytest.mark.parametrize("colour", COLOURS)
def test_nothing_is_written_where_one_value_does_not_fit(colour: str) -> None:
    device = make_device()

    async def scenario(connect: Callable[..., Any]) -> None:
        server = Server(device)
        url = await server.listen("tcp://127.0.0.1:0")
        try:
            async with connect(f"{url}?client=16") as meter:
                with pytest.raises(EncodeError):
                    await meter.set_several((CLOCK.time_zone, 60), (CLOCK.time_zone, "sixty"))
                with pytest.raises(ServiceError):
                    await meter.get(CLOCK.time_zone)
        finally:
            await server.close()

    run(colour, scenario)
