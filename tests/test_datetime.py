"""dlms.datetime: what meters send, by the rule that each needs."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from dlms.datetime import (
    ClockStatus,
    CosemDate,
    CosemDateTime,
    CosemTime,
    clock_status,
    from_date,
    from_datetime,
    from_time,
    to_date,
    to_datetime,
    to_time,
)
from dlms.errors import DecodeError, EncodeError

BERLIN = ZoneInfo("Europe/Berlin")


def octets(text: str) -> CosemDateTime:
    return CosemDateTime.from_octets(bytes.fromhex(text))


def iso(moment: datetime.datetime | None) -> str:
    assert moment is not None
    return moment.isoformat()


def test_the_book_counts_the_deviation_towards_utc() -> None:
    moment = octets("07E30C1F0217000000FFC400")  # Iskraemeco, -60 for UTC+1
    assert iso(to_datetime(moment)) == "2019-12-31T23:00:00+01:00"
    assert clock_status(moment) == ClockStatus(0)


def test_india_counts_it_the_other_way() -> None:
    moment = octets("07E4010102000000FF014A00")  # +330
    assert iso(to_datetime(moment, deviation_sign="reversed")) == "2020-01-01T00:00:00+05:30"
    assert iso(to_datetime(moment)) == "2020-01-01T00:00:00-05:30"


def test_summer_time_in_the_deviation_or_apart_from_it() -> None:
    together, apart = octets("07E407010300000000FF8880"), octets("07E407010300000000FFC480")
    assert iso(to_datetime(together)) == "2020-07-01T00:00:00+02:00"
    assert to_datetime(apart, daylight_saving_apart=True) == to_datetime(together)
    assert iso(to_datetime(apart)) == "2020-07-01T00:00:00+01:00"
    assert clock_status(apart) == ClockStatus.DAYLIGHT_SAVING_ACTIVE


def test_without_a_deviation_the_zone_must_be_named() -> None:
    moment = octets("07DD0A1905000000FF800080")  # Kamstrup: deviation not specified
    with pytest.raises(DecodeError, match="tz="):
        to_datetime(moment)
    assert iso(to_datetime(moment, tz=BERLIN)) == "2013-10-25T00:00:00+02:00"
    standard_all_year = datetime.timezone(datetime.timedelta(hours=1))
    assert iso(to_datetime(moment, tz=standard_all_year)) == "2013-10-25T00:00:00+01:00"


@pytest.mark.parametrize(("status", "offset"), [("80", "+02:00"), ("00", "+01:00"), ("FF", "+02:00")])
def test_the_status_bit_tells_the_hour_that_comes_twice(status: str, offset: str) -> None:
    moment = octets("07E40A1907021E00008000" + status)  # 2020-10-25 02:30 in Berlin
    assert iso(to_datetime(moment, tz=BERLIN)) == "2020-10-25T02:30:00" + offset


def test_unspecified_status_hundredths_and_day_of_week_are_no_hindrance() -> None:
    moment = octets("07E803FFFF0F2619FFFF4CFF"[:6] + "0FFF0F2619FFFF4CFF")  # as Energomera sends it
    assert iso(to_datetime(moment)) == "2024-03-15T15:38:25+03:00"
    assert clock_status(moment) is None


@pytest.mark.parametrize(
    "text",
    [
        "FFFF0101FF000000008000FF",
        "07E4FD01FF000000008000FF",
        "07E4FE01FF000000008000FF",
        "07E40AFEFF000000008000FF",
        "07E40A01FFFF0000008000FF",
        "07E40A01FF0000FF008000FF",
        "07E4021E0000000000000000",
        "00000101FF00000000000000",
        "27100101FF00000000000000",
        "07E40101FF00000000050000"[:18] + "7FFF00",
        "FFFFFFFFFFFFFFFFFFFFFFFF",
    ],
)
def test_no_point_in_time_is_an_error_or_none(text: str) -> None:
    with pytest.raises(DecodeError, match="point in time"):
        to_datetime(octets(text), tz=datetime.UTC)
    assert to_datetime(octets(text), tz=datetime.UTC, wildcards="none") is None
    with pytest.raises(ValueError, match="wildcards"):
        to_datetime(octets(text), tz=datetime.UTC, wildcards="maybe")  # type: ignore[call-overload]


def test_there_by_each_rule() -> None:
    moment = datetime.datetime(2020, 7, 1, 12, 30, 15, 129_999, tzinfo=BERLIN)
    assert from_datetime(moment).octets.hex() == "07e40701030c1e0f0cff8880"
    assert from_datetime(moment, deviation_sign="reversed").deviation == 120
    assert from_datetime(moment, daylight_saving_apart=True).deviation == -60
    assert from_datetime(moment.replace(tzinfo=None), tz=BERLIN) == from_datetime(moment)
    assert from_datetime(moment, status=ClockStatus.DOUBTFUL_VALUE).status == 0x82
    bare = from_datetime(moment, skip=("day_of_week", "hundredths", "deviation", "status"))
    assert bare.octets.hex() == "07e40701ff0c1e0fff8000ff"


def test_there_refuses_what_the_octets_cannot_say() -> None:
    with pytest.raises(EncodeError, match="tz="):
        from_datetime(datetime.datetime(2020, 7, 1))
    odd = datetime.timezone(datetime.timedelta(seconds=90))
    with pytest.raises(EncodeError, match="minutes"):
        from_datetime(datetime.datetime(2020, 7, 1, tzinfo=odd))
    with pytest.raises(ValueError, match="deviation_sign"):
        from_datetime(datetime.datetime(2020, 7, 1, tzinfo=BERLIN), deviation_sign="other")  # type: ignore[arg-type]


def test_dates_and_times() -> None:
    day = datetime.date(2024, 2, 29)
    assert from_date(day).octets.hex() == "07e8021d04"
    assert to_date(from_date(day)) == day
    time = datetime.time(23, 59, 58, 990_000)
    assert from_time(time).octets.hex() == "173b3a63"
    assert to_time(from_time(time)) == time
    assert to_time(CosemTime(hour=1, minute=2, second=3)) == datetime.time(1, 2, 3)
    for any_day in (CosemDate(month=2, day=29), CosemDate(year=2023, month=2, day=29)):
        assert to_date(any_day, wildcards="none") is None
        with pytest.raises(DecodeError):
            to_date(any_day)
    assert to_time(CosemTime(hour=1), wildcards="none") is None
    with pytest.raises(DecodeError):
        to_time(CosemTime(hour=1))
