"""Setting a meter's clock, and telling how far it is off."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlms.association.effects import Exchange
from dlms.cosem.classes import Clock
from dlms.datetime import CosemDateTime, DeviationSign, from_datetime, to_datetime
from dlms.errors import ConfigurationError, DlmsError, ProtocolError

if TYPE_CHECKING:
    from dlms.association.client import ClientAssociation

SHIFT_MOST = datetime.timedelta(seconds=900)  # of shift_time


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The time of a meter, as sent, and `ahead`: how far it was before the time it was compared with.

    `ahead` is None where the meter's time is no point in time, or has no deviation and no zone was named.
    """

    time: CosemDateTime
    ahead: datetime.timedelta | None


def read_clock(
    association: ClientAssociation,
    now: datetime.datetime,
    *,
    clock: Clock | None = None,
    tz: datetime.tzinfo | None = None,
    deviation_sign: DeviationSign = "standard",
) -> Exchange[ClockReading]:
    """The meter's time beside `now`, which is aware; `tz` is the zone of a meter's time without deviation."""
    time = yield from association.get((clock or Clock("0.0.1.0.0.255")).time)
    if not isinstance(time, CosemDateTime):
        raise ProtocolError(f"the meter's time is {time!r:.40}, no date-time")
    try:
        ahead = to_datetime(time, tz=tz, deviation_sign=deviation_sign) - now
    except DlmsError:
        ahead = None
    return ClockReading(time, ahead)


def synchronise_clock(
    association: ClientAssociation,
    now: datetime.datetime,
    *,
    clock: Clock | None = None,
    shift: bool = False,
    tz: datetime.tzinfo | None = None,
    deviation_sign: DeviationSign = "standard",
) -> Exchange[ClockReading]:
    """Set the meter to `now`, an aware time in the meter's zone, and return what its clock said before.

    `shift` moves it by shift_time instead, in whole seconds and by 900 at the most, as suits meters whose profiles
    must not lose a period; ConfigurationError where that does not reach.
    """
    where = clock or Clock("0.0.1.0.0.255")
    before = yield from read_clock(association, now, clock=where, tz=tz, deviation_sign=deviation_sign)
    if not shift:
        yield from association.set(where.time, from_datetime(now, deviation_sign=deviation_sign))
        return before
    if before.ahead is None:
        raise ConfigurationError("how far the clock is off is not known: set it, or name its zone with tz=")
    if abs(before.ahead) > SHIFT_MOST:
        raise ConfigurationError(f"the clock is off by {before.ahead}: shift_time moves 900 seconds at the most")
    seconds = -round(before.ahead.total_seconds())
    if seconds:
        yield from association.call(where.shift_time, seconds)
    return before
