"""The conversation with a meter, without what carries it on: the link set up, associations, operations, time limits.

Everything here yields demands (`dlms.shell.demands`); the shells for threads and for asyncio carry them out.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self, TypeVar, Unpack

from dlms.association.client import ClientAssociation
from dlms.association.effects import Effect, Exchange, Progress, Random, Receive, Reserve, Send, SetAside, Wait
from dlms.association.engine import Engine, Trace
from dlms.errors import DeadlineExceeded, DlmsError
from dlms.grammar import Message
from dlms.security.settings import Security
from dlms.shell.demands import Await, Conversation, Dial, HangUp, Transmit
from dlms.shell.options import OnProgress, TargetOptions
from dlms.shell.target import Deadlines, Target

R = TypeVar("R")
NOTIFICATIONS_MOST = 1024  # kept while nobody asks for them; the oldest make room


class Session:
    """One client's conversation with one logical device."""

    def __init__(
        self,
        target: Target,
        *,
        deadlines: Deadlines | None = None,
        on_progress: OnProgress | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.target = target
        self.deadlines = deadlines or Deadlines()
        self.association = ClientAssociation(target.proposal)
        self._on_progress = on_progress
        self._trace = trace
        self._engine = Engine(target.link(), trace)
        self._notifications: deque[Message] = deque(maxlen=NOTIFICATIONS_MOST)

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        deadlines: Deadlines | None = None,
        on_progress: OnProgress | None = None,
        trace: Trace | None = None,
        **whom: Unpack[TargetOptions],
    ) -> Self:
        """A session with whom a caller names; ConfigurationError for what cannot be asked for."""
        return cls(Target.of(url, **whom), deadlines=deadlines, on_progress=on_progress, trace=trace)

    def turn_to(self, client: int, security: Security) -> None:
        """Be another client from here on, which is not associated yet."""
        self.target = self.target.as_client(client, security)
        self.association = ClientAssociation(self.target.proposal)

    # ---- opening and closing --------------------------------------------------------------------------------------

    def open(self) -> Conversation[None]:
        """Open the transport, set the link up and open the association."""
        yield Dial()
        self._engine = Engine(self.target.link(), self._trace)
        self._engine.connect(time.monotonic())
        yield from self._until(self._engine.is_connected, self.deadlines.link, "the link")
        yield from self._carried(self.association.open(), self.deadlines.response)

    def close(self) -> Conversation[None]:
        """Release the association, take the link down and close the transport, whatever happens on the way."""
        try:
            with contextlib.suppress(DlmsError):
                yield from self._settled(self.association.release(), self.deadlines.release)
            with contextlib.suppress(DlmsError):
                self._engine.disconnect(time.monotonic())
                yield from self._until(self._engine.is_disconnected, self.deadlines.release, "the link's end")
        finally:
            self.association.forget()
        yield HangUp()

    # ---- operations -----------------------------------------------------------------------------------------------

    def run(self, operation: Callable[[ClientAssociation], Exchange[R]]) -> Conversation[R]:
        """Carry out one operation of the association."""
        return self._settled(operation(self.association), self.deadlines.response)

    def notifications(self) -> tuple[Message, ...]:
        """The notifications that came in between, oldest first; handed out once."""
        taken = tuple(self._notifications)
        self._notifications.clear()
        return taken

    # ---- effects --------------------------------------------------------------------------------------------------

    def _settled(self, exchange: Exchange[R], limit: float) -> Conversation[R]:
        """An exchange, once the answer to one that was given up has come: a meter does one thing at a time."""
        if self._engine.awaiting:
            with contextlib.suppress(DeadlineExceeded):
                yield from self._until(self._engine.next_apdu, limit, "the answer before")
            self._engine.awaiting = False
        return (yield from self._carried(exchange, limit))

    def _carried(self, exchange: Exchange[R], limit: float) -> Conversation[R]:
        outcome: Any = None
        failure: DlmsError | None = None
        while True:
            try:
                effect = exchange.send(outcome) if failure is None else exchange.throw(failure)
            except StopIteration as stop:
                result: R = stop.value
                return result
            outcome = failure = None
            try:
                outcome = yield from self._outcome(effect, limit)
            except DlmsError as error:
                failure = error

    def _outcome(self, effect: Effect, limit: float) -> Conversation[Any]:
        match effect:
            case Send(octets, answered):
                self._engine.send(octets, time.monotonic(), answered=answered)
                yield from self._flush()
            case Receive(None):
                return (yield from self._until(self._engine.next_apdu, limit, "a response"))
            case Receive(float(patience)):
                with contextlib.suppress(DeadlineExceeded):
                    return (yield from self._until(self._engine.next_apdu, min(patience, limit), "a block"))
            case Reserve():
                return (yield effect)
            case Random(count):
                return os.urandom(count)
            case Wait(seconds):
                with contextlib.suppress(DeadlineExceeded):
                    yield from self._until(self._engine.is_disconnected, seconds, "the end of a wait")
            case SetAside(message):
                self._notifications.append(message)
            case Progress(done, total) if self._on_progress is not None:
                self._on_progress(done, total)
        return None

    # ---- octets ---------------------------------------------------------------------------------------------------

    def _until(self, ready: Callable[[], R | None], timeout: float, what: str) -> Conversation[R]:
        """Carry octets both ways until `ready` has something; DeadlineExceeded after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            yield from self._flush()
            found = ready()
            if found is not None:
                return found
            now = time.monotonic()
            if now >= deadline:
                raise DeadlineExceeded(f"{what} did not come within {timeout} s")
            timer = self._engine.next_timer()
            octets = yield Await((deadline if timer is None else min(timer, deadline)) - now)
            if octets is None:
                self._engine.tick(time.monotonic())
            else:
                self._engine.receive(octets, time.monotonic())

    def _flush(self) -> Conversation[None]:
        octets = self._engine.octets_to_send()
        if octets:
            yield Transmit(octets)
