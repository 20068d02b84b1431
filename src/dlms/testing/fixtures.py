"""Fixtures of pytest; import them into a conftest.py from dlms.testing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlms.simulate import Simulation
from dlms.simulate.running import RunningMeter, running


@pytest.fixture
def simulated_meter() -> Iterator[RunningMeter]:
    """A simulated European three-phase meter at a free port of the loopback, fresh for the test."""
    with running(Simulation()) as simulation:
        yield simulation.meters[0]
