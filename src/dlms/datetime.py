"""COSEM date-time, date and time, and their exchange with Python's.

The COSEM values keep their octets, wildcards too; a Python datetime cannot. So every conversion says by its arguments
what the octets leave open: which way the deviation counts, whether it holds daylight saving, the zone of a time
without a deviation, and what becomes of a time that is no point in time.

The deviation (Blue Book, "Date and time formats") is in minutes with UTC = local time + deviation: UTC+1 sends -60.
`deviation_sign="reversed"` reads and writes meters that send +60 for UTC+1. `daylight_saving_apart=True` is for meters
whose deviation stays at standard time and whose status bit alone tells the hour of daylight saving.
"""

from __future__ import annotations

import datetime as _python
from collections.abc import Collection
from typing import Literal, TypeAlias, overload

from dlms.enumerations import BitTable
from dlms.errors import DecodeError, EncodeError
from dlms_core.clock import CosemDate, CosemDateTime, CosemTime

__all__ = [
    "ClockStatus",
    "CosemDate",
    "CosemDateTime",
    "CosemTime",
    "DeviationSign",
    "Skippable",
    "clock_status",
    "from_date",
    "from_datetime",
    "from_time",
    "to_date",
    "to_datetime",
    "to_time",
]

DeviationSign: TypeAlias = Literal["standard", "reversed"]

Skippable: TypeAlias = Literal["day_of_week", "hundredths", "deviation", "status"]

_EPOCH = _python.datetime(1970, 1, 1)
_MILLISECOND = _python.timedelta(milliseconds=1)
_MINUTE = _python.timedelta(minutes=1)
_HOUR = _python.timedelta(hours=1)


class ClockStatus(BitTable):
    """The bits of the clock status octet (Blue Book, "Date and time formats")."""

    INVALID_VALUE = 0x01
    DOUBTFUL_VALUE = 0x02
    DIFFERENT_CLOCK_BASE = 0x04
    INVALID_CLOCK_STATUS = 0x08
    DAYLIGHT_SAVING_ACTIVE = 0x80


def clock_status(moment: CosemDateTime) -> ClockStatus | None:
    """The clock status of a date-time, reserved bits kept; None when it is not specified (FF)."""
    return None if moment.status is None else ClockStatus(moment.status)


def _no_point_in_time(value: CosemDateTime | CosemDate | CosemTime, wildcards: str) -> None:
    """Returns where the caller chose "none", raises where it chose "error"."""
    if wildcards == "none":
        return
    if wildcards != "error":
        raise ValueError(f"wildcards is 'error' or 'none', not {wildcards!r}")
    raise DecodeError(f"expected a single point in time, got {value}", layer="clock", offset=0)


@overload
def to_datetime(
    moment: CosemDateTime,
    *,
    tz: _python.tzinfo | None = None,
    deviation_sign: DeviationSign = "standard",
    daylight_saving_apart: bool = False,
    wildcards: Literal["error"] = "error",
) -> _python.datetime: ...
@overload
def to_datetime(
    moment: CosemDateTime,
    *,
    tz: _python.tzinfo | None = None,
    deviation_sign: DeviationSign = "standard",
    daylight_saving_apart: bool = False,
    wildcards: Literal["none"],
) -> _python.datetime | None: ...
def to_datetime(
    moment: CosemDateTime,
    *,
    tz: _python.tzinfo | None = None,
    deviation_sign: DeviationSign = "standard",
    daylight_saving_apart: bool = False,
    wildcards: Literal["error", "none"] = "error",
) -> _python.datetime | None:
    """The aware datetime that `moment` names, to the hundredth of a second.

    With a deviation it has that fixed offset and `tz` is not used. Without one it is local time of `tz`; in an hour
    that the zone passes twice, the status bit "daylight saving active" says which of the two (the first, where the
    status is not specified). Without deviation and `tz` it is a DecodeError: no zone is ever guessed.

    A time whose year, month, day, hour, minute or second is not specified, special or impossible is a DecodeError,
    or None with `wildcards="none"`.
    """
    epoch = moment.epoch_milliseconds(deviation_sign=deviation_sign, daylight_saving_apart=daylight_saving_apart)
    if epoch is None:
        _no_point_in_time(moment, wildcards)
        return None
    hundredths = moment.hundredths if moment.hundredths is not None and moment.hundredths < 100 else 0
    try:
        local = _python.datetime(
            *(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second),  # type: ignore[arg-type]
            hundredths * 10_000,
        )
        if moment.deviation is None:
            return _in_zone(local, moment, tz)
        return local.replace(tzinfo=_python.timezone(local - _EPOCH - epoch * _MILLISECOND))
    except (OverflowError, ValueError):  # the year 0 or above 9999, a deviation of a day or more
        _no_point_in_time(moment, wildcards)
        return None


def _in_zone(local: _python.datetime, moment: CosemDateTime, tz: _python.tzinfo | None) -> _python.datetime:
    if tz is None:
        raise DecodeError(f"{moment} has no deviation: name its zone with tz=", layer="clock", offset=9)
    first, second = local.replace(tzinfo=tz), local.replace(tzinfo=tz, fold=1)
    status = clock_status(moment)
    if status is None or ClockStatus.DAYLIGHT_SAVING_ACTIVE in status:
        return first
    before, after = first.utcoffset(), second.utcoffset()
    twice = before is not None and after is not None and before > after
    return second if twice else first


def from_datetime(
    moment: _python.datetime,
    *,
    tz: _python.tzinfo | None = None,
    deviation_sign: DeviationSign = "standard",
    daylight_saving_apart: bool = False,
    status: int = 0,
    skip: Collection[Skippable] = (),
) -> CosemDateTime:
    """The date-time of an aware `moment`: its own wall clock, its offset as deviation, daylight saving as status bit.

    `tz` is the zone that a naive `moment` is meant in; without it a naive one is an EncodeError. `status` gives the
    other bits of the clock status. `skip` names fields to leave "not specified", for meters that refuse them:
    "day_of_week", "hundredths", "deviation", "status". What is below a hundredth of a second is cut off; an offset
    that is no whole number of minutes is an EncodeError.
    """
    if moment.tzinfo is None and tz is not None:
        moment = moment.replace(tzinfo=tz)
    offset = moment.utcoffset()
    if offset is None:
        raise EncodeError(f"{moment} has no zone: make it aware or name its zone with tz=")
    saving = moment.dst() or _python.timedelta(0)
    base = offset - _HOUR if saving and daylight_saving_apart else offset
    if base % _MINUTE:
        raise EncodeError(f"the offset {offset} is no whole number of minutes", path="deviation")
    if saving:
        status |= ClockStatus.DAYLIGHT_SAVING_ACTIVE
    if deviation_sign not in ("standard", "reversed"):
        raise ValueError(f"deviation_sign is 'standard' or 'reversed', not {deviation_sign!r}")
    minutes = base // _MINUTE
    fields = {
        "day_of_week": moment.isoweekday(),
        "hundredths": moment.microsecond // 10_000,
        "deviation": minutes if deviation_sign == "reversed" else -minutes,
        "status": int(status),
    }
    for name in skip:
        del fields[name]
    return CosemDateTime(
        year=moment.year,
        month=moment.month,
        day=moment.day,
        hour=moment.hour,
        minute=moment.minute,
        second=moment.second,
        **fields,
    )


@overload
def to_date(value: CosemDate, *, wildcards: Literal["error"] = "error") -> _python.date: ...
@overload
def to_date(value: CosemDate, *, wildcards: Literal["none"]) -> _python.date | None: ...
def to_date(value: CosemDate, *, wildcards: Literal["error", "none"] = "error") -> _python.date | None:
    """The day that `value` names; a wildcard, special or impossible field as in `to_datetime`."""
    if value.epoch_milliseconds() is None or not value.year or value.year > _python.MAXYEAR:
        _no_point_in_time(value, wildcards)
        return None
    return _python.date(value.year, value.month, value.day)  # type: ignore[arg-type]


def from_date(value: _python.date) -> CosemDate:
    """The date of `value`, with its day of week."""
    return CosemDate(year=value.year, month=value.month, day=value.day, day_of_week=value.isoweekday())


@overload
def to_time(value: CosemTime, *, wildcards: Literal["error"] = "error") -> _python.time: ...
@overload
def to_time(value: CosemTime, *, wildcards: Literal["none"]) -> _python.time | None: ...
def to_time(value: CosemTime, *, wildcards: Literal["error", "none"] = "error") -> _python.time | None:
    """The time of day that `value` names; hundredths that are not specified count as none."""
    milliseconds = value.milliseconds()
    if milliseconds is None:
        _no_point_in_time(value, wildcards)
        return None
    return (_EPOCH + milliseconds * _MILLISECOND).time()


def from_time(value: _python.time) -> CosemTime:
    """The time of day of `value`, cut off below a hundredth of a second; a zone is not kept."""
    hundredths = value.microsecond // 10_000
    return CosemTime(hour=value.hour, minute=value.minute, second=value.second, hundredths=hundredths)
