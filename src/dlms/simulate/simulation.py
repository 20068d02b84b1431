"""Many simulated meters in one event loop: where each listens, and what is done to all of them."""

from __future__ import annotations

import time as _time
from collections.abc import Callable
from typing import Self

from dlms.errors import ConfigurationError
from dlms.server import Server, ServerLimits
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.model import Model, TestKeys
from dlms.simulate.models import EUROPEAN, MODELS
from dlms.transport.url import Url

LAST_PORT = 0xFFFF
LAST_SAP = 0x3FFF


class Simulation:
    """Meters of one model, the same for the same seed.

        async with Simulation("european", meters=100, seed=1) as simulation:
            await simulation.listen("tcp://127.0.0.1:4059")      # ports 4059 to 4158
            simulation.meters[0].device[Register("1.0.1.8.0.255").value] = DoubleLongUnsigned(7)

    `together` puts them all on one port, as logical devices 1, 2, 3 ... of one physical device. `time` gives the
    world's time, in seconds since 1970. Everything happens in the event loop of `listen`.
    """

    def __init__(
        self, model: Model | str = EUROPEAN, *, meters: int = 1, seed: int = 0, together: bool = False,
        time: Callable[[], float] = _time.time, keys: TestKeys | None = None, limits: ServerLimits | None = None,
    ) -> None:  # fmt: skip
        if isinstance(model, str):
            if model not in MODELS:
                raise ConfigurationError(f"no model is named {model:.40}: {', '.join(MODELS)}")
            model = MODELS[model]
        if not 1 <= meters <= (LAST_SAP if together else LAST_PORT):
            raise ConfigurationError(f"{meters} meters are too many or too few")
        self.model = model
        self.together = together
        self.meters = [
            SimulatedMeter(model, number, seed=seed, time=time, sap=number if together else 1, keys=keys)
            for number in range(1, meters + 1)
        ]
        self._limits = limits
        self._servers: list[Server] = []

    async def listen(self, url: str = "tcp://127.0.0.1:4059") -> str:
        """Listen: each meter at a port of its own, from that of the URL on (0: any free ones), or all at one. The URL
        of the first is returned; each meter has its own in `url`."""
        wanted = Url.parse(url)
        count = 1 if self.together else len(self.meters)
        if wanted.port and wanted.port + count - 1 > LAST_PORT:
            raise ConfigurationError(f"{count} meters from port {wanted.port} on need ports beyond {LAST_PORT}")
        if self.together:
            first = self.meters[0]
            server = self._server(first)
            at = await server.listen(url, [meter.device for meter in self.meters])
            for meter in self.meters:
                meter.url = at
            return at
        for offset, meter in enumerate(self.meters):
            port = wanted.port + offset if wanted.port else 0
            meter.url = await self._server(meter).listen(_at_port(url, wanted, port), meter.device)
        return self.meters[0].url

    def _server(self, meter: SimulatedMeter) -> Server:
        server = Server(limits=self._limits, random=meter.random.randbytes)
        self._servers.append(server)
        return server

    async def close(self) -> None:
        """Stop listening and end every connection."""
        servers, self._servers = self._servers, []
        for server in servers:
            await server.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _at_port(url: str, wanted: Url, port: int) -> str:
    """The URL with another port."""
    if wanted.scheme == "pair":
        return url
    scheme = url.partition("://")[0]
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    query = url.partition("?")[2]
    return f"{scheme}://{host}:{port}" + (f"?{query}" if query else "")
