"""The node tree: a declaration, resolved.

Every declared type is one Node. Nodes are immutable, hold no octets and know nothing of programs; leaves are equal by
value, composites are only equal to themselves. Each reading (the programs that encode and decode, the text/JSON/XML
translator, JSON Schema, documentation, hypothesis strategies, the object model, the server's dispatch) walks this tree
and adds nothing to it.

Two worlds meet in it. Nodes of an APDU follow A-XDR (or BER, where the Sequence says so) and carry no type octets on
the wire. Nodes of COSEM Data (Scalar, Octets, Array, Structure, DataChoice) do: each is preceded by its tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import TYPE_CHECKING, Any, Generic

from dlms_core.axdr import Data

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T_co = TypeVar("T_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    T_co = TypeVar("T_co", covariant=True)


class Node(Generic[T_co]):
    """One place of the grammar; T_co is the Python type of its values, where the declaration tells it.

    `children()` yields the nodes directly below.
    """

    __slots__ = ()

    def children(self) -> Iterator[Node]:
        return iter(())


class Rules(StrEnum):
    """How the fields of a sequence are coded."""

    AXDR = "A-XDR"
    BER = "BER"


AXDR = Rules.AXDR
BER = Rules.BER


# ---- primitives of an APDU: no type octet on the wire -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number(Node):
    """An integer of `bits` 8, 16, 32 or 64; Python int. INTEGER under BER."""

    bits: int
    signed: bool

    @property
    def least(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def greatest(self) -> int:
        return (1 << (self.bits - self.signed)) - 1


@dataclass(frozen=True, slots=True)
class BooleanNode(Node):
    """BOOLEAN: one octet, 00 or anything else; Python bool."""


@dataclass(frozen=True, slots=True)
class OctetStringNode(Node):
    """OCTET STRING of `size` octets without a length, or, size None, with a length in front; Python bytes."""

    size: int | None = None


@dataclass(frozen=True, slots=True)
class VisibleStringNode(Node):
    """VisibleString with a length in front; Python str (octets above 7F as Latin-1: meters send them)."""


@dataclass(frozen=True, slots=True)
class BitStringNode(Node):
    """BIT STRING with a length in front; Python str of "0" and "1"."""


@dataclass(frozen=True, slots=True)
class ObjectIdentifierNode(Node):
    """OBJECT IDENTIFIER, only under BER; Python str such as "2.16.756.5.8.1.1"."""


@dataclass(frozen=True, slots=True)
class Enumerated(Node):
    """ENUMERATED in one octet (INTEGER under BER); Python `type`, or a plain int where `type` has no such number and
    makes no member for it (a CodeTable does)."""

    type: type[IntEnum]


@dataclass(frozen=True, slots=True)
class Null(Node):
    """NULL: no octets; Python None."""


@dataclass(frozen=True, slots=True)
class AnyData(Node):
    """COSEM Data of any type; a typed value of dlms.data."""


@dataclass(frozen=True, slots=True)
class DateTimeNode(Node):
    """OCTET STRING that holds a 12-octet date-time or nothing; Python CosemDateTime, or None for nothing."""


@dataclass(frozen=True, slots=True)
class ConformanceNode(Node):
    """The 24 conformance bits, BER inside A-XDR: 5F 1F 04 00 and three octets; Python `type`, a flag."""

    type: type[int]


@dataclass(frozen=True, slots=True)
class Remainder(Node):
    """Whatever octets are left before the fields of fixed size that follow; Python bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Contents(Node):
    """OCTET STRING whose content is itself `of`, in A-XDR; the Python value of `of`."""

    of: Node

    def children(self) -> Iterator[Node]:
        yield self.of


# ---- composites of an APDU --------------------------------------------------------------------------------------


class Presence(StrEnum):
    """When a field is on the wire."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """A presence octet 00 or 01 precedes it under A-XDR; its tag says so under BER. Absent: None."""
    DEFAULT = "default"
    """As OPTIONAL; absent: `Field.default`, and a field that equals its default is left out."""
    CONDITIONAL = "conditional"
    """There when `Field.condition` holds; absent: None."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when an earlier field has one of the bits of `mask`, or, mask None, is `equals`."""

    attribute: str
    mask: int | None = None
    equals: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a Sequence or Structure.

    `name` is the book's ("invoke-id-and-priority"), `attribute` Python's. `tag` is the whole tag octet under BER,
    else None. `omissible`: real meters leave the last field out with its presence octet, and that is accepted.
    """

    name: str
    attribute: str
    node: Node
    presence: Presence = Presence.REQUIRED
    default: Any = None
    tag: int | None = None
    condition: Condition | None = None
    omissible: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Node):
    """SEQUENCE: the fields of the class `type` in order. `tag` is its number in the CHOICE around it.

    `trailing`: octets after its end are accepted (with a deviation) when it is the outermost message.
    """

    name: str
    type: type[Any]
    fields: tuple[Field, ...]
    tag: int | None = None
    rules: Rules = AXDR
    trailing: bool = False

    def children(self) -> Iterator[Node]:
        return (field.node for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class SequenceOf(Node):
    """SEQUENCE OF: a count, then so many `of`; Python tuple."""

    of: Node

    def children(self) -> Iterator[Node]:
        yield self.of


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way out of a Choice: `tag` is its octet on the wire, `name` the book's."""

    tag: int
    name: str
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Node):
    """CHOICE: a tag octet, then that alternative. The Python value is the alternative's own: its type tells which."""

    alternatives: tuple[Alternative, ...]

    def children(self) -> Iterator[Node]:
        return (alternative.node for alternative in self.alternatives)


# ---- COSEM Data of a declared type: the tag is on the wire ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """One simple Data type, the class `data`; its plain value, or a member of `enumeration` where that is given."""

    data: type[Data]
    enumeration: type[IntEnum | IntFlag] | None = None


@dataclass(frozen=True, slots=True)
class Octets(Node[T_co]):
    """octet-string that means something: Python `meaning`, made by its `from_octets` and read by its `octets`.

    `also` is another Data type that says the same and is accepted when decoding (date-time for an octet-string that
    holds one).
    """

    meaning: type[T_co]
    also: type[Data] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Array(Node[list[T_co]]):
    """array of one type; Python list (any list or tuple when encoding)."""

    of: Node[T_co]

    def children(self) -> Iterator[Node]:
        yield self.of


@dataclass(frozen=True, slots=True, eq=False)
class Structure(Node):
    """structure; Python instance of the declared class `type`, or a tuple where `type` is None."""

    name: str
    fields: tuple[Field, ...]
    type: type[Any] | None = None

    def children(self) -> Iterator[Node]:
        return (field.node for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class DataChoice(Node):
    """One of several Data types, told apart by the tag. Plain values when decoding; encoding wants a typed value
    wherever a plain one could be more than one of them."""

    alternatives: tuple[Node, ...]

    def children(self) -> Iterator[Node]:
        return iter(self.alternatives)
