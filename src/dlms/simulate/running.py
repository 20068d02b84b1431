"""A simulation in a thread of its own: meters for clients that block, or that live in another event loop.

with running(Simulation("european")) as simulation:
    with simulation.meters[0].connect() as meter: ...
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from dlms import client
from dlms.cosem.references import AttributeRef
from dlms.data import Data
from dlms.security.settings import Security
from dlms.simulate.faults import Faults
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.simulation import Simulation
from dlms.transport.url import with_options

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds for what is done in the thread of the simulation."""


class RunningMeter:
    """A simulated meter that is being served. Whatever is done to it is done in its own thread, between two requests.

    `meter[register.value] = DoubleLongUnsigned(7)` changes what clients read; `run` does anything else.
    """

    def __init__(self, meter: SimulatedMeter, simulation: Simulation, loop: asyncio.AbstractEventLoop) -> None:
        self.simulated = meter
        self._simulation = simulation
        self._loop = loop

    @property
    def url(self) -> str:
        """Where the client that may do the most gets in."""
        return self.description["url"]

    @property
    def security(self) -> Security:
        """What that client needs; a fresh one each time, with counters of its own above those that were used."""
        return self.run(self.simulated.prepared_security)

    @property
    def description(self) -> dict[str, str]:
        """The same as the entries of a TOML file (`dlms.connect(meter=...)`)."""
        return dict(self.run(lambda: self.simulated.description))

    def connect(self, **settings: Any) -> client.Meter:
        """A client of it; the settings are those of dlms.connect."""
        return client.connect(self.url, security=self.security, **settings)

    def connect_public(self, **settings: Any) -> client.Meter:
        """A public client (16), without authentication."""
        return client.connect(with_options(self.simulated.url, client=16, server=self.simulated.sap), **settings)

    def __setitem__(self, ref: AttributeRef[T], value: T | Data | Callable[[], Any]) -> None:
        self.run(lambda: self.simulated.device.__setitem__(ref, value))

    def __getitem__(self, ref: AttributeRef[T]) -> T | Any:
        return self.run(lambda: self.simulated.device[ref])

    @property
    def faults(self) -> Faults:
        """What is wrong with it: `meter.faults.slow = 2.0`."""
        return self.simulated.faults

    def reboot(self, *, away: float = 1.0) -> None:
        """Take its power for `away` seconds; returns when it is back."""
        asyncio.run_coroutine_threadsafe(self._simulation.reboot(self.simulated, away=away), self._loop).result(
            PATIENCE + away
        )

    def run(self, function: Callable[[], T]) -> T:
        """Have a function called in the thread of the meter; what it returns."""

        async def call() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE)


class RunningSimulation:
    """Simulated meters that are being served in another thread."""

    def __init__(self, simulation: Simulation, loop: asyncio.AbstractEventLoop) -> None:
        self.simulation = simulation
        self.meters = [RunningMeter(meter, simulation, loop) for meter in simulation.meters]


@contextmanager
def running(simulation: Simulation, url: str = "tcp://127.0.0.1:0") -> Iterator[RunningSimulation]:
    """Serve a simulation until the block ends; by default at free ports of the loopback."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="dlms simulation", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(simulation.listen(url), loop).result(PATIENCE)
        yield RunningSimulation(simulation, loop)
    finally:
        asyncio.run_coroutine_threadsafe(simulation.close(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
