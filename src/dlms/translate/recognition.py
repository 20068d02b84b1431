"""What the octets of Data stand for where no declaration says it: logical names, date-times, text, and the patterns in
which meters push registers. The telegram alone decides; no layout of a maker is known here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from dlms import data
from dlms.cosem.declare import interface_classes
from dlms.data import Data
from dlms.datetime import CosemDateTime, clock_status
from dlms.errors import DlmsError
from dlms.logical_name import LogicalName
from dlms.translate.words import printed, type_name
from dlms.units import ScalerUnit, Unit

YEARS: Final = range(1990, 2150)
"""Of a date-time that an octet-string may be meant as."""
MEDIA: Final = 15
"""The highest value group A that a medium has."""


@dataclass(frozen=True, slots=True)
class Register:
    """A value that the telegram names by `logical_name` and attribute, with scaler and unit where it gives them."""

    logical_name: LogicalName
    value: Data
    scaler_unit: ScalerUnit | None = None
    attribute: int = 2


@dataclass(frozen=True, slots=True)
class Definition:
    """An object definition of a push object list or a capture object: which attribute of which object."""

    class_id: int
    logical_name: LogicalName
    attribute: int
    data_index: int


Item: TypeAlias = Register | Definition | Data


def items(elements: Sequence[Data]) -> Iterator[Item]:
    """The elements of an array or a structure, those that belong together as one.

    Known are: (name, value) and (name, value, (scaler, unit)) as a structure of their own, or without one, in turn;
    object definitions; and a first element that is the list of the definitions of what follows.
    """
    definitions = _definitions(elements)
    if definitions:
        yield from _defined(elements, definitions)
        return
    waiting = list(reversed(elements))
    while waiting:
        element = waiting.pop()
        known = definition(element) or register(element)
        if known is None and (name := logical_name(element)) and waiting and not logical_name(waiting[-1]):
            value = waiting.pop()
            unit = scaler_unit(waiting[-1]) if waiting else None
            if unit:
                waiting.pop()
            known = Register(name, value, unit)
        yield known or element


def _definitions(elements: Sequence[Data]) -> list[Definition]:
    """Those that the first element lists, if they describe it and what follows, or only what follows."""
    first, others = next(iter(elements), None), elements[1:]
    if not isinstance(first, data.Array) or not others:
        return []
    found = [known for element in first if (known := definition(element))]
    fitting = len(found) == len(first) and len(found) - len(others) in (0, 1)
    return found if fitting else []


def _defined(elements: Sequence[Data], definitions: Sequence[Definition]) -> Iterator[Item]:
    first, *others = elements
    yield first
    for known, value in zip(definitions[len(definitions) - len(others) :], others, strict=True):
        yield Register(known.logical_name, value, attribute=known.attribute)


def register(element: Data) -> Register | None:
    """A structure (name, value) or (name, value, (scaler, unit))."""
    match list(element) if isinstance(element, data.Structure) else []:
        case [first, value] if name := logical_name(first):
            return Register(name, value)
        case [first, value, last] if (name := logical_name(first)) and (unit := scaler_unit(last)):
            return Register(name, value, unit)
    return None


def definition(element: Data) -> Definition | None:
    """A structure (class_id, logical_name, attribute_index, data_index), and what newer versions append."""
    match list(element) if isinstance(element, data.Structure) else []:
        case [
            data.LongUnsigned() as class_id,
            data.OctetString() as name,
            data.Integer() as attribute,
            data.LongUnsigned() as index,
            *_,
        ] if len(name) == 6:
            return Definition(class_id.value, LogicalName(name.value), attribute.value, index.value)
    return None


def logical_name(element: Data) -> LogicalName | None:
    """A logical name, as far as six octets can look like one: of a medium that exists."""
    if isinstance(element, data.OctetString) and len(element) == 6:
        name = LogicalName(element.value)
        return name if name.a <= MEDIA and name[1:] != bytes(5) else None
    return None


def scaler_unit(element: Data) -> ScalerUnit | None:
    """A structure (scaler, unit)."""
    match list(element) if isinstance(element, data.Structure) else []:
        case [data.Integer() as scaler, data.Enum() as unit]:
            return ScalerUnit(scaler.value, Unit(unit.value))
    return None


def date_time(octets: bytes) -> CosemDateTime | None:
    """Twelve octets that name a point in time of our days."""
    if len(octets) != 12:
        return None
    moment = CosemDateTime.from_octets(octets)
    return moment if moment.year in YEARS and moment.epoch_milliseconds() is not None else None


def class_title(class_id: int) -> str:
    """The book's name of an interface class; empty where none is declared."""
    import dlms.cosem.classes  # noqa: F401  # the declarations fill the registry

    titles = [cls.title for (number, _), cls in sorted(interface_classes().items()) if number == class_id]
    return titles[-1] if titles else ""


def shown(value: Data, unit: ScalerUnit | None = None) -> str:
    """A simple value as people read it, with its unit where that is known; the octets where nothing is."""
    if unit is not None and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        try:
            return str(unit.quantity(value.value))
        except DlmsError:
            return f"{value.value} × 10^{unit.scaler} {unit.unit.symbol}".rstrip()
    match value:
        case data.NullData() | data.DontCare():
            return type_name(value)
        case data.OctetString():
            return shown_octets(value.value)
        case data.DateTime():
            return shown_moment(value.value)
        case data.VisibleString() | data.Utf8String():
            return quoted(value.value)
        case data.Boolean():
            return "true" if value.value else "false"
        case data.BitString():
            return value.value or "no bits"
    return str(value.value)


def shown_octets(octets: bytes) -> str:
    """Octets as a date-time, a logical name or text if they look like one, else as digits."""
    if moment := date_time(octets):
        return shown_moment(moment)
    if name := logical_name(data.OctetString(octets)):
        return f"{name} ({name.meaning()})"
    if octets and octets.isascii() and octets.decode("ascii").isprintable():
        return quoted(octets.decode("ascii"))
    return printed(octets) if octets else "empty"


def shown_moment(moment: CosemDateTime) -> str:
    """A date-time with the bits of its clock status that are set."""
    status = clock_status(moment)
    flags = [(flag.name or "").lower().replace("_", " ") for flag in status] if status else []
    return ", ".join([str(moment), *flags])


def quoted(text: str) -> str:
    """Text in quotes, as `harmless`."""
    return f'"{harmless(text)}"'


def harmless(text: str) -> str:
    """Text on one line, without characters that could steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
