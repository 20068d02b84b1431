"""Ranges of time: their ends in whatever form, and the rows of a profile that lie within."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import dlms
from dlms.cosem.profile import Profile
from dlms.cosem.time_range import Bound, TimeRange
from dlms.data import Array, DoubleLongUnsigned, NullData, OctetString, Structure
from dlms.datetime import CosemDateTime, from_datetime
from dlms.errors import ConfigurationError

BERLIN = ZoneInfo("Europe/Berlin")
SUMMER = datetime.timezone(datetime.timedelta(hours=2))
NOON = datetime.datetime(2026, 7, 1, 12, 0, 0, tzinfo=SUMMER)
QUARTER = datetime.timedelta(minutes=15)
CAPTURED = [(8, "0.0.1.0.0.255", 2), (3, "1.0.1.8.0.255", 2)]
LOCAL_NOON = CosemDateTime(year=2026, month=7, day=1, hour=12, minute=0, second=0, hundredths=0)


def profile(*times: CosemDateTime | None) -> Profile:
    rows = [
        Structure([NullData() if time is None else OctetString(time.octets), DoubleLongUnsigned(number)])
        for number, time in enumerate(times)
    ]
    return dlms.unpack_profile(dlms.dumps(Array(rows)), CAPTURED)


def local(moment: datetime.datetime) -> CosemDateTime:
    """As a meter sends it that states no deviation."""
    return CosemDateTime(
        year=moment.year, month=moment.month, day=moment.day, hour=moment.hour, minute=moment.minute, second=0,
        hundredths=0,
    )  # fmt: skip


QUARTERS = [NOON + number * QUARTER for number in range(4)]


def chosen(of: Profile, start: Any, stop: Any, *, without_time: bool = False, **options: Any) -> list[bool]:
    found: list[bool] = TimeRange.of(start, stop, **options).chosen(of, without_time=without_time).tolist()
    return found


@pytest.mark.parametrize("times", [[from_datetime(each) for each in QUARTERS], [local(each) for each in QUARTERS]])
class TestRows:
    """The same rows with a deviation and with local times alone."""

    def test_half_open(self, times: list[CosemDateTime]) -> None:
        rows = profile(*times)
        assert chosen(rows, NOON, NOON + QUARTER) == [True, False, False, False]
        assert chosen(rows, QUARTERS[1], QUARTERS[3]) == [False, True, True, False]
        assert chosen(rows, None, QUARTERS[2]) == [True, True, False, False]
        assert chosen(rows, QUARTERS[2], None) == [False, False, True, True]
        assert chosen(rows, NOON, NOON) == [False] * 4
        assert chosen(rows, None, None) == [True] * 4

    def test_a_zone_by_name(self, times: list[CosemDateTime]) -> None:
        ends = (QUARTERS[1].replace(tzinfo=None), local(QUARTERS[3]))
        assert chosen(profile(*times), *ends, tz=BERLIN) == [False, True, True, False]

    @pytest.mark.parametrize("without_time", [True, False])
    def test_rows_whose_time_is_lost(self, times: list[CosemDateTime], without_time: bool) -> None:
        rows = profile(None, *times[1:])
        assert chosen(rows, QUARTERS[2], None, without_time=without_time) == [without_time, False, True, True]


def test_rows_of_which_some_state_a_deviation() -> None:
    rows = profile(from_datetime(NOON), local(QUARTERS[1]), from_datetime(QUARTERS[2]), local(QUARTERS[3]))
    assert chosen(rows, QUARTERS[1], QUARTERS[3]) == [False, True, True, False]
    with pytest.raises(ConfigurationError, match="name its zone with tz="):
        chosen(rows, LOCAL_NOON, None)


def test_local_ends_and_local_rows() -> None:
    rows = profile(*map(local, QUARTERS))
    assert chosen(rows, local(QUARTERS[1]), local(QUARTERS[2])) == [False, True, False, False]
    with pytest.raises(ConfigurationError, match="the range has none"):
        chosen(profile(*map(from_datetime, QUARTERS)), LOCAL_NOON, None)


def test_a_profile_without_times() -> None:
    rows = dlms.unpack_profile(dlms.dumps(Array([Structure([DoubleLongUnsigned(1)])])), CAPTURED[1:])
    with pytest.raises(ConfigurationError, match="no column of times"):
        chosen(rows, NOON, None)


class TestEnds:
    def test_as_a_meter_is_told_and_as_numbers(self) -> None:
        bound = Bound.of(NOON, None, "standard")
        assert bound.moment == from_datetime(NOON)
        assert bound.utc == 1_000 * int(NOON.timestamp())
        assert bound.local == bound.utc + 2 * 3_600_000
        assert Bound.of(from_datetime(NOON), None, "standard") == bound
        assert Bound.of(LOCAL_NOON, None, "standard") == Bound(LOCAL_NOON, None, bound.local)
        assert Bound.of(LOCAL_NOON, BERLIN, "standard") == Bound(LOCAL_NOON, bound.utc, bound.local)

    def test_meters_that_turn_the_deviation_round(self) -> None:
        told = Bound.of(NOON, None, "reversed")
        assert told.moment.deviation == -(from_datetime(NOON).deviation or 0) == 120
        assert Bound.of(told.moment, None, "reversed") == told
        assert TimeRange.of(NOON, None, deviation_sign="reversed").start == told

    @pytest.mark.parametrize(
        ("moment", "tz", "words"),
        [
            (datetime.datetime(2026, 7, 1), None, "has no zone"),
            ("2026-07-01", None, "a datetime or a CosemDateTime, got '2026-07-01'"),
            (NOON, "Europe/Berlin", "tz is a zone"),
            (CosemDateTime(year=2026, month=7, hour=12), None, "no point in time"),
            (CosemDateTime(year=2026, month=7, hour=12), BERLIN, "no end of a range of time"),
        ],
    )
    def test_what_is_none(self, moment: Any, tz: Any, words: str) -> None:
        for ends in ((moment, None), (None, moment)):
            with pytest.raises(ConfigurationError, match=words):
                TimeRange.of(*ends, tz=tz)

    def test_the_wrong_way_round(self) -> None:
        for stop in (NOON - QUARTER, local(NOON - QUARTER), from_datetime(NOON - QUARTER)):
            with pytest.raises(ConfigurationError, match="after its stop"):
                TimeRange.of(NOON, stop)
        # What counts is the moment, not the time of day.
        assert TimeRange.of(NOON, NOON.astimezone(datetime.UTC) + QUARTER)

    def test_no_end_at_all_is_no_range(self) -> None:
        assert not TimeRange.of(None, None)
        assert TimeRange.of(NOON, None)
        assert TimeRange.of(None, NOON)

    @pytest.mark.parametrize("seconds", [900, -900, 86_400])
    def test_moved(self, seconds: int) -> None:
        later = NOON + datetime.timedelta(seconds=seconds)
        bound, expected = (Bound.of(moment, None, "standard") for moment in (NOON, later))
        moved = bound.moved(seconds)
        assert moved == Bound(expected.moment, expected.utc, expected.local)
        without = Bound.of(LOCAL_NOON, None, "standard").moved(seconds)
        assert without == Bound.of(local(later), None, "standard")

    def test_what_a_moved_end_keeps(self) -> None:
        sent = CosemDateTime(
            year=2026, month=7, day=1, day_of_week=3, hour=23, minute=50, second=0, hundredths=25, deviation=-120,
            status=0x80,
        )  # fmt: skip
        moved = Bound.of(sent, None, "standard").moved(900).moment
        assert (moved.day, moved.day_of_week, moved.hour, moved.minute) == (2, 4, 0, 5)
        assert (moved.hundredths, moved.deviation, moved.status) == (25, -120, 0x80)
