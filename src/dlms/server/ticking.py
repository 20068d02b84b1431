"""The time that passes for a device: its timers in an event loop, and what it has begun and wants finished."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from dlms.association.server.parts import Parts
from dlms.association.server.work import LOGGER

PAUSE_AFTER_FAILURE: Final = 1.0
"""Seconds until a part is asked again that was left with a timer in the past."""
LONGEST_WAIT: Final = 60.0
"""Seconds after which the time of day is looked at again: it may have been set."""


class Ticking:
    """Ticks one device. `time` gives POSIX seconds; `deliver` is called when the device may have something to send.

    An async function that a part began is given `timeout` seconds.
    """

    def __init__(
        self, device: Parts, *, time: Callable[[], float], deliver: Callable[[Parts], None], timeout: float
    ) -> None:
        self._device = device
        self._time = time
        self._deliver = deliver
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = self._closed = False
        device.watch(self._wake)
        self._wake()

    def close(self) -> None:
        """Tick no more."""
        self._device.unwatch(self._wake)
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _wake(self) -> None:
        """Whichever thread calls: look at the device as soon as the loop can."""
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Tick the device where it is due, see to what it wants done, and set the timer anew."""
        if self._closed:
            return
        self._woken = False
        now = self._time()
        try:
            at = self._serve(now)
        except Exception:
            LOGGER.exception("what a device does by itself failed")
            at = now
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            wait = at - now if at > now else PAUSE_AFTER_FAILURE
            self._timer = self._loop.call_later(min(wait, LONGEST_WAIT), self._look)

    def _serve(self, now: float) -> float | None:
        self._device.tick(now)
        while self._device.unfinished:
            task = self._loop.create_task(self._finish(self._device.unfinished.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._device.notifications:
            self._deliver(self._device)
        return self._device.next_timer()

    async def _finish(self, awaitable: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await awaitable
        except Exception:
            LOGGER.exception("what a device does by itself failed")
