"""Registers (classes 3, 4 and 5) that can be reset, and demand registers that average over periods."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import DemandRegister, ExtendedRegister, Register
from dlms.data import Data, NullData
from dlms.device.clock import LiveClock
from dlms.device.part import Untimed
from dlms.device.scheduled import Scheduled
from dlms.units import ScalerUnit


class LiveRegister(Untimed):
    """A register whose value is kept by the device: `record` writes it, `reset` puts `default` back.

    An extended register takes the time of either from `clock`; its status is left to the program.
    """

    def __init__(
        self,
        device: LogicalDevice,
        register: Register | ExtendedRegister,
        default: Data,
        scaler_unit: ScalerUnit,
        *,
        clock: LiveClock,
    ) -> None:
        self.register = register
        self._device = device
        self._clock = clock
        device[register.scaler_unit] = scaler_unit
        if isinstance(register, ExtendedRegister):
            device[register.status] = NullData()
        self.record(default)
        device.on_call(register.reset, lambda _: self.record(default))

    def record(self, value: Data) -> None:
        """Give it a value, captured now."""
        register = self.register
        self._device[register.value] = value
        if isinstance(register, ExtendedRegister):
            self._device[register.capture_time] = self._clock.date_time(self._clock.now())


class LiveDemandRegister(Scheduled):
    """The average of a quantity over `number_of_periods` periods of `period` seconds, moved on by one at a time.

    `total` gives what has come together so far, in the quantity's unit times seconds (for a power its energy in
    watt-seconds); `kind` is the type of the values, which are cut off to whole numbers.
    """

    def __init__(
        self,
        device: LogicalDevice,
        register: DemandRegister,
        total: Callable[[], float],
        scaler_unit: ScalerUnit,
        kind: Callable[[int], Data],
        *,
        clock: LiveClock,
        period: int = 900,
        number_of_periods: int = 1,
    ) -> None:
        super().__init__(device, clock)
        self.register = register
        self._total = total
        self._last = 0
        self._captured = clock.now()
        self._marks: deque[tuple[float, float]] = deque()
        """When the periods of the average began, oldest first, and the total at each."""
        device[register.scaler_unit] = scaler_unit
        device[register.status] = NullData()
        device[register.period] = period
        device[register.number_of_periods] = number_of_periods
        device[register.current_average_value] = lambda: kind(self.current_average_value)
        device[register.last_average_value] = lambda: kind(self._last)
        device[register.capture_time] = lambda: clock.date_time(self._captured)
        device[register.start_time_current] = lambda: clock.date_time(self._marks[0][0])
        self._octets = device.find(register.class_id, register.logical_name).octets
        self._reset()
        device.on_call(register.reset, lambda _: self._reset())
        device.on_call(register.next_period, lambda _: self.run(clock.now()))

    @property
    def current_average_value(self) -> int:
        """What has come together since the first of its periods began, over the time of all of them."""
        device, register = self.device, self.register
        whole: int = device[register.number_of_periods] * device[register.period]
        return int((self._total() - self._marks[0][1]) / whole) if whole else 0

    def _reset(self) -> None:
        self._last = 0
        self._captured = self.clock.now()
        self._marks.clear()
        self._marks.append((self._captured, self._total()))

    def settings(self) -> object:
        return self._octets[8], self._octets[9]

    def next_after(self, own: float) -> float | None:
        period: int = self.device[self.register.period]
        return self.clock.local_time.next_multiple(own, period) if period else None

    def run(self, own: float) -> None:
        """End the current period."""
        self._last = self.current_average_value
        self._captured = own
        self._marks.append((own, self._total()))
        while len(self._marks) > max(self.device[self.register.number_of_periods], 1):
            self._marks.popleft()
