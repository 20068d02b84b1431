"""The object list, and reading an object in one step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.association.meter_in_memory import ALL, ScriptedMeter
from tests.association.scripted import Wire, negotiated, script

from dlms.apdu import decode, encode
from dlms.apdu.get import (
    DataBlockG,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseWithDatablock,
)
from dlms.apdu.read_write import (
    BlockNumberAccess,
    DataBlockResult,
    ReadRequest,
    ReadResponse,
)
from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.cosem.classes import (
    AssociationLN,
    AssociationSN,
    Clock,
    DemandRegister,
    ProfileGeneric,
    PushSetupV0,
    Register,
)
from dlms.cosem.declare import InterfaceClass, UntypedObject
from dlms.cosem.references import AttributeRef
from dlms.data import (
    Array,
    Data,
    DoubleLongUnsigned,
    Enum,
    Integer,
    Long,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
    Unsigned,
    VisibleString,
    dumps,
    loads,
)
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DecodeError, ProtocolError
from dlms.results import DataAccessResult
from dlms.security import Security
from dlms.service_errors import ReadWriteDenied
from dlms.units import Quantity, Unit
from dlms_core.pieces import split

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
SHORT_ELEMENTS = b"".join(
    dumps(Structure([Long(name), LongUnsigned(class_id), Unsigned(version), OctetString(logical_name)]))
    for name, class_id, version, logical_name in [
        (0x1000, 8, 0, bytes([0, 0, 1, 0, 0, 255])),
        (0x1100, 40, 0, bytes([0, 0, 25, 9, 0, 255])),
        (0x1200, 9999, 3, bytes([0, 0, 96, 1, 0, 255])),
    ]
)
OBJECTS = (Clock("0.0.1.0.0.255"), PushSetupV0("0.0.25.9.0.255"), UntypedObject(9999, 3, "0.0.96.1.0.255"))


def test_objects_are_of_the_reported_version() -> None:
    meter = ScriptedMeter({LIST: Array(ELEMENTS)})
    assert meter.run(meter.association().objects()) == OBJECTS


def listing(
    octets: bytes, block: int | None = None, *, short_names: bool = False
) -> tuple[ClientAssociation, Callable[[], tuple[InterfaceClass, ...]]]:
    """An association with a meter whose object list is these octets, in one response or in blocks; how it is read."""
    client, wire = listed_by(octets, block, short_names=short_names)
    return client, lambda: wire.run(client.objects())


def listed_by(octets: bytes, block: int | None = None, *, short_names: bool = False) -> tuple[ClientAssociation, Wire]:
    """The same with the meter itself."""
    pieces = [] if block is None else split(bytes.fromhex("0100" if short_names else "") + octets, block)

    def answer(request: bytes) -> list[bytes]:
        match decode(request):
            case GetRequestNormal(invoke) if block is None:
                return [bytes([0xC4, 1, invoke, 0]) + octets]
            case GetRequestNormal(invoke):
                return [encode(GetResponseWithDatablock(invoke, DataBlockG(len(pieces) == 1, 1, pieces[0])))]
            case GetRequestNext(invoke, number):
                last = number + 1 == len(pieces)
                return [encode(GetResponseWithDatablock(invoke, DataBlockG(last, number + 1, pieces[number])))]
            case ReadRequest((BlockNumberAccess(number),)):
                last = number + 1 == len(pieces)
                return [encode(ReadResponse((DataBlockResult(last, number + 1, pieces[number]),)))]
            case ReadRequest() if block is None:
                return [bytes.fromhex("0C0100") + octets]
            case ReadRequest():
                return [encode(ReadResponse((DataBlockResult(len(pieces) == 1, 1, pieces[0]),)))]
        raise AssertionError(request.hex())

    client = ClientAssociation(Proposal(security=Security(), short_names=short_names))
    client._negotiated = negotiated(short_names=short_names)
    return client, Wire(answer)


def counted(count: int, elements: bytes | None = None) -> bytes:
    """An array that says that it has `count` elements."""
    header = b"\x01\x81" + bytes([count]) if count > 127 else b"\x01" + bytes([count])
    return header + (dumps(Array(ELEMENTS)).removeprefix(b"\x01\x03") if elements is None else elements)


@pytest.mark.parametrize("short_names", [False, True])
@pytest.mark.parametrize("block", [None, 20])
@pytest.mark.parametrize("count", [0, 1, 2, 4, 127, 200])
def test_a_wrong_count_of_objects_is_not_believed(count: int, block: int | None, short_names: bool) -> None:
    """In one response and in blocks."""
    client, read = listing(counted(count, SHORT_ELEMENTS if short_names else None), block, short_names=short_names)
    assert read() == OBJECTS
    (misfit,) = client.misfits
    assert misfit.what == ("12/0-0:40.0.0*255:2" if short_names else "15/0-0:40.0.0*255:2")
    assert isinstance(misfit.error, DecodeError)


@pytest.mark.parametrize("short_names", [False, True])
@pytest.mark.parametrize("block", [None, 20])
@pytest.mark.parametrize("count", [0, 2, 3, 4, 127])
def test_get_brings_a_list_that_counts_wrong_as_far_as_it_goes(
    count: int, block: int | None, short_names: bool
) -> None:
    """Of its declared type by an address that has one, else plain."""
    octets = counted(count, SHORT_ELEMENTS if short_names else None)
    declared: AttributeRef[Any] = (AssociationSN if short_names else AssociationLN)("0.0.40.0.0.255").object_list
    right = counted(3, SHORT_ELEMENTS if short_names else None)
    assert declared.declaration is not None
    for ref, expected in (
        (declared, declared.declaration.decode(right)),
        (AttributeRef(declared.class_id, declared.logical_name, 2), loads(right)),
    ):
        client, wire = listed_by(octets, block, short_names=short_names)
        assert wire.run(client.get(ref)) == expected
        assert [misfit.what for misfit in client.misfits] == [str(ref)] * (count != 3)


def test_a_list_that_counts_wrong_spoils_no_other_values() -> None:
    """In a response with a list, nothing behind it can be read: then each is asked for by itself."""
    serial = AttributeRef(1, "0.0.96.1.0.255", 2)
    lists = AssociationLN("0.0.40.0.0.255").object_list

    def answer(request: bytes) -> list[bytes]:
        message = decode(request)
        if isinstance(message, GetRequestWithList):
            return [bytes([0xC4, 3, message.invoke_id_and_priority, 2, 0, 17, 5, 0]) + counted(4)]
        assert isinstance(message, GetRequestNormal)
        one = message.cosem_attribute_descriptor.class_id == 1
        return [bytes([0xC4, 1, message.invoke_id_and_priority, 0]) + (b"\x11\x05" if one else counted(4))]

    client, _ = listed_by(b"")
    assert Wire(answer).run(client.get_several((serial, lists))) == (5, Wire(answer).run(client.get(lists)))
    with pytest.raises(DecodeError):
        Wire(answer).run(client.get_several((serial, serial)))


@pytest.mark.parametrize("block", [None, 20])
def test_what_is_no_object_list_has_to_count_right(block: int | None) -> None:
    """A profile with rows that are missing is no profile."""
    for ref in (AttributeRef(7, "1.0.99.1.0.255", 2), AttributeRef(15, "0.0.40.0.0.255", 3)):
        client, wire = listed_by(counted(4), block)
        with pytest.raises(DecodeError):
            wire.run(client.get(ref))


@pytest.mark.parametrize("block", [None, 20])
def test_a_right_count_is_no_misfit(block: int | None) -> None:
    client, read = listing(counted(3), block)
    assert read() == OBJECTS
    assert not client.misfits


@pytest.mark.parametrize("block", [None, 20])
@pytest.mark.parametrize("count", [1, 3, 4, 90])
def test_a_list_that_ends_within_an_object_has_the_whole_ones(count: int, block: int | None) -> None:
    whole = len(dumps(Array(ELEMENTS[:2])))
    for length in range(whole, len(counted(3))):
        client, read = listing(counted(count)[:length], block)
        assert read() == OBJECTS[:2]
        assert len(client.misfits) == 1


@pytest.mark.parametrize("block", [None, 20])
def test_what_is_wrong_besides_the_count_is_an_error(block: int | None) -> None:
    octets = counted(3)
    for broken in (
        octets[:2] + b"\x07" + octets[3:],  # a tag that is none
        octets[:2] + b"\x02\x04\x12\x00\x08\x07" + octets[8:],
        octets + b"\x07",
        b"\x02" + octets[1:] + b"\x00",  # a structure
        b"\x01\x85" + octets[2:],
    ):
        client, read = listing(broken, block)
        with pytest.raises(DecodeError):
            read()
        assert not client.misfits
        with pytest.raises(DecodeError):
            loads(broken)


@pytest.mark.parametrize(
    "answer", ["C401C102", "C401C1", "C403C1010001", "C402C100000000010002", "0C02000001", "C40145"]
)
def test_what_is_no_single_value_is_not_searched_for_objects(answer: str) -> None:
    client = ScriptedMeter().association()
    with pytest.raises(DecodeError):
        script(answer).run(client.objects())
    assert not client.misfits


@given(st.binary(max_size=60), st.integers(0, 255), st.integers(0, 4))
def test_any_octets_are_a_list_or_an_error(octets: bytes, count: int, whole: int) -> None:
    elements = b"".join(dumps(row) for row in (ELEMENTS * 2)[:whole])
    _, read = listing(counted(count, elements + octets))
    with contextlib.suppress(DecodeError, ProtocolError):
        assert read()[:whole] == (OBJECTS * 2)[:whole]


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
