"""The client for threads: operations of `dlms.association` driven over a link and a transport by blocking calls."""

from __future__ import annotations

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
from dlms.security.settings import Security
from dlms.shell import NOTIFICATIONS_MOST, Deadlines, Target
from dlms.transport import dialogue, loopback
from dlms.transport.base import Transport
from dlms.transport.serial import SerialTransport
from dlms.transport.tcp import TcpTransport
from dlms.transport.udp import UdpTransport
from dlms.transport.url import Url

T = TypeVar("T")
R = TypeVar("R")
OnProgress = Callable[[int, int | None], None]


def open_transport(url: Url, timeout: float) -> Transport:
    """The transport that a URL asks for."""
    if url.scheme == "tcp":
        return TcpTransport.connect(url.host, url.port, timeout)
    if url.scheme == "udp":
        return UdpTransport.connect(url.host, url.port)
    if url.scheme == "pair":
        return TcpTransport(loopback.connect(url.target))
    line = SerialTransport.open(url.target, url.baud)
    if url.link == "iec":
        try:
            dialogue.run(enter_mode_e(highest_baud=url.baud), line)
        except BaseException:
            line.close()
            raise
    return line


class Meter:
    """A client's connection to one logical device. Use it as a context manager: it always releases and closes."""

    def __init__(
        self,
        transport: Transport,
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

    # ---- opening and closing --------------------------------------------------------------------------------------

    def open(self) -> Self:
        """Set the link up and open the association."""
        try:
            self._engine.connect(time.monotonic())
            self._until(self._engine.is_connected, self._deadlines.link, "the link")
            self._run(self._association.open())
        except BaseException:
            self._transport.close()
            raise
        return self

    def close(self) -> None:
        """Release the association, take the link down and close the transport, whatever happens on the way."""
        try:
            with contextlib.suppress(DlmsError):
                self._run(self._association.release(), self._deadlines.release)
            with contextlib.suppress(DlmsError):
                self._engine.disconnect(time.monotonic())
                self._until(self._engine.is_disconnected, self._deadlines.release, "the link's end")
        finally:
            self._association.forget()
            self._transport.close()

    def __enter__(self) -> Self:
        return self if self._association.is_open else self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def association(self) -> ClientAssociation:
        """The association: what was negotiated, values that did not fit."""
        return self._association

    # ---- operations -----------------------------------------------------------------------------------------------

    @overload
    def get(self, ref: AttributeRef[T], /, *, selection: Selection | None = None) -> T: ...
    @overload
    def get(self, ref: AttributeRef[Any], /, *refs: AttributeRef[Any], errors: Errors = "raise") -> tuple[Any, ...]: ...
    def get(
        self,
        ref: AttributeRef[Any],
        /,
        *refs: AttributeRef[Any],
        selection: Selection | None = None,
        errors: Errors = "raise",
    ) -> Any:
        """The value of an attribute; of several, a tuple.

        Raises ServiceError where the meter refuses, of several the first with all outcomes in `results`, or with
        errors="return" none: the errors stand in their places.
        """
        if not refs:
            return self._run(self._association.get(ref, selection))
        if selection is not None:
            raise ConfigurationError("selective access goes with one attribute")
        return self._run(self._association.get_several((ref, *refs), errors))

    def get_octets(self, ref: AttributeRef[Any], /, *, selection: Selection | None = None) -> bytes:
        """The octets of an attribute's Data as they came, for `dlms.loads` or `dlms.unpack_profile`."""
        return self._run(self._association.get_octets(ref, selection))

    def set(
        self,
        ref: AttributeRef[T],
        value: T,
        /,
        *,
        selection: Selection | None = None,
        confirmed: bool = True,
    ) -> None:
        """Write an attribute; not `confirmed`, the meter does not say whether it did."""
        self._run(self._association.set(ref, value, selection, confirmed=confirmed))

    def call(self, method: MethodRef[T], argument: T | None = None, /, *, confirmed: bool = True) -> Any:
        """Invoke a method and return what it returns; not `confirmed`, nothing."""
        return self._run(self._association.call(method, argument, confirmed=confirmed))

    def access(
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
        return self._run(self._association.access(parts, errors, date_time=date_time, **options))

    def objects(self) -> tuple[InterfaceClass, ...]:
        """The objects that this association sees, each bound to the class of the version that the meter reports."""
        return self._run(self._association.objects())

    def read(self, thing: InterfaceClass | AttributeRef[Any], /) -> Any:
        """The value of an object in one step: of a register with its scaler and unit as a Quantity, of others
        attribute 2; or the same of an attribute's address.
        """
        return self._run(self._association.read(thing))

    def read_profile(
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
        """The rows of a profile in [start, stop), or all, as numpy columns with names, units and scalers.

        `start` and `stop` are aware datetimes or CosemDateTime; `tz` is the zone of naive ones and of meters' times
        without deviation. `columns` names what is wanted besides the time: logical names, column names, objects or
        addresses. `access` "range" has the meter choose by time, "entry" by number; where it refuses, and with "all",
        it sends every row and the choice is made here. What is captured is read first and remembered; `structure`
        hands in what an earlier connection found (`association.profile_structures`).
        """
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
        return self._run(reading.run(self._association))

    def read_clock(
        self,
        now: datetime.datetime | None = None,
        *,
        clock: Clock | None = None,
        tz: datetime.tzinfo | None = None,
        deviation_sign: DeviationSign = "standard",
    ) -> ClockReading:
        """The meter's time, and how far it is ahead of `now`, an aware time: of this machine unless given."""
        moment = datetime.datetime.now(tz).astimezone(tz) if now is None else now
        return self._run(read_clock(self._association, moment, clock=clock, tz=tz, deviation_sign=deviation_sign))

    def synchronise_clock(
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
        return self._run(
            synchronise_clock(self._association, moment, clock=clock, shift=shift, tz=tz, deviation_sign=deviation_sign)
        )

    def notifications(self) -> Sequence[Message]:
        """The notifications that came in between, oldest first; handed out once."""
        taken = tuple(self._notifications)
        self._notifications.clear()
        return taken

    # ---- driving --------------------------------------------------------------------------------------------------

    def _run(self, exchange: Exchange[R], timeout: float | None = None) -> R:
        outcome: Any = None
        failure: DlmsError | None = None
        limit = self._deadlines.response if timeout is None else timeout
        self._settle(limit)
        while True:
            try:
                effect = exchange.send(outcome) if failure is None else exchange.throw(failure)
            except StopIteration as stop:
                result: R = stop.value
                return result
            outcome = failure = None
            try:
                outcome = self._carry_out(effect, limit)
            except DlmsError as error:
                failure = error

    def _carry_out(self, effect: Effect, limit: float) -> Any:
        match effect:
            case Send(octets, answered):
                self._engine.send(octets, time.monotonic(), answered=answered)
                self._flush()
            case Receive(None):
                return self._until(self._engine.next_apdu, limit, "a response")
            case Receive(float(patience)):
                with contextlib.suppress(DeadlineExceeded):
                    return self._until(self._engine.next_apdu, min(patience, limit), "a block")
            case Random(count):
                return os.urandom(count)
            case Reserve(store, name):
                return store.reserve(name)
            case Wait(seconds):
                with contextlib.suppress(DeadlineExceeded):
                    self._until(self._engine.is_disconnected, seconds, "the end of a wait")
            case SetAside(message):
                self._notifications.append(message)
            case Progress(done, total) if self._on_progress is not None:
                self._on_progress(done, total)
        return None

    def _settle(self, timeout: float) -> None:
        """Let the answer to an operation that was given up come first: a meter does one thing at a time."""
        if self._engine.awaiting:
            with contextlib.suppress(DeadlineExceeded):
                self._until(self._engine.next_apdu, timeout, "the answer before")
            self._engine.awaiting = False

    def _until(self, ready: Callable[[], R | None], timeout: float, what: str) -> R:
        """Carry octets both ways until `ready` has something; DeadlineExceeded after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            self._flush()
            found = ready()
            if found is not None:
                return found
            now = time.monotonic()
            if now >= deadline:
                raise DeadlineExceeded(f"{what} did not come within {timeout} s")
            timer = self._engine.next_timer()
            octets = self._transport.receive((deadline if timer is None else min(timer, deadline)) - now)
            if octets is None:
                self._engine.tick(time.monotonic())
            else:
                self._engine.receive(octets, time.monotonic())

    def _flush(self) -> None:
        octets = self._engine.octets_to_send()
        if octets:
            self._transport.send(octets)


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
) -> Meter:
    """Connect to a meter and open an association; `dlms.transport.url` says what a URL looks like.

    `meter` is a TOML file (or its table) with the URL, the security and the quirks; see `dlms.meter_description`. What
    is given beside it takes its place. `conformance` is what is proposed, None for all that this library can do.

    Use the result in a `with`. Raises TransportError, LinkError, AssociationRejected, SecurityError and, for what
    cannot be asked for, ConfigurationError.
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
    limits = deadlines or Deadlines()
    transport = open_transport(target.url, limits.transport)
    opened = Meter(transport, target.link(), target.proposal, deadlines=limits, on_progress=on_progress, trace=trace)
    return opened.open()


def synchronise_counter(
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
    """Read the invocation counter that the meter last accepted, as the public client, and let ours go on above it.

    Returns the next counter. Nothing calls this by itself: who answers the public client is not authenticated, so a
    leap of more than 2**24 is a SecurityError without `force`, and a counter is never lowered. `counter` is the object
    that holds the counter of this client; `security` keeps ours in its `counters`.
    """
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
    limits = deadlines or Deadlines()
    transport = open_transport(public.url, limits.transport)
    with Meter(transport, public.link(), public.proposal, deadlines=limits, trace=trace) as opened:
        last = opened._run(read_counter(opened._association, counter))
    return advance_counter(target.proposal.security, last, force=force)
