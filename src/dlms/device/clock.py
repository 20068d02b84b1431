"""The clock of a device (class 8): its own time, local time with daylight saving, and the methods that adjust it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import Clock
from dlms.cosem.classes.time_and_events import PresetTime
from dlms.datetime import ClockStatus, CosemDateTime
from dlms.device.daylight_saving import LocalTime
from dlms.device.part import Untimed
from dlms.enumerations import ClockBase
from dlms.service_errors import OtherReason

MINUTE: Final = 60
QUARTER: Final = 15 * MINUTE
LONGEST_SHIFT: Final = 900
WIDEST_ZONE, WIDEST_SAVING = 720, 120
EARLIEST, LATEST = 1970, 2999
LAST_SUNDAY_OF_MARCH: Final = CosemDateTime(month=3, day=0xFE, day_of_week=7, hour=2, minute=0, second=0, hundredths=0)
LAST_SUNDAY_OF_OCTOBER: Final = CosemDateTime(
    month=10, day=0xFE, day_of_week=7, hour=3, minute=0, second=0, hundredths=0
)


class LiveClock(Untimed):
    """The clock of a device; `time` gives the world's, in POSIX seconds.

    The clock runs with the world's time and differs from it by what clients set and shift; its own time is POSIX
    seconds too (`now`, `own`, `world`). Zone and daylight saving (see LocalTime) are attributes of the object, which
    clients may write; where the zone is `time_zone`, and saving is enabled, without more, it is that of Central Europe.
    """

    def __init__(
        self,
        device: LogicalDevice,
        clock: Clock | None = None,
        *,
        time: Callable[[], float],
        time_zone: int = 0,
        daylight_savings_begin: CosemDateTime = LAST_SUNDAY_OF_MARCH,
        daylight_savings_end: CosemDateTime = LAST_SUNDAY_OF_OCTOBER,
        daylight_savings_deviation: int = 60,
        daylight_savings_enabled: bool = False,
        clock_base: ClockBase = ClockBase.INTERNAL_CRYSTAL,
        measuring_period: int = QUARTER,
    ) -> None:
        self.clock = clock = clock or Clock("0.0.1.0.0.255")
        self.measuring_period = measuring_period
        """Seconds; what adjust_to_measuring_period goes by."""
        self.status = ClockStatus(0)
        """Bits that stand until the clock is set, such as DOUBTFUL_VALUE; that of daylight saving is added."""
        self.adjusted: list[Callable[[float, float], None]] = []
        """Called with the clock's own time before and after it was set or shifted."""
        self._device = device
        self._time = time
        self._offset = 0.0
        self._preset: PresetTime | None = None
        device[clock.time] = lambda: self.date_time(self.now())
        device[clock.time_zone] = time_zone
        device[clock.status] = lambda: int(self.status_at(self.now()))
        device[clock.daylight_savings_begin] = daylight_savings_begin
        device[clock.daylight_savings_end] = daylight_savings_end
        device[clock.daylight_savings_deviation] = daylight_savings_deviation
        device[clock.daylight_savings_enabled] = daylight_savings_enabled
        device[clock.clock_base] = clock_base
        self._octets = device.find(clock.class_id, clock.logical_name).octets
        self._rules_read: tuple[bytes, ...] = ()
        self._local_time = self.local_time
        device.on_set(clock.time, self._set_time)
        device.on_set(clock.time_zone, lambda minutes: within(minutes, WIDEST_ZONE))
        device.on_set(clock.daylight_savings_deviation, lambda minutes: within(minutes, WIDEST_SAVING))
        device.on_call(clock.adjust_to_quarter, lambda _: self._round(QUARTER))
        device.on_call(clock.adjust_to_measuring_period, lambda _: self._round(self.measuring_period))
        device.on_call(clock.adjust_to_minute, lambda _: self._round(MINUTE))
        device.on_call(clock.adjust_to_preset_time, lambda _: self._adjust_to_preset_time())
        device.on_call(clock.preset_adjusting_time, self._preset_adjusting_time)
        device.on_call(clock.shift_time, self._shift_time)

    # ---- the clock's own time -------------------------------------------------------------------------------------

    def now(self) -> float:
        """The clock's own time."""
        return self.own(self._time())

    def own(self, world: float) -> float:
        """The clock's own time at a moment of the world's."""
        return world + self._offset

    def world(self, own: float) -> float:
        """When it is `own` by the clock, unless it is set before."""
        return own - self._offset

    def set(self, own: float) -> None:
        """Set the clock. Whatever was doubtful about it no longer is."""
        before = self.now()
        self._offset += own - before
        self.status = ClockStatus(0)
        for listener in self.adjusted:
            listener(before, own)
        self._device.changed()

    # ---- local time -----------------------------------------------------------------------------------------------

    @property
    def local_time(self) -> LocalTime:
        """The zone and daylight saving as the object has them now."""
        read = tuple(self._octets[number] for number in RULES)
        if read != self._rules_read:
            clock, device = self.clock, self._device
            self._local_time = LocalTime(
                device[clock.time_zone],
                device[clock.daylight_savings_begin],
                device[clock.daylight_savings_end],
                device[clock.daylight_savings_deviation],
                device[clock.daylight_savings_enabled],
            )
            self._rules_read = read
        return self._local_time

    def date_time(self, own: float) -> CosemDateTime:
        """The date-time of a moment, with its deviation and the clock's status."""
        deviation = self.local_time.deviation_at(own)
        return CosemDateTime.from_epoch_milliseconds(
            round(own * 1000), deviation=deviation, status=int(self.status_at(own))
        )

    def status_at(self, own: float) -> ClockStatus:
        """The clock status of a moment."""
        saving = ClockStatus.DAYLIGHT_SAVING_ACTIVE
        return self.status | saving if self.local_time.saving(own) else self.status & ~saving

    def moment(self, value: CosemDateTime) -> float:
        """The clock's own time that a date-time names: by its deviation, or else by local time. What is not specified
        is as it is now; raises OtherReason for what is no point in time."""
        local_time = self.local_time
        present = local_time.local(self.now())
        if special(value):
            raise OtherReason
        if value.year is not None and not EARLIEST <= value.year <= LATEST:
            raise OtherReason
        year, month, day, hour, minute, second = (
            getattr(present, field) if (given := getattr(value, field)) is None else given for field in FIELDS
        )
        try:
            local = datetime(year, month, day, hour, minute, second, (value.hundredths or 0) * 10_000)
        except ValueError:
            raise OtherReason from None
        if value.deviation is not None:
            return LocalTime(value.deviation, value, value, 0, False).moment(local)
        saving = value.status is None or bool(value.status & ClockStatus.DAYLIGHT_SAVING_ACTIVE)
        return local_time.moment(local, saving=saving)

    # ---- attributes and methods -----------------------------------------------------------------------------------

    def _set_time(self, value: CosemDateTime) -> None:
        self.set(self.moment(value))

    def _round(self, seconds: int) -> None:
        """To the nearest whole `seconds` of local time; half goes up."""
        own = self.now()
        ahead = -self.local_time.deviation_at(own) * MINUTE
        self.set((own + ahead + seconds / 2) // seconds * seconds - ahead)

    def _preset_adjusting_time(self, preset: PresetTime) -> None:
        self._preset = preset

    def _adjust_to_preset_time(self) -> None:
        preset = self._preset
        if preset is None:
            raise OtherReason
        start, end = self.moment(preset.validity_interval_start), self.moment(preset.validity_interval_end)
        if not start <= self.now() <= end:
            raise OtherReason
        self.set(self.moment(preset.preset_time))

    def _shift_time(self, seconds: int) -> None:
        within(seconds, LONGEST_SHIFT)
        self.set(self.now() + seconds)


RULES: Final = (3, 5, 6, 7, 8)
"""The attributes that local time depends on."""
FIELDS: Final = ("year", "month", "day", "hour", "minute", "second")


def within(value: int, most: int) -> None:
    """Raises OtherReason for a value further from 0 than the book lets it be."""
    if abs(value) > most:
        raise OtherReason


def special(value: CosemDateTime) -> bool:
    """Whether the day or the month depends on the calendar: no point in time."""
    return (
        value.last_day_of_month
        or value.second_last_day_of_month
        or value.daylight_savings_begin
        or value.daylight_savings_end
    )
