"""What long values have in common, whatever service carries them: how much fits, cutting, blocks in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from dlms.apdu import encode_with_data_octets
from dlms.association.negotiated import Negotiated
from dlms.data import Data
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, ProtocolError
from dlms.grammar import Message
from dlms_core.pieces import split

Take: TypeAlias = Callable[[bytes], object]
"""What takes the octets of a long result, piece after piece."""

BLOCKS_OF_REQUESTS: Final = (
    Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
    Conformance.BLOCK_TRANSFER_WITH_ACTION,
)
LONGEST_VALUE: Final = 1 << 28
"""Octets that a value is put together from at the most; a peer that sends more is refused."""


class Blocks:
    """The blocks of a long result, in order: their octets go to `take`. Numbers begin with 1, with some meters 0, and
    with `any_first` anywhere."""

    def __init__(self, take: Take, *, any_first: bool = False) -> None:
        self._take = take
        self._any_first = any_first
        self._size = 0
        self._next: int | None = None

    def add(self, number: int, octets: bytes) -> None:
        """Take one block; raises ProtocolError for one that is not the next."""
        if number != self._next and (self._next is not None or (number > 1 and not self._any_first)):
            raise ProtocolError(f"expected block {self._next or 1}, got block {number}")
        self._next = number + 1
        size = self._size = self._size + len(octets)
        if size > LONGEST_VALUE:
            raise ProtocolError(f"the meter sends more than {LONGEST_VALUE} octets")
        if octets:
            self._take(octets)

    @property
    def size(self) -> int:
        """How many octets there were so far."""
        return self._size


def need(negotiated: Negotiated, service: Conformance) -> None:
    """ConfigurationError unless all of `service` was negotiated."""
    if service._value_ & ~negotiated.agreed:  # as Negotiated.allows, which would take as long again
        raise ConfigurationError(f"the meter did not agree to {str(service.name).lower().replace('_', '-')}")


def as_data(octets: Data | bytes) -> Any:
    """The octets of a Data where the declaration says Data: `encode_with_data_octets` takes them so."""
    return octets


def same_count(results: Sequence[object], asked: Sequence[object]) -> None:
    """ProtocolError unless there is one result for each thing that was asked for."""
    if len(results) != len(asked):
        raise ProtocolError(f"expected {len(asked)} results, got {len(results)}")


def fits(negotiated: Negotiated, message: Message) -> bool:
    """Whether the server takes an APDU that long."""
    return len(encode_with_data_octets(message)) <= negotiated.room


def whole(negotiated: Negotiated, message: Message, blocks: Conformance) -> bool:
    """Whether a request goes in one APDU: it fits, or general-block-transfer has to do for want of `blocks`."""
    if negotiated.quirks.requests_in_blocks and blocks in BLOCKS_OF_REQUESTS and negotiated.allows(blocks):
        return False
    if fits(negotiated, message):
        return True
    return negotiated.allows(Conformance.GENERAL_BLOCK_TRANSFER) and not negotiated.allows(blocks)


def pieces_of(negotiated: Negotiated, first: Message, later: Message, octets: bytes) -> list[bytes]:
    """The octets of a long request cut so that every APDU fits; `first` and `later` are the APDUs with empty blocks."""
    growth = 2  # the length of a block is one octet here, and three at the most
    longest = negotiated.room - growth
    sizes = [longest - len(encode_with_data_octets(empty)) for empty in (first, later)]
    if min(sizes) < 1:
        raise ConfigurationError(f"the meter takes APDUs of {negotiated.max_send_pdu_size} octets: too short for this")
    return split(octets, sizes[1], first=sizes[0])
