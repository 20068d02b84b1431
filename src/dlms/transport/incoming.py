"""Waiting for meters that dial in: a listening socket, and a transport for every connection that is made to it.

A meter may say who it is before it is spoken to; what it says is there to be received from its transport. Then the
transport is handed to `connect(url, transport=...)`.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Final, Self

from dlms.errors import ConfigurationError, ConnectionLost
from dlms.transport.tcp import AsyncTcpTransport, OctetProtocol, TcpTransport

LAST_PORT: Final = 0xFFFF
WAITING_MOST: Final = 1024
"""Connections that nobody has taken yet; further ones are closed."""


def _check(host: str, port: int) -> None:
    try:
        host.encode("idna")
    except UnicodeError:
        raise ConfigurationError(f"no host is named {host:.80}") from None
    if not 0 <= port <= LAST_PORT:
        raise ConfigurationError(f"a port is 0 to {LAST_PORT}, not {port}")


class TcpListener:
    """Listens for meters, by blocking calls: iterate over it, or `accept`. Use it as a context manager."""

    def __init__(self, host: str, port: int) -> None:
        """Raises ConnectionLost where the address is not to be had, ConfigurationError where there is none such."""
        _check(host, port)
        try:
            self._socket = socket.create_server((host, port), backlog=128)
        except OSError as error:
            raise ConnectionLost(f"nothing can listen at {host} port {port}: {error}") from None
        self.port: int = self._socket.getsockname()[1]

    def accept(self, timeout: float | None = None) -> TcpTransport | None:
        """The next meter's transport; None where none dials in within `timeout` seconds. Raises ConnectionLost once
        the listener is closed."""
        try:
            if timeout is not None and not select.select([self._socket], [], [], max(0.0, timeout))[0]:
                return None
            return TcpTransport(self._socket.accept()[0])
        except (OSError, ValueError) as error:
            raise ConnectionLost(f"listening ended: {error}") from None

    def __iter__(self) -> Iterator[TcpTransport]:
        """The meters as they dial in, until the listener is closed."""
        while True:
            try:
                transport = self.accept()
            except ConnectionLost:
                return
            if transport is not None:
                yield transport

    def close(self) -> None:
        """Listen no more; transports that were handed out stay open."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Incoming(OctetProtocol):
    """A connection that puts itself where it is taken from."""

    def __init__(self, arrived: asyncio.Queue[AsyncTcpTransport | None]) -> None:
        super().__init__()
        self._queue = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self._transport is not None  # noqa: S101  # just made
        try:
            self._queue.put_nowait(AsyncTcpTransport(self._transport, self))
        except asyncio.QueueFull:
            self._transport.abort()


class AsyncTcpListener:
    """The same under asyncio: an asynchronous context manager and iterator."""

    def __init__(self, host: str, port: int) -> None:
        """Raises ConfigurationError for an address that cannot be."""
        _check(host, port)
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._arrived: asyncio.Queue[AsyncTcpTransport | None] = asyncio.Queue(WAITING_MOST)

    async def open(self) -> Self:
        """Listen; raises ConnectionLost where the address is not to be had."""
        loop = asyncio.get_running_loop()
        arrived = self._arrived = asyncio.Queue(WAITING_MOST)
        try:
            self._server = await loop.create_server(lambda: _Incoming(arrived), self._host, self.port)
        except OSError as error:
            raise ConnectionLost(f"nothing can listen at {self._host} port {self.port}: {error}") from None
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def accept(self, timeout: float | None = None) -> AsyncTcpTransport | None:
        """The next meter's transport; None where none dials in within `timeout` seconds. Raises ConnectionLost once
        the listener is closed."""
        if self._server is None:
            raise ConnectionLost("nobody listens")
        arrived = self._arrived
        try:
            async with asyncio.timeout(timeout):
                transport = await arrived.get()
        except TimeoutError:
            return None
        if transport is None:
            arrived.put_nowait(None)  # for others who wait
            raise ConnectionLost("listening ended")
        return transport

    async def __aiter__(self) -> AsyncIterator[AsyncTcpTransport]:
        """The meters as they dial in, until the listener is closed."""
        while True:
            try:
                transport = await self.accept()
            except ConnectionLost:
                return
            if transport is not None:
                yield transport

    async def close(self) -> None:
        """Listen no more; transports that were handed out stay open, those that nobody took are closed."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        while not self._arrived.empty():
            transport = self._arrived.get_nowait()
            if transport is not None:
                await transport.close()
        self._arrived.put_nowait(None)  # wakes who waits in accept

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: Any) -> None:
        await self.close()
