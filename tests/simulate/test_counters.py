"""The counters of a simulated meter rise, whatever happens to the process that simulates it."""

from __future__ import annotations

from dlms.simulate import MODELS, SimulatedMeter


def test_a_meter_that_starts_anew_repeats_no_counter() -> None:
    now = 1_800_000_000.0
    before = SimulatedMeter(MODELS["european"], time=lambda: now)
    name = "whatever key"
    used = [before.counters.reserve(name) for _ in range(20)]
    now += 10
    after = SimulatedMeter(MODELS["european"], time=lambda: now)
    assert after.counters.reserve(name) > used[-1]
