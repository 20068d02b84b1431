"""When local time is daylight saving time, by the rules of a clock object (class 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dlms.datetime import CosemDateTime
from dlms.device.occurrence import DatePattern, TimePattern, first_of_year, next_occurrence, times

EPOCH: Final = datetime(1970, 1, 1)
MINUTE: Final = 60
DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The zone of a clock and its daylight saving. Moments are POSIX seconds, local times naive datetimes.

    `time_zone` is minutes from local standard time to UTC (UTC+1: -60). Daylight saving adds `deviation` minutes from
    `begin`, in standard time, to `end`, in daylight saving time; either may bring a deviation of its own to be taken
    by. An end before the beginning is that of the southern summer. What never comes round is no daylight saving.
    """

    time_zone: int
    begin: CosemDateTime
    end: CosemDateTime
    deviation: int
    enabled: bool
    _years: dict[int, tuple[float, float] | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def saving(self, at: float) -> bool:
        """Whether daylight saving is active."""
        if not self.enabled:
            return False
        year = self._standard(at).year
        if year not in self._years:
            self._years[year] = self.switches(year)
        switches = self._years[year]
        if switches is None:
            return False
        begin, end = switches
        return begin <= at < end if begin < end else not end <= at < begin

    def deviation_at(self, at: float) -> int:
        """Minutes from local time to UTC."""
        return self.time_zone - self.deviation if self.saving(at) else self.time_zone

    def local(self, at: float) -> datetime:
        """What the clock shows."""
        return EPOCH + timedelta(seconds=at - self.deviation_at(at) * MINUTE)

    def moment(self, local: datetime, *, saving: bool = True) -> float:
        """When the clock shows `local`. Of an hour that it passes twice, the one with daylight saving as `saving`; an
        hour that is left out counts in standard time."""
        standard = _seconds(local) + self.time_zone * MINUTE
        summer = standard - self.deviation * MINUTE
        if self.saving(summer) and (saving or self.saving(standard)):
            return summer
        return standard

    def next_multiple(self, at: float, seconds: int) -> float:
        """The first moment after `at` at which local time is a whole multiple of `seconds`: of days by the calendar,
        midnight in daylight saving time too; of anything less by standard time, so that no period is longer."""
        if seconds % DAY:
            zone = self.time_zone * MINUTE
            return ((at - zone) // seconds + 1) * seconds + zone
        step = seconds // DAY
        day = (self.local(at) - EPOCH).days // step * step
        while (found := self.moment(EPOCH + timedelta(days=day))) <= at:
            day += step
        return found

    def next_occurrence(self, on: DatePattern, at: TimePattern, after: float) -> float | None:
        """The first moment after `after` at which a date and a time with wildcards come round; None for never. In the
        hour that local time passes twice they do once; one in the hour that it leaves out comes an hour later."""
        local = self.local(after)
        while (local_next := next_occurrence(on, at, local)) is not None:
            found = self.moment(local_next)
            if found > after:
                return found
            local = local_next
        return None

    def _standard(self, at: float) -> datetime:
        return EPOCH + timedelta(seconds=at - self.time_zone * MINUTE)

    def switches(self, year: int) -> tuple[float, float] | None:
        """When daylight saving begins and ends in a year; None where it does not, enabled or not."""
        begin = self._switch(self.begin, year, self.time_zone)
        end = self._switch(self.end, year, self.time_zone - self.deviation)
        return None if begin is None or end is None else (begin, end)

    def _switch(self, pattern: CosemDateTime, year: int, deviation: int) -> float | None:
        year = year if pattern.year is None else pattern.year
        day, at = first_of_year(pattern, year), next(times(pattern), None)
        if day is None or at is None:
            return None
        deviation = deviation if pattern.deviation is None else pattern.deviation
        return _seconds(datetime.combine(day, at)) + deviation * MINUTE


def _seconds(local: datetime) -> float:
    return (local - EPOCH).total_seconds()
