"""A pair of asyncio streams that somebody else opened."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from dlms.errors import ConnectionLost
from dlms.transport.base import READ_SIZE

TAKEN_WITHIN: Final = 30.0  # seconds: a peer that does not read for so long counts as lost
LEAVES_WITHIN: Final = 2.0  # seconds: what was sent last may still be under way when the stream is closed


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
            async with asyncio.timeout(TAKEN_WITHIN):
                await self._writer.drain()
        except TimeoutError:
            raise ConnectionLost(f"sending failed: the other end read nothing for {TAKEN_WITHIN:g} s") from None
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
        closed = asyncio.ensure_future(self._writer.wait_closed())
        try:
            await asyncio.wait([closed], timeout=LEAVES_WITHIN)
        finally:
            self._writer.transport.abort()  # what the other end does not read never leaves
        with contextlib.suppress(OSError):
            await closed
