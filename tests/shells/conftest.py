"""A meter of our own in a thread of its own, for the clients of the tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dlms.cosem.classes import Clock, Data, Register
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.datetime import CosemDateTime
from dlms.enumerations import MethodAccessV3
from dlms.security.settings import Security
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server

EK, AK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
NAME = Data("0.0.96.1.0.255").value
LONG = Data("0.0.96.1.9.255").value
ENERGY = Register("1.0.1.8.0.255")
CLOCK = Clock("0.0.1.0.0.255")
LONG_VALUE = bytes(range(256)) * 12


def make_device(sap: int = 1) -> LogicalDevice:
    rights: dict[str, Any] = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
    device = LogicalDevice(
        "TST0000000000001",
        sap=sap,
        system_title=b"TST\0\0\0\0" + bytes([sap]),
        clients=[
            ServedClient(16, **rights),
            ServedClient(17, authentication="lls", password="12345678", **rights),
            ServedClient(
                2, authentication="hls-gmac", policy="authenticated+encrypted", encryption_key=EK,
                authentication_key=AK,
            ),
            ServedClient(
                1, authentication="hls-gmac", policy="authenticated+encrypted", encryption_key=EK,
                authentication_key=AK, replay="per_association", **rights,
            ),
        ],
    )  # fmt: skip
    device[NAME] = OctetString(b"a meter of ours")
    device[LONG] = OctetString(LONG_VALUE)
    device[ENERGY.value] = DoubleLongUnsigned(123456)
    device[ENERGY.scaler_unit] = (-1, 30)
    device[CLOCK.time] = CosemDateTime.from_octets(bytes.fromhex("07E80101FF00000000000000"))
    return device


def secured(**more: Any) -> Security:
    return Security(
        "hls-gmac", policy="authenticated+encrypted", client_system_title="4D4D4D0000000001", encryption_key=EK,
        authentication_key=AK, replay="per_association", **more,
    )  # fmt: skip


@dataclass
class Running:
    wrapper: str
    hdlc: str
    udp: str
    pair: str

    def port(self, link: str) -> int:
        return int(getattr(self, link).rpartition(":")[2])


@pytest.fixture(scope="session")
def meter() -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[Server, Running]:
        server = Server(make_device())
        return server, Running(
            wrapper=await server.listen("tcp://127.0.0.1:0"),
            hdlc=await server.listen("hdlc+tcp://127.0.0.1:0"),
            udp=await server.listen("udp://127.0.0.1:0"),
            pair=await server.listen("pair://meter-of-the-tests"),
        )

    server, running = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield running
    asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()
