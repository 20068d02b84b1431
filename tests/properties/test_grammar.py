"""Values of any declared type come back; octets of anything are a value of it or a DecodeError."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import dlms
from dlms.data import (
    Boolean,
    DoubleLong,
    DoubleLongUnsigned,
    Enum,
    Integer,
    Long,
    Long64,
    Long64Unsigned,
    LongUnsigned,
    NullData,
    OctetString,
    Unsigned,
    VisibleString,
)
from dlms.grammar import array, decode, dumps, structure

WHOLE = {
    Integer: (-(2**7), 2**7 - 1),
    Long: (-(2**15), 2**15 - 1),
    DoubleLong: (-(2**31), 2**31 - 1),
    Long64: (-(2**63), 2**63 - 1),
    Unsigned: (0, 2**8 - 1),
    LongUnsigned: (0, 2**16 - 1),
    DoubleLongUnsigned: (0, 2**32 - 1),
    Long64Unsigned: (0, 2**64 - 1),
    Enum: (0, 2**8 - 1),
}
LEAVES = [
    *((kind, st.integers(*bounds)) for kind, bounds in WHOLE.items()),
    (Boolean, st.booleans()),
    (NullData, st.none()),
    (OctetString, st.binary(max_size=300)),
    (VisibleString, st.text(st.characters(max_codepoint=0x7F), max_size=20)),
]


@st.composite
def declared_and_value(draw, depth=3):
    """A declared type, and a value that it can hold."""
    kind = draw(st.sampled_from(["leaf", "array", "structure"] if depth else ["leaf"]))
    if kind == "leaf":
        declared, values = draw(st.sampled_from(LEAVES))
        return declared, draw(values)
    if kind == "array":
        declared, value = draw(declared_and_value(depth=depth - 1))
        return array(declared), [value] * draw(st.integers(0, 3))
    members = draw(st.lists(declared_and_value(depth=depth - 1), max_size=4))
    return structure(*(declared for declared, _ in members)), tuple(value for _, value in members)


@given(declared_and_value())
def test_values_come_back(pair):
    declared, value = pair
    octets = dumps(value, type=declared)
    assert decode(declared, octets) == value
    assert dlms.loads(octets) == value
    assert dumps(dlms.loads(octets, typed=True)) == octets


@given(declared_and_value(), st.binary(max_size=40))
def test_any_octets(pair, octets):
    declared, _ = pair
    try:
        value = decode(declared, octets)
    except dlms.DecodeError as error:
        assert 0 <= error.offset <= len(octets)  # noqa: PT017
        return
    try:
        assert decode(declared, dumps(value, type=declared)) == value
    except dlms.EncodeError:
        assert not octets.isascii()  # as above all in a visible-string, which is written as ASCII


@given(declared_and_value(), st.data())
def test_octets_cut_or_turned(pair, data):
    declared, value = pair
    octets = dumps(value, type=declared)
    cut = data.draw(st.integers(0, len(octets) - 1))
    for damaged in (octets[:cut], octets[:cut] + bytes([octets[cut] ^ 0x41]) + octets[cut + 1 :]):
        try:
            decode(declared, damaged)
        except dlms.DecodeError as error:
            assert 0 <= error.offset <= len(damaged)  # noqa: PT017


@given(
    declared_and_value(),
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.lists(st.integers())),
)
def test_any_value(pair, value):
    declared, _ = pair
    try:
        octets = dumps(value, type=declared)
    except dlms.EncodeError:
        return
    try:
        assert dumps(decode(declared, octets), type=declared) == octets
    except dlms.EncodeError:
        # A visible-string is ASCII where text is given; as octets anything goes, and is read as Latin-1.
        assert not octets.isascii()
