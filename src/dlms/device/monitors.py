"""What watches a value and runs scripts: register monitor (class 21) and limiter (class 71)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Final

from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.work import LOGGER, Work
from dlms.cosem.classes import Limiter, RegisterMonitor
from dlms.cosem.classes.time_and_events import ActionSet, EmergencyProfile, LimiterActions
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import ActionItem, ValueDefinition
from dlms.data import Data, loads
from dlms.datetime import CosemDateTime
from dlms.device.clock import LiveClock
from dlms.device.part import DeviceItself, begin
from dlms.device.script_table import run_script
from dlms.service_errors import OtherReason, ServiceError

NO_EMERGENCY: Final = EmergencyProfile(0, CosemDateTime(), 0)


class Watching(ABC):
    """Looks at a value every `interval` seconds; what is no number, or cannot be read, is passed over."""

    def __init__(
        self, device: LogicalDevice, of: AttributeRef[ValueDefinition], clock: LiveClock, interval: float
    ) -> None:
        self.device = device
        self.clock = clock
        self.interval = interval
        self._of = of
        self._itself = DeviceItself(device)
        self._at: float | None = None

    @abstractmethod
    def look(self, value: float, own: float) -> Iterable[ActionItem]:
        """The scripts to run for a value at a time of the device's clock."""

    def next_timer(self) -> float | None:
        if self._at is None:
            self._at = self.clock.world(self.clock.now())
        return self._at

    def tick(self, now: float) -> None:
        self._at = now + self.interval
        begin(self.device, self._work(self.clock.own(now)))

    def _work(self, own: float) -> Work[None]:
        watched: ValueDefinition = self.device[self._of]
        try:
            octets = yield from self._itself.octets(watched.class_id, watched.logical_name, watched.attribute_index)
        except ServiceError:
            return
        value = number(loads(octets))
        if value is None:
            return
        for item in self.look(value, own):
            try:
                yield from run_script(self._itself, item)
            except ServiceError as error:
                LOGGER.warning("%s: %s", self._of.logical_name, error)


class LiveRegisterMonitor(Watching):
    """Runs the script of a threshold when the value has come above it, or below it again."""

    def __init__(
        self,
        device: LogicalDevice,
        monitor: RegisterMonitor,
        monitored_value: ValueDefinition,
        thresholds: Iterable[Data],
        actions: Iterable[ActionSet],
        *,
        clock: LiveClock,
        interval: float = 1.0,
    ) -> None:
        super().__init__(device, monitor.monitored_value, clock, interval)
        self.monitor = monitor
        self._last: float | None = None
        device[monitor.monitored_value] = monitored_value
        device[monitor.thresholds] = list(thresholds)
        device[monitor.actions] = list(actions)

    def look(self, value: float, own: float) -> Iterable[ActionItem]:
        last, self._last = self._last, value
        if last is None:
            return
        for of, actions in zip(self.device[self.monitor.thresholds], self.device[self.monitor.actions], strict=False):
            threshold = number(of)
            if threshold is not None and (value > threshold) is not (last > threshold):
                yield actions.action_up if value > threshold else actions.action_down


class LiveLimiter(Watching):
    """Runs action_over_threshold once the value has been over the active threshold for min_over_threshold_duration,
    action_under_threshold once it has been back for min_under_threshold_duration.

    The active threshold is the normal one, or that of emergencies from emergency_activation_time on for
    emergency_duration seconds, if the profile's id is on the list.
    """

    def __init__(
        self,
        device: LogicalDevice,
        limiter: Limiter,
        monitored_value: ValueDefinition,
        threshold_normal: Data,
        actions: LimiterActions,
        *,
        clock: LiveClock,
        threshold_emergency: Data | None = None,
        min_over_threshold_duration: int = 0,
        min_under_threshold_duration: int = 0,
        emergency_profile_group_ids: Iterable[int] = (),
        interval: float = 1.0,
    ) -> None:
        super().__init__(device, limiter.monitored_value, clock, interval)
        self.limiter = limiter
        self._over = False
        self._since: float | None = None
        device[limiter.monitored_value] = monitored_value
        device[limiter.threshold_active] = self.threshold_active
        device[limiter.threshold_normal] = threshold_normal
        device[limiter.threshold_emergency] = threshold_emergency or threshold_normal
        device[limiter.min_over_threshold_duration] = min_over_threshold_duration
        device[limiter.min_under_threshold_duration] = min_under_threshold_duration
        device[limiter.emergency_profile] = NO_EMERGENCY
        device[limiter.emergency_profile_group_id_list] = list(emergency_profile_group_ids)
        device[limiter.emergency_profile_active] = lambda: self.emergency(clock.now())
        device[limiter.actions] = actions
        self._octets = device.find(limiter.class_id, limiter.logical_name).octets

    def emergency(self, own: float) -> bool:
        """Whether the threshold of emergencies holds."""
        profile: EmergencyProfile = self.device[self.limiter.emergency_profile]
        if profile.emergency_profile_id not in self.device[self.limiter.emergency_profile_group_id_list]:
            return False
        at = profile.emergency_activation_time
        if None in (at.year, at.month, at.day, at.hour, at.minute):
            return False
        try:
            begun = self.clock.moment(at)
        except OtherReason:
            return False
        return begun <= own < begun + profile.emergency_duration

    def threshold_active(self) -> Any:
        """The threshold that holds now, typed."""
        return loads(self._octets[5 if self.emergency(self.clock.now()) else 4], typed=True)

    def look(self, value: float, own: float) -> Iterable[ActionItem]:
        threshold = number(self.threshold_active())
        if threshold is None:
            return
        device, limiter = self.device, self.limiter
        if (value > threshold) is self._over:
            self._since = None
            return
        self._since = own if self._since is None else min(self._since, own)
        lasts = limiter.min_under_threshold_duration if self._over else limiter.min_over_threshold_duration
        duration: int = device[lasts]
        if own - self._since < duration:
            return
        self._over, self._since = not self._over, None
        actions: LimiterActions = device[limiter.actions]
        yield actions.action_over_threshold if self._over else actions.action_under_threshold


def number(value: object) -> float | None:
    """What a value compares by; None where it is no number."""
    value = value.value if isinstance(value, Data) else value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
