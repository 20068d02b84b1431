"""Conversations carried on by awaiting, for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

from dlms.association.effects import Accept, Reserve, Wait
from dlms.errors import ConfigurationError, ConnectionLost
from dlms.link.iec62056_21 import enter_mode_e
from dlms.security.counters import MemoryCounterStore
from dlms.shell.demands import Conversation, Demand, Dial, HangUp, Transmit
from dlms.transport import dialogue, loopback
from dlms.transport.base import AsyncTransport, turn
from dlms.transport.serial import AsyncSerialTransport
from dlms.transport.tcp import AsyncTcpTransport
from dlms.transport.udp import AsyncUdpTransport
from dlms.transport.url import Url
from dlms_core.arrival import Arrival

R = TypeVar("R")


async def open_transport(url: Url, timeout: float) -> AsyncTransport:
    """The transport that a URL asks for, within `timeout` seconds; DeadlineExceeded says what took longer."""
    if url.scheme == "tcp":
        return await AsyncTcpTransport.connect(url.host, url.port, timeout)
    if url.scheme == "udp":
        return await AsyncUdpTransport.connect(url.host, url.port)
    if url.scheme == "pair":
        return await AsyncTcpTransport.adopt(loopback.connect(url.target))
    if url.link == "iec":
        limit = dialogue.TimeLimit("the sign-on of IEC 62056-21", timeout)
        line = await open_line(url, timeout)
        try:
            await dialogue.run_async(enter_mode_e(url.device, highest_baud=url.baud), line, limit)
        except BaseException:
            await line.close()
            raise
        return line
    return await AsyncSerialTransport.open(url.target, url.baud, timeout)


async def open_line(url: Url, timeout: float) -> AsyncSerialTransport:
    """The serial line of an `iec+` URL, open within `timeout` seconds, before any sign-on; ConfigurationError for
    another URL, ConnectionLost, DeadlineExceeded."""
    if url.link != "iec":
        raise ConfigurationError("the sign-on of IEC 62056-21 has URLs of its own: iec+serial:///dev/ttyUSB0")
    return await AsyncSerialTransport.open(url.target, url.baud, timeout)


class AsyncCarrier:
    """Carries conversations on, one at a time, over the transport that `dial` opens. Tasks may share it."""

    def __init__(self, dial: Callable[[], Awaitable[AsyncTransport]]) -> None:
        self._dial = dial
        self._transport: AsyncTransport | None = None
        self._turn: Callable[[bytes, float], bytes | Arrival | Awaitable[bytes | None] | None] = _not_connected
        self._busy = False
        self._waiting: deque[asyncio.Future[None]] = deque()  # for their turn

    async def carry_on(self, conversation: Conversation[R]) -> R:
        """What the conversation comes to, or the error that it ends with."""
        send = conversation.send
        proceed: Callable[[Any], Demand] = send
        outcome: Any = None
        if self._busy:
            await self._own_turn()
        self._busy = True
        try:
            while True:
                try:
                    demand = proceed(outcome)
                except StopIteration as stop:
                    result: R = stop.value
                    return result
                try:
                    if type(demand) is tuple:
                        octets, timeout = demand
                        outcome = self._turn(octets, timeout)
                        if type(outcome) is Arrival:
                            await outcome
                            outcome = outcome.take()
                        elif outcome is not None and type(outcome) is not bytes:
                            outcome = await outcome
                    else:
                        outcome = await self._carry_out(demand)
                    proceed = send
                except Exception as error:
                    outcome, proceed = error, conversation.throw
        except BaseException:
            conversation.close()  # at once, though a traceback may hold it: what it has to put right is due now
            raise
        finally:
            if self._waiting:
                self._pass_on()
            else:
                self._busy = False

    async def _own_turn(self) -> None:
        """Wait until those that came before are done; `asyncio.Lock` takes longer even where nobody is in the way."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # the turn had come just now
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Let the next one have its turn."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._busy = False

    async def hang_up(self) -> None:
        """Close the transport; doing so twice is no error."""
        transport, self._transport, self._turn = self._transport, None, _not_connected
        if transport is not None:
            await transport.close()

    async def _carry_out(self, demand: Demand) -> Any:
        match demand:
            case Transmit(octets):
                if self._transport is None:
                    _not_connected(octets, 0)
                await self._transport.send(octets)
            case Reserve(store, name) if isinstance(store, MemoryCounterStore):
                return store.reserve(name)
            case Reserve(store, name):  # it may wait for the disk
                return await asyncio.get_running_loop().run_in_executor(None, store.reserve, name)
            case Accept(received, counter):
                await asyncio.get_running_loop().run_in_executor(None, received.accept, counter)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Dial():
                await self.hang_up()
                self._transport = transport = await self._dial()
                self._turn = getattr(transport, "turn", None) or partial(turn, transport)
            case HangUp():
                await self.hang_up()
        return None


def _not_connected(octets: bytes, timeout: float) -> NoReturn:
    raise ConnectionLost("the connection is closed")
