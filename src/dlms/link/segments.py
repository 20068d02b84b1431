"""Segments of HDLC and M-Bus as a listener sees them, joined.

A listener takes no part in the exchange: it asks for nothing again, and may have begun in the middle. Segments of
different senders and receivers may alternate, so they are kept apart by the pair of addresses.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from dlms.errors import DecodeError
from dlms.link.assembly import LIMIT, Assembly, Collection

PAIRS_MAXIMUM: Final = 64
"""How many pairs of addresses may have an unfinished message at a time; no line has so many stations."""


class SegmentJoiner:
    """Joins the segments of each pair of addresses.

    `layer` is the protocol, for faults. Numbers count modulo `modulus`; a protocol that restarts them at 0 with each
    message says `from_zero`. What `receive` and `finish` return: each Assembly that a segment completes or cuts
    short, and each DecodeError of a segment that belongs to none.
    """

    def __init__(self, layer: str, *, modulus: int, from_zero: bool, limit: int = LIMIT) -> None:
        self._layer = layer
        self._modulus = modulus
        self._from_zero = from_zero
        self._limit = limit
        self._open: dict[Hashable, Collection] = {}
        self._expected: dict[Hashable, int | None] = {}

    def receive(
        self,
        pair: Hashable,
        octets: bytes,
        *,
        number: int | None,
        final: bool,
        offset: int,
        faults: Sequence[DecodeError] = (),
    ) -> list[Assembly | DecodeError]:
        """What this segment completes. `number` is None where segments carry none; `faults` are those of its frame."""
        events: list[Assembly | DecodeError] = []
        message = self._open.get(pair)
        if message is not None and number is not None and number != self._expected[pair]:
            if message.pieces[-1] == octets and (number + 1) % self._modulus == self._expected[pair]:
                message.note(f"segment {number} came twice")
                return events
            events.append(self._end(pair, f"expected segment {self._expected[pair]}, got segment {number}"))
            message = None
        if message is None:
            if self._from_zero and number:
                reason = f"expected segment 0, got segment {number}: the segments before it are missing"
                return [*events, DecodeError(reason, layer=self._layer, offset=offset)]
            if len(self._open) == PAIRS_MAXIMUM:
                events.append(self._end(next(iter(self._open)), "expected its next segment, got those of others"))
            message = self._open[pair] = Collection(self._layer, offset, self._limit)
        self._expected[pair] = None if number is None else (number + 1) % self._modulus
        if not message.add(octets, faults) or final:
            del self._open[pair], self._expected[pair]
            events.append(message.close())
        return events

    def finish(self) -> list[Assembly]:
        """No more segments come: what is left of messages without their end, oldest first."""
        return [self._end(pair, "expected another segment, got the end of the stream") for pair in list(self._open)]

    def _end(self, pair: Hashable, reason: str) -> Assembly:
        message = self._open.pop(pair)
        del self._expected[pair]
        message.damage(reason)
        return message.close()
