"""dlms_core.axdr: published vectors, every tag, faults with path and offset."""

from __future__ import annotations

import copy
import pickle

import pytest

from dlms_core import axdr
from dlms_core.clock import CosemDate, CosemDateTime, CosemTime
from dlms_core.fault import DecodeError, EncodeError

# One value of each type, from the golden vectors of openspodes and the date vectors of dlms-cosem (facts only), and by
# hand from the book where neither has one.
VECTORS = [
    ("00", None, axdr.NullData()),
    ("010211011102", [1, 2], axdr.Array([axdr.Unsigned(1), axdr.Unsigned(2)])),
    ("02021101120102", (1, 0x102), axdr.Structure([axdr.Unsigned(1), axdr.LongUnsigned(0x102)])),
    ("0301", True, axdr.Boolean(True)),
    ("0300", False, axdr.Boolean(False)),
    ("0404A0", "1010", axdr.BitString("1010")),
    ("040A4080", "0100000010", axdr.BitString("0100000010")),
    ("0400", "", axdr.BitString("")),
    ("05FFFFFFFE", -2, axdr.DoubleLong(-2)),
    ("060001E240", 123456, axdr.DoubleLongUnsigned(123456)),
    ("06FFFFFFFF", 0xFFFFFFFF, axdr.DoubleLongUnsigned(0xFFFFFFFF)),
    ("0904DEADBEEF", bytes.fromhex("DEADBEEF"), axdr.OctetString(bytes.fromhex("DEADBEEF"))),
    ("0900", b"", axdr.OctetString(b"")),
    ("0A024142", "AB", axdr.VisibleString("AB")),
    ("0C024142", "AB", axdr.Utf8String("AB")),
    ("0C02C3A9", "é", axdr.Utf8String("é")),
    ("0D12", 0x12, axdr.Bcd(0x12)),
    ("0FFF", -1, axdr.Integer(-1)),
    ("10FFFE", -2, axdr.Long(-2)),
    ("11C8", 200, axdr.Unsigned(200)),
    ("1203E8", 1000, axdr.LongUnsigned(1000)),
    ("131103010203", [1, 2, 3], axdr.CompactArray(axdr.Unsigned, [1, 2, 3])),
    (
        "130202111206010102020304",
        [(1, 0x102), (2, 0x304)],
        axdr.CompactArray((axdr.Unsigned, axdr.LongUnsigned), [(1, 0x102), (2, 0x304)]),
    ),
    (
        "13020209010003110A02414201020300040506",
        [(b"AB", [1, 2, 3]), (b"", [4, 5, 6])],
        axdr.CompactArray((axdr.OctetString, [3, axdr.Unsigned]), [(b"AB", [1, 2, 3]), (b"", [4, 5, 6])]),
    ),
    ("13020200FF00", [], axdr.CompactArray((axdr.NullData, axdr.DontCare), [])),
    ("14FFFFFFFFFFFFFFFE", -2, axdr.Long64(-2)),
    ("150000000000000001", 1, axdr.Long64Unsigned(1)),
    ("15FFFFFFFFFFFFFFFF", 2**64 - 1, axdr.Long64Unsigned(2**64 - 1)),
    ("161E", 30, axdr.Enum(30)),
    ("173F800000", 1.0, axdr.Float32(1.0)),
    ("183FF0000000000000", 1.0, axdr.Float64(1.0)),
    (
        "1907E6010A020C1E00FF888000",
        CosemDateTime.from_octets(bytes.fromhex("07E6010A020C1E00FF888000")),
        axdr.DateTime(bytes.fromhex("07E6010A020C1E00FF888000")),
    ),
    ("1A07E80B15FF", CosemDate(year=2024, month=11, day=21), axdr.Date(bytes.fromhex("07E80B15FF"))),
    ("1AFFFFFFFFFF", CosemDate(), axdr.Date(CosemDate())),
    (
        "1B081E0F17",
        CosemTime(hour=8, minute=30, second=15, hundredths=23),
        axdr.Time(CosemTime(hour=8, minute=30, second=15, hundredths=23)),
    ),
    ("1CFE", -2, axdr.DeltaInteger(-2)),
    ("1DFFFE", -2, axdr.DeltaLong(-2)),
    ("1EFFFFFFFE", -2, axdr.DeltaDoubleLong(-2)),
    ("1FFE", 254, axdr.DeltaUnsigned(254)),
    ("20FFFE", 65534, axdr.DeltaLongUnsigned(65534)),
    ("21FFFFFFFE", 2**32 - 2, axdr.DeltaDoubleLongUnsigned(2**32 - 2)),
    ("FF", axdr.DONT_CARE, axdr.DontCare()),
]


def test_every_tag_has_a_vector():
    kinds = {type(typed) for _, _, typed in VECTORS}
    below = [axdr.Data]
    for family in below:
        below += family.__subclasses__()
    assert kinds == {kind for kind in below if hasattr(kind, "tag")}
    assert {octets[:2]: typed.tag for octets, _, typed in VECTORS} == {
        octets[:2]: int(octets[:2], 16) for octets, _, _ in VECTORS
    }


@pytest.mark.parametrize(("octets", "plain", "typed"), VECTORS, ids=[octets for octets, _, _ in VECTORS])
def test_vectors(octets, plain, typed):
    octets = bytes.fromhex(octets)
    decoded = axdr.loads(octets)
    assert decoded == plain
    assert type(decoded) is type(plain)
    value = axdr.loads(octets, typed=True)
    assert type(value) is type(typed)
    assert value == typed
    assert hash(value) == hash(typed)
    assert value.value == plain
    assert axdr.dumps(value) == axdr.dumps(typed) == octets
    for kind in (bytearray, memoryview):
        assert axdr.loads(kind(octets)) == plain


@pytest.mark.parametrize(("octets", "plain", "typed"), VECTORS, ids=[octets for octets, _, _ in VECTORS])
def test_values_are_copied_pickled_and_shown(octets, plain, typed):
    assert pickle.loads(pickle.dumps(typed)) == typed  # noqa: S301
    assert copy.copy(typed) is typed
    assert copy.deepcopy([typed]) == [typed]
    names = {**vars(axdr), "CosemDateTime": CosemDateTime, "CosemDate": CosemDate, "CosemTime": CosemTime}
    assert eval(repr(typed), names) == typed  # noqa: S307


FAULTS = [
    ("", "axdr: expected 1 more octets, got 0 at octet 0"),
    ("0600", "axdr: expected 4 more octets, got 1 at octet 1"),
    ("0905AABB", "axdr: expected 5 more octets, got 2 at octet 2"),
    ("0980", "axdr: impossible length octet 80 at octet 1"),
    ("098500000000", "axdr: impossible length octet 85 at octet 1"),
    ("0409FF", "axdr: expected 2 more octets, got 1 at octet 2"),
    ("07", "axdr: expected a known tag, got tag 7 at octet 0"),
    ("0000", "axdr: 1 octets follow the end of the value at octet 1"),
    ("0184FFFFFFFF", "axdr: at most 0 elements are possible here, got a count of 4294967295 at octet 1"),
    ("0202010106000000", "[0][0]: expected 4 more octets, got 3 at octet 5"),
    ("020302020000", "[0]: expected 4 more octets, got 2 at octet 4"),
    ("0103020100020211010800", "[1][1]: expected a known tag, got tag 8 at octet 9"),
    ("0201" * 33 + "00", "[0]" * 32 + ": nested deeper than 32 at octet 64"),
    ("0201" * 100_000, "[0]" * 32 + ": nested deeper than 32 at octet 64"),
    ("13", "axdr: expected 1 more octets, got 0 at octet 1"),
    ("131300", "axdr: expected a known tag, got compact-array (19) at octet 1"),
    ("13020111040100020300", "axdr: 1 octets follow the end of the value at octet 9"),
    ("1302021112040100020300", "[1][1]: expected 2 more octets, got 0 at octet 10"),
    ("0101130202110A050100020241", "[0][1][1]: expected 2 more octets, got 1 at octet 12"),
    ("130102000001FF", "axdr: expected length 0, got 1 at octet 5"),
    ("1301FFFF01FFFF000100", "axdr: expected length 0, got 1 at octet 8"),
    ("1302021101FFFF000100", "[0]: at most 1104 elements are possible here, got a count of 65538 at octet 9"),
    ("13" + "010001" * 40 + "1100", "axdr: nested deeper than 32 at octet 94"),
]


@pytest.mark.parametrize(("octets", "message"), FAULTS)
def test_faults_say_where(octets, message):
    octets = bytes.fromhex(octets)
    shown = []
    for typed in (False, True):
        with pytest.raises(DecodeError) as caught:
            axdr.loads(octets, typed)
        shown.append((str(caught.value), caught.value.offset, caught.value.path, caught.value.layer))
    assert shown[0] == shown[1]
    assert shown[0][0] == message
    assert shown[0][3] == "axdr"


def test_limits_are_the_callers():
    nested = bytes.fromhex("0201" * 40 + "00")
    assert axdr.loads(nested, max_depth=40)
    with pytest.raises(DecodeError, match=r"nested deeper than 2 at octet 4"):
        axdr.loads(nested, max_depth=2)
    for depth in (0, 257):
        with pytest.raises(ValueError, match="max_depth is 1 to 256"):
            axdr.loads(nested, max_depth=depth)
    row = bytes.fromhex("0103000000")
    assert axdr.loads(row, max_elements=3) == [None] * 3
    with pytest.raises(DecodeError, match="at most 2 elements are possible here, got a count of 3 at octet 1"):
        axdr.loads(row, max_elements=2)
    with pytest.raises(DecodeError, match="outgrow its limit of 4 at octet 0"):
        axdr.loads(row, max_size=4)
    assert axdr.loads(row, max_size=5)
    wide = bytes.fromhex("1302021101FFFF000100")
    assert axdr.loads(wide, max_elements=65538) == [(0, [None] * 65535)]
    assert len(axdr.loads(wide, typed=True, max_elements=65538).value[0][1]) == 65535


def test_the_deepest_value_is_printed_hashed_pickled_and_freed():
    value = axdr.NullData()
    for _ in range(256):
        value = axdr.Structure([value])
    assert axdr.loads(axdr.dumps(value), typed=True, max_depth=256) == value
    assert repr(value).startswith("Structure([Structure([")
    assert hash(value) == hash(pickle.loads(pickle.dumps(value)))  # noqa: S301
    with pytest.raises(EncodeError, match="nested deeper than 256"):
        axdr.Array([value])
    inner = axdr.CompactArray(axdr.Unsigned, [])
    for _ in range(255):
        inner = axdr.Structure([inner])
    with pytest.raises(EncodeError, match="nested deeper than 256"):
        axdr.Array([inner])


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (axdr.Integer, -128, 127),
        (axdr.Long, -(2**15), 2**15 - 1),
        (axdr.DoubleLong, -(2**31), 2**31 - 1),
        (axdr.Long64, -(2**63), 2**63 - 1),
        (axdr.Unsigned, 0, 255),
        (axdr.Enum, 0, 255),
        (axdr.Bcd, 0, 255),
        (axdr.LongUnsigned, 0, 65535),
        (axdr.DoubleLongUnsigned, 0, 2**32 - 1),
        (axdr.Long64Unsigned, 0, 2**64 - 1),
        (axdr.DeltaInteger, -128, 127),
        (axdr.DeltaLong, -(2**15), 2**15 - 1),
        (axdr.DeltaDoubleLong, -(2**31), 2**31 - 1),
        (axdr.DeltaUnsigned, 0, 255),
        (axdr.DeltaLongUnsigned, 0, 65535),
        (axdr.DeltaDoubleLongUnsigned, 0, 2**32 - 1),
    ],
)
def test_ranges(kind, least, most):
    for number in (least, most):
        value = kind(number)
        assert int(value) == value.value == number
        assert axdr.loads(axdr.dumps(value)) == number
    for number in (least - 1, most + 1, 2**70, -(2**70)):
        with pytest.raises(EncodeError, match=rf"holds {least} to {most}, not {number}"):
            kind(number)
    for wrong in (1.0, "1", None, b"1"):
        with pytest.raises(EncodeError, match="holds an integer"):
            kind(wrong)


def test_numbers():
    assert axdr.Unsigned(5) == axdr.Unsigned(5)
    assert axdr.Unsigned(5) != axdr.Enum(5)
    assert axdr.Unsigned(5) != 5
    assert not axdr.Unsigned(0)
    assert axdr.Unsigned(True) == axdr.Unsigned(1)
    assert axdr.Unsigned(axdr.Long(7)) == axdr.Unsigned(7)
    assert ["a", "b"][axdr.Enum(1)] == "b"
    assert float(axdr.Float32(0.1)) == pytest.approx(0.1, rel=1e-7)
    assert axdr.Float64(0.0) == axdr.Float64(-0.0)
    assert axdr.Float32(float("inf")).value == float("inf")
    for wrong in ("1.0", None, b"1", 10**400):
        with pytest.raises(EncodeError):
            axdr.Float64(wrong)
    with pytest.raises(EncodeError):
        axdr.Float32(3.5e38)
    for wrong in (1, None, "x"):
        with pytest.raises(EncodeError):
            axdr.Boolean(wrong)


def test_octets_survive_that_the_value_does_not_show():
    for octets in ("03FF", "0403A7", "177F800001", "187FF0000000000001", "0A02C3E9", "0C01FF", "0A0100"):
        octets = bytes.fromhex(octets)
        value = axdr.loads(octets, typed=True)
        assert axdr.dumps(value) == octets
        assert axdr.dumps(pickle.loads(pickle.dumps(value))) == octets  # noqa: S301
        assert value == axdr.loads(octets, typed=True)
    assert axdr.loads(b"\x03\xff", typed=True) == axdr.Boolean(True)
    assert axdr.loads(b"\x04\x03\xa7", typed=True) == axdr.BitString("101")


def test_text_is_total():
    assert axdr.loads(bytes.fromhex("0A01E9")) == "\u00e9"
    assert axdr.loads(bytes.fromhex("0A02C3A9")) == "\u00e9"
    assert axdr.loads(bytes.fromhex("0C01E9")) == "\udce9"
    assert axdr.Utf8String("\udce9").octets == b"\xe9"
    assert str(axdr.VisibleString(b"\xe9")) == "\u00e9"
    assert repr(axdr.VisibleString(b"\xe9")) == r"VisibleString(b'\xe9')"
    for wrong in ("\u00e9", 5, None):
        with pytest.raises(EncodeError):
            axdr.VisibleString(wrong)
    for wrong in ("\ud800", 5, None):
        with pytest.raises(EncodeError):
            axdr.Utf8String(wrong)


def test_sequences_behave_as_such():
    row = axdr.Structure([axdr.OctetString(b"AB"), axdr.Array([axdr.Long(1), axdr.NullData()])])
    assert len(row) == 2
    assert row[0] == axdr.OctetString(b"AB")
    assert row[-1][0:1] == (axdr.Long(1),)
    assert [type(each).__name__ for each in row] == ["OctetString", "Array"]
    assert axdr.Long(1) in row[1]
    assert row.value == (b"AB", [1, None])
    assert axdr.Array([]) != axdr.Structure([])
    with pytest.raises(EncodeError, match=r"^\[1\]: expected a value of dlms.data, got 5$"):
        axdr.Array([axdr.Long(5), 5])
    text, octets, bits = axdr.VisibleString("AB"), axdr.OctetString(b"AB"), axdr.BitString("1011")
    assert (len(text), text[0], list(text)) == (2, "A", ["A", "B"])
    assert (len(octets), octets[0], octets[1:], bytes(octets)) == (2, 0x41, b"B", b"AB")
    assert (len(bits), bits[1], bits[-1], list(bits)) == (4, False, True, [True, False, True, True])
    assert bits[1:] == axdr.BitString("011")
    assert bits.octets == b"\xb0"
    assert axdr.BitString.from_octets(b"\xb0", 4) == bits
    for wrong in ((b"\xb0", 9), (b"\xb0", -1), (b"\xb0\x00", 8)):
        with pytest.raises(EncodeError):
            axdr.BitString.from_octets(*wrong)
    for wrong in ("102", 5, b"1"):
        with pytest.raises(EncodeError):
            axdr.BitString(wrong)
    for kind, wrong in ((axdr.DateTime, b"short"), (axdr.Date, CosemTime()), (axdr.Time, 5)):
        with pytest.raises(EncodeError):
            kind(wrong)


def test_pattern_matching():
    match axdr.Structure([axdr.Unsigned(5), axdr.Array([axdr.Long(1), axdr.Long(2)]), axdr.NullData()]):
        case axdr.Structure([axdr.Unsigned(status), axdr.Array([axdr.Long(first), *rest]), axdr.NullData()]):
            assert (status, first, rest) == (5, 1, [axdr.Long(2)])
        case _:
            pytest.fail("no match")
    match axdr.CompactArray(axdr.Unsigned, [1, 2]):
        case axdr.CompactArray(axdr.Unsigned, [1, second]):
            assert second == 2
        case _:
            pytest.fail("no match")


def test_compact_arrays_refuse_what_does_not_fit():
    for types, elements, message in [
        (axdr.NullData, [None], "cannot be counted"),
        ((axdr.Unsigned,), [(1,), (300,)], r"^\[1\]\[0\]: unsigned \(17\) holds 0 to 255, not 300$"),
        ((axdr.Unsigned,), [(1, 2)], r"^\[0\]: expected 1 elements"),
        ([2, axdr.Unsigned], [[1, 2], [1]], r"^\[1\]: expected 2 elements"),
        ((axdr.NullData, axdr.Unsigned), [(0, 1)], r"^\[0\]\[0\]: expected None, got 0$"),
        (axdr.CompactArray, [], "as a type of compact-array"),
        (axdr.Array, [], "as a type of compact-array"),
        (axdr.Data, [], "as a type of compact-array"),
        ([70000, axdr.Unsigned], [], "as a type of compact-array"),
        (int, [], "as a type of compact-array"),
    ]:
        with pytest.raises(EncodeError, match=message):
            axdr.CompactArray(types, elements)


def test_dumps_never_guesses():
    assert axdr.dumps(None) == b"\x00"
    assert axdr.dumps(True) == b"\x03\x01"
    assert axdr.dumps(b"AB") == b"\x09\x02AB"
    assert axdr.dumps(axdr.DONT_CARE) == b"\xff"
    assert axdr.dumps((b"", [axdr.Enum(1), None])) == bytes.fromhex("020209000102160100")
    assert axdr.dumps(bytearray(b"AB")) == axdr.dumps(memoryview(b"AB")) == b"\x09\x02AB"
    for value in (5, 0.5, "text", CosemDateTime(), CosemDate(), CosemTime()):
        with pytest.raises(EncodeError, match="may have several tags: give a type"):
            axdr.dumps(value)
    for value in ({}, object(), {1}):
        with pytest.raises(EncodeError, match="has no form in A-XDR"):
            axdr.dumps(value)
    with pytest.raises(EncodeError, match=r"^\[1\]\[0\]: int 5 may have several tags"):
        axdr.dumps([None, (5,)])
    endless = []
    endless.append(endless)
    with pytest.raises(EncodeError, match="nested deeper than 256"):
        axdr.dumps(endless)


def test_families_have_no_values_of_their_own():
    for family in (axdr.Data, axdr.WholeNumber, axdr.RealNumber, axdr.Octets, axdr.Moment):
        with pytest.raises(TypeError):
            family() if family in (axdr.Data, axdr.RealNumber, axdr.Octets) else family(5)
    assert axdr.loads(b"\xff") is axdr.DONT_CARE
    assert pickle.loads(pickle.dumps(axdr.DONT_CARE)) is axdr.DONT_CARE  # noqa: S301


def test_values_made_without_their_constructor_are_refused():
    for kind in (axdr.OctetString, axdr.VisibleString, axdr.BitString, axdr.DateTime, axdr.Array, axdr.CompactArray):
        empty = kind.__new__(kind)
        with pytest.raises(TypeError):
            axdr.dumps(empty)
        if kind is not axdr.OctetString:
            with pytest.raises(TypeError):
                _ = empty.value
    row = axdr.Array([])
    with pytest.raises(TypeError, match="immutable"):
        row.__init__([row])
