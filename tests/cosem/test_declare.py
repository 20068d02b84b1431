"""dlms.cosem.declare: declarations, addresses and the registry, on classes of its own."""

from __future__ import annotations

import pytest

from dlms.cosem import declare
from dlms.cosem.classes.data_storage import ProfileGeneric, Register
from dlms.cosem.classes.time_and_events import Clock
from dlms.cosem.declare import (
    InterfaceClass,
    UntypedObject,
    attribute,
    find_class,
    interface_classes,
    interface_object,
    method,
)
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.types import EntryDescriptor, OctetStringDateTime
from dlms.data import Integer, Long, OctetString, Unsigned
from dlms.errors import ConfigurationError, EncodeError
from dlms.grammar import data_node
from dlms.logical_name import LogicalName

CLOCK = "0-0:1.0.0*255"


def test_an_attribute_of_an_object_is_its_address() -> None:
    clock = Clock("0.0.1.0.0.255")
    assert clock.time == AttributeRef(8, CLOCK, 2)
    assert hash(clock.time) == hash(AttributeRef(8, CLOCK, 2))
    assert clock.time != clock.time_zone
    assert clock.time != AttributeRef(8, "0-0:1.0.1*255", 2)
    assert clock.time.node is OctetStringDateTime
    assert clock.time.declaration is Clock.time
    assert clock.time.name == "time"
    assert str(clock.time) == "8/0-0:1.0.0*255:2"
    assert repr(clock.time) == "AttributeRef(8, '0-0:1.0.0*255', 2)"
    assert eval(repr(clock.time)) == clock.time  # noqa: S307
    assert clock.logical_name == LogicalName(CLOCK)
    assert repr(clock) == "Clock('0-0:1.0.0*255')"


def test_a_method_of_an_object_is_its_address() -> None:
    clock = Clock(CLOCK)
    assert clock.shift_time == MethodRef(8, CLOCK, 6)
    assert clock.shift_time != clock.time
    assert clock.shift_time.node == data_node(Long)
    assert clock.shift_time.short_name_offset == 0x60 + 8 * 5
    assert clock.adjust_to_quarter.short_name_offset == 0x60
    assert clock.time.short_name_offset == 8
    assert repr(clock.shift_time) == "MethodRef(8, '0-0:1.0.0*255', 6)"
    assert str(clock.shift_time) == "8/0-0:1.0.0*255:method 6"


def test_everything_works_by_number() -> None:
    ref = AttributeRef(7000, bytes(6), -3)
    assert (ref.node, ref.name, ref.declaration) == (None, "-3", None)
    register = Register("1-0:1.8.0")
    assert register.attribute(2) == register.value
    assert register.attribute(2).node is register.value.node
    assert register.attribute(1).name == "logical_name"
    assert register.attribute(99).node is None
    assert register.method(1).name == "reset"
    assert register.method(50).node is None
    assert register.method(50).short_name_offset == 0x28 + 8 * 49


def test_an_unknown_class_or_version_is_an_object_too() -> None:
    unknown = interface_object(9999, 3, CLOCK)
    assert type(unknown) is UntypedObject
    assert (unknown.class_id, unknown.version, unknown.logical_name) == (9999, 3, LogicalName(CLOCK))
    assert unknown.attribute(2) == AttributeRef(9999, CLOCK, 2)
    assert unknown.method(1).short_name_offset is None
    assert repr(unknown) == "UntypedObject(9999, 3, '0-0:1.0.0*255')"
    assert type(interface_object(8, 200, CLOCK)) is UntypedObject
    assert interface_object(8, 0, CLOCK) == Clock(CLOCK)
    assert find_class(8, 0) is Clock
    assert find_class(8, 200) is None
    assert interface_classes()[8, 0] is Clock


def test_selectors_are_declared_types() -> None:
    selectors = ProfileGeneric.buffer.selectors
    assert set(selectors) == {1, 2}
    assert selectors[2] is data_node(EntryDescriptor)


def test_a_class_of_ones_own() -> None:
    class HouseTemperature(InterfaceClass, class_id=40001, version=2, methods_at=(1, 0x20)):
        """One more."""

        value = attribute(2, Integer, note="degrees Celsius")
        place = attribute(3, OctetString, static=True, book_name="Place")
        reset = method(1, Integer)

    try:
        room = HouseTemperature("0-0:128.1.1")
        assert HouseTemperature.title == "House temperature"
        assert list(HouseTemperature.attributes) == [1, 2, 3]
        assert HouseTemperature.place.book_name == room.place.name == "Place"
        assert HouseTemperature.value.note == "degrees Celsius"
        assert interface_object(40001, 2, "0-0:128.1.1") == room
        with pytest.raises(AttributeError, match="is an address"):
            room.value = 5  # type: ignore[assignment]
        with pytest.raises(ConfigurationError, match="declared twice"):

            class Again(InterfaceClass, class_id=40001, version=2):
                """Once too often."""
    finally:
        del declare._REGISTRY[40001, 2]


def test_two_attributes_of_one_number_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="attribute_id 2 is declared twice"):

        class Twice(InterfaceClass, class_id=40002, version=0):
            """Wrong."""

            first = attribute(2, Unsigned)
            second = attribute(2, Unsigned)

    assert find_class(40002, 0) is None


@pytest.mark.parametrize(
    ("class_id", "name", "attribute_id"), [(-1, CLOCK, 2), (65536, CLOCK, 2), (8, "1.2.3", 2), (8, CLOCK, 128)]
)
def test_addresses_out_of_range_are_refused(class_id: int, name: str, attribute_id: int) -> None:
    with pytest.raises(EncodeError):
        AttributeRef(class_id, name, attribute_id)
    with pytest.raises(EncodeError):
        MethodRef(class_id, name, attribute_id)
