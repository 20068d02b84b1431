"""The invocation counters of a simulated meter, in memory."""

from __future__ import annotations

from typing import Final

from dlms.security.counters import MemoryCounterStore
from dlms.simulate.faults import Faults


class SimulatedCounters(MemoryCounterStore):
    """Counters that stand still while that fault is on.

    A meter keeps its counters while it is off. A simulated one forgets them, so it begins where one that has sent
    PER_SECOND messages ever since `origin` would be at `start` (both in seconds): above what it sent before, unless it
    is busier than that.
    """

    PER_SECOND: Final = 4

    def __init__(self, faults: Faults, *, origin: float, start: float) -> None:
        super().__init__(first=max(int((start - origin) * self.PER_SECOND), 0))
        self._faults = faults

    def reserve(self, name: str, count: int = 1) -> int:
        if self._faults.wrong_counters:
            return max(self.next_value(name) - 1, 0)
        return super().reserve(name, count)

    def at_hand(self, name: str) -> int | None:
        return self.reserve(name)
