"""The server over real sockets: our own client, bad clients, limits."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

import pytest
from tests.association.meter import (
    CLOCK,
    ENERGY,
    GUARDED,
    KEYS,
    LONG,
    MANAGER,
    NOW,
    PUBLIC,
    aarq,
    attribute,
    initiate,
    meter,
)
from tests.serving import serving

import dlms
from dlms.apdu import decode, encode
from dlms.apdu.acse import Aare
from dlms.apdu.get import GetRequestNext, GetRequestNormal, GetResponseWithDatablock
from dlms.cosem.classes import SapAssignment
from dlms.data import DoubleLongUnsigned
from dlms.errors import ConfigurationError
from dlms.grammar import Message
from dlms.link.hdlc_settings import HdlcSettings
from dlms.results import DataAccessResult
from dlms.security.counters import MemoryCounterStore
from dlms.server import LogicalDevice, ServedClient, Server, ServerLimits, SessionLimits
from dlms.service_errors import OtherReason, ReadWriteDenied, TemporaryFailure
from dlms_core.wrapper import build

URLS = ["tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0", "udp://127.0.0.1:0"]


@pytest.mark.parametrize("url", [*URLS, "pair://a-meter"])
def test_our_own_client_over_every_link(url: str) -> None:
    with serving(Server(meter()), url) as (where,), dlms.connect(f"{where}?client={MANAGER}") as client:
        assert client.get(CLOCK.time) == NOW
        assert client.get(LONG.value) == bytes(range(256)) * 4
        client.set(CLOCK.time_zone, -60)
        assert client.get(CLOCK.time_zone) == -60


@pytest.mark.parametrize("url", URLS[:2])
def test_our_own_client_ciphered(url: str) -> None:
    security = dlms.Security("hls-gmac", policy="authenticated+encrypted", client_system_title=b"CLI\0\0\0\0\1", **KEYS)
    with serving(Server(meter()), url) as (where,):
        for _ in range(2):
            with dlms.connect(f"{where}?client={GUARDED}", security=security) as client:
                assert client.get(CLOCK.time) == NOW


def test_devices_of_one_system_title_count_together() -> None:
    """Each for itself they would use one counter twice under one key."""
    counters = MemoryCounterStore()
    apart = [LogicalDevice(f"DLM{sap}", sap=sap, system_title=b"DLM\0\0\0\0\1") for sap in (1, 17)]
    with pytest.raises(ConfigurationError, match="counters"):
        Server(apart)
    Server([LogicalDevice(f"DLM{sap}", sap=sap) for sap in (1, 17)])
    Server(LogicalDevice(f"DLM{sap}", sap=sap, system_title=b"DLM\0\0\0\0\1", counters=counters) for sap in (1, 17))


def test_several_logical_devices_on_one_line() -> None:
    second = LogicalDevice("DLM0000000000002", sap=17, clients=[ServedClient(PUBLIC)])
    second[ENERGY.value] = DoubleLongUnsigned(17)
    with serving(Server([meter(), second]), *URLS[:2]) as urls:
        for url in urls:
            with dlms.connect(f"{url}?server=17") as client:
                assert client.get(ENERGY.value) == 17
            with dlms.connect(url) as client:
                assert client.get(ENERGY.value) == 4711


def test_an_async_function_that_is_cancelled_by_something_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    device = meter()

    async def cancelled() -> int:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        return await future  # type: ignore[no-any-return]

    device[CLOCK.time_zone] = cancelled
    with serving(Server(device), URLS[0]) as (where,), dlms.connect(f"{where}?client={MANAGER}") as client:
        with pytest.raises(OtherReason):
            client.get(CLOCK.time_zone)
        assert client.get(CLOCK.time) == NOW
    assert "cancelled" in caplog.text


def test_async_functions_and_one_that_takes_too_long() -> None:
    device = meter()

    async def quick() -> DoubleLongUnsigned:
        await asyncio.sleep(0.01)
        return DoubleLongUnsigned(1)

    async def slow() -> int:
        await asyncio.sleep(60)
        return 1

    async def denied(value: int) -> None:
        raise ReadWriteDenied

    device[ENERGY.value] = quick
    device[CLOCK.time_zone] = slow
    device.on_set(CLOCK.time_zone, denied)
    server = Server(device, limits=ServerLimits(function_timeout=0.1))
    with serving(server, URLS[0]) as (url,), dlms.connect(f"{url}?client={MANAGER}") as client:
        assert client.get(ENERGY.value) == 1
        with pytest.raises(TemporaryFailure):
            client.get(CLOCK.time_zone)
        with pytest.raises(ReadWriteDenied):
            client.set(CLOCK.time_zone, 1)


def connected(url: str) -> socket.socket:
    host, port = url.rpartition("/")[2].rsplit(":", 1)
    return socket.create_connection((host, int(port)), 5)


def ended(peer: socket.socket) -> bool:
    """Whether the server ends a connection, one way or the other."""
    try:
        return peer.recv(1) == b""
    except ConnectionError:
        return True


def test_half_open_connections_end_and_others_are_served() -> None:
    server = Server(meter(), limits=ServerLimits(half_open_timeout=0.5, connections=250))
    with serving(server, URLS[0]) as (url,):
        idle = [connected(url) for _ in range(200)]
        with dlms.connect(url) as client:
            assert client.get(CLOCK.time) == NOW
        for one in idle:
            one.settimeout(5)
            assert ended(one)
            one.close()


def test_no_more_connections_than_allowed() -> None:
    server = Server(meter(), limits=ServerLimits(connections=1))
    with serving(server, URLS[0]) as (url,), dlms.connect(url) as client, connected(url) as other:
        other.settimeout(5)
        assert ended(other)
        assert client.get(CLOCK.time) == NOW


@pytest.mark.parametrize("url", URLS[:2])
def test_garbage_is_survived(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving(Server(meter(), hdlc=HdlcSettings(inactivity_timeout=1)), url) as (where,):
        cut_short = build(b"\xc0\x01", source=16, destination=1)
        for garbage in (b"\xff" * 5000, b"\x7e" * 5000, cut_short * 20, b"\x00\x01" * 9):
            with connected(where) as peer:
                peer.sendall(garbage)
        with dlms.connect(where) as client:
            assert client.get(CLOCK.time) == NOW
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_requests_of_two_clients_interleaved_on_one_connection() -> None:
    with serving(Server(meter()), URLS[0]) as (url,), connected(url) as peer:
        peer.settimeout(5)
        opening = encode(aarq())
        peer.sendall(build(opening, source=PUBLIC, destination=1) + build(opening, source=MANAGER, destination=1))
        received = b""
        deadline = time.monotonic() + 5
        while received.count(b"\x00\x01\x00\x01") < 2 and time.monotonic() < deadline:
            received += peer.recv(4096)
        assert received.count(b"\x00\x01\x00\x01\x00\x10") == 1
        assert isinstance(decode(received[8 : 8 + received[7]]), Aare)


def test_the_management_device_lists_them_all() -> None:
    second = LogicalDevice("DLM0000000000002", sap=17, clients=[ServedClient(PUBLIC)])
    with serving(Server([meter(), second]), URLS[0]) as (url,), dlms.connect(url) as client:
        found = client.get(SapAssignment("0.0.41.0.0.255").sap_assignment_list)
    assert [(of.sap, of.logical_device_name) for of in found] == [
        (1, b"DLM0000000000001"), (17, b"DLM0000000000002")
    ]  # fmt: skip


def test_a_transfer_that_is_left_lying_is_dropped() -> None:
    limits = SessionLimits(transfer_timeout=1.0)
    small = {"user_information": initiate(size=100)}
    with serving(Server(meter(), session_limits=limits), URLS[0]) as (url,), connected(url) as peer:
        peer.settimeout(5)

        def asked(request: Message) -> object:
            peer.sendall(build(encode(request), source=PUBLIC, destination=1))
            header = peer.recv(8, socket.MSG_WAITALL)
            return decode(peer.recv(int.from_bytes(header[6:]), socket.MSG_WAITALL))

        assert isinstance(asked(aarq(**small)), Aare)
        first = asked(GetRequestNormal(0xC1, attribute(LONG.value)))
        assert isinstance(first, GetResponseWithDatablock)
        second = asked(GetRequestNext(0xC1, 1))
        assert isinstance(second, GetResponseWithDatablock)
        assert isinstance(second.result.result, bytes)
        time.sleep(1.5)
        gone = asked(GetRequestNext(0xC1, 2))
        assert isinstance(gone, GetResponseWithDatablock)
        assert gone.result.result == DataAccessResult.NO_LONG_GET_IN_PROGRESS
