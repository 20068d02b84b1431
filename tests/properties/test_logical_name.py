"""Properties of dlms.logical_name and dlms.obis."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import EncodeError
from dlms.logical_name import LogicalName, LogicalNamePattern
from dlms.obis import PROFILES, meaning, value_groups

NAMES = st.binary(min_size=6, max_size=6)


@given(NAMES)
def test_every_notation_round_trips(octets: bytes) -> None:
    name = LogicalName(octets)
    assert LogicalName(str(name)) == LogicalName(name.dotted) == LogicalName(name.reduced) == octets
    assert LogicalName(name.hex()) == LogicalName(tuple(name)) == octets
    assert name in LogicalNamePattern(name.dotted)


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{1,4}-[0-9]{1,4}:[0-9.*&-]{0,12}"), st.binary()))
def test_anything_is_a_name_or_refused(notation: str | bytes) -> None:
    try:
        name = LogicalName(notation)
    except EncodeError:
        return
    assert len(name) == 6
    assert LogicalName(str(name)) == name


@given(NAMES, st.one_of(st.none(), st.sampled_from(sorted(PROFILES))))
def test_every_name_has_words(octets: bytes, profile: str | None) -> None:
    assert meaning(octets, profile)
    assert all(value_groups(octets))


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)).map(sorted), min_size=6, max_size=6), NAMES)
def test_patterns_round_trip(ranges: list[list[int]], octets: bytes) -> None:
    pattern = LogicalNamePattern(".".join(f"{low}-{high}" for low, high in ranges))
    assert LogicalNamePattern(str(pattern)) == pattern
    assert (octets in pattern) == all(low <= value <= high for value, (low, high) in zip(octets, ranges, strict=True))
    assert bytes(low for low, _ in ranges) in pattern
