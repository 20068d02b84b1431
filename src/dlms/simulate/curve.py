"""A counter that rises as people use a thing: by day and night, weekday and weekend, summer and winter, and by chance.

The reading at any time follows from the seed alone. Nothing is summed up from the beginning and no row is stored: the
reading at the end of a day is an integral in closed form, moved by chance within the bounds of the day, and the
quarter hours share a day out in the same manner. So a curve never falls, and an hour ten years on costs no more than
the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dlms.simulate.noise import Reals, Seconds, noise

DAY: Final = 86_400
QUARTER: Final = 900
QUARTERS: Final = DAY // QUARTER
YEAR: Final = 365.2425
COLDEST: Final = 15.0
"""The day of the year that is the middle of winter."""
MONDAY: Final = 4
"""The days since 1970-01-01, a Thursday, that begin a week."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How use is spread.

    `workday` and `day_off`: the weight of each hour. `days`: the weight of Monday to Sunday. `winter`: how much more is
    used in the middle of winter than on average, as a part of it (below the least weight of a day; negative for the
    sun). `chance`: how far chance moves the readings between two neighbours, 0 to 1.
    """

    workday: Sequence[float]
    day_off: Sequence[float]
    days: Sequence[float] = (1.0, 1.0, 1.0, 1.0, 1.05, 1.1, 1.05)
    winter: float = 0.25
    chance: float = 0.8


class Curve:
    """A counter of `a_day` units on average, from `origin` (seconds since 1970) on; `offset` is what was on it then.

    `zone` is the local standard time that people live by, in seconds east of UTC.
    """

    def __init__(
        self, seed: int, shape: Shape, a_day: float, *, origin: int, zone: int = 0, offset: float = 0.0
    ) -> None:
        self._seed = seed
        self._shape = shape
        self._zone = zone
        self._a_day = a_day
        self._weeks = np.concatenate([[0.0], np.cumsum(shape.days)]) * (7 / sum(shape.days))
        self._fractions = np.stack([_fractions(shape.workday), _fractions(shape.day_off)])
        self._start = 0.0
        self._start = float(self.at(np.array([origin]))[0]) - offset

    def at(self, seconds: Seconds) -> Reals:
        """The readings at these times."""
        local = seconds + self._zone
        day, within = np.divmod(local, DAY)
        quarter, rest = np.divmod(within, QUARTER)
        first, last = self._day_start(day), self._day_start(day + 1)
        low, high = self._part(day, quarter), self._part(day, quarter + 1)
        part = low + (high - low) * (rest / QUARTER)
        return np.asarray(self._a_day * (first + (last - first) * part) - self._start)

    def _day_start(self, day: Seconds) -> Reals:
        """The reading at the start of days, in average days."""
        now, then = self._smooth(day), self._smooth(day + 1)
        return now + 0.5 * self._shape.chance * noise(self._seed, day) * (then - now)

    def _smooth(self, day: Seconds) -> Reals:
        week, weekday = np.divmod(day - MONDAY, 7)
        season = np.sin(2 * np.pi * (day - COLDEST) / YEAR) * (YEAR / (2 * np.pi))
        return np.asarray(7.0 * week + self._weeks[weekday] + self._shape.winter * season)

    def _part(self, day: Seconds, quarter: Seconds) -> Reals:
        """Which part of its day is used up when a quarter hour begins; 96 is the end of the day."""
        off = ((day - MONDAY) % 7 >= 5).astype(np.int64)
        begun, ended = self._fractions[off, quarter], self._fractions[off, np.minimum(quarter + 1, QUARTERS)]
        moved = self._shape.chance * noise(self._seed + 1, day * QUARTERS + quarter)
        return np.asarray(np.where(quarter == 0, 0.0, begun + moved * (ended - begun)))


def _fractions(hours: Sequence[float]) -> Reals:
    """The part of the day that is used up at the start of each quarter hour, and at the end of the last."""
    middle = np.arange(QUARTERS) / (QUARTERS / len(hours)) + 0.5 * len(hours) / QUARTERS
    weights = np.interp(middle, np.arange(len(hours)) + 0.5, hours, period=float(len(hours)))
    used = np.concatenate([[0.0], np.cumsum(weights)])
    return np.asarray(used / used[-1])
