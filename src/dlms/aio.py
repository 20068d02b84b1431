"""The client for asyncio: the same conversations as `dlms.client`, carried on by one task."""

from __future__ import annotations

import asyncio
import datetime
import socket
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias, TypeVar, Unpack, overload

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
from dlms.shell.awaiting import AsyncCarrier, open_line, open_transport
from dlms.shell.options import AccessOptions, ClockOptions, ConnectOptions, FirmwareOptions, KeyOptions, ProfileOptions
from dlms.shell.scan import ScanOptions, Station
from dlms.shell.scan import scan as search
from dlms.shell.session import Session
from dlms.shell.target import Target
from dlms.transport import dialogue as lines
from dlms.transport.base import AsyncTransport
from dlms.transport.incoming import AsyncTcpListener
from dlms.transport.stream import AsyncStreamTransport
from dlms.transport.tcp import AsyncTcpTransport
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
    """A client's connection to one logical device, for one task at a time.

    Use it as an asynchronous context manager: it always releases and closes. A cancelled operation leaves the
    association usable: what the meter still answers to it is passed over. `dial` opens the transport.
    """

    def __init__(self, session: Session, dial: Callable[[], Awaitable[AsyncTransport]]) -> None:
        self._session = session
        self._carrier = AsyncCarrier(dial)
        self._signs_of_life: asyncio.Task[None] | None = None

    # ---- opening and closing --------------------------------------------------------------------------------------

    async def open(self) -> Self:
        """Set the link up and open the association."""
        try:
            await self._carrier.carry_on(self._session.open())
        except BaseException:
            await self._carrier.hang_up()
            raise
        if self._session.keep_alive is not None:
            self._signs_of_life = asyncio.create_task(self._show_signs_of_life())
        return self

    async def close(self) -> None:
        """Release the association, take the link down and close the transport, whatever happens on the way."""
        if self._signs_of_life is not None:
            self._signs_of_life.cancel()
        try:
            await self._carrier.carry_on(self._session.close())
        finally:
            await self._carrier.hang_up()

    async def __aenter__(self) -> Self:
        return self if self.association.is_open else await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def association(self) -> ClientAssociation:
        """The association: what was negotiated, values that did not fit."""
        return self._session.association

    # ---- operations: as dlms.client.Meter ---------------------------------------------------------------------------

    @overload
    def get(self, ref: AttributeRef[T], /, *, selection: Selection | None = None) -> Coroutine[Any, Any, T]: ...
    @overload
    def get(
        self, ref: AttributeRef[Any], /, *refs: AttributeRef[Any], errors: Errors = "raise"
    ) -> Coroutine[Any, Any, tuple[Any, ...]]: ...
    def get(
        self,
        ref: AttributeRef[Any],
        /,
        *refs: AttributeRef[Any],
        selection: Selection | None = None,
        errors: Errors = "raise",
    ) -> Coroutine[Any, Any, Any]:
        """The value of an attribute; of several, a tuple. See `dlms.client.Meter.get`."""
        return self._carrier.carry_on(self._session.run(operations.get(ref, refs, selection, errors), repeatable=True))

    async def get_octets(self, ref: AttributeRef[Any], /, *, selection: Selection | None = None) -> bytes:
        """The octets of an attribute's Data as they came, for `dlms.loads` or `dlms.unpack_profile`."""
        return await self._read(operations.get_octets(ref, selection))

    async def set(
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
        await self._run(operations.set_value(ref, value, selection, confirmed=confirmed), repeatable=repeat_safe)

    async def set_several(
        self, *values: tuple[AttributeRef[Any], Any], errors: Errors = "raise", repeat_safe: bool = False
    ) -> tuple[Any, ...]:
        """Write several attributes, `(ref, value)` each, in as few requests as the meter takes. See
        `dlms.client.Meter.set_several`.
        """
        return await self._run(lambda association: association.set_several(values, errors), repeatable=repeat_safe)

    async def call(
        self,
        method: MethodRef[T],
        argument: T | None = None,
        /,
        *,
        confirmed: bool = True,
        repeat_safe: bool = False,
    ) -> Any:
        """Invoke a method and return what it returns; not `confirmed`, nothing. `repeat_safe` is as with `set`."""
        return await self._run(operations.call(method, argument, confirmed=confirmed), repeatable=repeat_safe)

    async def call_several(
        self, *calls: tuple[MethodRef[Any], Any], errors: Errors = "raise", repeat_safe: bool = False
    ) -> tuple[Any, ...]:
        """Invoke several methods, `(method, argument or None)` each, in as few requests as the meter takes. See
        `dlms.client.Meter.call_several`.
        """
        return await self._run(lambda association: association.call_several(calls, errors), repeatable=repeat_safe)

    async def call_octets(self, method: MethodRef[T], argument: T | None = None, /) -> bytes | None:
        """The octets of the Data that a method returns, as they came; None for nothing."""
        return await self._run(operations.call_octets(method, argument))

    async def access(self, *parts: AccessPart, **options: Unpack[AccessOptions]) -> tuple[Any, ...]:
        """Several parts in one request, and what each gives. See `dlms.client.Meter.access`."""
        return await self._run(operations.access(parts, options), repeatable=options.get("repeat_safe", False))

    async def objects(self) -> tuple[InterfaceClass, ...]:
        """The objects that this association sees, each bound to the class of the version that the meter reports."""
        return await self._read(ClientAssociation.objects)

    async def read(self, thing: InterfaceClass | AttributeRef[Any], /) -> Any:
        """The value of an object in one step. See `dlms.client.Meter.read`."""
        return await self._read(operations.read(thing))

    async def read_profile(
        self,
        profile: InterfaceClass | AttributeRef[Any] | str | bytes,
        start: Moment | None = None,
        stop: Moment | None = None,
        **options: Unpack[ProfileOptions],
    ) -> Profile:
        """The rows of a profile in [start, stop) as numpy columns. See `dlms.client.Meter.read_profile`."""
        return await self._read(operations.read_profile(profile, start, stop, options))

    async def read_clock(self, now: datetime.datetime | None = None, **options: Unpack[ClockOptions]) -> ClockReading:
        """The meter's time, and how far it is ahead of `now`, an aware time: of this machine unless given."""
        return await self._read(operations.read_clock(now, options))

    async def synchronise_clock(
        self, now: datetime.datetime | None = None, *, shift: bool = False, **options: Unpack[ClockOptions]
    ) -> ClockReading:
        """Set the meter's clock, and return what it said before. See `dlms.client.Meter.synchronise_clock`."""
        return await self._run(operations.synchronise_clock(now, options, shift=shift))

    async def update_firmware(
        self, image: bytes | BinaryIO, identifier: bytes | str, **options: Unpack[FirmwareOptions]
    ) -> FirmwareUpdate:
        """Transfer a firmware image, octets or a seekable file, have it verified and put to use.

        Raises ImageTransferError and ServiceError. A meter that starts anew with its firmware loses the connection:
        then `activation` is UNKNOWN. Options: `dlms.shell.options.FirmwareOptions`, among them `resume`,
        `activate`, `repeat_safe`.
        """
        operation = operations.update_firmware(image, identifier, options)
        return await self._run(operation, repeatable=options.get("repeat_safe", False))

    async def transfer_keys(self, **keys: Unpack[KeyOptions]) -> Security:
        """Give the meter new keys, wrapped under the master key; returns the Security of the next association.

        Where the connection is lost on the way, either keys may be in force. Options: `dlms.shell.options.KeyOptions`.
        """
        return await self._run(lambda association: transfer_keys(association, **keys))

    async def activate_security(self, policy: Policy | str, *, setup: Setup = SECURITY_SETUP) -> Security:
        """Raise the meter's security policy, for good; returns the Security of the next association."""
        return await self._run(lambda association: activate_security(association, policy, setup=setup))

    async def change_lls_secret(self, secret: bytes | str) -> Security:
        """Change the password of this association (LLS); returns the Security of the next one."""
        return await self._run(lambda association: change_lls_secret(association, secret))

    async def change_hls_secret(self, secret: bytes | str) -> Security:
        """Change the secret of this association (HLS); returns the Security of the next one. It has to encrypt."""
        return await self._run(lambda association: change_hls_secret(association, secret))

    async def reassociate(self, client: int, security: Security) -> None:
        """Release the association and open one as another client, over the same transport if the meter leaves it open.

        With HDLC the client's address is part of the link, which is taken down and set up anew. Where the meter does
        not take the other client, no association is open afterwards.
        """
        await self._carrier.carry_on(self._session.reassociate(client, security))

    async def synchronise_counter(
        self, *, public_client: int = 16, counter: AttributeRef[Any] = COUNTER_OBJECT, force: bool = False
    ) -> int:
        """Read the invocation counter that the meter last accepted, and let ours go on above it: the next counter.

        It leaves the association, reads as the public client, and comes back. The rules are those of
        `dlms.client.synchronise_counter`, which is for when no association can be opened.
        """
        return await self._carrier.carry_on(self._session.synchronise_counter(public_client, counter, force=force))

    def notifications(self) -> tuple[Message, ...]:
        """The notifications that came in between, oldest first; handed out once."""
        return self._session.notifications()

    async def _show_signs_of_life(self) -> None:
        while (left := self._session.until_sign_of_life()) is not None:
            await asyncio.sleep(max(left, 0.0))
            await self._carrier.carry_on(self._session.sign_of_life())

    # ---- carrying on ----------------------------------------------------------------------------------------------

    def _read(self, operation: operations.Operation[R]) -> Coroutine[Any, Any, R]:
        return self._carrier.carry_on(self._session.run(operation, repeatable=True))

    def _run(self, operation: operations.Operation[R], *, repeatable: bool = False) -> Coroutine[Any, Any, R]:
        return self._carrier.carry_on(self._session.run(operation, repeatable=repeatable))


Adoptable: TypeAlias = AsyncTransport | socket.socket | tuple[asyncio.StreamReader, asyncio.StreamWriter]


def connect(
    url: str | None = None, *, transport: Adoptable | None = None, **options: Unpack[ConnectOptions]
) -> _Connecting:
    """Connect to a meter and open an association: `async with connect(...) as meter`, or `meter = await connect(...)`.

    `transport` is what is open already: a stream socket, a pair of asyncio streams, or anything that does as
    `dlms.transport.base.AsyncTransport`. Options and errors are those of `dlms.connect`.
    """
    return _Connecting(Session.of(url, adopted=transport is not None, **options), transport)


class _Connecting:
    """A meter that is connected once it is awaited or entered."""

    def __init__(self, session: Session, transport: Adoptable | None = None) -> None:
        self._meter = Meter(session, lambda: _opened(session, transport))

    def __await__(self) -> Generator[Any, None, Meter]:
        return self._meter.open().__await__()

    async def __aenter__(self) -> Meter:
        return await self._meter.open()

    async def __aexit__(self, *_: object) -> None:
        await self._meter.close()


async def _opened(session: Session, transport: Adoptable | None) -> AsyncTransport:
    if transport is None:
        return await open_transport(session.target.url, session.deadlines.transport)
    if isinstance(transport, socket.socket):
        return await AsyncTcpTransport.adopt(transport)
    return AsyncStreamTransport(*transport) if isinstance(transport, tuple) else transport


def listen_for_meters(host: str = "127.0.0.1", port: int = 4059) -> AsyncTcpListener:
    """Wait for meters that dial in: `async with listen_for_meters() as meters: async for transport in meters: ...`.

    See `dlms.client.listen_for_meters`.
    """
    return AsyncTcpListener(host, port)


async def scan(
    url: str,
    servers: Iterable[int] = (1,),
    physicals: Iterable[int] | None = None,
    *,
    hdlc: HdlcSettings | None = None,
    **options: Unpack[ScanOptions],
) -> tuple[Station, ...]:
    """The stations on an HDLC line that answer. See `dlms.client.scan`."""
    target = Target.of(url, hdlc=hdlc)
    carrier = AsyncCarrier(lambda: open_transport(target.url, Deadlines().transport))
    try:
        return await carrier.carry_on(search(target, servers, physicals, **options))
    finally:
        await carrier.hang_up()


async def read_out(url: str, timing: LineTiming | None = None) -> Readout:
    """The data readout of a meter that speaks IEC 62056-21 in mode A, B or C. See `dlms.client.read_out`."""
    at = Url.parse(url, "readout")
    return await _conversed(at, data_readout(at.device, timing, highest_baud=at.baud))


async def converse(url: str, dialogue: Dialogue[R]) -> R:
    """Carry on a dialogue of `dlms.link.iec62056_21` over the line of an `iec+` URL. See `dlms.client.converse`."""
    return await _conversed(Url.parse(url, "dialogue"), dialogue)


async def _conversed(url: Url, dialogue: Dialogue[R]) -> R:
    line = await open_line(url, Deadlines().transport)
    try:
        return await lines.run_async(dialogue, line)
    finally:
        await line.close()


async def read_counter(
    url: str | None = None,
    *,
    public_client: int = 16,
    counter: AttributeRef[Any] = COUNTER_OBJECT,
    **options: Unpack[ConnectOptions],
) -> CounterReading:
    """Our next invocation counter beside the last that the meter accepted. See `dlms.client.read_counter`."""
    session = Session.of(url, **options)
    security = session.target.proposal.security
    check_counted(security)
    session.turn_to(public_client, Security())
    async with _Connecting(session) as opened:
        return await opened._read(lambda association: compare_counters(association, security, counter))


async def synchronise_counter(
    url: str | None = None,
    *,
    public_client: int = 16,
    counter: AttributeRef[Any] = COUNTER_OBJECT,
    force: bool = False,
    **options: Unpack[ConnectOptions],
) -> int:
    """Let our invocation counter go on above the one that the meter last accepted. See `dlms.client`."""
    reading = await read_counter(url, public_client=public_client, counter=counter, **options)
    return reading.go_on_above(force=force)
