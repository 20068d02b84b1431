"""TCP: connecting, and taking over a socket that is already open (a meter that dialled in)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable
from typing import Any, Final, Self, cast

from dlms.errors import ConnectionLost, DeadlineExceeded
from dlms.transport.base import READ_SIZE
from dlms_core.arrival import Arrival

HAVE_TIMEOUT: Final = sys.platform in ("linux", "darwin")
"""Where a socket's own time-out is a struct timeval, and a read that it ends an EAGAIN."""
SHORTEST_TIMEOUT: Final = 0.001
FOREVER: Final = float("inf")
TAKEN_WITHIN: float = 30  # seconds: a peer that reads nothing for so long counts as lost
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
        self._room = FIRST_ROOM
        self._timeout: float | None = None  # of the socket itself, where it has one
        self._has_timeout = HAVE_TIMEOUT and type(connected) is socket.socket  # a socket of TLS waits in other ways
        if self._has_timeout:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval(TAKEN_WITHIN))

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
            if not self._has_timeout:
                self._be_patient(TAKEN_WITHIN)
            self._socket.sendall(octets)
        except (BlockingIOError, TimeoutError):
            raise ConnectionLost(f"sending failed: the other end read nothing for {TAKEN_WITHIN} s") from None
        except OSError as error:
            raise ConnectionLost(f"sending failed: {error}") from None

    def receive(self, timeout: float | None) -> bytes | None:
        try:
            if timeout != self._timeout:
                self._be_patient(timeout)
            octets = self._socket.recv(self._room)
        except BlockingIOError:
            return None
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError) and error.errno is None:  # Python's, not the system's of a lost peer
                return None
            raise ConnectionLost(f"receiving failed: {error}") from None
        if len(octets) == self._room < READ_SIZE:  # there is more to come
            self._room *= 2
        return octets

    def _be_patient(self, timeout: float | None) -> None:
        """Let reading end after so many seconds. Where the socket itself can, the system is called but once for each
        message; Python waits with a call of its own, and writing with it."""
        seconds = None if timeout is None else max(timeout, SHORTEST_TIMEOUT)  # 0 stands for other things
        if self._has_timeout:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(seconds or 0.0))
        else:
            self._socket.settimeout(seconds)
        self._timeout = timeout

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def timeval(seconds: float) -> bytes:
    """A struct timeval."""
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1e6))


class OctetProtocol(asyncio.BufferedProtocol):
    """What arrives, kept until it is asked for. A BufferedProtocol reads into one buffer of its own; the usual
    Protocol has 256 KiB allocated for every read."""

    def __init__(self) -> None:
        self._room = memoryview(bytearray(FIRST_ROOM))
        self._arrived: list[bytes] = []
        self._octets = 0  # of them
        self._paused = False  # reading
        self._arrival = Arrival(asyncio.get_running_loop(), self.taken)
        self._deadline: float | None = None  # of who awaits it
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = FOREVER  # the timer
        self._writable = asyncio.Event()
        self._writable.set()
        self.full = False
        """Whether the transport asks to wait before more is written (`drain`)."""
        self.closed = False
        """Whether nothing more can be sent."""
        self._ended = False
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, count: int) -> None:
        self._arrived.append(bytes(self._room[:count]))
        self._octets += count
        if count == len(self._room) < READ_SIZE:  # there is more to come: most connections never see so much
            self._room = memoryview(bytearray(2 * count))
        if self._octets > 4 * READ_SIZE and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True
        self._arrival.wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._arrival.wake()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = self._ended = True
        self._error = error
        if self._timer is not None:
            self._timer.cancel()
        self.resume_writing()
        self._arrival.wake()

    def pause_writing(self) -> None:
        self.full = True
        self._writable.clear()

    def resume_writing(self) -> None:
        self.full = False
        self._writable.set()

    # What the transport calls.

    async def drain(self) -> None:
        """Wait until more may be written; raises ConnectionLost, also where the peer reads nothing."""
        try:
            async with asyncio.timeout(TAKEN_WITHIN):
                await self._writable.wait()
        except TimeoutError:
            raise ConnectionLost(f"sending failed: the other end read nothing for {TAKEN_WITHIN} s") from None
        self.check()

    def check(self) -> None:
        """Raise ConnectionLost if the connection broke."""
        if self._error is not None:
            raise ConnectionLost(f"the connection broke: {self._error}") from None

    def _watch(self, deadline: float) -> None:
        """See to it that the waiter is woken at its deadline.

        A timer stays when what was waited for comes: made and cancelled for every message, it would cost as much as
        the message. One that is too early is set anew when it goes off, one that is too late is replaced.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._due)
        self._due_at = deadline

    def _due(self) -> None:
        self._timer, self._due_at = None, FOREVER
        if not self._arrival.awaited or self._deadline is None:
            return
        if self._loop.time() >= self._deadline:
            self._arrival.wake()
        else:
            self._watch(self._deadline)

    def turn(self, octets: bytes, timeout: float | None) -> bytes | Arrival | Awaitable[bytes | None] | None:
        """Send the octets, if any; what has arrived, or what is to be awaited until something has: an Arrival, whose
        `take` then gives it, or a coroutine that returns it. For one task at a time."""
        if octets:
            if self.closed or self._transport is None:
                self.check()
                raise ConnectionLost("the connection is closed")
            self._transport.write(octets)
            if self.full:
                return self._turn_when_sent(timeout)
        if self._arrived or self._ended:
            return self.taken()
        self._deadline = deadline = None if timeout is None else self._loop.time() + timeout
        if deadline is not None and deadline < self._due_at:
            self._watch(deadline)
        return self._arrival

    async def _turn_when_sent(self, timeout: float | None) -> bytes | None:
        await self.drain()
        return await self.take(timeout)

    async def take(self, timeout: float | None) -> bytes | None:
        """What has arrived, once anything has."""
        found = self.turn(b"", timeout)
        if type(found) is Arrival:
            await found
            return self.taken()
        return found  # type: ignore[return-value]  # with nothing to send nothing else is awaited

    def taken(self) -> bytes | None:
        """What has arrived by now; b"" at the end, None where there is nothing."""
        arrived = self._arrived
        if arrived:
            octets = arrived[0] if len(arrived) == 1 else b"".join(arrived)
            arrived.clear()
            self._octets = 0
            if self._paused:
                self._resume_reading()
            return octets
        if self._ended:
            self.check()
            return b""
        return None

    def _resume_reading(self) -> None:
        self._paused = False
        if self._transport is not None and not self._ended:
            self._transport.resume_reading()


class AsyncTcpTransport:
    """A connected stream socket under asyncio. `peer` is the address of the other end."""

    def __init__(self, transport: asyncio.Transport, protocol: OctetProtocol) -> None:
        self._transport = transport
        self.peer: Any = transport.get_extra_info("peername")
        self._protocol = protocol
        self.turn = protocol.turn
        """`send` and `receive` in one step."""

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
        if self._transport.is_closing():  # as one that broke is
            self._protocol.check()
            raise ConnectionLost("the connection is closed")
        self._transport.write(octets)
        if self._protocol.full:
            await self._protocol.drain()

    async def receive(self, timeout: float | None) -> bytes | None:
        return await self._protocol.take(timeout)

    async def close(self) -> None:
        self._protocol.closed = True
        if self._transport.get_write_buffer_size():  # the peer does not read: closing would wait for it
            self._transport.abort()
        else:
            self._transport.close()
