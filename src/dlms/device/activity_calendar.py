"""The calendar of a tariff (class 20): seasons, weeks and days, and the scripts of each time of day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, time
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import ActivityCalendar
from dlms.cosem.classes.time_and_events import DayProfile, DayProfileAction, Season, WeekProfile
from dlms.cosem.types import ActionItem
from dlms.datetime import CosemDateTime
from dlms.device.clock import LiveClock
from dlms.device.occurrence import DAY, first_of_year, times
from dlms.device.part import begin
from dlms.device.scheduled import Scheduled
from dlms.device.script_table import run_script
from dlms.device.special_days import LiveSpecialDays

NEVER: Final = CosemDateTime()
DAYS_SEARCHED: Final = 366
YEARS_KEPT: Final = 4
"""A search goes through two, or three where days pass."""
MOST_TIMES: Final = 10_000
"""Of a day: one action with wildcards may have 1440."""
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Calendar(NamedTuple):
    """One of the two calendars."""

    name: bytes = b""
    seasons: Sequence[Season] = ()
    weeks: Sequence[WeekProfile] = ()
    days: Sequence[DayProfile] = ()


EMPTY: Final = Calendar()


class LiveActivityCalendar(Scheduled):
    """Runs the script of each time of day, in the active calendar.

    The season of a day is the one that began last; its week profile gives the day_id, unless `special_days` has one for
    the day. Whenever the calendar begins to hold, and when the clock is set, the script in force at that time runs: the
    last one of the day, or of the days before. At activate_passive_calendar_time, and by its method, the passive
    calendar becomes the active one.
    """

    at_once = True

    def __init__(
        self,
        device: LogicalDevice,
        calendar: ActivityCalendar,
        active: Calendar = EMPTY,
        passive: Calendar = EMPTY,
        *,
        clock: LiveClock,
        special_days: LiveSpecialDays | None = None,
    ) -> None:
        super().__init__(device, clock)
        self.calendar = calendar
        self._special_days = special_days
        self._looked = clock.now()
        self._active = EMPTY
        self._starts: dict[int, list[tuple[date, int]]] = {}
        """By year: when the seasons begin that may hold in it, and their places; where several begin on one day, the
        first of them comes last."""
        self._timed: dict[int, list[tuple[time, DayProfileAction]]] = {}
        """By day_id: the actions of a day by their times."""
        self._read: tuple[bytes, ...] = ()
        device[calendar.calendar_name_active] = active.name
        device[calendar.season_profile_active] = list(active.seasons)
        device[calendar.week_profile_table_active] = list(active.weeks)
        device[calendar.day_profile_table_active] = list(active.days)
        device[calendar.calendar_name_passive] = passive.name
        device[calendar.season_profile_passive] = list(passive.seasons)
        device[calendar.week_profile_table_passive] = list(passive.weeks)
        device[calendar.day_profile_table_passive] = list(passive.days)
        device[calendar.activate_passive_calendar_time] = NEVER
        self._octets = device.find(calendar.class_id, calendar.logical_name).octets
        device.on_call(calendar.activate_passive_calendar, lambda _: self.activate())

    def activate(self) -> None:
        """Make the passive calendar the active one."""
        for passive, active in zip(PASSIVE, ACTIVE, strict=True):
            self._octets[active] = self._octets[passive]
        self.device.changed()

    # ---- when -----------------------------------------------------------------------------------------------------

    def settings(self) -> object:
        special = None if self._special_days is None else self._special_days.settings()
        return *(self._octets[number] for number in (*ACTIVE, ACTIVATION)), special

    def next_after(self, own: float) -> float | None:
        found = (self._next_action(own), self._activation(own))
        return min((at for at in found if at is not None), default=None)

    def run(self, own: float) -> None:
        activation = self._activation(self._looked)
        self._looked = own
        if activation is not None and activation <= own:
            self.activate()
            return  # the script in force then runs at once
        action = self.in_force(own)
        if action is not None:
            item = ActionItem(action.script_logical_name, action.script_selector)
            begin(self.device, run_script(self.itself, item))

    def _adjusted(self, before: float, after: float) -> None:
        super()._adjusted(before, after)
        self._looked = min(self._looked, after)

    def in_force(self, own: float) -> DayProfileAction | None:
        """The action that began last at a time of the device's clock."""
        local = self.clock.local_time.local(own)
        day, until = local.date(), local.time()
        for _ in range(self._days_to_search()):
            begun = [action for at, action in self._actions(day) if at <= until]
            if begun:
                return begun[-1]
            day, until = day - DAY, time.max
        return None

    def _activation(self, own: float) -> float | None:
        at = self.device[self.calendar.activate_passive_calendar_time]
        if at.octets == NEVER.octets or at.year is None:
            return None
        return self.clock.local_time.next_occurrence(at, at, own)

    def _next_action(self, own: float) -> float | None:
        local_time = self.clock.local_time
        day = local_time.local(own).date()
        for _ in range(self._days_to_search()):
            for time_of_day, _action in self._actions(day):
                at = local_time.moment(datetime.combine(day, time_of_day))
                if at > own:
                    return at
            day += DAY
        return None

    def _days_to_search(self) -> int:
        return DAYS_SEARCHED if any(profile.day_schedule for profile in self.active.days) else 0

    @property
    def active(self) -> Calendar:
        """The active calendar as it is now."""
        read = tuple(self._octets[number] for number in ACTIVE)
        if read != self._read:
            device, of = self.device, self.calendar
            seasons: list[Season] = device[of.season_profile_active]
            weeks: list[WeekProfile] = device[of.week_profile_table_active]
            days: list[DayProfile] = device[of.day_profile_table_active]
            self._active = Calendar(device[of.calendar_name_active], seasons, weeks, days)
            self._read = read
            self._starts.clear()
            self._timed.clear()
        return self._active

    # ---- which day ------------------------------------------------------------------------------------------------

    def day_id(self, day: date) -> int | None:
        """The day_id of a day; None where the calendar says nothing of it."""
        special = None if self._special_days is None else self._special_days.day_id(day)
        if special is not None:
            return special
        season = self.season(day)
        named = (
            week for week in self.active.weeks if season is not None and week.week_profile_name == season.week_name
        )
        week = next(named, None)
        return None if week is None else getattr(week, WEEKDAYS[day.weekday()])

    def season(self, day: date) -> Season | None:
        """The season that began last, up to a day."""
        seasons = self.active.seasons
        starts = self._starts.get(day.year)
        if starts is None:
            if len(self._starts) == YEARS_KEPT:
                self._starts.clear()
            starts = self._starts[day.year] = self._begun(seasons, day.year)
        begun = bisect_right(starts, day, key=itemgetter(0))
        return seasons[starts[begun - 1][1]] if begun else None

    @staticmethod
    def _begun(seasons: Sequence[Season], year: int) -> list[tuple[date, int]]:
        starts: list[tuple[date, int]] = []
        for place, season in enumerate(seasons):
            own = season.season_start.year
            for of in (year, year - 1) if own is None else (own,):
                start = first_of_year(season.season_start, of)
                if start is not None:
                    starts.append((start, place))
        return sorted(starts, key=lambda begun: (begun[0], -begun[1]))

    def _actions(self, day: date) -> list[tuple[time, DayProfileAction]]:
        """The actions of a day by their times."""
        day_id = self.day_id(day)
        if day_id is None:
            return []
        days = self.active.days
        if day_id not in self._timed:
            actions = (action for profile in days if profile.day_id == day_id for action in profile.day_schedule)
            timed = ((at, action) for action in actions for at in times(action.start_time))
            self._timed[day_id] = sorted(islice(timed, MOST_TIMES), key=itemgetter(0))
        return self._timed[day_id]


ACTIVE: Final = (2, 3, 4, 5)
PASSIVE: Final = (6, 7, 8, 9)
ACTIVATION: Final = 10
