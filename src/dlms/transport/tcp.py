"""TCP: connecting, and taking over a socket that is already open (a meter that dialled in)."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from typing import Any, Self, cast

from dlms.errors import ConnectionLost, DeadlineExceeded
from dlms.transport.base import READ_SIZE

FIRST_ROOM = 4096  # octets that are read at once until more come: thousands of connections stay open for little


class TcpTransport:
    """A connected stream socket, used by blocking calls. `peer` is the address of the other end."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.peer: Any = None
        with contextlib.suppress(OSError):  # it may be gone already
            self.peer = connected.getpeername()
        self._socket.setblocking(True)
        with contextlib.suppress(OSError):  # a socket pair is no TCP socket
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ready = select.poll() if hasattr(select, "poll") else None
        if self._ready is not None:
            self._ready.register(self._socket, select.POLLIN)

    @classmethod
    def connect(cls, host: str, port: int, timeout: float | None) -> Self:
        """Connect within `timeout` seconds; raises ConnectionLost and DeadlineExceeded."""
        try:
            return cls(socket.create_connection((host, port), timeout))
        except TimeoutError:
            raise DeadlineExceeded(f"no connection to {host} port {port} within {timeout} s") from None
        except OSError as error:
            raise ConnectionLost(f"no connection to {host} port {port}: {error}") from None

    def send(self, octets: bytes) -> None:
        try:
            self._socket.sendall(octets)
        except OSError as error:
            raise ConnectionLost(f"sending failed: {error}") from None

    def receive(self, timeout: float | None) -> bytes | None:
        try:
            if timeout is not None and not self._wait(timeout):
                return None
            return self._socket.recv(READ_SIZE)
        except (OSError, ValueError) as error:
            raise ConnectionLost(f"receiving failed: {error}") from None

    def _wait(self, timeout: float) -> bool:
        if self._ready is not None:
            return bool(self._ready.poll(max(0.0, timeout) * 1000))
        return bool(select.select([self._socket], [], [], max(0.0, timeout))[0])

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class OctetProtocol(asyncio.BufferedProtocol):
    """What arrives, kept until it is asked for. A BufferedProtocol reads into one buffer of its own; the usual
    Protocol has 256 KiB allocated for every read."""

    def __init__(self) -> None:
        self._room = bytearray(FIRST_ROOM)
        self._arrived = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._deadline: float | None = None  # of the waiter
        self._timer: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = False
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._room

    def buffer_updated(self, count: int) -> None:
        self._arrived += memoryview(self._room)[:count]
        if count == len(self._room) < READ_SIZE:  # there is more to come: most connections never see so much
            self._room = bytearray(2 * count)
        if len(self._arrived) > 4 * READ_SIZE and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = True
        self._error = error
        if self._timer is not None:
            self._timer.cancel()
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the transport calls.

    @property
    def writable(self) -> bool:
        """Whether more may be written at once."""
        return self._writable.is_set()

    async def drain(self) -> None:
        """Wait until more may be written; raises ConnectionLost."""
        if not self._writable.is_set():
            await self._writable.wait()
        self.check()

    def check(self) -> None:
        """Raise ConnectionLost if the connection broke."""
        if self._error is not None:
            raise ConnectionLost(f"the connection broke: {self._error}") from None

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that the waiter is woken at its deadline.

        A timer stays when what was waited for comes: made and cancelled for every message, it would cost as much as
        the message. One that is too early is set anew when it goes off, one that is too late is replaced.
        """
        if self._deadline is None:
            return
        if self._timer is not None:
            if loop.time() < self._timer.when() <= self._deadline:
                return
            self._timer.cancel()
        self._timer = loop.call_at(self._deadline, self._due, loop)

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._waiter is None or self._deadline is None:
            return
        if loop.time() >= self._deadline:
            self._wake()
        else:
            self._watch(loop)

    async def take(self, timeout: float | None) -> bytes | None:
        """What has arrived, once anything has."""
        if not self._arrived and not self._ended:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            self._deadline = None if timeout is None else loop.time() + max(0.0, timeout)
            self._watch(loop)
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._arrived:
            octets = bytes(self._arrived)
            self._arrived.clear()
            if self._transport is not None and not self._transport.is_reading() and not self._ended:
                self._transport.resume_reading()
            return octets
        if self._ended:
            self.check()
            return b""
        return None


class AsyncTcpTransport:
    """A connected stream socket under asyncio. `peer` is the address of the other end."""

    def __init__(self, transport: asyncio.Transport, protocol: OctetProtocol) -> None:
        self._transport = transport
        self.peer: Any = transport.get_extra_info("peername")
        self._protocol = protocol

    @classmethod
    async def connect(cls, host: str, port: int, timeout: float | None) -> Self:
        """Connect within `timeout` seconds; raises ConnectionLost and DeadlineExceeded."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                return cls(*await loop.create_connection(OctetProtocol, host, port))
        except TimeoutError:
            raise DeadlineExceeded(f"no connection to {host} port {port} within {timeout} s") from None
        except OSError as error:
            raise ConnectionLost(f"no connection to {host} port {port}: {error}") from None

    @classmethod
    async def adopt(cls, connected: socket.socket) -> Self:
        """Take over a connected socket."""
        connected.setblocking(False)
        return cls(*await asyncio.get_running_loop().create_connection(OctetProtocol, sock=connected))

    async def send(self, octets: bytes) -> None:
        self._protocol.check()
        if self._transport.is_closing():
            raise ConnectionLost("the connection is closed")
        self._transport.write(octets)
        if not self._protocol.writable:
            await self._protocol.drain()

    async def receive(self, timeout: float | None) -> bytes | None:
        return await self._protocol.take(timeout)

    async def close(self) -> None:
        self._transport.close()
