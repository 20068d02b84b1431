"""What a task of asyncio waits for at a connection: it goes on within the call that brings the octets."""

from asyncio import CancelledError
from contextvars import Context, copy_context

cimport cython


@cython.final
cdef class Arrival:
    """An awaitable that is there again and again, for one task at a time. `take` gives what has arrived.

    To a task it is a future (`asyncio.isfuture`), but where a future has its task woken in the next round of the loop,
    with another look at all sockets before, `wake` resumes it at once. Half of the time between octets and whoever
    waits for them is that round.
    """

    cdef readonly object take
    cdef readonly object _loop  # which a task wants to be its own
    cdef public bint _asyncio_future_blocking  # a task wants to see this on what is yielded, and takes it back
    cdef bint yielded
    cdef object wakeup
    cdef object context
    cdef object cancelled

    def __init__(self, loop, take):
        self._loop = loop
        self.take = take
        self.context = Context()

    def __await__(self):
        self.yielded = False
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self.yielded:
            raise StopIteration
        self.yielded = self._asyncio_future_blocking = True
        return self

    @property
    def awaited(self):
        """Whether a task waits here."""
        return self.wakeup is not None

    def wake(self):
        """Let the task that waits go on; nothing where none does."""
        wakeup, self.wakeup = self.wakeup, None
        if wakeup is None:
            return
        try:
            self.context.run(wakeup, self)
        except RuntimeError:  # within another task, where it cannot go on: nothing has happened yet
            self._loop.call_soon(wakeup, self, context=self.context)

    # What a task calls.

    def add_done_callback(self, wakeup, /, *, context=None):
        """Have `wakeup` called with this, in its context."""
        self.wakeup = wakeup
        self.context = copy_context() if context is None else context

    def cancel(self, msg=None):
        """Wake the task with CancelledError, in the loop's next round: whoever cancels goes on first."""
        wakeup, self.wakeup = self.wakeup, None
        if wakeup is None:
            return False
        self.cancelled = CancelledError() if msg is None else CancelledError(msg)
        self._loop.call_soon(wakeup, self, context=self.context)
        return True

    def result(self):
        """Nothing, or CancelledError: asked by the task that was woken."""
        cancelled, self.cancelled = self.cancelled, None
        if cancelled is not None:
            raise cancelled
