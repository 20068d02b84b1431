"""The local time of many moments at once, by the rules that the clock of a simulated meter begins with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dlms.datetime import ClockStatus, CosemDateTime, DeviationSign
from dlms.device.clock import LAST_SUNDAY_OF_MARCH, LAST_SUNDAY_OF_OCTOBER
from dlms.device.daylight_saving import LocalTime
from dlms.simulate.noise import Seconds

SAVING: Final = 60
"""Minutes."""
FIRST_YEAR, LAST_YEAR = 1980, 2099


@dataclass(frozen=True, slots=True)
class Zone:
    """`standard`: minutes east of UTC. `daylight_saving`: an hour more from the last Sunday of March, 02:00 local time,
    to the last of October, 03:00. `deviation_sign` is how the meter writes its deviation."""

    standard: int
    daylight_saving: bool = False
    deviation_sign: DeviationSign = "standard"

    def is_daylight_saving(self, seconds: Seconds) -> npt.NDArray[np.bool_]:
        """Whether daylight saving is active at these times."""
        if not self.daylight_saving:
            return np.zeros(seconds.shape, np.bool_)
        return np.asarray(np.searchsorted(_changes(self.standard), seconds, "right") % 2 == 1)

    def deviations(self, seconds: Seconds) -> npt.NDArray[np.int16]:
        """The deviation that the meter writes at these times."""
        east = self.standard + SAVING * self.is_daylight_saving(seconds)
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


@lru_cache
def _changes(standard: int) -> npt.NDArray[np.float64]:
    """When daylight saving begins and ends, in turn."""
    local = LocalTime(-standard, LAST_SUNDAY_OF_MARCH, LAST_SUNDAY_OF_OCTOBER, SAVING, enabled=True)
    return np.array([local.switches(year) for year in range(FIRST_YEAR, LAST_YEAR + 1)], np.float64).ravel()
