"""What all translations share: the book's names of values, and which alternative of a CHOICE a value is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum, IntFlag
from functools import cache
from typing import Any, Final, TypeAlias

from dlms import data
from dlms.apdu import APDU
from dlms.data import Data
from dlms.errors import EncodeError
from dlms.grammar.nodes import (
    Alternative,
    AnyData,
    BooleanNode,
    Choice,
    Enumerated,
    Field,
    Node,
    Null,
    Number,
    OctetStringNode,
    Presence,
    Remainder,
    Sequence,
    SequenceOf,
)
from dlms_core.fault import TAG_NAMES

Plain: TypeAlias = Any
"""What JSON knows: None, bool, int, float, str, lists and dicts with str keys."""

_DATA_CLASSES: Final = tuple(
    cls for cls in vars(data).values() if isinstance(cls, type) and issubclass(cls, Data) and cls is not Data
)
DATA_TYPES: Final[Mapping[str, type[Data]]] = {TAG_NAMES[cls.tag]: cls for cls in _DATA_CLASSES}
"""The book's name of each type of Data, and its class."""
FLOAT_SIZES: Final[Mapping[type[Data], int]] = {data.Float32: 4, data.Float64: 8}
FLOATS: Final = tuple(FLOAT_SIZES)
MOMENTS: Final = (data.DateTime, data.Date, data.Time)
STRINGS: Final = (data.VisibleString, data.Utf8String)
WITHOUT_VALUE: Final = (data.NullData, data.DontCare)
STRUCTURED: Final = (data.Array, data.Structure, data.CompactArray)


def type_name(of: Data | type[Data]) -> str:
    """The book's name of a Data type: `double-long-unsigned`."""
    return TAG_NAMES[of.tag]


def printed(octets: bytes) -> str:
    """Octets as hexadecimal digits."""
    return octets.hex().upper()


def octets_of(text: Plain) -> bytes:
    """The octets that `printed` printed; EncodeError for anything else."""
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise EncodeError(f"expected hexadecimal digits, got {text!r:.60}") from None


# ---- enumerations and bits --------------------------------------------------------------------------------------


def member_name(member: IntEnum | IntFlag) -> str:
    return (member.name or "").lower().replace("_", "-")


@cache
def members_by_name(of: type[IntEnum] | type[IntFlag]) -> Mapping[str, Any]:
    return {member_name(member): member for member in of}


def code_to_plain(value: int) -> str | int:
    """The book's name of a code, or its number where the book has none."""
    if isinstance(value, IntEnum) and value.name in type(value).__members__:
        return member_name(value)
    return int(value)


def code_from_plain(of: type[IntEnum], plain: Plain) -> int:
    """The member that a name or a number stands for."""
    if isinstance(plain, str):
        found = members_by_name(of).get(plain)
        if found is None:
            raise EncodeError(f"{of.__name__} has no {plain!r:.60}")
        return int_member(found)
    try:
        return of(whole_number(plain))
    except ValueError:
        return whole_number(plain)


def int_member(found: Any) -> int:
    member: int = found
    return member


def flag_names(of: type[int]) -> list[str]:
    """The names of the bits, highest first."""
    assert issubclass(of, IntFlag)  # noqa: S101
    return [name for name, _ in sorted(members_by_name(of).items(), key=lambda item: -int(item[1]))]


def flags_to_plain(value: int, of: type[int]) -> list[str]:
    """The names of the bits that are set, in the order of the book: highest first."""
    assert issubclass(of, IntFlag)  # noqa: S101
    names = members_by_name(of)
    return [name for name in flag_names(of) if names[name] & value]


def flags_from_plain(of: type[int], plain: Plain) -> int:
    assert issubclass(of, IntFlag)  # noqa: S101
    names = members_by_name(of)
    if not isinstance(plain, list) or not all(isinstance(name, str) and name in names for name in plain):
        raise EncodeError(f"expected a list of bits of {of.__name__}, got {plain!r:.60}")
    total = of(0)
    for name in plain:
        total |= names[name]
    return total


def whole_number(plain: Plain) -> int:
    if isinstance(plain, int) and not isinstance(plain, bool):
        return plain
    raise EncodeError(f"expected a whole number, got {plain!r:.60}")


# ---- scalars of Data --------------------------------------------------------------------------------------------


def scalar_to_plain(value: Data) -> Plain:
    """The value of a simple type: octets and moments as hexadecimal digits, so that wildcards survive; a float that is
    no number as its octets too. What is no UTF-8 in a string becomes lone surrogates: meters send any octets."""
    if isinstance(value, FLOATS):
        return value.value if math.isfinite(value.value) else printed(_content(value))
    if isinstance(value, (data.OctetString, *MOMENTS)):
        return printed(bytes(value))
    if isinstance(value, STRINGS):
        return bytes(value).decode("utf-8", "surrogateescape")
    return None if isinstance(value, data.DontCare) else value.value


def scalar_from_plain(of: type[Data], plain: Plain) -> Data:
    """The value of a simple type that `scalar_to_plain` gave; EncodeError for what cannot be one."""
    make: Callable[..., Data] = of
    if issubclass(of, WITHOUT_VALUE):
        if plain is not None:
            raise EncodeError(f"{type_name(of)} has no value, got {plain!r:.60}")
        return make()
    if issubclass(of, FLOATS) and isinstance(plain, str):
        octets = octets_of(plain)
        if len(octets) != FLOAT_SIZES[of]:
            raise EncodeError(f"a {type_name(of)} has {FLOAT_SIZES[of]} octets, not {len(octets)}")
        return data.loads(bytes([of.tag]) + octets, typed=True)
    if issubclass(of, (data.OctetString, *MOMENTS)):
        plain = octets_of(plain)
    expected = (float, int) if issubclass(of, FLOATS) else type(plain)
    if not isinstance(plain, expected) or (isinstance(plain, bool) and of is not data.Boolean):
        raise EncodeError(f"expected the value of a {type_name(of)}, got {plain!r:.60}")
    try:
        if isinstance(plain, str) and issubclass(of, STRINGS):
            return make(plain.encode("utf-8", "surrogateescape"))
        return make(plain)
    except (TypeError, ValueError) as error:
        raise EncodeError(f"{type_name(of)}: {error}") from None


def _content(value: Data) -> bytes:
    return data.dumps(value).removeprefix(bytes([value.tag]))


# ---- compact-array ----------------------------------------------------------------------------------------------

Description: TypeAlias = Any
"""As `CompactArray.type_description` gives it: a class, a tuple for a structure, [count, type] for an array."""


def typed(description: Description, value: Any) -> Data:
    """A plain element of a compact-array as a typed value."""
    if isinstance(description, tuple):
        return data.Structure([typed(of, member) for of, member in zip(description, value, strict=True)])
    if isinstance(description, list):
        return data.Array([typed(description[1], member) for member in value])
    return description() if issubclass(description, WITHOUT_VALUE) else description(value)  # type: ignore[no-any-return]


# ---- nodes ------------------------------------------------------------------------------------------------------


def fields_of(of: Sequence, message: object) -> Iterator[tuple[Field, Any]]:
    """The fields that are there, with their values."""
    for field in of.fields:
        value = getattr(message, field.attribute)
        if value is not None or field.presence in (Presence.REQUIRED, Presence.DEFAULT):
            yield field, value


def alternative_of(of: Choice, value: object) -> Alternative:
    """The alternative that a value is; EncodeError where it is none."""
    for alternative in of.alternatives:
        if _fits(alternative.node, value):
            return alternative
    raise EncodeError(f"expected one of the alternatives, got {type(value).__name__}")


def _fits(of: Node, value: object) -> bool:
    match of:
        case Sequence() | Enumerated():
            return type(value) is of.type
        case Choice():
            return any(_fits(alternative.node, value) for alternative in of.alternatives)
        case AnyData():
            return isinstance(value, Data)
        case Null():
            return value is None
        case BooleanNode():
            return isinstance(value, bool)
        case OctetStringNode() | Remainder():
            return isinstance(value, bytes)
        case SequenceOf():
            return isinstance(value, tuple)
        case Number():
            return type(value) is int
        case _:
            return isinstance(value, str)


def leaves(of: Choice) -> Iterator[Alternative]:
    """The alternatives of a CHOICE, those of a CHOICE in it too."""
    for alternative in of.alternatives:
        if isinstance(alternative.node, Choice):
            yield from leaves(alternative.node)
        else:
            yield alternative


@cache
def _leaves_by_name(of: Choice) -> Mapping[str, Alternative]:
    return {alternative.name: alternative for alternative in leaves(of)}


def alternative_named(of: Choice, name: Plain) -> Node:
    """The node that the name of an alternative, of a message or of a type of Data stands for."""
    found = _leaves_by_name(of)
    if isinstance(name, str):
        if name in found:
            return found[name].node
        data_node = next((leaf.node for leaf in found.values() if isinstance(leaf.node, AnyData)), None)
        if name in DATA_TYPES and data_node is not None:
            return data_node
    raise EncodeError(f"expected one of {enumerated(found)}, got {name!r:.60}")


def message_named(name: Plain) -> Sequence:
    """The declaration of an APDU, by the book's name."""
    of = alternative_named(APDU, name)
    assert isinstance(of, Sequence)  # noqa: S101
    return of


def enumerated(names: Iterable[str], most: int = 8) -> str:
    """`a, b, c ...`"""
    listed = list(names)
    return ", ".join(listed[:most]) + (" ..." if len(listed) > most else "")
