"""Scripts by time of day and day (class 10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import Schedule
from dlms.cosem.classes.time_and_events import EnableDisable, IndexRange, ScheduleTableEntry
from dlms.cosem.types import ActionItem
from dlms.datetime import CosemDate
from dlms.device.clock import LiveClock
from dlms.device.occurrence import DAY, LAST_YEAR, RESOLUTION, times
from dlms.device.part import begin
from dlms.device.scheduled import Scheduled
from dlms.device.script_table import run_script
from dlms.device.special_days import LiveSpecialDays
from dlms.service_errors import OtherReason

MINUTE: Final = 60
ALWAYS: Final = 0xFFFF
DAYS_SEARCHED: Final = 366
ENTRIES: Final = 2
MOST_ENTRIES: Final = 1000
"""Each of them may have a year looked through whenever one is due."""


class LiveSchedule(Scheduled):
    """Runs the script of each entry at its switch_time on its days, between begin_date and end_date.

    On a day of `special_days`, bit day_id of exec_specdays (from 0) decides in place of that of the weekday (Monday
    first); that they count so is uncertain. When the clock is set ahead over a switch_time, the script runs at once if
    that is no more than validity_window minutes ago. Dates without a year hold every year. Clients may have up to
    MOST_ENTRIES.
    """

    def __init__(
        self,
        device: LogicalDevice,
        schedule: Schedule,
        entries: Iterable[ScheduleTableEntry] = (),
        *,
        clock: LiveClock,
        special_days: LiveSpecialDays | None = None,
    ) -> None:
        super().__init__(device, clock)
        self.schedule = schedule
        self._special_days = special_days
        device[schedule.entries] = list(entries)
        self._octets = device.find(schedule.class_id, schedule.logical_name).octets
        self._read = self._octets[ENTRIES]
        self._entries = list(entries)
        device.on_set(schedule.entries, check_number)
        device.on_call(schedule.enable_disable, self._enable_disable)
        device.on_call(schedule.insert, self._insert)
        device.on_call(schedule.delete, self._delete)

    @property
    def entries(self) -> list[ScheduleTableEntry]:
        """The entries as they are now."""
        if self._read is not self._octets[ENTRIES]:
            self._entries = self.device[self.schedule.entries]
            self._read = self._octets[ENTRIES]
        return self._entries

    # ---- when -----------------------------------------------------------------------------------------------------

    def settings(self) -> object:
        table = self._special_days
        return self._octets[ENTRIES], None if table is None else table.settings()

    def next_after(self, own: float) -> float | None:
        found = (self._next_of(entry, own) for entry in self.entries)
        return min((at for at in found if at is not None), default=None)

    def run(self, own: float) -> None:
        for entry in self.entries:
            if self._next_of(entry, own - RESOLUTION) == own:
                self._run(entry)

    def _run(self, entry: ScheduleTableEntry) -> None:
        item = ActionItem(entry.script_logical_name, entry.script_selector)
        begin(self.device, run_script(self.itself, item))

    def _adjusted(self, before: float, after: float) -> None:
        super()._adjusted(before, after)
        for entry in self.entries:
            window = entry.validity_window
            since = before if window == ALWAYS else max(before, after - window * MINUTE)
            missed = self._next_of(entry, since)
            if missed is not None and missed <= after:
                self._run(entry)

    def _next_of(self, entry: ScheduleTableEntry, own: float) -> float | None:
        if not entry.enable:
            return None
        local_time = self.clock.local_time
        day = local_time.local(own).date()
        begins = entry.begin_date.year
        if begins is not None and day.year < begins < LAST_YEAR:
            day = date(begins, 1, 1)  # not looked for from today on: it may be years away
        for _ in range(DAYS_SEARCHED):
            if self._runs_on(entry, day):
                for time_of_day in times(entry.switch_time):
                    at = local_time.moment(datetime.combine(day, time_of_day))
                    if at > own:
                        return at
            day += DAY
        return None

    def _runs_on(self, entry: ScheduleTableEntry, day: date) -> bool:
        if not holds(entry.begin_date, entry.end_date, day):
            return False
        special = None if self._special_days is None else self._special_days.day_id(day)
        days, bit = (entry.exec_weekdays, day.weekday()) if special is None else (entry.exec_specdays, special)
        return days[bit : bit + 1] == "1"

    # ---- methods --------------------------------------------------------------------------------------------------

    def _write(self, entries: Iterable[ScheduleTableEntry]) -> None:
        self.device[self.schedule.entries] = sorted(entries, key=lambda entry: entry.index)

    def _enable_disable(self, ranges: EnableDisable) -> None:
        off = range(ranges.first_index_a, ranges.last_index_a + 1)
        on = range(ranges.first_index_b, ranges.last_index_b + 1)
        self._write(
            replace(entry, enable=entry.index in on or (entry.enable and entry.index not in off))
            for entry in self.entries
        )

    def _insert(self, entry: ScheduleTableEntry) -> None:
        entries = [*(of for of in self.entries if of.index != entry.index), entry]
        check_number(entries)
        self._write(entries)

    def _delete(self, indices: IndexRange) -> None:
        gone = range(indices.first_index, indices.last_index + 1)
        self._write(of for of in self.entries if of.index not in gone)


def check_number(entries: Sequence[ScheduleTableEntry]) -> None:
    """Raises OtherReason for more entries than a client may have."""
    if len(entries) > MOST_ENTRIES:
        raise OtherReason


def holds(begin: CosemDate, end: CosemDate, day: date) -> bool:
    """Whether `day` lies between two dates, both included; what is not specified is no bound, a missing year any."""
    if begin.year is None and end.year is None:
        first, last = (begin.month or 1, begin.day or 1), (end.month or 12, end.day or 31)
        within = (day.month, day.day)
        return first <= within <= last if first <= last else not last < within < first
    present = (day.year, day.month, day.day)
    after_begin = begin.year is None or (begin.year, begin.month or 1, begin.day or 1) <= present
    return after_begin and (end.year is None or present <= (end.year, end.month or 12, end.day or 31))
