"""The soak of the CI, for a moment; and that it sees what it is there to see."""

from __future__ import annotations

import asyncio

import soak
from dlms.testing import simulated


def test_some_meters_read_for_a_moment() -> None:
    with simulated(meters=10) as simulation:
        urls = [meter.url for meter in simulation.meters]
        figures = asyncio.run(soak.soak(urls, simulation.meters[0].security, 1.5, {}))
    assert figures.failures() == []
    assert figures.sessions >= 10


def test_errors_and_growth_are_failures() -> None:
    with simulated() as simulation:
        simulation.meters[0].faults.wrong_counters = True
        security = simulation.meters[0].security
        figures = asyncio.run(soak.soak([simulation.meters[0].url], security, 0.2, {}))
    assert len(figures.failures()) >= 1
    assert "no session" in soak.Figures().failures()
    grown = soak.Figures(sessions=1, memory={"meters": [at << 20 for at in range(100)]})
    assert grown.failures() == [f"meters grew by {30 << 20} octets"]
    assert soak.Figures(sessions=1, memory={"meters": [0, 50 << 20, *[60 << 20] * 98]}).failures() == []
