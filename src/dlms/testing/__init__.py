"""For tests of what talks to meters: a simulated meter as a pytest fixture, and as a context manager; a capture played
back as a scripted meter (`dlms.testing.playback`).

In conftest.py, `from dlms.testing import simulated_meter`; then

    def test_it_is_read(simulated_meter):
        simulated_meter[Register("1.0.1.8.0.255").value] = DoubleLongUnsigned(4711)
        with simulated_meter.connect() as meter:
            assert meter.get(Register("1.0.1.8.0.255").value) == 4711

`simulated_meter` is a European three-phase meter with ciphering, fresh for every test, always the same. Its `url` and
`security` (or `description`, the table of a meter's TOML file) are for a client of one's own; `simulated_meter.run`
calls a function in the meter's thread. Without pytest, or for other models and more of them:

    with simulated("indian", meters=10, seed=3) as simulation:
        for each in simulation.meters: ...
"""

from __future__ import annotations

import time as _time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlms.simulate import Model, Simulation
from dlms.simulate.running import RunningMeter, RunningSimulation, running
from dlms.testing.playback import Playback, PlaybackMismatch
from dlms.transport.capture import CaptureFile

if TYPE_CHECKING:
    from dlms.testing.fixtures import simulated_meter

__all__ = [
    "CaptureFile",
    "Playback",
    "PlaybackMismatch",
    "RunningMeter",
    "RunningSimulation",
    "simulated",
    "simulated_meter",
]


@contextmanager
def simulated(
    model: Model | str = "european", *, meters: int = 1, seed: int = 0, together: bool = False,
    url: str = "tcp://127.0.0.1:0", time: Callable[[], float] = _time.time,
) -> Iterator[RunningSimulation]:  # fmt: skip
    """Simulated meters, served in a thread until the block ends. The arguments are those of dlms.simulate.Simulation;
    `url` is that of the first meter, port 0 any free ones."""
    with running(Simulation(model, meters=meters, seed=seed, together=together, time=time), url) as simulation:
        yield simulation


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name == "simulated_meter":  # needs pytest, which not everybody has
        return import_module("dlms.testing.fixtures").simulated_meter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
