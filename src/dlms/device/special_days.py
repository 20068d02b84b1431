"""Dates that schedules and calendars treat apart (class 11)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import SpecialDaysTable
from dlms.cosem.classes.time_and_events import SpecialDayEntry
from dlms.device.occurrence import comes_round
from dlms.device.part import Untimed
from dlms.service_errors import ObjectUndefined

ENTRIES: Final = 2
DAYS_KEPT: Final = 1000
"""Days whose day_id is remembered: a calendar asks for those of a year again and again."""


class LiveSpecialDays(Untimed):
    """A table of special days, whose entries clients insert and delete by their index."""

    def __init__(self, device: LogicalDevice, table: SpecialDaysTable, entries: Iterable[SpecialDayEntry] = ()) -> None:
        self.table = table
        self._device = device
        self._day_ids: dict[date, int | None] = {}
        device[table.entries] = list(entries)
        self._octets = device.find(table.class_id, table.logical_name).octets
        self._read = self._octets[ENTRIES]
        self._entries = list(entries)
        device.on_call(table.insert, self.insert)
        device.on_call(table.delete, self.delete)

    @property
    def entries(self) -> list[SpecialDayEntry]:
        """The entries as they are now."""
        if self._read is not self._octets[ENTRIES]:
            self._entries = self._device[self.table.entries]
            self._read = self._octets[ENTRIES]
            self._day_ids.clear()
        return self._entries

    def settings(self) -> object:
        """What the days depend on."""
        return self._octets[ENTRIES]

    def day_id(self, day: date) -> int | None:
        """The day_id of a day; None if it is not special."""
        entries = self.entries
        if day not in self._day_ids:
            if len(self._day_ids) > DAYS_KEPT:
                self._day_ids.clear()
            found = (of.day_id for of in entries if comes_round(of.specialday_date, day))
            self._day_ids[day] = next(found, None)
        return self._day_ids[day]

    def insert(self, entry: SpecialDayEntry) -> None:
        """Insert an entry in the place of one that has its index or its date."""
        others = [of for of in self.entries if of.index != entry.index and of.specialday_date != entry.specialday_date]
        self._device[self.table.entries] = [*others, entry]

    def delete(self, index: int) -> None:
        """Delete an entry; raises ObjectUndefined where there is none."""
        others = [of for of in self.entries if of.index != index]
        if len(others) == len(self.entries):
            raise ObjectUndefined(what=f"special day {index}")
        self._device[self.table.entries] = others
