"""A server in a thread of its own, for clients that block or live in other processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dlms.server import Server


@contextmanager
def serving(server: Server, *urls: str) -> Iterator[list[str]]:
    """The URLs at which clients reach `server`, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()

    async def listen() -> list[str]:
        return [await server.listen(url) for url in urls]

    try:
        yield asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
