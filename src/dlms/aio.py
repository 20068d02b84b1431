"""The client for asyncio: the same operations as `dlms.client`, driven by one task."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from dlms.association.access import AccessPart
from dlms.association.client import ClientAssociation, Errors
from dlms.association.clock import ClockReading, read_clock, synchronise_clock
from dlms.association.counters import COUNTER_OBJECT, advance_counter, read_counter
from dlms.association.effects import Effect, Exchange, Progress, Random, Receive, Reserve, Send, SetAside, Wait
from dlms.association.engine import Engine, Trace
from dlms.association.opening import Proposal
from dlms.association.profile_reading import Access, ProfileReading, ProfileStructure
from dlms.association.selection import Selection
from dlms.cosem.classes import Clock
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.profile import Profile
from dlms.cosem.profile_plan import Nulls
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.time_range import Moment
from dlms.datetime import CosemDateTime, DeviationSign
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DeadlineExceeded, DlmsError
from dlms.grammar import Message
from dlms.link.base import Link
from dlms.link.hdlc_settings import HdlcSettings
from dlms.link.iec62056_21 import enter_mode_e
from dlms.meter_description import Described
from dlms.quirks import Quirks
from dlms.security.counters import MemoryCounterStore
from dlms.security.settings import Security
from dlms.shell import NOTIFICATIONS_MOST, Deadlines, Target
from dlms.transport import dialogue, loopback
from dlms.transport.base import AsyncTransport
from dlms.transport.serial import AsyncSerialTransport
from dlms.transport.tcp import AsyncTcpTransport
from dlms.transport.udp import AsyncUdpTransport
from dlms.transport.url import Url

T = TypeVar("T")
R = TypeVar("R")
OnProgress = Callable[[int, int | None], None]


async def open_transport(url: Url, timeout: float) -> AsyncTransport:
    """The transport that a URL asks for."""
    if url.scheme == "tcp":
        return await AsyncTcpTransport.connect(url.host, url.port, timeout)
    if url.scheme == "udp":
        return await AsyncUdpTransport.connect(url.host, url.port)
    if url.scheme == "pair":
        return await AsyncTcpTransport.adopt(loopback.connect(url.target))
    line = await AsyncSerialTransport.open(url.target, url.baud)
    if url.link == "iec":
        try:
            await dialogue.run_async(enter_mode_e(highest_baud=url.baud), line)
        except BaseException:
            await line.close()
            raise
    return line


class Meter:
    """A client's connection to one logical device, for one task at a time.

    Use it as an asynchronous context manager: it always releases and closes. A cancelled operation leaves the
    association usable: what the meter still answers to it is passed over.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        link: Link,
        proposal: Proposal,
        *,
        deadlines: Deadlines | None = None,
        on_progress: OnProgress | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._transport = transport
        self._engine = Engine(link, trace)
        self._association = ClientAssociation(proposal)
        self._deadlines = deadlines or Deadlines()
        self._on_progress = on_progress
        self._notifications: deque[Message] = deque(maxlen=NOTIFICATIONS_MOST)
        self._busy = asyncio.Lock()

    # ---- opening and closing --------------------------------------------------------------------------------------

    async def open(self) -> Self:
        """Set the link up and open the association."""
        try:
            self._engine.connect(time.monotonic())
            await self._until(self._engine.is_connected, self._deadlines.link, "the link")
            await self._run(self._association.open())
        except BaseException:
            await self._transport.close()
            raise
        return self

    async def close(self) -> None:
        """Release the association, take the link down and close the transport, whatever happens on the way."""
        try:
            with contextlib.suppress(DlmsError):
                await self._run(self._association.release(), self._deadlines.release)
            with contextlib.suppress(DlmsError):
                self._engine.disconnect(time.monotonic())
                await self._until(self._engine.is_disconnected, self._deadlines.release, "the link's end")
        finally:
            self._association.forget()
            await self._transport.close()

    async def __aenter__(self) -> Self:
        return self if self._association.is_open else await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def association(self) -> ClientAssociation:
        """The association: what was negotiated, values that did not fit."""
        return self._association

    # ---- operations: as dlms.client.Meter ---------------------------------------------------------------------------

    @overload
    async def get(self, ref: AttributeRef[T], /, *, selection: Selection | None = None) -> T: ...
    @overload
    async def get(
        self, ref: AttributeRef[Any], /, *refs: AttributeRef[Any], errors: Errors = "raise"
    ) -> tuple[Any, ...]: ...
    async def get(
        self,
        ref: AttributeRef[Any],
        /,
        *refs: AttributeRef[Any],
        selection: Selection | None = None,
        errors: Errors = "raise",
    ) -> Any:
        """The value of an attribute; of several, a tuple. See `dlms.client.Meter.get`."""
        if not refs:
            return await self._run(self._association.get(ref, selection))
        if selection is not None:
            raise ConfigurationError("selective access goes with one attribute")
        return await self._run(self._association.get_several((ref, *refs), errors))

    async def get_octets(self, ref: AttributeRef[Any], /, *, selection: Selection | None = None) -> bytes:
        """The octets of an attribute's Data as they came, for `dlms.loads` or `dlms.unpack_profile`."""
        return await self._run(self._association.get_octets(ref, selection))

    async def set(
        self,
        ref: AttributeRef[T],
        value: T,
        /,
        *,
        selection: Selection | None = None,
        confirmed: bool = True,
    ) -> None:
        """Write an attribute; not `confirmed`, the meter does not say whether it did."""
        await self._run(self._association.set(ref, value, selection, confirmed=confirmed))

    async def call(self, method: MethodRef[T], argument: T | None = None, /, *, confirmed: bool = True) -> Any:
        """Invoke a method and return what it returns; not `confirmed`, nothing."""
        return await self._run(self._association.call(method, argument, confirmed=confirmed))

    async def access(
        self,
        *parts: AccessPart,
        errors: Errors = "raise",
        break_on_error: bool = False,
        self_descriptive: bool = False,
        date_time: CosemDateTime | None = None,
    ) -> tuple[Any, ...]:
        """Several parts in one request: `AccessPart.get(ref)`, `.set(ref, value)`, `.call(ref, argument)`.

        What each gives, None for a set; errors as with `get`. `break_on_error` has the meter stop at the first error,
        and NotProcessed stands for the rest.
        """
        options = {"break_on_error": break_on_error, "self_descriptive": self_descriptive}
        return await self._run(self._association.access(parts, errors, date_time=date_time, **options))

    async def objects(self) -> tuple[InterfaceClass, ...]:
        """The objects that this association sees, each bound to the class of the version that the meter reports."""
        return await self._run(self._association.objects())

    async def read(self, thing: InterfaceClass | AttributeRef[Any], /) -> Any:
        """The value of an object in one step: of a register with its scaler and unit as a Quantity, of others
        attribute 2; or the same of an attribute's address.
        """
        return await self._run(self._association.read(thing))

    async def read_profile(
        self,
        profile: InterfaceClass | AttributeRef[Any] | str | bytes,
        start: Moment | None = None,
        stop: Moment | None = None,
        *,
        columns: Iterable[Any] | None = None,
        tz: datetime.tzinfo | None = None,
        access: Access = "range",
        structure: ProfileStructure | None = None,
        nulls: Nulls = "repeat",
        deviation_sign: DeviationSign = "standard",
    ) -> Profile:
        """The rows of a profile in [start, stop) as numpy columns. See `dlms.client.Meter.read_profile`."""
        reading = ProfileReading(
            profile,
            start,
            stop,
            columns=columns,
            tz=tz,
            access=access,
            structure=structure,
            nulls=nulls,
            deviation_sign=deviation_sign,
        )
        return await self._run(reading.run(self._association))

    async def read_clock(
        self,
        now: datetime.datetime | None = None,
        *,
        clock: Clock | None = None,
        tz: datetime.tzinfo | None = None,
        deviation_sign: DeviationSign = "standard",
    ) -> ClockReading:
        """The meter's time, and how far it is ahead of `now`, an aware time: of this machine unless given."""
        moment = datetime.datetime.now(tz).astimezone(tz) if now is None else now
        return await self._run(read_clock(self._association, moment, clock=clock, tz=tz, deviation_sign=deviation_sign))

    async def synchronise_clock(
        self,
        now: datetime.datetime | None = None,
        *,
        clock: Clock | None = None,
        shift: bool = False,
        tz: datetime.tzinfo | None = None,
        deviation_sign: DeviationSign = "standard",
    ) -> ClockReading:
        """Set the meter to `now`, an aware time in the meter's zone: of this machine, in `tz`, unless given.

        `shift` moves the clock by shift_time instead, at most 900 s. Returns what the clock said before.
        """
        moment = datetime.datetime.now(tz).astimezone(tz) if now is None else now
        return await self._run(
            synchronise_clock(self._association, moment, clock=clock, shift=shift, tz=tz, deviation_sign=deviation_sign)
        )

    def notifications(self) -> Sequence[Message]:
        """The notifications that came in between, oldest first; handed out once."""
        taken = tuple(self._notifications)
        self._notifications.clear()
        return taken

    # ---- driving --------------------------------------------------------------------------------------------------

    async def _run(self, exchange: Exchange[R], timeout: float | None = None) -> R:
        outcome: Any = None
        failure: DlmsError | None = None
        limit = self._deadlines.response if timeout is None else timeout
        async with self._busy:
            await self._settle(limit)
            while True:
                try:
                    effect = exchange.send(outcome) if failure is None else exchange.throw(failure)
                except StopIteration as stop:
                    result: R = stop.value
                    return result
                outcome = failure = None
                try:
                    outcome = await self._carry_out(effect, limit)
                except DlmsError as error:
                    failure = error

    async def _carry_out(self, effect: Effect, limit: float) -> Any:
        match effect:
            case Send(octets, answered):
                self._engine.send(octets, time.monotonic(), answered=answered)
                await self._flush()
            case Receive(None):
                return await self._until(self._engine.next_apdu, limit, "a response")
            case Receive(float(patience)):
                with contextlib.suppress(DeadlineExceeded):
                    return await self._until(self._engine.next_apdu, min(patience, limit), "a block")
            case Random(count):
                return os.urandom(count)
            case Reserve(store, name) if isinstance(store, MemoryCounterStore):
                return store.reserve(name)
            case Reserve(store, name):  # it may wait for the disk
                return await asyncio.get_running_loop().run_in_executor(None, store.reserve, name)
            case Wait(seconds):
                with contextlib.suppress(DeadlineExceeded):
                    await self._until(self._engine.is_disconnected, seconds, "the end of a wait")
            case SetAside(message):
                self._notifications.append(message)
            case Progress(done, total) if self._on_progress is not None:
                self._on_progress(done, total)
        return None

    async def _settle(self, timeout: float) -> None:
        """Let the answer to an operation that was given up come first: a meter does one thing at a time."""
        if self._engine.awaiting:
            with contextlib.suppress(DeadlineExceeded):
                await self._until(self._engine.next_apdu, timeout, "the answer before")
            self._engine.awaiting = False

    async def _until(self, ready: Callable[[], R | None], timeout: float, what: str) -> R:
        """Carry octets both ways until `ready` has something; DeadlineExceeded after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            await self._flush()
            found = ready()
            if found is not None:
                return found
            now = time.monotonic()
            if now >= deadline:
                raise DeadlineExceeded(f"{what} did not come within {timeout} s")
            timer = self._engine.next_timer()
            octets = await self._transport.receive((deadline if timer is None else min(timer, deadline)) - now)
            if octets is None:
                self._engine.tick(time.monotonic())
            else:
                self._engine.receive(octets, time.monotonic())

    async def _flush(self) -> None:
        octets = self._engine.octets_to_send()
        if octets:
            await self._transport.send(octets)


def connect(
    url: str | None = None,
    *,
    meter: Described | None = None,
    security: Security | None = None,
    short_names: bool | None = None,
    quirks: Quirks | str | None = None,
    hdlc: HdlcSettings | None = None,
    deadlines: Deadlines | None = None,
    max_receive_pdu_size: int = 0xFFFF,
    conformance: Conformance | None = None,
    on_progress: OnProgress | None = None,
    trace: Trace | None = None,
) -> _Connecting:
    """Connect to a meter and open an association: `async with connect(...) as meter`, or `meter = await connect(...)`.

    Arguments and errors are those of `dlms.connect`.
    """
    target = Target.of(
        url,
        meter=meter,
        security=security,
        short_names=short_names,
        quirks=quirks,
        hdlc=hdlc,
        max_receive_pdu_size=max_receive_pdu_size,
        conformance=conformance,
    )
    return _Connecting(target, deadlines or Deadlines(), on_progress, trace)


class _Connecting:
    """A meter that is connected once it is awaited or entered."""

    def __init__(
        self, target: Target, deadlines: Deadlines, on_progress: OnProgress | None, trace: Trace | None
    ) -> None:
        self._target = target
        self._deadlines = deadlines
        self._on_progress = on_progress
        self._trace = trace
        self._meter: Meter | None = None

    async def _connect(self) -> Meter:
        transport = await open_transport(self._target.url, self._deadlines.transport)
        meter = Meter(
            transport,
            self._target.link(),
            self._target.proposal,
            deadlines=self._deadlines,
            on_progress=self._on_progress,
            trace=self._trace,
        )
        return await meter.open()

    def __await__(self) -> Any:
        return self._connect().__await__()

    async def __aenter__(self) -> Meter:
        self._meter = await self._connect()
        return self._meter

    async def __aexit__(self, *_: object) -> None:
        if self._meter is not None:
            await self._meter.close()


async def synchronise_counter(
    url: str | None = None,
    *,
    meter: Described | None = None,
    security: Security | None = None,
    public_client: int = 16,
    counter: AttributeRef[Any] = COUNTER_OBJECT,
    force: bool = False,
    quirks: Quirks | str | None = None,
    hdlc: HdlcSettings | None = None,
    deadlines: Deadlines | None = None,
    trace: Trace | None = None,
) -> int:
    """Let our invocation counter go on above the one that the meter last accepted. See `dlms.client`."""
    target = Target.of(
        url,
        meter=meter,
        security=security,
        short_names=None,
        quirks=quirks,
        hdlc=hdlc,
        max_receive_pdu_size=0xFFFF,
    )
    public = target.as_client(public_client, Security())
    async with _Connecting(public, deadlines or Deadlines(), None, trace) as opened:
        last = await opened._run(read_counter(opened._association, counter))
    return advance_counter(target.proposal.security, last, force=force)
