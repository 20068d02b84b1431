"""The invocation counters of a simulated meter, in memory."""

from __future__ import annotations

from dlms.security.counters import MemoryCounterStore


class SimulatedCounters(MemoryCounterStore):
    """Counters that tell the highest value that any client used: what a public client reads to find its own."""

    def __init__(self) -> None:
        super().__init__()
        self.highest_received = 0

    def put_received(self, name: str, value: int) -> None:
        super().put_received(name, value)
        self.highest_received = max(value, self.highest_received)
