"""Simulated meters: models as declarations, load curves that look alive, the same for the same seed.

    async with Simulation("european", meters=1000, seed=1) as simulation:
        print(await simulation.listen("tcp://127.0.0.1:4059"))

`dlms simulate` does so on the command line; dlms.testing gives a simulated meter to a test.
"""

from __future__ import annotations

from dlms.simulate.faults import Faults
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.model import KnownKeys, Model
from dlms.simulate.models import MODELS
from dlms.simulate.simulation import Simulation

__all__ = ["MODELS", "Faults", "KnownKeys", "Model", "SimulatedMeter", "Simulation"]
