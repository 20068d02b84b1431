"""The primitives of the book as annotations of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from dlms.grammar.nodes import (
    BitStringNode,
    BooleanNode,
    Condition,
    Contents,
    DateTimeNode,
    Node,
    Null,
    Number,
    ObjectIdentifierNode,
    OctetStringNode,
    Remainder,
    VisibleStringNode,
)
from dlms_core.clock import CosemDateTime

Unsigned8 = Annotated[int, Number(8, signed=False)]
Unsigned16 = Annotated[int, Number(16, signed=False)]
Unsigned32 = Annotated[int, Number(32, signed=False)]
Unsigned64 = Annotated[int, Number(64, signed=False)]
Integer8 = Annotated[int, Number(8, signed=True)]
Integer16 = Annotated[int, Number(16, signed=True)]
Integer32 = Annotated[int, Number(32, signed=True)]
Boolean = Annotated[bool, BooleanNode()]
OctetString = Annotated[bytes, OctetStringNode()]
OctetString6 = Annotated[bytes, OctetStringNode(6)]
OctetString12 = Annotated[bytes, OctetStringNode(12)]
VisibleString = Annotated[str, VisibleStringNode()]
BitString = Annotated[str, BitStringNode()]
ObjectIdentifier = Annotated[str, ObjectIdentifierNode()]
NullType = Annotated[None, Null()]
DateTimeOctets = Annotated[CosemDateTime | None, DateTimeNode()]
"""OCTET STRING of twelve octets, a date-time, or of none."""
RemainingOctets = Annotated[bytes, Remainder()]


@dataclass(frozen=True, slots=True)
class Tag:
    """The tag octet of an alternative of a CHOICE or of a field under BER, and the book's name of the alternative."""

    octet: int
    name: str = ""


def context(number: int, name: str = "", *, explicit: bool = False) -> Tag:
    """The context-specific tag [number], IMPLICIT unless said otherwise."""
    return Tag((0xA0 if explicit else 0x80) | number, name)


@dataclass(frozen=True, slots=True)
class ContentsOf:
    """The annotated type is wrapped in an OCTET STRING."""

    def around(self, node: Node) -> Node:
        return Contents(node)


IN_OCTETS: Final = ContentsOf()


@dataclass(frozen=True, slots=True)
class Omissible:
    """The last field of an APDU that some meters leave out together with its presence octet."""


OMISSIBLE: Final = Omissible()


def when(attribute: str, *, mask: int | None = None, equals: int | None = None) -> Condition:
    """The field is there when an earlier one has a bit of `mask`, or equals `equals`."""
    return Condition(attribute, mask, equals)
