"""Dates with wildcards: what is found without looking at every day is what looking at every day finds."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from dlms.datetime import CosemDate
from dlms.device.occurrence import YEARS_SEARCHED, comes_round, days

FIRST = st.dates(date(2019, 1, 1), date(2029, 12, 31))
PATTERNS = st.builds(
    CosemDate,
    year=st.none() | st.integers(2018, 2032),
    month=st.none() | st.integers(1, 12) | st.sampled_from([0xFD, 0xFE]),
    day=st.none() | st.integers(1, 31) | st.sampled_from([0xFD, 0xFE]),
    day_of_week=st.none() | st.integers(1, 7),
)


@given(PATTERNS, FIRST)
def test_the_days_of_a_pattern(pattern: CosemDate, first: date) -> None:
    last = date(first.year + YEARS_SEARCHED, 12, 31)
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    expected = [day for day in every if comes_round(pattern, day)]
    found = [day for day in islice(days(pattern, first), len(expected) + 1) if day <= last]
    assert found == expected


def test_the_end_of_time() -> None:
    assert list(days(CosemDate(month=12, day=31), date(9998, 6, 1))) == [date(9998, 12, 31), date(9999, 12, 31)]
    assert list(days(CosemDate(year=2024), date(2024, 12, 30))) == [date(2024, 12, 30), date(2024, 12, 31)]
    assert list(days(CosemDate(month=2, day=30), date(2024, 1, 1))) == []
