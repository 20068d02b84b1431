"""When the rows of a simulated profile are captured: row `n`, counted from 0, at a time that needs no table."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dlms.simulate.curve import DAY
from dlms.simulate.noise import Seconds
from dlms.simulate.zone import Zone


class Captures(Protocol):
    """The times of rows. `first` is the number of the oldest that is still known."""

    first: int

    def count(self, until: float) -> int:
        """How many rows are captured up to a time, that time included."""

    def times(self, first: int, stop: int) -> Seconds:
        """The times of rows `first` up to and without `stop`."""


class EveryPeriod:
    """A row every `period` seconds, at whole multiples of it in UTC, from `origin` on."""

    first = 0

    def __init__(self, origin: int, period: int) -> None:
        self._period = period
        self._before = -(-origin // period) - 1

    def count(self, until: float) -> int:
        return max(int(until // self._period) - self._before, 0)

    def times(self, first: int, stop: int) -> Seconds:
        return (np.arange(first, stop, dtype=np.int64) + self._before + 1) * self._period


class EveryDay:
    """A row at each local midnight, from the one after `origin` on."""

    first = 0

    def __init__(self, origin: int, zone: Zone) -> None:
        self._zone = zone
        self._before = (origin + zone.standard * 60) // DAY

    def count(self, until: float) -> int:
        days = int((until + self._zone.standard * 60 + 3600) // DAY) - self._before
        return max(days - int(days > 0 and self.times(days - 1, days)[0] > until), 0)

    def times(self, first: int, stop: int) -> Seconds:
        return _local_midnights(np.arange(first, stop, dtype=np.int64) + self._before + 1, self._zone)


class EveryMonth:
    """A row at local midnight of the first day of each month, from the one after `origin` on."""

    first = 0

    def __init__(self, origin: int, zone: Zone) -> None:
        self._zone = zone
        self._before = self._month(origin + zone.standard * 60)

    def count(self, until: float) -> int:
        months = self._month(until + self._zone.standard * 60 + 3600) - self._before
        return max(months - int(months > 0 and self.times(months - 1, months)[0] > until), 0)

    def times(self, first: int, stop: int) -> Seconds:
        months = (np.arange(first, stop, dtype=np.int64) + self._before + 1).astype("datetime64[M]")
        return _local_midnights(months.astype("datetime64[D]").astype(np.int64), self._zone)

    @staticmethod
    def _month(local: float) -> int:
        return int(np.datetime64(int(local), "s").astype("datetime64[M]").astype(np.int64))


def _local_midnights(days: Seconds, zone: Zone) -> Seconds:
    """When days (counted from 1970-01-01, local) begin."""
    midnights = days * DAY - zone.standard * 60
    return np.asarray(midnights - 3600 * zone.is_daylight_saving(midnights - 3600))
