"""What a push carries: the values of the objects on its list, as one structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from dlms.association.server.outgoing import Together
from dlms.association.server.rights import NULL_DATA
from dlms.association.server.work import Work
from dlms.cosem.classes import Clock
from dlms.cosem.types import (
    CaptureObjectDefinition,
    EntryDescriptor,
    RangeDescriptor,
    RestrictedObjectDefinition,
    Restriction,
)
from dlms.data import Data, Structure, dumps, loads
from dlms.device.part import DeviceItself
from dlms.device.profile_generic import element
from dlms.enumerations import RestrictionType
from dlms.grammar import data_node
from dlms.grammar.programs import data_program
from dlms.service_errors import ServiceError, TypeUnmatched
from dlms_core.pieces import head

PushObject: TypeAlias = CaptureObjectDefinition | RestrictedObjectDefinition
BY_RANGE, BY_ENTRY = 1, 2
RANGE: Final = data_program(data_node(RangeDescriptor))
ENTRY: Final = data_program(data_node(EntryDescriptor))


def push_body(itself: DeviceItself, objects: Sequence[PushObject], clock: Clock) -> Work[bytes]:
    """The octets of notification-body. attribute_index 0 is all attributes; what cannot be read is null-data. A
    restriction by date goes by `clock`."""
    pieces = [head(Structure.tag, len(objects))]
    together = Together()
    for of in objects:
        try:
            together.check()
            octets = together.whole((yield from _value(itself, of, clock)))
        except ServiceError:
            octets = NULL_DATA
        pieces.append(octets)
    return b"".join(pieces)


def _value(itself: DeviceItself, of: PushObject, clock: Clock) -> Work[bytes | Iterator[bytes]]:
    served = itself.find(of.class_id, of.logical_name)
    if of.attribute_index == 0:
        return (yield from itself.read_all(served))
    selector, parameters = _selection(of, clock)
    found: bytes | Iterator[bytes]
    found = yield from itself.read(served, of.attribute_index, selector, parameters)
    if not of.data_index:
        return found
    octets = found if isinstance(found, bytes) else b"".join(found)
    return dumps(element(loads(octets, typed=True), of.data_index))


def _selection(of: PushObject, clock: Clock) -> tuple[int | None, bytes]:
    if not isinstance(of, RestrictedObjectDefinition) or of.restriction.restriction_type == RestrictionType.NONE:
        return None, b""
    first, last = _ends(of.restriction)
    if of.restriction.restriction_type == RestrictionType.BY_DATE:
        by = CaptureObjectDefinition(clock.class_id, clock.logical_name, 2, 0)
        return BY_RANGE, RANGE.encode(RangeDescriptor(by, first, last, []))
    return BY_ENTRY, ENTRY.encode(EntryDescriptor(_number(first), _number(last), 1, 0))


def _ends(restriction: Restriction) -> tuple[Data, Data]:
    value = restriction.restriction_value
    if not isinstance(value, Structure) or len(value) != 2:
        raise TypeUnmatched
    return value[0], value[1]


def _number(value: Data) -> int:
    number: Any = value.value
    if not isinstance(number, int) or number < 0:
        raise TypeUnmatched
    return number
