"""What all parts share that do something at times of the device's own clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from dlms.association.server.logical_device import LogicalDevice
from dlms.device.clock import LiveClock
from dlms.device.part import DeviceItself


class Scheduled(ABC):
    """Runs at times that follow from settings. All times are the clock's own.

    What `settings` gives is compared: when it changes, and when the clock is set, the next time is found anew from
    then on; where `at_once` is true, that is a time too. What lies between two ticks runs once, for the latest time: a
    device that was off does not make up.
    """

    at_once: ClassVar[bool] = False

    def __init__(self, device: LogicalDevice, clock: LiveClock) -> None:
        self.device = device
        self.clock = clock
        self.itself = DeviceItself(device)
        self._settings: object = None
        self._next: float | None = None
        clock.adjusted.append(self._adjusted)

    @abstractmethod
    def settings(self) -> object:
        """What the times depend on besides the zone."""

    @abstractmethod
    def next_after(self, own: float) -> float | None:
        """The first time after `own`; None for never."""

    @abstractmethod
    def run(self, own: float) -> None:
        """Do what is to be done at a time that `next_after` gave."""

    def _adjusted(self, before: float, after: float) -> None:
        self._settings = None

    def next_timer(self) -> float | None:
        settings = (self.settings(), self.clock.local_time)
        if settings != self._settings:
            self._settings = settings
            own = self.clock.now()
            self._next = own if self.at_once else self.next_after(own)
        return None if self._next is None else self.clock.world(self._next)

    def tick(self, now: float) -> None:
        own = self.clock.own(now)
        self.next_timer()
        if self._next is None or self._next > own:
            return
        at, last = self._next, own  # the latest time is one of these or between them
        while (following := self.next_after(at)) is not None and following <= last:
            # Whoever sets the clock of the machine, or lets it sleep, may leave millions of times behind.
            middle = (following + last) / 2
            beyond = self.next_after(middle)
            if beyond is not None and beyond <= last:
                at = beyond
            else:
                at, last = following, middle
        self._next = following
        self.run(at)
