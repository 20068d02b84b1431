"""What callers of both shells ask for, as operations of an association."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, BinaryIO, TypeAlias, TypeVar

from dlms.association import clock
from dlms.association.access import AccessPart
from dlms.association.client import ClientAssociation, Errors
from dlms.association.effects import Exchange
from dlms.association.firmware import FirmwareUpdate, FirmwareUpdating
from dlms.association.profile_reading import ProfileReading
from dlms.association.selection import Selection
from dlms.cosem.declare import InterfaceClass
from dlms.cosem.profile import Profile
from dlms.cosem.references import AttributeRef
from dlms.cosem.time_range import Moment
from dlms.errors import ConfigurationError
from dlms.shell.options import AccessOptions, ClockOptions, FirmwareOptions, ProfileOptions

R = TypeVar("R")
Operation: TypeAlias = Callable[[ClientAssociation], Exchange[R]]


def get(
    ref: AttributeRef[Any], refs: tuple[AttributeRef[Any], ...], selection: Selection | None, errors: Errors
) -> Operation[Any]:
    """The value of an attribute; of several, a tuple."""
    if not refs:
        return lambda association: association.get(ref, selection)
    if selection is not None:
        raise ConfigurationError("selective access goes with one attribute")
    return lambda association: association.get_several((ref, *refs), errors)


def access(parts: tuple[AccessPart, ...], options: AccessOptions) -> Operation[tuple[Any, ...]]:
    """Several parts in one request."""
    rest = {name: value for name, value in options.items() if name != "repeat_safe"}
    return lambda association: association.access(parts, **rest)  # type: ignore[arg-type]  # of AccessOptions


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
