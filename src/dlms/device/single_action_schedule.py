"""One script at one or more times (class 22)."""

from __future__ import annotations

from collections.abc import Iterable

from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import SingleActionSchedule
from dlms.cosem.classes.time_and_events import ExecutionTime
from dlms.cosem.types import ActionItem
from dlms.device.clock import LiveClock
from dlms.device.part import begin
from dlms.device.scheduled import Scheduled
from dlms.device.script_table import run_script
from dlms.enumerations import SingleActionScheduleType


class LiveSingleActionSchedule(Scheduled):
    """Runs its script at each of its times, in local time; wildcards make it come round again."""

    def __init__(
        self,
        device: LogicalDevice,
        schedule: SingleActionSchedule,
        executed_script: ActionItem,
        execution_time: Iterable[ExecutionTime] = (),
        *,
        clock: LiveClock,
        kind: SingleActionScheduleType = SingleActionScheduleType.TIMES_WITH_WILDCARDS,
    ) -> None:
        super().__init__(device, clock)
        self.schedule = schedule
        device[schedule.executed_script] = executed_script
        device[schedule.type] = kind
        device[schedule.execution_time] = list(execution_time)
        self._octets = device.find(schedule.class_id, schedule.logical_name).octets

    def settings(self) -> object:
        return self._octets[4]

    def next_after(self, own: float) -> float | None:
        times = self.device[self.schedule.execution_time]
        found = (self.clock.local_time.next_occurrence(of.date, of.time, own) for of in times)
        return min((at for at in found if at is not None), default=None)

    def run(self, own: float) -> None:
        begin(self.device, run_script(self.itself, self.device[self.schedule.executed_script]))
