"""When a date and time with wildcards comes round: schedules, calendars and daylight saving are written so.

All in local time, as naive datetimes. The wildcards are those of the Blue Book ("Date and time formats"): a field that
is not specified takes every value; day FE is the last day of the month, FD the one before; a day together with a day
of the week is the first such day of the week from that day on, and with FE (FD) the last (but one) of the month. Below
the smallest field of a time that is specified everything is 0. The months FE and FD, which depend on daylight saving,
never come round here.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from dlms.datetime import CosemDate, CosemDateTime, CosemTime

DatePattern: TypeAlias = CosemDate | CosemDateTime
TimePattern: TypeAlias = CosemTime | CosemDateTime

YEARS_SEARCHED: Final = 8
"""29 February comes round by then."""
LAST_YEAR: Final = 9999
WEEK: Final = 7
DAY: Final = timedelta(days=1)
RESOLUTION: Final = 0.005
"""Seconds: half of what a time of day can tell apart."""


def comes_round(pattern: DatePattern, day: date) -> bool:
    """Whether a date with wildcards means `day`."""
    if pattern.daylight_savings_begin or pattern.daylight_savings_end:
        return False
    if pattern.year not in (None, day.year) or pattern.month not in (None, day.month):
        return False
    weekday = pattern.day_of_week
    if pattern.last_day_of_month or pattern.second_last_day_of_month:
        left = monthrange(day.year, day.month)[1] - day.day
        if weekday is None:
            return left == (0 if pattern.last_day_of_month else 1)
        return day.isoweekday() == weekday and left // 7 == (0 if pattern.last_day_of_month else 1)
    if pattern.day is None:
        return weekday in (None, day.isoweekday())
    if weekday is None or None not in (pattern.year, pattern.month):
        return pattern.day == day.day
    return day.isoweekday() == weekday and 0 <= day.day - pattern.day < 7


def days(pattern: DatePattern, first: date) -> Iterator[date]:
    """The days from `first` on that a date with wildcards means, in its year, or the next YEARS_SEARCHED.

    Only days that may be meant are looked at: a device asks for thousands of dates that a client has made up.
    """
    if pattern.daylight_savings_begin or pattern.daylight_savings_end:
        return
    years = (pattern.year, pattern.year) if pattern.year is not None else (first.year, first.year + YEARS_SEARCHED)
    months = (1, 12) if pattern.month is None else (pattern.month, pattern.month)
    for year in range(max(years[0], first.year), min(years[1], LAST_YEAR) + 1):
        for month in range(max(months[0], 1), min(months[1], 12) + 1):
            for number in _numbers(pattern, monthrange(year, month)[1]):
                day = date(year, month, number)
                if day >= first and comes_round(pattern, day):
                    yield day


def _numbers(pattern: DatePattern, last: int) -> range:
    """The numbers of the days that may be meant in a month of `last` days."""
    if pattern.last_day_of_month or pattern.second_last_day_of_month:
        return range(last - 2 * WEEK + 1, last + 1)
    if pattern.day is None:
        return range(1, last + 1)
    return range(max(pattern.day, 1), min(pattern.day + WEEK, last + 1))


@lru_cache(maxsize=256)
def first_of_year(pattern: DatePattern, year: int) -> date | None:
    """The first day of a year that a date with wildcards means."""
    if not 1 <= year <= LAST_YEAR:
        return None
    found = next(days(pattern, date(year, 1, 1)), None)
    return found if found is not None and found.year == year else None


def times(pattern: TimePattern) -> Iterator[time]:
    """The times of a day that a time with wildcards means, earliest first."""
    hour, minute, second = pattern.hour, pattern.minute, pattern.second
    hundredths = pattern.hundredths or 0
    if second is None:
        second, hundredths = 0, 0
        if minute is None:
            minute, hour = 0, hour or 0
    if second > 59 or hundredths > 99:
        return
    for at_hour in range(24) if hour is None else range(hour, min(hour + 1, 24)):
        for at_minute in range(60) if minute is None else range(minute, min(minute + 1, 60)):
            yield time(at_hour, at_minute, second, hundredths * 10_000)


def next_occurrence(on: DatePattern, at: TimePattern, after: datetime) -> datetime | None:
    """The first moment after `after` at which a date and a time come round together; None for never."""
    for day in days(on, after.date()):
        for time_of_day in times(at):
            moment = datetime.combine(day, time_of_day)
            if moment > after:
                return moment
    return None
