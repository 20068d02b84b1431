"""Meters that dial in, and stations found on an HDLC line: in both colours."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.serving import serving
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import ENERGY, Running, make_device

import dlms
from dlms import aio, client
from dlms.errors import ConfigurationError, ConnectionLost
from dlms.server import LogicalDevice, Server
from dlms_core.hdlc import Frame, FrameKind, control_octet
from dlms_core.hdlc_reader import FrameReader

pytestmark = pytest.mark.parametrize("colour", COLOURS)
IDENTIFICATION = b"\x00\x01DLM0000000000001\r\n"


def dial_in(port: int, meter: int, said: bytes = IDENTIFICATION) -> None:
    """A modem: connects to the head-end, says who it is, and carries octets between it and the meter."""
    head_end = socket.create_connection(("127.0.0.1", port))
    head_end.sendall(said)
    served = socket.create_connection(("127.0.0.1", meter))

    def carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while octets := source.recv(65536):
                sink.sendall(octets)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            if source is served:
                end.close()

    threads = [
        threading.Thread(target=carry, args=pair, daemon=True) for pair in ((head_end, served), (served, head_end))
    ]
    for thread in threads:
        thread.start()


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_meters_that_dial_in_say_who_they_are_and_are_read(meter: Running, colour: str, link: str) -> None:
    url = "tcp://meter?client=16" if link == "wrapper" else "hdlc+tcp://meter:1?client=16"

    def by_threads() -> list[Any]:
        values = []
        with client.listen_for_meters(port=0) as meters:
            for _ in range(2):
                dial_in(meters.port, meter.port(link))
            for transport in meters:
                assert transport.peer[0] == "127.0.0.1"
                assert transport.receive(5) == IDENTIFICATION
                with dlms.connect(url, transport=transport) as connected:
                    values.append(connected.get(ENERGY.value))
                if len(values) == 2:
                    break
            assert meters.accept(0.01) is None
        return values

    async def by_asyncio() -> list[Any]:
        values = []
        async with aio.listen_for_meters(port=0) as meters:
            for _ in range(2):
                await asyncio.to_thread(dial_in, meters.port, meter.port(link))
            async for transport in meters:
                assert transport.peer[0] == "127.0.0.1"
                assert await transport.receive(5) == IDENTIFICATION
                async with aio.connect(url, transport=transport) as connected:
                    values.append(await connected.get(ENERGY.value))
                if len(values) == 2:
                    break
            assert await meters.accept(0.01) is None
        return values

    assert (by_threads() if colour == "threads" else asyncio.run(by_asyncio())) == [123456] * 2


def test_what_a_meter_said_before_it_was_asked_does_not_disturb(meter: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        async with aio.listen_for_meters(port=0) as meters:
            await asyncio.to_thread(dial_in, meters.port, meter.port("hdlc"), b"\r\nHELLO\r\n")
            transport = await meters.accept(5)
            assert transport is not None
            async with aio.connect("hdlc+tcp://meter:1?client=16", transport=transport) as connected:
                assert await connected.get(ENERGY.value) == 123456

    run(colour, scenario)


def test_a_listener_that_is_closed_ends_the_waiting(colour: str) -> None:
    def by_threads() -> None:
        listener = client.listen_for_meters(port=0)
        threading.Timer(0.1, listener.close).start()
        assert list(listener) == []
        with pytest.raises(ConnectionLost):
            listener.accept(0.1)
        with client.listen_for_meters(port=0) as taken, pytest.raises(ConnectionLost):
            client.listen_for_meters(port=taken.port)

    async def by_asyncio() -> None:
        async with aio.listen_for_meters(port=0) as listener:
            asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(listener.close()))
            assert [transport async for transport in listener] == []
        with pytest.raises(ConnectionLost):
            await listener.accept()
        async with aio.listen_for_meters(port=0) as taken:
            with pytest.raises(ConnectionLost):
                await aio.listen_for_meters(port=taken.port).open()

    by_threads() if colour == "threads" else asyncio.run(by_asyncio())


# ---- stations on a line -------------------------------------------------------------------------------------------


def scanned(colour: str, url: str, *given: Any, **options: Any) -> Any:
    if colour == "threads":
        return client.scan(url, *given, **options)
    return asyncio.run(aio.scan(url, *given, **options))


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    """One physical device, 20, with logical devices 1 and 17."""
    devices: list[LogicalDevice] = [make_device(), make_device(sap=17)]
    with serving(Server(devices), "hdlc+tcp://127.0.0.1:0?physical=20") as (url,):
        yield url.partition("?")[0]


def test_stations_that_accept(line: str, colour: str) -> None:
    told: list[tuple[int, int | None]] = []
    found = scanned(
        colour, line, (1, 2, 17), (19, 20), patience=0.15, attempts=1, on_progress=lambda *done: told.append(done)
    )
    assert [(each.server, each.physical, each.answer) for each in found] == [(1, 20, "UA"), (17, 20, "UA")]
    assert found[0].in_force.information_transmit > 128
    assert told == [(done, 6) for done in range(7)]


@contextmanager
def answering(answer: Callable[[Frame], list[Frame]]) -> Iterator[str]:
    """A line with whatever answers frames so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            connected, _ = listener.accept()
            with connected:
                reader = FrameReader()
                while octets := connected.recv(4096):
                    for frame in reader.read(octets):
                        if isinstance(frame, Frame):
                            connected.sendall(b"".join(each.encode() for each in answer(frame)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"hdlc+tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(5)


def test_stations_that_refuse_and_stations_that_never_take_leave(colour: str) -> None:
    def answer(frame: Frame) -> list[Frame]:
        kind = {2: FrameKind.DM, 3: FrameKind.UA}.get(frame.destination.upper)
        if kind is None or frame.kind is FrameKind.DISC:
            return []
        return [Frame(frame.source, frame.destination, control_octet(kind, poll_final=True), b"")]

    with answering(answer) as url:
        found = scanned(colour, url, range(1, 5), patience=0.1, attempts=1)
    assert [(each.server, each.answer) for each in found] == [(2, "DM"), (3, "UA")]


def test_only_a_line_is_looked_through(meter: Running, colour: str) -> None:
    with pytest.raises(ConfigurationError):
        scanned(colour, meter.wrapper)
    with pytest.raises(ConnectionLost):
        scanned(colour, "hdlc+tcp://127.0.0.1:1")
