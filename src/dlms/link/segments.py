"""Segments of HDLC and M-Bus as a listener sees them, joined.

A listener takes no part in the exchange: it asks for nothing again, and may have begun in the middle. Segments of
different stations may alternate, and are kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dlms.errors import DecodeError
from dlms.link.assembly import LIMIT, Assembly, Collection, Stations

OPEN_MAXIMUM: Final = 64
"""How many messages may be unfinished at a time; no line has so many stations."""


class SegmentJoiner:
    """Joins the segments of each pair of stations.

    `layer` is the protocol, for faults. Numbers count modulo `modulus`. What `receive` and `finish` return: each
    Assembly that a segment completes or cuts short, and each DecodeError of a segment that belongs to none.
    """

    def __init__(self, layer: str, *, modulus: int, limit: int = LIMIT) -> None:
        self._layer = layer
        self._modulus = modulus
        self._limit = limit
        self._open: dict[tuple[Stations, bool], Collection] = {}
        self._expected: dict[tuple[Stations, bool], int | None] = {}

    def receive(
        self,
        octets: bytes,
        stations: Stations,
        *,
        number: int | None,
        final: bool,
        offset: int,
        first: bool | None = None,
        faults: Sequence[DecodeError] = (),
    ) -> list[Assembly | DecodeError]:
        """What this segment completes.

        `number` is None where segments carry none; `first` says whether this one is seen to begin a message, None
        where that cannot be told; `faults` are those of its frame.
        """
        events: list[Assembly | DecodeError] = []
        key = stations, number is None
        message = self._open.get(key)
        begins = first is not False
        if message is not None:
            expected = self._expected[key]
            if number != expected and message.pieces[-1] == octets and self._after(number) == expected:
                message.note(f"expected segment {expected}, got segment {number} again")
                return events
            if first or number != expected:
                got = "a new message" if first else f"segment {number}"
                events.append(self._end(key, f"expected {self._wanted(expected)}, got {got}"))
                message = None
                begins = first is True
        if message is None:
            if not begins:
                got = "something else" if number is None else f"segment {number}"
                reason = f"expected the beginning of a message, got {got}"
                return [*events, *faults, DecodeError(reason, layer=self._layer, offset=offset)]
            if final and len(octets) <= self._limit:
                return [*events, Assembly(octets, offset, stations, False, not faults, tuple(faults))]
            if len(self._open) == OPEN_MAXIMUM:
                oldest = next(iter(self._open))
                wanted = self._wanted(self._expected[oldest])
                events.append(self._end(oldest, f"expected {wanted}, got those of too many others"))
            message = self._open[key] = Collection(self._layer, offset, stations, self._limit)
        self._expected[key] = self._after(number)
        if not message.add(octets, faults) or final:
            del self._open[key], self._expected[key]
            events.append(message.close(final=final))
        return events

    def finish(self) -> list[Assembly]:
        """No more segments come: what is left of messages without their end, oldest first."""
        return [
            self._end(key, f"expected {self._wanted(self._expected[key])}, got the end of the stream")
            for key in list(self._open)
        ]

    def _after(self, number: int | None) -> int | None:
        return None if number is None else (number + 1) % self._modulus

    @staticmethod
    def _wanted(expected: int | None) -> str:
        return "another segment" if expected is None else f"segment {expected}"

    def _end(self, key: tuple[Stations, bool], reason: str) -> Assembly:
        message = self._open.pop(key)
        del self._expected[key]
        message.damage(reason)
        return message.close(final=False)
