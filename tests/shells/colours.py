"""One test for both clients: the one for threads dressed as one for asyncio, so that a scenario is written once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import dlms


class _Blocking:
    """A meter of `dlms.client` whose methods are awaited; each blocks in a thread of its own."""

    def __init__(self, meter: Any) -> None:
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._meter, name)
        if not callable(found) or name == "notifications":
            return found

        async def awaited(*given: Any, **options: Any) -> Any:
            return await asyncio.to_thread(found, *given, **options)

        return awaited


@asynccontextmanager
async def _blocking(url: str, **options: Any) -> AsyncIterator[Any]:
    meter = await asyncio.to_thread(dlms.connect, url, **options)
    try:
        yield _Blocking(meter)
    finally:
        await asyncio.to_thread(meter.close)


CONNECT: dict[str, Callable[..., Any]] = {"threads": _blocking, "asyncio": dlms.aio.connect}
COLOURS = list(CONNECT)

Scenario = Callable[[Callable[..., Any]], Awaitable[None]]


def run(colour: str, scenario: Scenario) -> None:
    """Run a scenario with the `connect` of that colour."""
    asyncio.run(asyncio.wait_for(_run(colour, scenario), 60))


async def _run(colour: str, scenario: Scenario) -> None:
    await scenario(CONNECT[colour])
