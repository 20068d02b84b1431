"""What arrives in pieces, put together: the result, and the rule that every collection is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dlms.errors import DecodeError

LIMIT: Final = 1 << 20
"""How many octets a collection takes by default. Meters negotiate far less; it only has to be finite."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """Octets put together from pieces.

    `offset` is where in the stream the first piece began, `pieces` how many there were. `complete` says whether all
    came and every check fits; if not, `octets` is what could be read from the front, and `faults` say why. Faults of
    a complete assembly did no harm (a piece that came twice).
    """

    octets: bytes
    offset: int
    pieces: int = 1
    complete: bool = True
    faults: tuple[DecodeError, ...] = ()


class Collection:
    """The pieces of one assembly so far. `layer` names the protocol that divides, for faults."""

    __slots__ = ("complete", "faults", "layer", "limit", "offset", "pieces", "size")

    def __init__(self, layer: str, offset: int, limit: int = LIMIT) -> None:
        self.layer = layer
        self.offset = offset
        self.limit = limit
        self.pieces: list[bytes] = []
        self.faults: list[DecodeError] = []
        self.size = 0
        self.complete = True

    def add(self, octets: bytes, faults: Sequence[DecodeError] = ()) -> bool:
        """Take one more piece; its faults are those of a damaged one. False if it would exceed the limit."""
        if self.size + len(octets) > self.limit:
            self.damage(f"expected at most {self.limit} octets, got more")
            return False
        self.pieces.append(octets)
        self.size += len(octets)
        if faults:
            self.complete = False
            self.faults += faults
        return True

    def note(self, reason: str) -> None:
        """Record a fault that does no harm, here."""
        self.faults.append(DecodeError(reason, layer=self.layer, offset=self.size))

    def damage(self, reason: str) -> None:
        """Record a fault because of which the assembly is not complete."""
        self.note(reason)
        self.complete = False

    def close(self) -> Assembly:
        return Assembly(b"".join(self.pieces), self.offset, len(self.pieces), self.complete, tuple(self.faults))
