"""The object list, and reading an object in one step."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.association.meter_in_memory import ALL, ScriptedMeter

from dlms.apdu.get import GetRequestNormal, GetRequestWithList
from dlms.cosem.classes import Clock, DemandRegister, ProfileGeneric, PushSetupV0, Register
from dlms.cosem.declare import UntypedObject
from dlms.cosem.references import AttributeRef
from dlms.data import (
    Array,
    Data,
    DoubleLongUnsigned,
    Enum,
    Integer,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
    Unsigned,
    VisibleString,
    dumps,
)
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, ProtocolError
from dlms.results import DataAccessResult
from dlms.service_errors import ReadWriteDenied
from dlms.units import Quantity, Unit

LIST = (15, "0.0.40.0.0.255", 2)
REGISTER = Register("1.0.1.8.0.255")
WH = Structure([Integer(-1), Enum(30)])


def element(class_id: int, version: int, logical_name: bytes) -> Data:
    rights = Structure([Array([]), Array([])])
    return Structure([LongUnsigned(class_id), Unsigned(version), OctetString(logical_name), rights])


ELEMENTS = [
    element(8, 0, bytes([0, 0, 1, 0, 0, 255])),
    element(40, 0, bytes([0, 0, 25, 9, 0, 255])),
    element(9999, 3, bytes([0, 0, 96, 1, 0, 255])),
]
OBJECTS = (Clock("0.0.1.0.0.255"), PushSetupV0("0.0.25.9.0.255"), UntypedObject(9999, 3, "0.0.96.1.0.255"))


def test_objects_are_of_the_reported_version() -> None:
    meter = ScriptedMeter({LIST: Array(ELEMENTS)})
    assert meter.run(meter.association().objects()) == OBJECTS


@pytest.mark.parametrize("count", [0, 1, 4, 200])
def test_a_wrong_count_of_objects_is_not_believed(count: int) -> None:
    octets = dumps(Array(ELEMENTS))
    header = b"\x01\x81" + bytes([count]) if count > 127 else b"\x01" + bytes([count])
    meter = ScriptedMeter({LIST: header + octets[2:]})
    meter.block = 20
    assert meter.run(meter.association().objects()) == OBJECTS


@pytest.mark.parametrize(
    "value",
    [
        Unsigned(5),
        Array([Unsigned(5)]),
        Array([Structure([Unsigned(1)])]),
        Array([Structure([OctetString(b"1"), OctetString(b"0"), OctetString(bytes(6)), NullData()])]),
    ],
)
def test_what_is_no_object_list(value: Data) -> None:
    meter = ScriptedMeter({LIST: value})
    with pytest.raises(ProtocolError):
        meter.run(meter.association().objects())


def test_a_register_is_a_quantity_and_its_scaler_is_read_once() -> None:
    meter = ScriptedMeter({(3, "1.0.1.8.0.255", 2): DoubleLongUnsigned(123456), (3, "1.0.1.8.0.255", 3): WH})
    association = meter.association()
    for thing in (REGISTER, REGISTER.value, AttributeRef(3, "1.0.1.8.0.255", 2)):
        assert meter.run(association.read(thing)) == Quantity(Decimal("12345.6"), Unit.WATT_HOUR)
    assert [type(request) for request in meter.requests] == [GetRequestWithList, GetRequestNormal, GetRequestNormal]


def test_a_meter_without_lists_is_asked_twice() -> None:
    meter = ScriptedMeter({(3, "1.0.1.8.0.255", 2): DoubleLongUnsigned(5), (3, "1.0.1.8.0.255", 3): WH})
    association = meter.association(ALL & ~Conformance.MULTIPLE_REFERENCES)
    assert str(meter.run(association.read(REGISTER))) == "0.5 Wh"
    assert [type(request) for request in meter.requests] == [GetRequestNormal] * 2


def test_a_demand_register_has_its_scaler_elsewhere() -> None:
    register = DemandRegister("1.0.1.4.0.255")
    meter = ScriptedMeter({
        (5, "1.0.1.4.0.255", 2): DoubleLongUnsigned(7), (5, "1.0.1.4.0.255", 3): DoubleLongUnsigned(8),
        (5, "1.0.1.4.0.255", 4): Structure([Integer(2), Enum(27)]),
    })  # fmt: skip
    association = meter.association()
    assert str(meter.run(association.read(register))) == "700 W"
    assert str(meter.run(association.read(register.last_average_value))) == "800 W"


@pytest.mark.parametrize(("value", "plain"), [(NullData(), None), (VisibleString("n/a"), "n/a")])
def test_what_is_no_number_comes_as_it_is(value: Data, plain: object) -> None:
    meter = ScriptedMeter({(3, "1.0.1.8.0.255", 2): value, (3, "1.0.1.8.0.255", 3): WH})
    assert meter.run(meter.association().read(REGISTER)) == plain


def test_a_register_without_unit_is_a_number() -> None:
    meter = ScriptedMeter({(3, "1.0.1.8.0.255", 2): DoubleLongUnsigned(5), (3, "1.0.1.8.0.255", 3): NullData()})
    assert meter.run(meter.association().read(REGISTER)) == 5


def test_a_refusal_is_raised() -> None:
    denied = DataAccessResult.READ_WRITE_DENIED
    for attributes in ({2: denied, 3: WH}, {2: DoubleLongUnsigned(5), 3: denied}):
        meter = ScriptedMeter({(3, "1.0.1.8.0.255", number): value for number, value in attributes.items()})
        with pytest.raises(ReadWriteDenied):
            meter.run(meter.association().read(REGISTER))


def test_a_profile_is_read_otherwise() -> None:
    meter = ScriptedMeter()
    with pytest.raises(ConfigurationError, match="read_profile"):
        meter.run(meter.association().read(ProfileGeneric("1.0.99.1.0.255")))
