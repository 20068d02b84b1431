"""Many simulated meters in one event loop: where each listens, and what is done to all of them."""

from __future__ import annotations

import asyncio
import itertools
import time as _time
from collections.abc import Callable
from dataclasses import replace
from typing import Self

import numpy as np

from dlms.errors import ConfigurationError
from dlms.server import Server, ServerLimits
from dlms.server.pushing import destination_of
from dlms.simulate.faults import Faults, FaultyMeter, FaultyStation
from dlms.simulate.han_port import HanPort
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.model import Happening, KnownKeys, Model
from dlms.simulate.models import EUROPEAN, MODELS
from dlms.simulate.noise import noise
from dlms.transport.url import Url

LAST_PORT = 0xFFFF
LAST_SAP = 0x3FFF
CHANCES_EVERY = 0.5
"""Seconds between two chances of a reboot."""


class Simulation:
    """Meters of one model, the same for the same seed.

        async with Simulation("european", meters=100, seed=1) as simulation:
            await simulation.listen("tcp://127.0.0.1:4059")      # ports 4059 to 4158
            simulation.meters[0].device[Register("1.0.1.8.0.255").value] = DoubleLongUnsigned(7)

    `together` puts them all on one port, as logical devices 1, 2, 3 ... of one physical device. `time` gives the
    world's time, in seconds since 1970. `faults` are what is wrong with every meter to begin with. Models that push
    do so to `destination`, too. Everything happens in the event loop of `listen`.
    """

    def __init__(
        self, model: Model | str = EUROPEAN, *, meters: int = 1, seed: int = 0, together: bool = False,
        faults: Faults | None = None, time: Callable[[], float] = _time.time, keys: KnownKeys | None = None,
        limits: ServerLimits | None = None, destination: str | None = None,
    ) -> None:  # fmt: skip
        if isinstance(model, str):
            if model not in MODELS:
                raise ConfigurationError(f"no model is named {model:.40}: {', '.join(MODELS)}")
            model = MODELS[model]
        if not 1 <= meters <= (LAST_SAP if together else LAST_PORT):
            raise ConfigurationError(f"{meters} meters are too many or too few")
        if model.pushes and together:
            raise ConfigurationError("meters that push have a port each")
        if destination is not None:
            if not model.pushes:
                raise ConfigurationError(f"{model.title}s push nothing by themselves")
            destination_of(destination)
        self.model = model
        self.together = together
        self.meters = [
            SimulatedMeter(
                model,
                number,
                seed=seed,
                time=time,
                sap=number if together else 1,
                keys=keys,
                faults=replace(faults or Faults()),
            )
            for number in range(1, meters + 1)
        ]
        self._limits = limits
        self._time = time
        self._destination = destination
        self._servers: dict[int, Server | HanPort] = {}
        """By the number of the first meter that it serves."""
        self._listened: dict[int, str] = {}
        """Where, by the same number, with the port that was free."""
        self._away: set[asyncio.Task[None]] = set()
        self._closed = False

    async def listen(self, url: str = "tcp://127.0.0.1:4059") -> str:
        """Listen: each meter at a port of its own, from that of the URL on (0: any free ones), or all at one. The URL
        of the first is returned; each meter has its own in `url`. A line without ports, a serial one say, is taken by
        one meter, or by all `together`."""
        wanted = Url.parse(url, "listen")
        places = self._places()
        if wanted.scheme not in ("tcp", "udp"):
            if len(places) > 1:
                raise ConfigurationError(f"{len(places)} meters on one line are simulated together")
            await self._listen(places[0], url)
            return self.meters[0].url
        if wanted.port and wanted.port + len(places) - 1 > LAST_PORT:
            raise ConfigurationError(f"{len(places)} meters from port {wanted.port} on need ports beyond {LAST_PORT}")
        for offset, meters in enumerate(places):
            await self._listen(meters, _at_port(url, wanted, wanted.port + offset if wanted.port else 0))
        return self.meters[0].url

    async def _listen(self, meters: list[SimulatedMeter], url: str) -> None:
        at = await self._serve(meters, url)
        query = url.partition("?")[2]
        self._listened[meters[0].number] = at if "?" in at or not query else f"{at}?{query}"
        for meter in meters:
            meter.url = at

    def _places(self) -> list[list[SimulatedMeter]]:
        """The meters, grouped by the port that they share."""
        return [self.meters] if self.together else [[meter] for meter in self.meters]

    async def _serve(self, meters: list[SimulatedMeter], url: str) -> str:
        if self.model.pushes:
            port = HanPort(meters[0], time=self._time, destination=self._destination)
            self._servers[meters[0].number] = port
            return await port.listen(url)
        faulty = {meter.sap: FaultyMeter(meter.faults, meter.seed) for meter in meters}
        first = meters[0]
        server = Server(
            limits=self._limits, random=first.random.randbytes, time=self._time,
            wire=lambda station: FaultyStation(station, faulty),
        )  # fmt: skip
        self._servers[first.number] = server
        return await server.listen(url, lambda: [meter.device for meter in meters])

    async def reboot(self, meter: SimulatedMeter, *, away: float = 1.0) -> None:
        """Take the power from a meter, and with it from all that share its port: connections and associations are
        gone, and for `away` seconds nothing listens. Values, keys and counters stay; the event logs tell of it."""
        meters = next(place for place in self._places() if meter in place)
        server = self._servers.pop(meters[0].number, None)
        if server is None:
            return  # it is away already
        for each in meters:
            each.happened(Happening.POWER_DOWN)
        await server.close()
        await asyncio.sleep(away)
        if self._closed:
            return
        for each in meters:
            each.happened(Happening.POWER_UP)
        await self._serve(meters, self._listened[meters[0].number])

    async def reboot_by_chance(self) -> None:
        """Reboot meters for ever, each after the `reboot` seconds of its faults, more or less."""
        for count in itertools.count():
            for meter in self.meters:
                every = meter.faults.reboot
                if every and noise(meter.seed + 6, np.array([count]))[0] < CHANCES_EVERY / every:
                    task = asyncio.get_running_loop().create_task(self.reboot(meter))
                    self._away.add(task)
                    task.add_done_callback(self._away.discard)
            await asyncio.sleep(CHANCES_EVERY)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self._closed = True
        for task in self._away:
            task.cancel()
        servers, self._servers = self._servers, {}
        for server in servers.values():
            await server.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _at_port(url: str, wanted: Url, port: int) -> str:
    """The URL with another port."""
    scheme = url.partition("://")[0]
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    query = url.partition("?")[2]
    return f"{scheme}://{host}:{port}" + (f"?{query}" if query else "")
