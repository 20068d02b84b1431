"""The client for threads: the conversations of `dlms.shell` carried on by blocking calls."""

from __future__ import annotations

import datetime
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar, Unpack, overload

from dlms.association.access import AccessPart
from dlms.association.client import ClientAssociation, Errors
from dlms.association.clock import ClockReading
from dlms.association.counters import COUNTER_OBJECT, CounterReading, check_counted, compare_counters
from dlms.association.firmware import FirmwareUpdate
from dlms.association.key_transfer import (
    SECURITY_SETUP,
    Setup,
    activate_security,
    change_hls_secret,
    change_lls_secret,
    transfer_keys,
)
from dlms.association.selection import Selection
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.profile import Profile
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.time_range import Moment
from dlms.grammar import Message
from dlms.link.hdlc_settings import HdlcSettings
from dlms.link.iec62056_21 import Dialogue, LineTiming, Readout
from dlms.link.iec62056_21 import read_out as data_readout
from dlms.security.settings import Policy, Security
from dlms.shell import Deadlines, Retries, operations
from dlms.shell.blocking import Carrier, open_line, open_transport
from dlms.shell.options import AccessOptions, ClockOptions, ConnectOptions, FirmwareOptions, KeyOptions, ProfileOptions
from dlms.shell.scan import ScanOptions, Station
from dlms.shell.scan import scan as search
from dlms.shell.session import Session
from dlms.shell.target import Target
from dlms.transport import dialogue as lines
from dlms.transport.base import Transport
from dlms.transport.incoming import TcpListener
from dlms.transport.tcp import TcpTransport
from dlms.transport.url import Url

__all__ = [
    "Deadlines",
    "Meter",
    "Retries",
    "connect",
    "converse",
    "listen_for_meters",
    "open_transport",
    "read_counter",
    "read_out",
    "scan",
    "synchronise_counter",
]

T = TypeVar("T")
R = TypeVar("R")


class Meter:
    """A client's connection to one logical device. Use it as a context manager: it always releases and closes.

    Threads may share it; one operation waits for the other. `dial` opens the transport.
    """

    def __init__(self, session: Session, dial: Callable[[], Transport]) -> None:
        self._session = session
        self._carrier = Carrier(dial)
        self._signs_of_life: _SignsOfLife | None = None

    # ---- opening and closing --------------------------------------------------------------------------------------

    def open(self) -> Self:
        """Set the link up and open the association."""
        try:
            self._carrier.carry_on(self._session.open())
        except BaseException:
            self._carrier.hang_up()
            raise
        if self._session.keep_alive is not None:
            self._signs_of_life = _SignsOfLife(self)
            self._signs_of_life.start()
        return self

    def close(self) -> None:
        """Release the association, take the link down and close the transport, whatever happens on the way."""
        if self._signs_of_life is not None:
            self._signs_of_life.over.set()
        try:
            self._carrier.carry_on(self._session.close())
        finally:
            self._carrier.hang_up()

    def __enter__(self) -> Self:
        return self if self.association.is_open else self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def association(self) -> ClientAssociation:
        """The association: what was negotiated, values that did not fit."""
        return self._session.association

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
        return self._read(operations.get(ref, refs, selection, errors))

    def get_octets(self, ref: AttributeRef[Any], /, *, selection: Selection | None = None) -> bytes:
        """The octets of an attribute's Data as they came, for `dlms.loads` or `dlms.unpack_profile`."""
        return self._read(operations.get_octets(ref, selection))

    def set(
        self,
        ref: AttributeRef[T],
        value: T,
        /,
        *,
        selection: Selection | None = None,
        confirmed: bool = True,
        repeat_safe: bool = False,
    ) -> None:
        """Write an attribute; not `confirmed`, the meter does not say whether it did.

        `repeat_safe` allows that it is repeated where no answer came, though it may have been done.
        """
        self._run(operations.set_value(ref, value, selection, confirmed=confirmed), repeatable=repeat_safe)

    def set_several(
        self, *values: tuple[AttributeRef[Any], Any], errors: Errors = "raise", repeat_safe: bool = False
    ) -> tuple[Any, ...]:
        """Write several attributes, `(ref, value)` each, in as few requests as the meter takes.

        None for each; errors as with `get`, but all are written that can be. `repeat_safe` is as with `set`.
        """
        return self._run(lambda association: association.set_several(values, errors), repeatable=repeat_safe)

    def call(
        self,
        method: MethodRef[T],
        argument: T | None = None,
        /,
        *,
        confirmed: bool = True,
        repeat_safe: bool = False,
    ) -> Any:
        """Invoke a method and return what it returns; not `confirmed`, nothing. `repeat_safe` is as with `set`.

        A method that the book invokes with integer 0, since it needs nothing, needs no argument here.
        """
        return self._run(operations.call(method, argument, confirmed=confirmed), repeatable=repeat_safe)

    def call_several(
        self, *calls: tuple[MethodRef[Any], Any], errors: Errors = "raise", repeat_safe: bool = False
    ) -> tuple[Any, ...]:
        """Invoke several methods, `(method, argument or None)` each, in as few requests as the meter takes.

        What each returns; errors as with `get`, but all are invoked that can be. `repeat_safe` is as with `set`.
        """
        return self._run(lambda association: association.call_several(calls, errors), repeatable=repeat_safe)

    def call_octets(self, method: MethodRef[T], argument: T | None = None, /) -> bytes | None:
        """The octets of the Data that a method returns, as they came; None for nothing."""
        return self._run(operations.call_octets(method, argument))

    def access(self, *parts: AccessPart, **options: Unpack[AccessOptions]) -> tuple[Any, ...]:
        """Several parts in one request: `AccessPart.get(ref)`, `.set(ref, value)`, `.call(ref, argument)`.

        What each gives, None for a set; errors as with `get`. Options: `dlms.shell.options.AccessOptions`.
        """
        return self._run(operations.access(parts, options), repeatable=options.get("repeat_safe", False))

    def objects(self) -> tuple[InterfaceClass, ...]:
        """The objects that this association sees, each bound to the class of the version that the meter reports."""
        return self._read(ClientAssociation.objects)

    def read(self, thing: InterfaceClass | AttributeRef[Any], /) -> Any:
        """The value of an object in one step: of a register with its scaler and unit as a Quantity, of others
        attribute 2; or the same of an attribute's address.
        """
        return self._read(operations.read(thing))

    def read_profile(
        self,
        profile: InterfaceClass | AttributeRef[Any] | str | bytes,
        start: Moment | None = None,
        stop: Moment | None = None,
        **options: Unpack[ProfileOptions],
    ) -> Profile:
        """The rows of a profile in [start, stop), or all, as numpy columns with names, units and scalers.

        `start` and `stop` are aware datetimes or CosemDateTime. What is captured is read first and remembered.
        Options: `dlms.shell.options.ProfileOptions`, among them `columns`, `tz`, `access`.
        """
        return self._read(operations.read_profile(profile, start, stop, options))

    def read_clock(self, now: datetime.datetime | None = None, **options: Unpack[ClockOptions]) -> ClockReading:
        """The meter's time, and how far it is ahead of `now`, an aware time: of this machine unless given."""
        return self._read(operations.read_clock(now, options))

    def synchronise_clock(
        self, now: datetime.datetime | None = None, *, shift: bool = False, **options: Unpack[ClockOptions]
    ) -> ClockReading:
        """Set the meter to `now`, an aware time in the meter's zone: of this machine, in `tz`, unless given.

        `shift` moves the clock by shift_time instead, at most 900 s. Returns what the clock said before.
        """
        return self._run(operations.synchronise_clock(now, options, shift=shift))

    def update_firmware(
        self, image: bytes | BinaryIO, identifier: bytes | str, **options: Unpack[FirmwareOptions]
    ) -> FirmwareUpdate:
        """Transfer a firmware image, octets or a seekable file, have it verified and put to use.

        Raises ImageTransferError and ServiceError. A meter that starts anew with its firmware loses the connection:
        then `activation` is UNKNOWN. Options: `dlms.shell.options.FirmwareOptions`, among them `resume`,
        `activate`, `repeat_safe`.
        """
        operation = operations.update_firmware(image, identifier, options)
        return self._run(operation, repeatable=options.get("repeat_safe", False))

    def transfer_keys(self, **keys: Unpack[KeyOptions]) -> Security:
        """Give the meter new keys, wrapped under the master key; returns the Security of the next association.

        Where the connection is lost on the way, either keys may be in force. Options: `dlms.shell.options.KeyOptions`.
        """
        return self._run(lambda association: transfer_keys(association, **keys))

    def activate_security(self, policy: Policy | str, *, setup: Setup = SECURITY_SETUP) -> Security:
        """Raise the meter's security policy, for good; returns the Security of the next association."""
        return self._run(lambda association: activate_security(association, policy, setup=setup))

    def change_lls_secret(self, secret: bytes | str) -> Security:
        """Change the password of this association (LLS); returns the Security of the next one."""
        return self._run(lambda association: change_lls_secret(association, secret))

    def change_hls_secret(self, secret: bytes | str) -> Security:
        """Change the secret of this association (HLS); returns the Security of the next one. It has to encrypt."""
        return self._run(lambda association: change_hls_secret(association, secret))

    def reassociate(self, client: int, security: Security) -> None:
        """Release the association and open one as another client, over the same transport if the meter leaves it open.

        With HDLC the client's address is part of the link, which is taken down and set up anew. Where the meter does
        not take the other client, no association is open afterwards.
        """
        self._carrier.carry_on(self._session.reassociate(client, security))

    def synchronise_counter(
        self, *, public_client: int = 16, counter: AttributeRef[Any] = COUNTER_OBJECT, force: bool = False
    ) -> int:
        """Read the invocation counter that the meter last accepted, and let ours go on above it: the next counter.

        It leaves the association, reads as the public client, and comes back. The rules are those of
        `dlms.client.synchronise_counter`, which is for when no association can be opened.
        """
        return self._carrier.carry_on(self._session.synchronise_counter(public_client, counter, force=force))

    def notifications(self) -> tuple[Message, ...]:
        """The notifications that came in between, oldest first; handed out once."""
        return self._session.notifications()

    # ---- carrying on ----------------------------------------------------------------------------------------------

    def _read(self, operation: operations.Operation[R]) -> R:
        return self._carrier.carry_on(self._session.run(operation, repeatable=True))

    def _run(self, operation: operations.Operation[R], *, repeatable: bool = False) -> R:
        return self._carrier.carry_on(self._session.run(operation, repeatable=repeatable))


class _SignsOfLife(threading.Thread):
    """Has a meter that nobody speaks to show that it is there."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(name="signs of life of a meter", daemon=True)
        self._meter = meter
        self.over = threading.Event()

    def run(self) -> None:
        meter = self._meter
        while (left := meter._session.until_sign_of_life()) is not None and not self.over.wait(max(left, 0.0)):
            meter._carrier.carry_on(meter._session.sign_of_life())


def connect(
    url: str | None = None, *, transport: Transport | socket.socket | None = None, **options: Unpack[ConnectOptions]
) -> Meter:
    """Connect to a meter and open an association; `dlms.transport.url` says what a URL looks like.

    `transport` is what is open already, a stream socket or anything that does as `dlms.transport.base.Transport`; the
    URL then says over which link and between which addresses, and its host means nothing. Options:
    `dlms.shell.options.ConnectOptions`, among them `meter` (a TOML file in the place of all else), `security`,
    `deadlines`, `retries` and `keep_alive`.

    Use the result in a `with`. Raises TransportError, LinkError, AssociationRejected, SecurityError and, for what
    cannot be asked for, ConfigurationError.
    """
    session = Session.of(url, adopted=transport is not None, **options)
    if transport is None:
        return _meter(session).open()
    adopted = TcpTransport(transport) if isinstance(transport, socket.socket) else transport
    return Meter(session, lambda: adopted).open()


def _meter(session: Session) -> Meter:
    return Meter(session, lambda: open_transport(session.target.url, session.deadlines.transport))


def listen_for_meters(host: str = "127.0.0.1", port: int = 4059) -> TcpListener:
    """Wait for meters that dial in: `with listen_for_meters("0.0.0.0") as meters: for transport in meters: ...`.

    Each transport has its `peer`, and `receive(timeout)` for what the meter says of itself before it is asked; then
    `connect(url, transport=transport)` makes a meter of it.
    """
    return TcpListener(host, port)


def scan(
    url: str,
    servers: Iterable[int] = (1,),
    physicals: Iterable[int] | None = None,
    *,
    hdlc: HdlcSettings | None = None,
    **options: Unpack[ScanOptions],
) -> tuple[Station, ...]:
    """The stations on an HDLC line that answer the client of the URL: all `servers` (logical addresses) with all
    `physicals`, or without one.

    On a bus it is the physical addresses that differ: `scan("hdlc+serial:///dev/ttyUSB0", physicals=range(16, 126))`.
    Options: `dlms.shell.scan.ScanOptions`, among them `patience`.
    """
    target = Target.of(url, hdlc=hdlc)
    carrier = Carrier(lambda: open_transport(target.url, Deadlines().transport))
    try:
        return carrier.carry_on(search(target, servers, physicals, **options))
    finally:
        carrier.hang_up()


def read_out(url: str, timing: LineTiming | None = None) -> Readout:
    """The data readout of a meter that speaks IEC 62056-21 in mode A, B or C, and how it identified itself:
    `read_out("iec+serial:///dev/ttyUSB0")`.

    Raises TransportError where the line or the meter does not answer, DecodeError where the check character never fits.
    """
    at = Url.parse(url, "readout")
    return _conversed(at, data_readout(at.device, timing, highest_baud=at.baud))


def converse(url: str, dialogue: Dialogue[R]) -> R:
    """Carry on a dialogue of `dlms.link.iec62056_21` over the line of an `iec+` URL, and return what it comes to:
    start_programming, read_register, write_register and sign_off joined by `yield from`, say, which are told the
    device address of a meter that wants one. The line is closed afterwards.
    """
    return _conversed(Url.parse(url, "dialogue"), dialogue)


def _conversed(url: Url, dialogue: Dialogue[R]) -> R:
    line = open_line(url, Deadlines().transport)
    try:
        return lines.run(dialogue, line)
    finally:
        line.close()


def read_counter(
    url: str | None = None,
    *,
    public_client: int = 16,
    counter: AttributeRef[Any] = COUNTER_OBJECT,
    **options: Unpack[ConnectOptions],
) -> CounterReading:
    """The next invocation counter that we would send, beside the last that the meter accepted, which is read as the
    public client: nothing is changed.

    `counter` is the object that holds the counter of this client; `security` keeps ours in its `counters`.
    ConfigurationError where it has no key that counters go with. `CounterReading.go_on_above` does what
    `synchronise_counter` does.
    """
    session = Session.of(url, **options)
    security = session.target.proposal.security
    check_counted(security)
    session.turn_to(public_client, Security())
    with _meter(session).open() as opened:
        return opened._read(lambda association: compare_counters(association, security, counter))


def synchronise_counter(
    url: str | None = None,
    *,
    public_client: int = 16,
    counter: AttributeRef[Any] = COUNTER_OBJECT,
    force: bool = False,
    **options: Unpack[ConnectOptions],
) -> int:
    """Read the invocation counter that the meter last accepted, as the public client, and let ours go on above it.

    Returns the next counter. Nothing calls this by itself: who answers the public client is not authenticated, so a
    leap of more than 2**24 is a SecurityError without `force`, and a counter is never lowered. The rest is as with
    `read_counter`.
    """
    reading = read_counter(url, public_client=public_client, counter=counter, **options)
    return reading.go_on_above(force=force)
