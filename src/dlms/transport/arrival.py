"""What a task waits for at a connection: it goes on within the call that brings the octets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, TypeAlias

Wakeup: TypeAlias = Callable[[Any], object]


class Arrival:
    """An awaitable that is there again and again, for one task at a time.

    To a task it is a future (`asyncio.isfuture`), but where a future has its task woken in the next round of the loop,
    with another look at all sockets before, `wake` resumes it at once. Half of the time between octets and whoever
    waits for them is that round.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop  # a task sees to it that it is its own
        self._wakeup: Wakeup | None = None
        self._context = Context()
        self._cancelled: asyncio.CancelledError | None = None
        self._asyncio_future_blocking = False
        """True where it is awaited, as a task wants to see it when it is yielded; the task takes that back."""

    @property
    def awaited(self) -> bool:
        """Whether a task waits here."""
        return self._wakeup is not None

    def wake(self) -> None:
        """Let the task that waits go on; nothing where none does."""
        wakeup, self._wakeup = self._wakeup, None
        if wakeup is None:
            return
        try:
            self._context.run(wakeup, self)
        except RuntimeError:  # within another task, where it cannot go on: nothing has happened yet
            self._loop.call_soon(wakeup, self, context=self._context)

    # What a task calls.

    def add_done_callback(self, wakeup: Wakeup, *, context: Context | None = None) -> None:
        """Have `wakeup` called with this, in its context."""
        self._wakeup, self._context = wakeup, context or copy_context()

    def cancel(self, msg: object = None) -> bool:
        """Wake the task with CancelledError, in the loop's next round: whoever cancels goes on first."""
        wakeup, self._wakeup = self._wakeup, None
        if wakeup is None:
            return False
        self._cancelled = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        self._loop.call_soon(wakeup, self, context=self._context)
        return True

    def result(self) -> None:
        """Nothing, or CancelledError: asked by the task that was woken."""
        cancelled, self._cancelled = self._cancelled, None
        if cancelled is not None:
            raise cancelled
