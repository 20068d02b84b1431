"""The server: where it listens, and the connections that it has."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Self, cast

from dlms.association.server.association import RandomOctets
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.parts import Notification, Parts, Push
from dlms.association.server.session import SessionLimits
from dlms.cosem.classes import SapAssignment
from dlms.cosem.classes.associations import SapAssignmentListElement
from dlms.errors import ConfigurationError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.server.connection import Connection, ServerLimits, Sessions
from dlms.server.pushing import carry
from dlms.server.serial_line import SerialLine
from dlms.server.stations import HdlcStation, Station, WrapperStation
from dlms.server.ticking import Ticking
from dlms.transport import loopback
from dlms.transport.url import SERIAL_SCHEMES, Url

READ_SIZE = 4096
MANAGEMENT = 1
MOST_PUSHES = 64
"""That are being carried at a time: nobody may answer where a client wants them to go."""
SAP_ASSIGNMENT = SapAssignment("0.0.41.0.0.255")


class Server:
    """Serves logical devices to whoever connects.

    `devices` are those of one physical device: they share every line, told apart by SAP. The one with SAP 1, if there
    is one, lists them all (SAP assignment). Several physical devices are several places to listen at, each with its
    own `devices`. Everything happens in the event loop of `listen`. Time passes for the parts of a device (dlms.device)
    while it is listened for: `time` gives them POSIX seconds. `wire` may put something between each line and the
    meter's end of it, such as faults.
    """

    def __init__(
        self,
        devices: LogicalDevice | Iterable[LogicalDevice] = (),
        *,
        limits: ServerLimits | None = None,
        session_limits: SessionLimits | None = None,
        hdlc: HdlcSettings | None = None,
        random: RandomOctets = os.urandom,
        time: Callable[[], float] = time.time,
        wire: Callable[[Station], Station] = lambda station: station,
    ) -> None:
        self._devices = _listed(devices)
        self._limits = limits or ServerLimits()
        self._session_limits = session_limits or SessionLimits()
        self._hdlc = hdlc or HdlcSettings()
        self._random = random
        self._time = time
        self._wire = wire
        self._ticking: dict[LogicalDevice, Ticking] = {}
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[_Datagrams] = []
        self._pairs: list[str] = []
        self._lines: list[SerialLine] = []
        self._connections: set[_StreamConnection] = set()
        self._pushes: set[asyncio.Task[None]] = set()
        self._closed = asyncio.Event()

    async def listen(
        self,
        url: str = "tcp://127.0.0.1:4059",
        devices: LogicalDevice | Iterable[LogicalDevice] | Callable[[], Iterable[LogicalDevice]] = (),
    ) -> str:
        """Listen at a URL: tcp://, hdlc+tcp://, udp://, pair://, hdlc+serial:// or iec+serial:// (sign-on of mode E) or
        whatever else pyserial opens; the URL that a client connects to is returned (port 0 takes any free one).

        `physical` in an HDLC URL is the lower address that is answered. Without `devices`, those of the server are
        served. A function that gives them is asked when somebody connects: until then they need not be there, and do
        nothing by themselves."""
        wanted = Url.parse(url, "listen")
        if not callable(devices):
            served = _listed(devices) or self._devices
            if not served:
                raise ConfigurationError("there is no logical device to serve")
            self._tick(served)

        def met() -> list[LogicalDevice]:
            if not callable(devices):
                return served
            found = _listed(devices())
            self._tick(found)
            return found

        sessions = Sessions(met, self._limits, self._session_limits, self._random)
        scheme = wanted.scheme if wanted.link == "wrapper" else f"{wanted.link}+{wanted.scheme}"

        def protocol() -> _StreamConnection:
            return _StreamConnection(self, sessions, self._station(wanted, sessions))

        loop = asyncio.get_running_loop()
        if wanted.scheme in SERIAL_SCHEMES:
            line = await SerialLine.open(wanted, sessions, lambda: self._hdlc_station(wanted, sessions), self._wire)
            self._lines.append(line)
            return url
        if wanted.scheme == "pair":
            self._listen_in_process(wanted.target, protocol, loop)
            return url
        if wanted.scheme == "udp":
            transport, datagrams = await loop.create_datagram_endpoint(
                lambda: _Datagrams(sessions, lambda: self._station(wanted, sessions)),
                local_addr=(wanted.host, wanted.port),
            )
            self._datagrams.append(datagrams)
            port = transport.get_extra_info("sockname")[1]
        else:
            server = await loop.create_server(protocol, wanted.host, wanted.port)
            self._servers.append(server)
            port = server.sockets[0].getsockname()[1]
        host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
        return f"{scheme}://{host}:{port}"

    async def serve_forever(self) -> None:
        """Wait until the server is closed."""
        await self._closed.wait()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        for ticking in self._ticking.values():
            ticking.close()
        for push in self._pushes:
            push.cancel()
        for server in self._servers:
            server.close()
        for datagrams in self._datagrams:
            datagrams.close()
        for name in self._pairs:
            loopback.silence(name)
        for connection in list(self._connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        for line in self._lines:
            await line.close()
        self._ticking.clear()
        self._servers.clear()
        self._datagrams.clear()
        self._pairs.clear()
        self._lines.clear()
        self._closed.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def connections(self) -> int:
        """How many connections are open; by UDP, how many addresses have an association."""
        return len(self._connections) + sum(datagrams.connections for datagrams in self._datagrams)

    def full(self) -> bool:
        """Whether no further stream is taken."""
        return len(self._connections) >= self._limits.connections

    def _tick(self, devices: Iterable[LogicalDevice]) -> None:
        for device in devices:
            if device not in self._ticking:
                self._ticking[device] = Ticking(
                    device, time=self._time, deliver=self._deliver, timeout=self._limits.function_timeout
                )

    def _deliver(self, device: Parts) -> None:
        while device.notifications:
            message = device.notifications.popleft()
            if isinstance(message, Push):
                if len(self._pushes) == MOST_PUSHES:
                    message.sent(False)
                    continue
                task = asyncio.get_running_loop().create_task(self._carry(message))
                self._pushes.add(task)
                task.add_done_callback(self._pushes.discard)
                continue
            for connection in list(self._connections):
                connection.notify(device, message)
            for datagrams in self._datagrams:
                datagrams.notify(device, message)
            for line in self._lines:
                line.notify(device, message)

    async def _carry(self, push: Push) -> None:
        push.sent(await carry(push, self._hdlc, self._limits.function_timeout))

    def _station(self, url: Url, sessions: Sessions) -> Station:
        if url.link == "hdlc":
            return self._wire(self._hdlc_station(url, sessions))
        return self._wire(WrapperStation(self._limits.longest_apdu, datagrams=url.scheme == "udp"))

    def _hdlc_station(self, url: Url, sessions: Sessions) -> HdlcStation:
        longest = min(self._hdlc.longest_apdu, self._limits.longest_apdu)
        settings = replace(self._hdlc, longest_apdu=longest)
        saps = frozenset(sessions.devices)
        return HdlcStation(saps, settings, physical=url.physical, most_links=self._limits.lines)

    def _listen_in_process(
        self, name: str, protocol: Callable[[], _StreamConnection], loop: asyncio.AbstractEventLoop
    ) -> None:
        def accept(ours: socket.socket) -> None:
            ours.setblocking(False)
            asyncio.run_coroutine_threadsafe(loop.connect_accepted_socket(protocol, ours), loop)

        loopback.listen(name, accept)
        self._pairs.append(name)


def _listed(devices: LogicalDevice | Iterable[LogicalDevice]) -> list[LogicalDevice]:
    """The devices of one physical device, the management one with the list of them all."""
    listed = [devices] if isinstance(devices, LogicalDevice) else list(devices)
    if len({device.sap for device in listed}) < len(listed):
        raise ConfigurationError("two logical devices have one SAP")
    counted = {device.system_title: device.counters for device in listed if device.system_title is not None}
    if any(device.system_title in counted and device.counters is not counted[device.system_title] for device in listed):
        raise ConfigurationError("logical devices of one system title count together: give them the same `counters`")
    assignment = [SapAssignmentListElement(device.sap, device.name) for device in listed]
    for device in listed:
        if device.sap == MANAGEMENT and SAP_ASSIGNMENT.sap_assignment_list not in device:
            device[SAP_ASSIGNMENT.sap_assignment_list] = assignment
    return listed


class _StreamConnection(asyncio.BufferedProtocol):
    """A TCP connection, or one within the process."""

    def __init__(self, server: Server, sessions: Sessions, station: Station) -> None:
        self._server = server
        self._sessions = sessions
        self._station = station
        self._buffer = bytearray(READ_SIZE)
        self._transport: asyncio.Transport | None = None
        self._connection: Connection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # asyncio gives streams nothing else
        self._transport = transport
        if self._server.full():
            transport.abort()
            return
        self._server._connections.add(self)
        self._connection = Connection(
            self._station, self._sessions, write=transport.write, close=self._close, hold=self._hold
        )

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._connection is not None:
            with memoryview(self._buffer) as view:
                octets = bytes(view[:nbytes])
            self._connection.receive(octets)

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        """A client that does not read is not read from either."""
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        if self._connection is not None:
            self._connection.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._connections.discard(self)
        if self._connection is not None:
            self._connection.end()

    def notify(self, device: Parts, notification: Notification) -> None:
        """Send a notification to those on this connection that it is for."""
        if self._connection is not None:
            self._connection.notify(device, notification)

    def abort(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()

    def _close(self) -> None:
        """End; at once if the client has left its answers lying, for they would never go."""
        assert self._transport is not None  # noqa: S101  # who asks for it has one
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def _hold(self, wanted: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if wanted:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()


class _Datagrams(asyncio.DatagramProtocol):
    """UDP: whoever sends from one address is one connection, for as long as it has an association.

    Addresses can be made up. So nothing is kept of who asks for no association, and where there are too many who do,
    one that has none yet makes room, else one that never proved itself. What nobody waits for is lost, as datagrams may
    be: it comes while requests of that address wait already, or while answers cannot leave.
    """

    def __init__(self, sessions: Sessions, station: Callable[[], Station]) -> None:
        self._sessions = sessions
        self._station = station
        self._connections: dict[object, Connection] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        connection = self._connections.get(addr)
        if self._full or (connection is not None and connection.held):
            return
        if connection is None:
            if len(self._connections) >= self._sessions.limits.connections and not self._forget_one():
                return
            connection = self._connections[addr] = self._open(addr)
        connection.receive(data)
        if connection.idle:
            self._end(addr)

    @property
    def connections(self) -> int:
        """How many addresses there are."""
        return len(self._connections)

    def _forget_one(self) -> bool:
        for stays in (attrgetter("associated"), attrgetter("proven")):
            for addr, connection in self._connections.items():
                if not stays(connection):
                    self._end(addr)
                    return True
        return False

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False

    def _end(self, addr: object) -> None:
        connection = self._connections.pop(addr, None)
        if connection is not None:
            connection.end()

    def _open(self, addr: tuple[str | int, ...]) -> Connection:
        transport = self._transport
        assert transport is not None  # noqa: S101  # connection_made came first

        return Connection(
            self._station(), self._sessions,
            write=lambda octets: transport.sendto(octets, addr), close=lambda: self._end(addr),
            hold=lambda wanted: None,
        )  # fmt: skip

    def connection_lost(self, exc: Exception | None) -> None:
        for connection in list(self._connections.values()):
            connection.end()
        self._connections.clear()

    def error_received(self, exc: Exception) -> None:
        """An address that cannot be reached: its client is silent, and that is dealt with."""

    def notify(self, device: Parts, notification: Notification) -> None:
        """Send a notification to those that it is for."""
        for connection in self._connections.values():
            connection.notify(device, notification)

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()
