"""A server in a thread of its own, for clients that block or live in other processes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dlms.server import Server


@contextmanager
def loop_in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def serving(server: Server, *urls: str, loop: asyncio.AbstractEventLoop | None = None) -> Iterator[list[str]]:
    """The URLs at which clients reach `server`, until the block ends; in a loop of its own unless one is given."""
    with ExitStack() as stack:
        running = loop or stack.enter_context(loop_in_a_thread())

        async def listen() -> list[str]:
            return [await server.listen(url) for url in urls]

        try:
            yield asyncio.run_coroutine_threadsafe(listen(), running).result(10)
        finally:
            asyncio.run_coroutine_threadsafe(server.close(), running).result(10)
