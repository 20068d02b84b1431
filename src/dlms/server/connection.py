"""One connection of a server: a line, the sessions on it, and what asyncio has to do for them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dlms.association.server.association import RandomOctets, State
from dlms.association.server.back_off import BackOff
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.parts import Notification, Parts
from dlms.association.server.session import ServerSession, SessionLimits
from dlms.association.server.work import LOGGER, Work
from dlms.errors import DlmsError
from dlms.server.stations import Ended, Line, Request, Station
from dlms.service_errors import OtherReason, TemporaryFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """What peers may take of a server; seconds.

    `connections`: open at a time. `half_open_timeout`: how long one may stay without an association.
    `inactivity_timeout`: how long one may be silent. `function_timeout`: how long an async function of a device may
    take before temporary-failure is answered. `lines`: clients and logical devices on one connection.
    `waiting_requests`: requests of one connection that may wait; then nothing more is read. `longest_apdu` in octets.
    A failed authentication closes the door of that client for `first_back_off`, each further one in a row for twice as
    long, up to `longest_back_off`.
    """

    connections: int = 1000
    half_open_timeout: float = 30.0
    inactivity_timeout: float = 300.0
    function_timeout: float = 10.0
    lines: int = 16
    waiting_requests: int = 16
    longest_apdu: int = 0xFFFF
    first_back_off: float = 1.0
    longest_back_off: float = 300.0


class Sessions:
    """What the connections of one place to listen at share: the devices, the limits, failures of clients. `devices` is
    asked for them when there is a first connection."""

    def __init__(
        self,
        devices: Callable[[], Iterable[LogicalDevice]],
        limits: ServerLimits,
        session_limits: SessionLimits,
        random: RandomOctets,
    ) -> None:
        self._devices = devices
        self.limits = limits
        self._session_limits = session_limits
        self._random = random
        self._back_offs: dict[tuple[int, int], BackOff] = {}

    @cached_property
    def devices(self) -> Mapping[int, LogicalDevice]:
        """The logical devices by their SAPs."""
        return {device.sap: device for device in self._devices()}

    def open(self, line: Line) -> ServerSession | None:
        """A session for a client; None where there is no such logical device."""
        device = self.devices.get(line.server)
        if device is None:
            return None
        back_off = None
        if line.client in device.clients:
            fresh = BackOff(self.limits.first_back_off, self.limits.longest_back_off)
            back_off = self._back_offs.setdefault((line.server, line.client), fresh)
        return ServerSession(device, line.client, random=self._random, limits=self._session_limits, back_off=back_off)


class Connection:
    """One line of a server in an event loop. `write` sends octets, `close` ends the connection, `hold` stops reading
    (True) or goes on (False). While the client does not read its answers, no request of it is taken."""

    def __init__(
        self,
        station: Station,
        sessions: Sessions,
        *,
        write: Callable[[bytes], None],
        close: Callable[[], None],
        hold: Callable[[bool], None],
    ) -> None:
        self._station = station
        self._shared = sessions
        self._write = write
        self._close = close
        self._hold = hold
        self._loop = asyncio.get_running_loop()
        self._sessions: dict[Line, ServerSession] = {}
        self._waiting: deque[Request | Ended] = deque()
        self._holding = False
        self._unread = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self._last_active = self._opened = self._loop.time()
        self._set_timer()

    def receive(self, octets: bytes) -> None:
        """Take octets from the transport."""
        self._last_active = now = self._loop.time()
        self._station.receive(octets, now)
        self._go_on()

    def end(self) -> None:
        """The transport is gone."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._loop.call_soon(self._task.cancel)  # by then it has begun: what never did is complained of
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()
        self._waiting.clear()

    def pause_writing(self) -> None:
        """The client leaves its answers lying."""
        self._unread = True
        self._hold_or_go_on()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._unread = False
        self._go_on()

    @property
    def associated(self) -> bool:
        """Whether anybody on this line has an association."""
        return any(session.state is State.ASSOCIATED for session in self._sessions.values())

    @property
    def idle(self) -> bool:
        """Whether nothing would be lost with this connection: no association, open or pending, and no request."""
        states = {session.state for session in self._sessions.values()}
        return self._task is None and not self._waiting and states <= {State.NON_ASSOCIATED}

    @property
    def proven(self) -> bool:
        """Whether anybody on this line has shown that he knows a secret."""
        return any(of is not None and of.proven for of in (each.association for each in self._sessions.values()))

    @property
    def held(self) -> bool:
        """Whether nothing more is to be read for now."""
        return self._holding

    @property
    def sessions(self) -> Mapping[Line, ServerSession]:
        """The sessions on this line."""
        return self._sessions

    def notify(self, device: Parts, notification: Notification) -> None:
        """Send a notification of a device to those clients on this line that it is for and that take such; to none
        while they leave what they asked for lying."""
        if self._unread:
            return
        for line, session in self._sessions.items():
            if self._shared.devices.get(line.server) is not device:
                continue
            if notification.client not in (None, line.client) or not session.takes(notification.message):
                continue
            try:
                self._station.notify(line, session.notification(notification.message), self._loop.time())
            except DlmsError as error:
                LOGGER.warning("client %d is not notified: %s", line.client, error)
        self._flush()

    # ---- requests -------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        self._waiting.extend(self._station.events())
        while self._waiting and self._task is None and not (self._ended or self._unread):
            self._take(self._waiting.popleft())
            self._waiting.extend(self._station.events())
            self._flush()
        self._flush()
        self._hold_or_go_on()
        self._set_timer()

    def _hold_or_go_on(self) -> None:
        wanted = self._unread or len(self._waiting) > self._shared.limits.waiting_requests
        if wanted is not self._holding and not self._ended:
            self._holding = wanted
            self._hold(wanted)

    def _take(self, event: Request | Ended) -> None:
        session = self._sessions.get(event.line)
        if isinstance(event, Ended):
            if session is not None:
                session.close()
                del self._sessions[event.line]
            return
        if session is None:
            if len(self._sessions) >= self._shared.limits.lines and not self._forget_one():
                return
            session = self._shared.open(event.line)
            if session is None:
                return
            self._sessions[event.line] = session
        work = session.respond(event.octets, self._loop.time())
        try:
            awaitable = next(work)
        except StopIteration as done:
            self._answer(event.line, done.value)
        else:
            self._task = self._loop.create_task(self._finish(event.line, work, awaitable))

    def _forget_one(self) -> bool:
        """Make room: a session without an association is as good as none."""
        for line, session in self._sessions.items():
            if session.state is State.NON_ASSOCIATED:
                del self._sessions[line]
                return True
        return False

    def _answer(self, line: Line, apdus: Sequence[bytes]) -> None:
        if apdus or all(event.line != line for event in self._waiting):  # else the next one may have an answer
            self._station.send(line, apdus, self._loop.time())

    async def _finish(self, line: Line, work: Work[list[bytes]], awaitable: Awaitable[Any]) -> None:
        """Go on with a request whose function is async."""
        try:
            self._answer(line, await driven(work, awaitable, self._shared.limits.function_timeout))
        except asyncio.CancelledError:
            work.close()
            raise
        finally:
            self._task = None
        self._last_active = self._loop.time()
        self._go_on()

    def _flush(self) -> None:
        octets = self._station.octets_to_send()
        if octets and not self._ended:
            self._write(octets)

    # ---- time -----------------------------------------------------------------------------------------------------

    def _next_timer(self) -> float | None:
        timers = [at for session in self._sessions.values() if (at := session.next_timer()) is not None]
        if self._task is None:
            timers.append(self._silent_until())
        at = self._station.next_timer()
        return min(timers if at is None else [*timers, at], default=None)

    def _silent_until(self) -> float:
        """When the connection ends, if nothing comes until then."""
        limits = self._shared.limits
        inactive = self._last_active + limits.inactivity_timeout
        if self.associated:
            return inactive
        return min(inactive, max(self._opened, self._associated_until) + limits.half_open_timeout)

    _associated_until = float("-inf")

    def _set_timer(self) -> None:
        if self._ended:
            return
        if self.associated:
            self._associated_until = self._loop.time()
        at = self._next_timer()
        if at is None:
            return  # a function of the device is at work, and looks when it is done
        if self._timer is not None:
            if self._timer.when() <= at:
                return  # it will look again
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self._task is None and now >= self._silent_until():
            self._close()
            return
        self._station.tick(now)
        for session in self._sessions.values():
            session.tick(now)
        self._go_on()


async def driven(work: Work[list[bytes]], awaitable: Awaitable[Any], timeout: float) -> list[bytes]:
    """The answers of a request, its awaitables awaited for `timeout` seconds each."""
    try:
        while True:
            try:
                async with asyncio.timeout(timeout):
                    result = await awaitable
            except TimeoutError:
                awaitable = work.throw(TemporaryFailure())
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                LOGGER.error("a function of the device was cancelled")  # by something of its own
                awaitable = work.throw(OtherReason())
            except Exception as error:
                awaitable = work.throw(error)
            else:
                awaitable = work.send(result)
    except StopIteration as done:
        answers: list[bytes] = done.value
        return answers
