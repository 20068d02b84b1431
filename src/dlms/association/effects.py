"""What a client operation asks of whoever drives it, and the names of the two ends of that conversation.

An operation is a generator. It yields an effect and is resumed with its outcome: octets, which are an APDU to send,
with the octets of the APDU that answers it; `Send` with None, `Receive` with the octets of the next APDU, `Random` with
octets, `Reserve` with a counter, the others with None. What an effect fails with (a lost connection, a deadline) is
thrown into the operation, which lets it pass unless it knows what to make of it. It returns its result. The drivers,
one for threads and one for asyncio, differ in how they wait and in nothing else.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from dlms.errors import DlmsError
from dlms.grammar import Message
from dlms.security.counters import CounterStore, ReceivedCounter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send an APDU and do not wait; `answered` says whether an answer will come."""

    octets: bytes
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for the next APDU; with `patience`, None where none comes within that many seconds."""

    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Random:
    """`count` octets from the system's generator of random numbers."""

    count: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """The next value of an invocation counter, put away before it is used."""

    store: CounterStore
    name: str


@dataclass(frozen=True, slots=True)
class Accept:
    """Put a received invocation counter away, before anything is done with what came under it."""

    received: ReceivedCounter
    counter: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Let so many seconds pass; the link is kept up meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SetAside:
    """A message that is no part of the exchange: a notification that came in between."""

    message: Message


@dataclass(frozen=True, slots=True)
class PassOver:
    """What came answers something else, or not all yet: the time for the answer goes on running."""


@dataclass(slots=True)
class Progress:
    """How far a long operation has come; `total` None where nobody knows."""

    done: int
    total: int | None = None


ANSWER: Final = Receive()
"""The next APDU, however long the shell waits for one."""

Effect: TypeAlias = bytes | Send | Receive | Random | Reserve | Accept | Wait | SetAside | PassOver | Progress
Exchange: TypeAlias = Generator[Effect, Any, T]
Accepting: TypeAlias = Generator[Accept, None, T]
"""What wants nothing but that received counters are put away."""


def without_progress(exchange: Exchange[T]) -> Exchange[T]:
    """An operation whose own progress is not told: it is a step of a longer one."""
    outcome: Any = None
    failure: DlmsError | None = None
    while True:
        try:
            effect = exchange.send(outcome) if failure is None else exchange.throw(failure)
        except StopIteration as stop:
            result: T = stop.value
            return result
        outcome = failure = None
        if isinstance(effect, Progress):
            continue
        try:
            outcome = yield effect
        except DlmsError as error:
            failure = error
