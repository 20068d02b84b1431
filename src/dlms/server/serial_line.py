"""A serial line of a server: one port, over which clients come and go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Self

from dlms.association.server.parts import Notification, Parts
from dlms.association.server.work import LOGGER
from dlms.errors import ConfigurationError, ConnectionLost
from dlms.link.iec62056_21 import MODE_C_BAUDS, Identification, answer_sign_on
from dlms.server.connection import Connection, Sessions
from dlms.server.stations import HdlcStation, Station
from dlms.transport.dialogue import run_async
from dlms.transport.serial import AsyncSerialTransport
from dlms.transport.url import Url

MANUFACTURER_LENGTH: Final = 3
LOOK: Final = 1.0
"""Seconds between two looks whether a client that signed on has left without a word."""


class SerialLine:
    """HDLC on a serial port. With `identification` a client first signs on by mode E, at 300 baud, and when its links
    are down, or it is silent, the line waits for the next one so."""

    def __init__(
        self,
        port: AsyncSerialTransport,
        sessions: Sessions,
        station: Callable[[], HdlcStation],
        wire: Callable[[Station], Station],
        identification: Identification | None,
    ) -> None:
        self._port = port
        self._sessions = sessions
        self._station = station
        self._wire = wire
        self._identification = identification
        self._connection: Connection | None = None
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._early = b""
        """What came when a connection had just ended: it is for the next one."""
        self._tasks = [asyncio.create_task(of) for of in (self._listen(), self._send())]

    @classmethod
    async def open(
        cls,
        url: Url,
        sessions: Sessions,
        station: Callable[[], HdlcStation],
        wire: Callable[[Station], Station],
    ) -> Self:
        """Open the port of a URL; raises ConnectionLost, and ConfigurationError for a speed that mode E has not."""
        own = identification(url, sessions) if url.link == "iec" else None
        port = await AsyncSerialTransport.open(url.target, url.baud)
        return cls(port, sessions, station, wire, own)

    def notify(self, device: Parts, notification: Notification) -> None:
        """Send a notification to those on this line that it is for."""
        if self._connection is not None:
            self._connection.notify(device, notification)

    async def close(self) -> None:
        """Serve nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._port.close()

    async def _listen(self) -> None:
        try:
            while True:
                if self._identification is not None:
                    await run_async(answer_sign_on(self._identification), self._port, at_meter=True)
                await self._talk()
        except ConnectionLost as error:
            LOGGER.error("%s", error)
        except Exception:
            LOGGER.exception("a serial line is served no more")

    async def _talk(self) -> None:
        """One connection, until it ends: from the sign-on on, or from its first octets, which may take any time."""
        signed_on = self._identification is not None
        octets = None if signed_on else self._early or await self._port.receive(None)
        station = self._station()
        ended = asyncio.Event()
        self._connection = connection = Connection(
            self._wire(station),
            self._sessions,
            write=self._outgoing.put_nowait,
            close=ended.set,
            hold=lambda wanted: None,
        )
        self._early = b""
        linked = False
        try:
            while not ended.is_set():
                if octets:
                    connection.receive(octets)
                linked = linked or station.links > 0
                await self._outgoing.join()  # one speaks at a time on such a line
                if linked and not station.links:
                    return
                octets = await self._port.receive(LOOK)
            self._early = octets or b""
        finally:
            self._connection = None
            connection.end()

    async def _send(self) -> None:
        while True:
            octets = await self._outgoing.get()
            with contextlib.suppress(ConnectionLost):  # whoever listens is told
                await self._port.send(octets)
            self._outgoing.task_done()


def identification(url: Url, sessions: Sessions) -> Identification:
    """What a meter says of itself when a client signs on: the letters of its name, the speed of the URL, mode E."""
    letters = next(iter(sessions.devices.values())).name.decode("ascii", "replace")
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in letters)
    able = [character for character, baud in MODE_C_BAUDS.items() if baud <= url.baud]
    if not able:
        raise ConfigurationError(f"mode E goes on at {min(MODE_C_BAUDS.values())} baud at the least, not {url.baud}")
    return Identification(name[:MANUFACTURER_LENGTH], max(able), f"\\2{name[MANUFACTURER_LENGTH:]}")
