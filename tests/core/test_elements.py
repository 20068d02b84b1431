"""What is whole of an array that was cut off, or whose count is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.data import Array, Data, DoubleLongUnsigned, OctetString, Structure, dumps, loads
from dlms_core.elements import whole_elements


def rows(count: int) -> list[Data]:
    return [Structure([OctetString(bytes(row % 7)), DoubleLongUnsigned(row)]) for row in range(count)]


@pytest.mark.parametrize("count", [0, 1, 5, 200])
def test_what_is_cut_off_keeps_its_whole_elements(count: int) -> None:
    octets = dumps(Array(rows(count)))
    header = len(octets) - sum(len(dumps(row)) for row in rows(count))
    ends = [header]
    for row in rows(count):
        ends.append(ends[-1] + len(dumps(row)))
    for length in range(header, len(octets) + 1):
        whole = whole_elements(octets[:length])
        assert whole is not None
        assert loads(whole, typed=True) == Array(rows(sum(end <= length for end in ends) - 1))


@pytest.mark.parametrize("said", [0, 1, 4, 127])
def test_the_count_is_not_believed(said: int) -> None:
    octets = dumps(Array(rows(3)))
    assert whole_elements(octets[:1] + bytes([said]) + octets[2:]) == octets


@pytest.mark.parametrize("octets", ["", "01", "0182", "0203", "13", "FF"])
def test_no_array_is_none(octets: str) -> None:
    assert whole_elements(bytes.fromhex(octets)) is None


@pytest.mark.parametrize("broken", ["07", "0203070000", "0985", "110107", "1307", "0201" * 40])
def test_a_broken_element_is_none(broken: str) -> None:
    """A tag or a length that is none, too deep a nest: no count mends that."""
    for count in (1, 3, 9):
        octets = dumps(Array(rows(2)))
        assert whole_elements(octets[:1] + bytes([count]) + octets[2:] + bytes.fromhex(broken)) is None


@given(st.binary(max_size=400))
def test_any_octets_give_none_or_an_array(octets: bytes) -> None:
    whole = whole_elements(b"\x01" + octets)
    if whole is not None:
        assert isinstance(loads(whole, max_elements=8 * len(octets) + 1032), list)
