"""What arrives in pieces, put together: the result, and the rule that every collection is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from dlms.errors import DecodeError

LIMIT: Final = 1 << 20
"""How many octets a collection takes by default. Meters negotiate far less; it only has to be finite."""
PIECES_MAXIMUM: Final = 0xFFFF
"""How many pieces, empty ones included: general-block-transfer can number no more."""
FAULTS_MAXIMUM: Final = 64
"""How many faults a collection remembers, besides the one that ends it: the first ones."""


class Stations(NamedTuple):
    """Who sends to whom on a link, in the link's notation; None where it has no addresses."""

    source: str | None = None
    destination: str | None = None


UNADDRESSED: Final = Stations()


@dataclass(frozen=True, slots=True)
class Assembly:
    """Octets put together from pieces.

    `offset` is where in the stream the first piece began. `divided` says whether there were several, or should have
    been. `complete` says whether all came and every check fits; if not, `octets` is what could be read from the front,
    and `faults` say why. Faults of a complete assembly did no harm (a piece that came twice).
    """

    octets: bytes
    offset: int
    stations: Stations = UNADDRESSED
    divided: bool = False
    complete: bool = True
    faults: tuple[DecodeError, ...] = ()


class Collection:
    """The pieces of one assembly so far. `layer` names the protocol that divides, for faults."""

    __slots__ = ("complete", "faults", "layer", "limit", "offset", "pieces", "size", "stations")

    def __init__(self, layer: str, offset: int, stations: Stations, limit: int) -> None:
        self.layer = layer
        self.offset = offset
        self.stations = stations
        self.limit = limit
        self.pieces: list[bytes] = []
        self.faults: list[DecodeError] = []
        self.size = 0
        self.complete = True

    def add(self, octets: bytes, faults: Sequence[DecodeError] = ()) -> bool:
        """Take one more piece; its faults are those of a damaged one. False if it would exceed the limit."""
        if self.size + len(octets) > self.limit or len(self.pieces) == PIECES_MAXIMUM:
            self.damage(f"expected at most {self.limit} octets in {PIECES_MAXIMUM} pieces, got more")
            return False
        self.pieces.append(octets)
        self.size += len(octets)
        if faults:
            self.complete = False
            self._remember(*faults)
        return True

    def note(self, reason: str) -> None:
        """Record a fault that does no harm, here."""
        self._remember(self._fault(reason))

    def damage(self, reason: str) -> None:
        """Record the fault that ends the assembly before it is complete."""
        self.faults.append(self._fault(reason))
        self.complete = False

    def close(self, *, final: bool) -> Assembly:
        """What was put together; `final` if the last piece said that it was the last."""
        divided = not final or len(self.pieces) > 1
        octets = b"".join(self.pieces)
        return Assembly(octets, self.offset, self.stations, divided, self.complete, tuple(self.faults))

    def _fault(self, reason: str) -> DecodeError:
        return DecodeError(reason, layer=self.layer, offset=self.size)

    def _remember(self, *faults: DecodeError) -> None:
        self.faults += faults[: FAULTS_MAXIMUM - len(self.faults)]
