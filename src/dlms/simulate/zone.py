"""The local time of a simulated meter: a standard offset, daylight saving by the rule of the European Union, if any."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dlms.datetime import ClockStatus, CosemDateTime, DeviationSign
from dlms.simulate.noise import Seconds

SUNDAY: Final = 6
FIRST_YEAR, LAST_YEAR = 1980, 2099


@dataclass(frozen=True, slots=True)
class Zone:
    """`standard`: minutes east of UTC. `daylight_saving`: an hour more from the last Sunday of March to the last of
    October, 01:00 UTC. `deviation_sign` is how the meter writes its deviation."""

    standard: int
    daylight_saving: bool = False
    deviation_sign: DeviationSign = "standard"

    def is_daylight_saving(self, seconds: Seconds) -> npt.NDArray[np.bool_]:
        """Whether daylight saving is active at these times."""
        if not self.daylight_saving:
            return np.zeros(seconds.shape, np.bool_)
        return np.asarray(np.searchsorted(_changes(), seconds, "right") % 2 == 1)

    def deviations(self, seconds: Seconds) -> npt.NDArray[np.int16]:
        """The deviation that the meter writes at these times."""
        east = self.standard + 60 * self.is_daylight_saving(seconds)
        return (east if self.deviation_sign == "reversed" else -east).astype(np.int16)

    def statuses(self, seconds: Seconds) -> npt.NDArray[np.uint8]:
        """The clock status at these times."""
        return np.where(self.is_daylight_saving(seconds), np.uint8(ClockStatus.DAYLIGHT_SAVING_ACTIVE), np.uint8(0))

    def moment(self, seconds: float) -> CosemDateTime:
        """The date-time of a point in time, to the hundredth of a second."""
        at = np.array([int(seconds)])
        return CosemDateTime.from_epoch_milliseconds(
            int(seconds * 100) * 10,
            deviation=int(self.deviations(at)[0]),
            status=int(self.statuses(at)[0]),
            deviation_sign=self.deviation_sign,
        )

    def seconds(self, moment: CosemDateTime) -> float | None:
        """The point in time, in seconds since 1970 (UTC), of a date-time; local time where it has no deviation. None
        where it is no single point."""
        milliseconds = moment.epoch_milliseconds(deviation_sign=self.deviation_sign)
        if milliseconds is None:
            return None
        seconds = milliseconds / 1000
        if moment.deviation is None:
            seconds -= 60 * self.standard
            seconds -= 3600 * bool(self.is_daylight_saving(np.array([int(seconds - 3600)]))[0])
        return seconds


@lru_cache(maxsize=1)
def _changes() -> Seconds:
    """When daylight saving begins and ends, in turn."""
    return np.array([_last_sunday(year, month) for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in (3, 10)])


def _last_sunday(year: int, month: int) -> int:
    last = calendar.monthrange(year, month)[1]
    sunday = last - (date(year, month, last).weekday() - SUNDAY) % 7
    return int(datetime(year, month, sunday, 1, tzinfo=UTC).timestamp())
