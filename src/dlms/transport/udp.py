"""UDP: each datagram carries whole WPDUs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Iterable
from typing import Any, Self, TypeAlias, cast

from dlms.errors import ConnectionLost
from dlms.transport.base import READ_SIZE

Resolved: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""One of what getaddrinfo finds."""
QUEUE_LENGTH = 1024  # datagrams kept while nobody reads; later ones are dropped, as a network would


class UdpTransport:
    """A UDP socket that talks to one address, used by blocking calls."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    @classmethod
    def connect(cls, host: str, port: int) -> Self:
        """A socket for that address; raises ConnectionLost where the name is not known."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as unknown:
            raise ConnectionLost(f"{host}: {unknown}") from None
        return cls(_connected(found, host, port))

    def send(self, octets: bytes) -> None:
        try:
            self._socket.send(octets)
        except OSError as error:
            raise ConnectionLost(f"sending failed: {error}") from None

    def receive(self, timeout: float | None) -> bytes | None:
        try:
            self._socket.settimeout(None if timeout is None else max(timeout, 1e-6))
            return self._socket.recv(READ_SIZE)
        except TimeoutError:
            return None
        except OSError as error:
            raise ConnectionLost(f"receiving failed: {error}") from None

    def close(self) -> None:
        self._socket.close()


class AsyncUdpTransport(asyncio.DatagramProtocol):
    """The same under asyncio."""

    def __init__(self) -> None:
        self._arrived: deque[bytes] = deque(maxlen=QUEUE_LENGTH)
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self._endpoint: asyncio.DatagramTransport | None = None

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        """A socket for that address; raises ConnectionLost where the name is not known."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as unknown:
            raise ConnectionLost(f"{host}: {unknown}") from None
        connected = _connected(found, host, port)
        connected.setblocking(False)
        _, protocol = await loop.create_datagram_endpoint(cls, sock=connected)
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._endpoint = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: object) -> None:
        self._arrived.append(data)
        self._wake()

    def error_received(self, error: Exception) -> None:
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def send(self, octets: bytes) -> None:
        if self._endpoint is None or self._endpoint.is_closing():
            raise ConnectionLost("the socket is closed")
        self._endpoint.sendto(octets)

    async def receive(self, timeout: float | None) -> bytes | None:
        if not self._arrived and self._error is None:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = None if timeout is None else loop.call_later(max(0.0, timeout), self._wake)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        if self._arrived:
            return self._arrived.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise ConnectionLost(f"receiving failed: {error}") from None
        return None

    async def close(self) -> None:
        if self._endpoint is not None:
            self._endpoint.close()


def _connected(found: Iterable[Resolved], host: str, port: int) -> socket.socket:
    """A socket connected to the first of the addresses found that there is a way to."""
    error: OSError | None = None
    for family, kind, protocol, _, address in found:
        made = socket.socket(family, kind, protocol)
        try:
            made.connect(address)
        except OSError as refused:
            error = refused
            with contextlib.suppress(OSError):
                made.close()
        else:
            return made
    raise ConnectionLost(f"{host} port {port}: {error}")
