"""A pair of asyncio streams that somebody else opened."""

from __future__ import annotations

import asyncio
import contextlib

from dlms.errors import ConnectionLost
from dlms.transport.base import READ_SIZE


class AsyncStreamTransport:
    """A `StreamReader` and a `StreamWriter`, whatever they lead through (TLS, a proxy, a pipe)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, octets: bytes) -> None:
        if self._writer.is_closing():
            raise ConnectionLost("the connection is closed")
        self._writer.write(octets)
        try:
            await self._writer.drain()
        except OSError as error:
            raise ConnectionLost(f"sending failed: {error}") from None

    async def receive(self, timeout: float | None) -> bytes | None:
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(READ_SIZE)
        except TimeoutError:
            return None
        except OSError as error:
            raise ConnectionLost(f"receiving failed: {error}") from None

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
