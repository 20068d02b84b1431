"""A client operation against a peer of the test's own: what it sends goes there, what that answers comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from dlms.association.effects import Exchange, Progress, Random, Receive, Reserve, Send, SetAside
from dlms.association.negotiated import Negotiated
from dlms.enumerations import Conformance
from dlms.errors import DeadlineExceeded
from dlms.grammar import Message
from dlms.quirks import Quirks
from dlms.security.context import SecurityContext

T = TypeVar("T")
Answer = Callable[[bytes], Iterable[bytes]]
EVERYTHING = Conformance((1 << 24) - 1)


def negotiated(
    *,
    conformance: Conformance = EVERYTHING,
    max_send_pdu_size: int = 0xFFFF,
    short_names: bool = False,
    security: SecurityContext | None = None,
    quirks: Quirks | None = None,
) -> Negotiated:
    """An open association."""
    return Negotiated(
        conformance=conformance,
        max_send_pdu_size=max_send_pdu_size,
        short_names=short_names,
        vaa_name=0xFA00 if short_names else 7,
        server_system_title=None,
        security=security,
        quirks=quirks or Quirks(),
    )


class Wire:
    """Between an operation and `answer`, which turns each APDU that is sent into those that come back.

    `sent` keeps what was sent, `set_aside` the notifications, `progress` what was told of it. Silence is a
    DeadlineExceeded, or None, counted in `silences`, where the operation asked for the answer within a time of its own.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._arrived: list[bytes] = []
        self.sent: list[bytes] = []
        self.set_aside: list[Message] = []
        self.progress: list[tuple[int, int | None]] = []
        self.silences = 0

    def run(self, exchange: Exchange[T]) -> T:
        """Drive the operation to its end."""
        outcome: object = None
        while True:
            try:
                effect = exchange.send(outcome)
            except StopIteration as stop:
                result: T = stop.value
                return result
            outcome = None
            match effect:
                case bytes():
                    self._take(effect)
                    outcome = self._next(None)
                case Send(octets):
                    self._take(octets)
                case Receive(patience):
                    outcome = self._next(patience)
                case Random(count):
                    outcome = bytes(count)
                case Reserve(store, name):
                    outcome = store.reserve(name)
                case SetAside(message):
                    self.set_aside.append(message)
                case Progress(done, total):
                    self.progress.append((done, total))

    def _take(self, octets: bytes) -> None:
        self.sent.append(octets)
        self._arrived += self._answer(octets)

    def _next(self, patience: float | None) -> bytes | None:
        if self._arrived:
            return self._arrived.pop(0)
        if patience is not None:
            self.silences += 1
            return None
        raise DeadlineExceeded("silence")


def script(*answers: str | bytes) -> Wire:
    """A wire that gives one answer after the other, as hexadecimal digits or octets, to whatever is sent."""
    waiting = [bytes.fromhex(answer) if isinstance(answer, str) else answer for answer in answers]
    return Wire(lambda _: [waiting.pop(0)] if waiting else [])
