"""Declared types of COSEM Data: what they encode to, what they refuse, and the node tree that others read."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import pytest

import dlms
from dlms.apdu.get import GetResponse
from dlms.apdu.read_write import ReadResponse, ReadResult
from dlms.data import (
    Array,
    BitString,
    Boolean,
    CompactArray,
    DateTime,
    DoubleLong,
    DoubleLongUnsigned,
    Enum,
    Float32,
    Integer,
    Long64,
    Long64Unsigned,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
    Unsigned,
    VisibleString,
)
from dlms.datetime import CosemDateTime
from dlms.errors import ConfigurationError, DecodeError
from dlms.grammar import (
    BER,
    Message,
    Tag,
    Unsigned8,
    array,
    book_name,
    choice,
    data_node,
    decode,
    decode_open_ended,
    dumps,
    encode,
    node,
    nodes,
    octets,
    program,
    sequence,
    structure,
)
from dlms.results import DataAccessResult
from dlms_core.program import DEEPEST

MOMENT = CosemDateTime.from_octets(bytes.fromhex("07E6010A020C1E00FF888000"))


class Colour(IntEnum):
    RED = 1
    GREEN = 2


@structure
class Reading:
    """A reading of a register."""

    value: Annotated[int, DoubleLongUnsigned]
    colour: Colour
    taken_at: Annotated[CosemDateTime, octets(CosemDateTime, DateTime)]


READING = "020306000000051602090C07E6010A020C1E00FF888000"

SOUND = [
    (Unsigned, 5, "1105"),
    (Integer, -5, "0FFB"),
    (DoubleLong, -2, "05FFFFFFFE"),
    (DoubleLongUnsigned, 123456, "060001E240"),
    (Long64, -2, "14FFFFFFFFFFFFFFFE"),
    (Long64Unsigned, 2**64 - 1, "15FFFFFFFFFFFFFFFF"),
    (Boolean, True, "0301"),
    (NullData, None, "00"),
    (Float32, 1.0, "173F800000"),
    (BitString, "1010", "0404A0"),
    (VisibleString, "AB", "0A024142"),
    (OctetString, b"", "0900"),
    (OctetString, bytes(200), "0981C8" + "00" * 200),
    (DateTime, MOMENT, "1907E6010A020C1E00FF888000"),
    (Colour, Colour.GREEN, "1602"),
    (Colour, 77, "164D"),
    (array(Unsigned), [], "0100"),
    (array(Unsigned), [1, 2], "010211011102"),
    (array(array(Unsigned)), [[1], [], [2, 3]], "0103010111010100010211021103"),
    (structure(Unsigned, LongUnsigned), (1, 0x102), "02021101120102"),
    (structure(), (), "0200"),
    (Reading, Reading(5, Colour.GREEN, MOMENT), READING),
    (array(Reading), [Reading(5, Colour.GREEN, MOMENT)], "0101" + READING),
    (choice(NullData, DoubleLongUnsigned, VisibleString), None, "00"),
    (choice(NullData, DoubleLongUnsigned, VisibleString), 5, "0600000005"),
    (choice(NullData, DoubleLongUnsigned, VisibleString), "A", "0A0141"),
    (choice(Unsigned, array(Unsigned)), [1], "01011101"),
]


@pytest.mark.parametrize(("declared", "value", "source"), SOUND)
def test_values_both_ways(declared, value, source):
    assert dumps(value, type=declared).hex().upper() == source
    assert decode(data_node(declared), bytes.fromhex(source)) == value
    assert dlms.dumps(dlms.loads(bytes.fromhex(source), typed=True)).hex().upper() == source


def test_other_ways_to_give_a_value():
    assert dumps((5, 2, MOMENT), type=Reading).hex().upper() == READING
    assert dumps(Unsigned(5), type=Unsigned) == b"\x11\x05"
    assert dumps((1, 2), type=array(Unsigned)) == dumps([1, 2], type=array(Unsigned))
    assert dumps([1, 2], type=structure(Unsigned, Unsigned)) == dumps((1, 2), type=structure(Unsigned, Unsigned))
    assert dumps(LongUnsigned(5), type=choice(Unsigned, LongUnsigned)) == b"\x12\x00\x05"
    assert dumps(bytearray(b"A"), type=OctetString) == b"\x09\x01A"


def test_a_date_time_where_an_octet_string_is_declared():
    assert decode(octets(CosemDateTime, DateTime), dumps(DateTime(MOMENT))) == MOMENT
    assert dumps(MOMENT, type=octets(CosemDateTime, DateTime))[:2] == b"\x09\x0c"


REFUSED = [
    (Unsigned, 256, ""),
    (Unsigned, -1, ""),
    (Unsigned, "5", ""),
    (Unsigned, None, ""),
    (Unsigned, True, ""),
    (Unsigned, 1.0, ""),
    (Unsigned, LongUnsigned(5), ""),
    (DoubleLongUnsigned, 2**32, ""),
    (Long64Unsigned, 2**64, ""),
    (OctetString, "text", ""),
    (NullData, 0, ""),
    (Array, 5, ""),
    (CompactArray, [1], ""),
    (Colour, 256, ""),
    (array(Unsigned), 5, ""),
    (array(Unsigned), [1, 256], "[1]"),
    (array(structure(Unsigned, OctetString)), [(1, b""), (2, 3)], "[1][1]"),
    (structure(Unsigned), (1, 2), ""),
    (array(array(Unsigned)), [[1], [2, None]], "[1][1]"),
    (Reading, (5, 2), ""),
    (Reading, Reading(5, Colour.RED, None), "taken-at"),
    (array(Reading), [Reading(-5, Colour.RED, MOMENT)], "[0].value"),
    (choice(Unsigned, LongUnsigned), 5, ""),
    (choice(Unsigned, LongUnsigned), DoubleLongUnsigned(5), ""),
    (choice(Unsigned, LongUnsigned), "5", ""),
]


@pytest.mark.parametrize(("declared", "value", "path"), REFUSED)
def test_values_that_a_type_refuses(declared, value, path):
    with pytest.raises(dlms.EncodeError) as caught:
        dumps(value, type=declared)
    assert caught.value.path == path


UNREADABLE = [
    (Unsigned, "1200", "axdr: expected unsigned (17), got long-unsigned (18) at octet 0"),
    (Unsigned, "11", "axdr: expected 1 more octets, got 0 at octet 1"),
    (Unsigned, "110500", "axdr: 1 octets follow the end of the value at octet 2"),
    (array(Unsigned), "010211010000", "[1]: expected unsigned (17), got null-data (0) at octet 4"),
    (structure(Unsigned), "020211011102", "axdr: expected 1 members, got 2 at octet 1"),
    (Reading, "02030600000005160209", "taken-at: expected 1 more octets, got 0 at octet 10"),
    (Reading, "020306000000051602090100", "taken-at: expected length 12, got 1 at octet 11"),
    (
        array(Unsigned),
        "0184FFFFFFFF",
        "axdr: at most 0 elements are possible here, got a count of 4294967295 at octet 1",
    ),
]


@pytest.mark.parametrize(("declared", "source", "text"), UNREADABLE)
def test_octets_that_a_type_refuses(declared, source, text):
    with pytest.raises(dlms.DecodeError) as caught:
        decode(declared, bytes.fromhex(source))
    assert str(caught.value) == text


def test_dumps_without_a_type_never_guesses():
    assert dumps(DoubleLongUnsigned(5)) == b"\x06\x00\x00\x00\x05"
    assert dumps([b"A", (True, None)]) == bytes.fromhex("01020901410202030100")
    with pytest.raises(dlms.EncodeError):
        dumps(5)


@pytest.mark.parametrize("data", ["0006000000", "0201", "01820000FF", "090141090142", "FFFFFF", "06"])
def test_open_ended_data_is_all_that_is_left(data):
    """Whatever it is: cut off, of a wrong count, with octets behind it, or no Data at all."""
    octets = bytes.fromhex(data)
    one = bytes.fromhex("C401C100") + octets
    message = decode_open_ended(Annotated[GetResponse, Tag(0xC4, "get-response")] | ReadResponse, one)
    assert (type(message).__name__, message.invoke_id_and_priority, message.result) == (
        "GetResponseNormal",
        0xC1,
        octets,
    )
    results = decode_open_ended(tuple[ReadResult, ...], b"\x02\x01\x03\x00" + octets)
    assert results == (DataAccessResult.READ_WRITE_DENIED, octets)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("", False),
        ("01", False),
        ("0100", False),  # at least one octet
        ("0200060000", False),  # the second result is missing
        ("0101", False),
        ("010103FF", False),
        ("0109", True),
        ("020103FF", True),
    ],
)
def test_what_more_octets_can_mend_expects_nothing(octets, expected):
    with pytest.raises(DecodeError) as caught:
        decode_open_ended(tuple[ReadResult, ...], bytes.fromhex(octets))
    assert (caught.value.expected is not None) is expected


def test_arrays_and_structures_within_data_keep_their_path():
    declared = array(structure(Unsigned, nodes.AnyData()))
    assert dumps([(1, Array([Unsigned(1)]))], type=declared).hex() == "01010202110101011101"
    with pytest.raises(dlms.DecodeError) as caught:
        decode(declared, bytes.fromhex("0101020211010102110107"))
    assert caught.value.path == "[0][1][1]"


NESTED = [
    (lambda of: array(of), lambda value: [value], "0101", 1),
    (lambda of: structure(of), lambda value: (value,), "0201", 1),
    (lambda of: array(structure(of)), lambda value: [(value,)], "01010201", 2),
    (lambda of: structure(array(of)), lambda value: ([value],), "02010101", 2),
]


@pytest.mark.parametrize(("declare", "wrap", "head", "levels"), NESTED)
def test_the_deepest_declarations(declare, wrap, head, levels):
    declared, value, wrong = Unsigned, 5, None
    times = (DEEPEST - 1) // levels
    for _ in range(times):
        declared, value, wrong = declare(declared), wrap(value), wrap(wrong)
    source = bytes.fromhex(head * times)
    assert dumps(value, type=declared) == source + b"\x11\x05"
    assert decode(declared, source + b"\x11\x05") == value
    with pytest.raises(dlms.EncodeError) as unfit:
        dumps(wrong, type=declared)
    with pytest.raises(dlms.DecodeError) as unread:
        decode(declared, source + b"\x12\x05")
    assert unfit.value.path == unread.value.path == "[0]" * times * levels


def test_nodes():
    of = node(Reading)
    assert isinstance(of, nodes.Structure)
    assert of.name == "reading"
    assert [field.name for field in of.fields] == ["value", "colour", "taken-at"]
    assert of.fields[0].node == nodes.Scalar(DoubleLongUnsigned)
    assert of.fields[1].node == nodes.Scalar(Enum, Colour)
    assert list(of.children())[2] == octets(CosemDateTime, DateTime)
    assert node(array(Reading)).of is of
    assert program(Reading) is program(Reading)


@pytest.mark.parametrize(
    ("name", "book"),
    [
        ("GetResponseWithDatablock", "get-response-with-datablock"),
        ("invoke_id_and_priority", "invoke-id-and-priority"),
        ("Aarq", "aarq"),
        ("DataBlockSA", "data-block-sa"),
    ],
)
def test_names_of_the_book(name, book):
    assert book_name(name) == book


def test_declarations_that_say_too_little():
    with pytest.raises(ConfigurationError):
        node(int)
    with pytest.raises(ConfigurationError):
        array(int)
    with pytest.raises(ConfigurationError):
        node(Annotated[int, Tag(0)] | Annotated[int, Tag(1)])
    with pytest.raises(ConfigurationError):
        program(choice(Unsigned, Unsigned))
    with pytest.raises(ConfigurationError):
        program(choice(Unsigned, nodes.AnyData()))
    with pytest.raises(ConfigurationError):

        @sequence(rules=BER)
        class NoTag(Message):
            number: Unsigned8


def test_a_message_of_ones_own():
    @sequence()
    class Pair(Message):
        first: Unsigned8
        second: Unsigned8 | None = None

    assert encode(Pair, Pair(1)) == b"\x01\x00"
    assert decode(Pair, b"\x01\x01\x02") == Pair(1, 2)
    with pytest.raises(dlms.DecodeError, match=r"^second: expected a presence octet 00 or 01, got 02 at octet 1$"):
        decode(Pair, b"\x01\x02")


def test_typed_values_of_declared_data():
    assert dlms.loads(dumps([(1, b"A")], type=array(structure(Unsigned, OctetString))), typed=True) == Array(
        [Structure([Unsigned(1), OctetString(b"A")])]
    )
