"""TCP: connecting, and taking over a socket that is already open (a meter that dialled in)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, Final, Self, cast

from dlms.errors import ConnectionLost, DeadlineExceeded
from dlms.transport.base import READ_SIZE

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


class _Done:
    """What is awaited and there already: a coroutine that ends at once takes three times as long."""

    def __await__(self) -> Generator[Any, Any, None]:
        return cast(Generator[Any, Any, None], iter(()))


NOTHING_TO_WAIT_FOR: Final = _Done()


class OctetProtocol(asyncio.BufferedProtocol):
    """What arrives, kept until it is asked for. A BufferedProtocol reads into one buffer of its own; the usual
    Protocol has 256 KiB allocated for every read."""

    def __init__(self) -> None:
        self._room = memoryview(bytearray(FIRST_ROOM))
        self._arrived: list[bytes] = []
        self._octets = 0  # of them
        self._paused = False  # reading
        self._waiter: asyncio.Future[None] | None = None
        self._deadline: float | None = None  # of the waiter
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = FOREVER  # the timer
        self._writable = asyncio.Event()
        self._writable.set()
        self.full = False
        """Whether the transport asks to wait before more is written (`drain`)."""
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
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = True
        self._error = error
        if self._timer is not None:
            self._timer.cancel()
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        self.full = True
        self._writable.clear()

    def resume_writing(self) -> None:
        self.full = False
        self._writable.set()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

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
        if self._waiter is None or self._deadline is None:
            return
        if self._loop.time() >= self._deadline:
            self._wake()
        else:
            self._watch(self._deadline)

    async def take(self, timeout: float | None) -> bytes | None:
        """What has arrived, once anything has."""
        arrived = self._arrived
        if not arrived and not self._ended:
            self._waiter = waiter = self._loop.create_future()
            self._deadline = deadline = None if timeout is None else self._loop.time() + timeout
            if deadline is not None and deadline < self._due_at:
                self._watch(deadline)
            try:
                await waiter
            finally:
                self._waiter = None
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

    def send(self, octets: bytes) -> Awaitable[None]:
        if self._transport.is_closing():  # as one that broke is
            self._protocol.check()
            raise ConnectionLost("the connection is closed")
        self._transport.write(octets)
        return self._protocol.drain() if self._protocol.full else NOTHING_TO_WAIT_FOR

    def receive(self, timeout: float | None) -> Coroutine[Any, Any, bytes | None]:
        return self._protocol.take(timeout)

    async def close(self) -> None:
        if self._transport.get_write_buffer_size():  # the peer does not read: closing would wait for it
            self._transport.abort()
        else:
            self._transport.close()
