"""The invocation counters of a simulated meter, in memory."""

from __future__ import annotations

from dlms.security.counters import MemoryCounterStore
from dlms.simulate.faults import Faults


class SimulatedCounters(MemoryCounterStore):
    """Counters that stand still while that fault is on."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def reserve(self, name: str, count: int = 1) -> int:
        if self._faults.wrong_counters:
            return max(self.next_value(name) - 1, 0)
        return super().reserve(name, count)

    def at_hand(self, name: str) -> int | None:
        return self.reserve(name)
