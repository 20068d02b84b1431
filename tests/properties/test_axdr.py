"""Properties of A-XDR Data: total, bounded, lossless, and of one mind with the oracle."""

from __future__ import annotations

import copy
import pickle
import tracemalloc

from hypothesis import example, given
from hypothesis import strategies as st
from tests.model import data as model

from dlms_core import axdr
from dlms_core.clock import CosemDate, CosemDateTime, CosemTime
from dlms_core.fault import DecodeError

DATES = {CosemDateTime: "date-time", CosemDate: "date", CosemTime: "time"}


def whole(kind, bits, *, signed):
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return st.integers(low, high).map(kind)


def octets(size):
    return st.binary(min_size=size, max_size=size)


LEAVES = {
    axdr.NullData: st.just(axdr.NullData()),
    axdr.Boolean: st.booleans().map(axdr.Boolean),
    axdr.BitString: st.text("01", max_size=40).map(axdr.BitString),
    axdr.DoubleLong: whole(axdr.DoubleLong, 32, signed=True),
    axdr.DoubleLongUnsigned: whole(axdr.DoubleLongUnsigned, 32, signed=False),
    axdr.OctetString: st.binary(max_size=200).map(axdr.OctetString),
    axdr.VisibleString: st.binary(max_size=20).map(axdr.VisibleString),
    axdr.Utf8String: st.text(max_size=20).map(axdr.Utf8String) | st.binary(max_size=20).map(axdr.Utf8String),
    axdr.Bcd: whole(axdr.Bcd, 8, signed=False),
    axdr.Integer: whole(axdr.Integer, 8, signed=True),
    axdr.Long: whole(axdr.Long, 16, signed=True),
    axdr.Unsigned: whole(axdr.Unsigned, 8, signed=False),
    axdr.LongUnsigned: whole(axdr.LongUnsigned, 16, signed=False),
    axdr.Long64: whole(axdr.Long64, 64, signed=True),
    axdr.Long64Unsigned: whole(axdr.Long64Unsigned, 64, signed=False),
    axdr.Enum: whole(axdr.Enum, 8, signed=False),
    axdr.Float32: octets(4).map(lambda o: axdr.loads(b"\x17" + o, typed=True)),
    axdr.Float64: octets(8).map(lambda o: axdr.loads(b"\x18" + o, typed=True)),
    axdr.DateTime: octets(12).map(axdr.DateTime),
    axdr.Date: octets(5).map(axdr.Date),
    axdr.Time: octets(4).map(axdr.Time),
    axdr.DeltaInteger: whole(axdr.DeltaInteger, 8, signed=True),
    axdr.DeltaLong: whole(axdr.DeltaLong, 16, signed=True),
    axdr.DeltaDoubleLong: whole(axdr.DeltaDoubleLong, 32, signed=True),
    axdr.DeltaUnsigned: whole(axdr.DeltaUnsigned, 8, signed=False),
    axdr.DeltaLongUnsigned: whole(axdr.DeltaLongUnsigned, 16, signed=False),
    axdr.DeltaDoubleLongUnsigned: whole(axdr.DeltaDoubleLongUnsigned, 32, signed=False),
    axdr.DontCare: st.just(axdr.DONT_CARE),
}


# Types that a compact-array can be built of from plain values: visible-string may read as text that is no ASCII.
DESCRIBED = st.recursive(
    st.sampled_from(sorted(LEAVES.keys() - {axdr.VisibleString}, key=lambda kind: kind.tag)),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.tuples(st.integers(0, 4), inner).map(list),
    max_leaves=6,
)


def elements_of(description):
    """Plain values of a type description."""
    if isinstance(description, tuple):
        return st.tuples(*map(elements_of, description))
    if isinstance(description, list):
        count, element = description
        return st.lists(elements_of(element), min_size=count, max_size=count)
    return LEAVES[description].map(lambda value: value.value)


@st.composite
def compact_arrays(draw):
    description = draw(DESCRIBED)
    empty = axdr.CompactArray((axdr.Unsigned, description), [])
    elements = draw(st.lists(elements_of(description), max_size=4))
    # An octet in front of each element, so that elements of no width can be counted.
    return axdr.CompactArray(empty.type_description, [(1, element) for element in elements])


def data_values():
    """Every kind of Data, nested."""
    return st.recursive(
        st.one_of(*LEAVES.values(), compact_arrays()),
        lambda inner: st.lists(inner, max_size=5).map(axdr.Array) | st.lists(inner, max_size=5).map(axdr.Structure),
        max_leaves=12,
    )


# Octets that look like Data more often than chance would have it.
PIECES = st.one_of(
    st.sampled_from([bytes([tag]) for tag in (*range(34), 255)]),
    st.sampled_from(
        [b"\x01\x00", b"\x02\x01", b"\x02\x02", b"\x13\x02\x02", b"\x13\x01\x00\x02", b"\x13\x11", b"\x81\x04", b"\x80"]
    ),
    st.binary(min_size=1, max_size=4),
)
ANY = st.binary(max_size=60) | st.lists(PIECES, max_size=24).map(b"".join)


@st.composite
def damaged(draw):
    """The octets of a value with one of them changed, or cut short."""
    octets = bytearray(axdr.dumps(draw(data_values())))
    at = draw(st.integers(0, len(octets) - 1))
    if draw(st.booleans()):
        octets[at] ^= draw(st.integers(1, 255))
    else:
        del octets[at:]
    return bytes(octets)


def as_model(value):
    """A plain value in the oracle's forms."""
    if isinstance(value, list):
        return [as_model(element) for element in value]
    if isinstance(value, tuple):
        return tuple([as_model(element) for element in value])
    if type(value) in DATES:
        return DATES[type(value)], value.octets
    return model.DONT_CARE if value is axdr.DONT_CARE else value


def loaded(octets, *, typed):
    try:
        return axdr.loads(octets, typed), None
    except DecodeError as error:
        return None, (str(error), error.offset, error.path)


@given(ANY | damaged())
@example(b"\x13\x02\x02\x11\x01\xff\xff\x00\x01\x00")
@example(b"\x13\x01\xff\xff\x01\xff\xff\x00\x00")
@example(b"\x13\x02\x02\x01\x00\x00\x02\x01\x11\x11\x02\x00\x01")
def test_any_octets_give_what_the_oracle_gives(octets):
    value, fault = loaded(octets, typed=False)
    typed, typed_fault = loaded(octets, typed=True)
    assert fault == typed_fault
    try:
        expected = model.decode(octets)
    except model.Refused:
        assert fault is not None
        assert 0 <= fault[1] <= len(octets)
        return
    assert fault is None
    # Compared as text: a NaN is not equal to itself.
    assert repr(as_model(value)) == repr(expected)
    assert repr(typed.value) == repr(value)
    again = axdr.dumps(typed)
    assert axdr.dumps(axdr.loads(again, typed=True)) == again
    assert axdr.loads(again, typed=True) == typed


@given(data_values())
def test_values_survive_their_octets(value):
    octets = axdr.dumps(value)
    again = axdr.loads(octets, typed=True)
    assert again == value
    assert hash(again) == hash(value)
    assert axdr.dumps(again) == octets
    assert repr(axdr.loads(octets)) == repr(value.value)
    assert axdr.dumps(pickle.loads(pickle.dumps(value))) == octets  # noqa: S301
    assert copy.deepcopy(value) is value
    names = {**vars(axdr), "CosemDateTime": CosemDateTime, "CosemDate": CosemDate, "CosemTime": CosemTime}
    if "nan" not in repr(value) and "inf" not in repr(value):
        assert axdr.loads(axdr.dumps(eval(repr(value), names))) == value.value  # noqa: S307


@given(data_values())
def test_every_truncation_is_refused(value):
    octets = axdr.dumps(value)
    for cut in range(len(octets)):
        _, fault = loaded(octets[:cut], typed=False)
        assert fault is not None
        assert fault == loaded(octets[:cut], typed=True)[1]
    assert loaded(octets + b"\x00", typed=False)[1][1] == len(octets)


def count_elements(value):
    if isinstance(value, list | tuple):
        return len(value) + sum(map(count_elements, value))
    return 0


@given(ANY | damaged())
@example(b"\x13\x02\x02\x11\x01\x04\x00\x00\x01\x00")
@example(b"\x01\x82\x10\x00" * 8 + b"\x00" * 4096)
@example(b"\x01\x84\xff\xff\xff\xff")
@example(b"\x02\x01" * 5000)
@example(b"\x01\x00" * 400)
@example(b"\x01\x82\x04\x00" + b"\x01\x00" * 1024)
def test_memory_and_elements_are_bounded(octets):
    for typed in (False, True):
        tracemalloc.start()
        try:
            value, _ = loaded(octets, typed=typed)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        # 8 elements for each octet, each an empty list in the worst case.
        assert peak <= 8 * 88 * len(octets) + 1024 * 88 + 16_384
        if not typed:
            assert count_elements(value) <= 8 * len(octets) + 1024


def test_a_large_count_allocates_nothing():
    for octets in (b"\x01\x84\xff\xff\xff\xff", b"\x02\x84\xff\xff\xff\xff", b"\x09\x84\xff\xff\xff\xff"):
        loaded(octets, typed=True)
        tracemalloc.start()
        try:
            loaded(octets, typed=False)
            loaded(octets, typed=True)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 8192
