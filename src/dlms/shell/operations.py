"""What callers of both shells ask for, as operations of an association."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, BinaryIO, Final, TypeAlias, TypeVar

from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.association import clock
from dlms.association.access import AccessPart
from dlms.association.client import ClientAssociation, Errors
from dlms.association.effects import Exchange
from dlms.association.firmware import FirmwareUpdate, FirmwareUpdating
from dlms.association.profile_reading import ProfileReading
from dlms.association.selection import Selection
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.profile import Profile
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.time_range import Moment
from dlms.cosem.types import EntryDescriptor, RangeDescriptor
from dlms.errors import ConfigurationError
from dlms.shell.options import AccessOptions, ClockOptions, FirmwareOptions, ProfileOptions

R = TypeVar("R")
Operation: TypeAlias = Callable[[ClientAssociation], Exchange[R]]
SELECTIONS: Final = (SelectiveAccessDescriptor, RangeDescriptor, EntryDescriptor)


def get(
    ref: AttributeRef[Any], refs: tuple[AttributeRef[Any], ...], selection: Selection | None, errors: Errors
) -> Operation[Any]:
    """The value of an attribute; of several, a tuple."""
    if type(ref) is not AttributeRef:
        _check_attribute(ref)
    if not refs:
        return lambda association: association.get(ref, selection)
    for each in refs:
        _check_attribute(each)
    if selection is not None:
        raise ConfigurationError("selective access goes with one attribute")
    return lambda association: association.get_several((ref, *refs), errors)


def get_octets(ref: AttributeRef[Any], selection: Selection | None) -> Operation[bytes]:
    """The octets of an attribute's Data."""
    _check_attribute(ref)
    return lambda association: association.get_octets(ref, selection)


def set_value(ref: AttributeRef[Any], value: Any, selection: Selection | None, *, confirmed: bool) -> Operation[None]:
    """Write an attribute."""
    _check_attribute(ref)
    return lambda association: association.set(ref, value, selection, confirmed=confirmed)


def call(method: MethodRef[Any], argument: Any, *, confirmed: bool) -> Operation[Any]:
    """Invoke a method; what it returns."""
    _check_method(method)
    return lambda association: association.call(method, argument, confirmed=confirmed)


def call_octets(method: MethodRef[Any], argument: Any) -> Operation[bytes | None]:
    """Invoke a method; the octets of what it returns."""
    _check_method(method)
    return lambda association: association.call_octets(method, argument)


def access(parts: tuple[AccessPart, ...], options: AccessOptions) -> Operation[tuple[Any, ...]]:
    """Several parts in one request."""
    for part in parts:
        if not isinstance(part, AccessPart):
            raise ConfigurationError(f"expected AccessPart.get, .set or .call of an address, got {part!r:.80}")
        if part.kind == "action":
            _check_method(part.ref)
        else:
            _check_attribute(part.ref)
    rest = {name: value for name, value in options.items() if name != "repeat_safe"}
    return lambda association: association.access(parts, **rest)  # type: ignore[arg-type]  # of AccessOptions


def read(thing: InterfaceClass | AttributeRef[Any]) -> Operation[Any]:
    """The value of an object in one step."""
    if not isinstance(thing, InterfaceClass):
        _check_attribute(thing)
    return lambda association: association.read(thing)


def _check_attribute(thing: object) -> None:
    if isinstance(thing, AttributeRef):
        return
    if isinstance(thing, SELECTIONS):
        raise ConfigurationError(f"a selection is given by name, as selection={thing!r:.80}")
    raise ConfigurationError(
        f"expected the address of an attribute, such as Register('1.0.1.8.0.255').value, got {thing!r:.80}"
    )


def _check_method(thing: object) -> None:
    if not isinstance(thing, MethodRef):
        raise ConfigurationError(
            f"expected the address of a method, such as Register('1.0.1.8.0.255').reset, got {thing!r:.80}"
        )


def read_profile(
    profile: InterfaceClass | AttributeRef[Any] | str | bytes,
    start: Moment | None,
    stop: Moment | None,
    options: ProfileOptions,
) -> Operation[Profile]:
    """The rows of a profile."""
    return ProfileReading(profile, start, stop, **options).run


def read_clock(now: datetime.datetime | None, options: ClockOptions) -> Operation[clock.ClockReading]:
    """The meter's time beside `now`, or this machine's."""
    moment = _moment(now, options)
    return lambda association: clock.read_clock(association, moment, **options)


def synchronise_clock(
    now: datetime.datetime | None, options: ClockOptions, *, shift: bool
) -> Operation[clock.ClockReading]:
    """Set the meter to `now`, or this machine's time."""
    moment = _moment(now, options)
    return lambda association: clock.synchronise_clock(association, moment, shift=shift, **options)


def _moment(now: datetime.datetime | None, options: ClockOptions) -> datetime.datetime:
    tz = options.get("tz")
    return datetime.datetime.now(tz).astimezone(tz) if now is None else now


def update_firmware(
    image: bytes | BinaryIO, identifier: bytes | str, options: FirmwareOptions
) -> Operation[FirmwareUpdate]:
    """A firmware update; run again, it goes on."""
    rest: Any = {name: value for name, value in options.items() if name != "repeat_safe"}
    return FirmwareUpdating(image, identifier, **rest).run
