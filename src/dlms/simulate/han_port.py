"""A port that only talks: a meter that pushes telegrams to whoever connects, and to one more destination."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Sequence
from typing import Final

from dlms.apdu import encode
from dlms.apdu.notification import DataNotification
from dlms.association.server.parts import Push
from dlms.errors import ConfigurationError, DlmsError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.server.pushing import carry, framed
from dlms.simulate.faults import FaultyMeter
from dlms.simulate.meter import SimulatedMeter
from dlms.simulate.model import DeclaredPush
from dlms.transport.url import Url

LOGGER: Final = logging.getLogger(__name__)
INVOKE_ID: Final = 0x40000000
"""A confirmed service, as such meters say, though nobody answers."""
LISTENER: Final = 32
"""The client address that telegrams go to."""
HDLC: Final = HdlcSettings(information_transmit=2030)
TIMEOUT: Final = 2.0
AT_ONCE: Final = 1e-3
"""Seconds between two lists that are due at the same time, by periods that no float is equal to."""
LEFT_LYING: Final = 1 << 16
"""Octets that somebody connected may leave unread."""


class HanPort:
    """Pushes what the model of a meter declares, when it is due. The faults of the meter are seen here too.

    `time` gives the world's time in seconds since 1970. `destination` (tcp://, udp:// or hdlc+tcp://) is connected to
    for each telegram.
    """

    def __init__(self, meter: SimulatedMeter, *, time: Callable[[], float], destination: str | None = None) -> None:
        self._meter = meter
        self._time = time
        self._destination = destination
        self._faulty = FaultyMeter(meter.faults, meter.seed)
        self._listening: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._task: asyncio.Task[None] | None = None
        self._url = Url.parse("tcp://127.0.0.1")

    async def listen(self, url: str) -> str:
        """Take connections at a URL, tcp:// or hdlc+tcp://; the URL to connect to is returned."""
        self._url = wanted = Url.parse(url, "listen")
        if wanted.scheme != "tcp":
            raise ConfigurationError(f"a meter that pushes listens at tcp:// or hdlc+tcp://, not at {url}")
        self._listening = await asyncio.start_server(self._take, wanted.host, wanted.port)
        self._task = asyncio.get_running_loop().create_task(self._push_on())
        scheme, host = url.partition("://")[0], f"[{wanted.host}]" if ":" in wanted.host else wanted.host
        return f"{scheme}://{host}:{self._listening.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop pushing and end every connection."""
        if self._task is not None:
            self._task.cancel()
        for writer in self._writers:
            writer.transport.abort()
        if self._listening is not None:
            self._listening.close()
            await self._listening.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whatever is sent to the port is passed over."""
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError):
                while await reader.read(4096):
                    pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _push_on(self) -> None:
        pushes = self._meter.model.pushes
        numbers = [math.floor(self._time() / push.period) + 1 for push in pushes]  # of their periods, each
        while True:
            due = min(number * push.period for number, push in zip(numbers, pushes, strict=True))
            await asyncio.sleep(max(due - self._time(), 0.0) + self._meter.faults.slow)
            lists = []
            for at, push in enumerate(pushes):
                if numbers[at] * push.period < due + AT_ONCE:
                    numbers[at] += 1
                    lists.append(push)
            if not self._meter.faults.silent:
                try:
                    await self._push(lists)
                except DlmsError:
                    LOGGER.exception("a list of %s could not be pushed", self._meter.name)

    async def _push(self, lists: Sequence[DeclaredPush]) -> None:
        """The longest list that is due stands for the shorter ones."""
        if not self._writers and self._destination is None:
            return
        body = max(lists, key=lambda push: push.period).body(self._meter)
        apdu = encode(DataNotification(INVOKE_ID, None, body))
        push = Push(apdu, self._destination or "", LISTENER, self._meter.sap, lambda sent: None)
        octets = self._faulty.garbled(framed(push, self._url, HDLC))
        for writer in self._writers:
            if writer.transport.get_write_buffer_size() > LEFT_LYING:
                writer.transport.abort()
            elif not writer.is_closing():
                writer.write(octets)
        if self._destination is not None:
            await carry(push, HDLC, TIMEOUT)
