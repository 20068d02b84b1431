"""Ranges of time over the rows of a profile: half-open, from rows with a deviation or with local times alone."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from types import NoneType
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlms.cosem.profile import Profile
from dlms.cosem.profile_rows import NO_DEVIATION
from dlms.datetime import CosemDateTime, DeviationSign, from_datetime, to_datetime
from dlms.errors import ConfigurationError, DlmsError

__all__ = ["Bound", "Moment", "TimeRange"]

Moment: TypeAlias = datetime.datetime | CosemDateTime
_MILLISECOND = datetime.timedelta(milliseconds=1)
_EPOCH = datetime.datetime(1970, 1, 1)
_UTC_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of a range: as a meter is told it, and as ms of 1970 in UTC and in local time.

    `utc` is None for a local time whose zone nobody said.
    """

    moment: CosemDateTime
    utc: int | None
    local: int

    @classmethod
    def of(cls, moment: Moment, tz: datetime.tzinfo | None, deviation_sign: DeviationSign) -> Self:
        """ConfigurationError for a naive datetime without `tz`, and for what is no point in time."""
        if not isinstance(moment, (datetime.datetime, CosemDateTime)):
            raise ConfigurationError(f"an end of a range is a datetime or a CosemDateTime, got {moment!r:.80}")
        if not isinstance(tz, (datetime.tzinfo, NoneType)):
            raise ConfigurationError(f"tz is a zone, such as zoneinfo.ZoneInfo('Europe/Berlin'), not {tz!r:.80}")
        try:
            if isinstance(moment, datetime.datetime):
                if moment.tzinfo is None and tz is None:
                    raise ConfigurationError(f"{moment} has no zone: make it aware or name its zone with tz=")
                aware = moment.replace(tzinfo=tz) if moment.tzinfo is None else moment
                told = from_datetime(aware, deviation_sign=deviation_sign)
                return cls(told, (aware - _UTC_EPOCH) // _MILLISECOND, _local(aware))
            if moment.deviation is None and tz is None:
                epoch = moment.epoch_milliseconds()
                if epoch is None:
                    raise ConfigurationError(f"{moment} is no point in time")
                return cls(moment, None, epoch)
            aware = to_datetime(moment, tz=tz, deviation_sign=deviation_sign)
            return cls(moment, (aware - _UTC_EPOCH) // _MILLISECOND, _local(aware))
        except ConfigurationError:
            raise
        except DlmsError as error:
            raise ConfigurationError(f"no end of a range of time: {error}") from None

    def moved(self, seconds: int) -> Bound:
        """So many seconds later, by the same deviation."""
        step = 1000 * seconds
        sent, local = self.moment, self.local + step
        moment = CosemDateTime.from_epoch_milliseconds(local, deviation=0)
        return Bound(
            CosemDateTime(
                year=moment.year, month=moment.month, day=moment.day,
                day_of_week=None if sent.day_of_week is None else moment.day_of_week,
                hour=moment.hour, minute=moment.minute, second=moment.second,
                hundredths=sent.hundredths, deviation=sent.deviation, status=sent.status,
            ),
            None if self.utc is None else self.utc + step,
            local,
        )  # fmt: skip


def _local(aware: datetime.datetime) -> int:
    return (aware.replace(tzinfo=None) - _EPOCH) // _MILLISECOND


@dataclass(frozen=True, slots=True)
class TimeRange:
    """[start, stop); None where it has no end."""

    start: Bound | None
    stop: Bound | None

    @classmethod
    def of(
        cls,
        start: Moment | None,
        stop: Moment | None,
        *,
        tz: datetime.tzinfo | None = None,
        deviation_sign: DeviationSign = "standard",
    ) -> Self:
        """From aware datetimes or date-times; `tz` is the zone of naive ones and of date-times without deviation."""
        ends = [None if end is None else Bound.of(end, tz, deviation_sign) for end in (start, stop)]
        if ends[0] is not None and ends[1] is not None:
            first, last = (
                (ends[0].utc, ends[1].utc)
                if ends[0].utc is not None and ends[1].utc is not None
                else (ends[0].local, ends[1].local)
            )
            if first > last:
                raise ConfigurationError(f"the range starts at {start}, after its stop {stop}")
        return cls(*ends)

    def __bool__(self) -> bool:
        return self.start is not None or self.stop is not None

    def chosen(self, profile: Profile, *, without_time: bool) -> NDArray[np.bool_]:
        """True for the rows in the range; `without_time` is what becomes of rows whose time is not known.

        ConfigurationError where the profile has no times, or its times and an end of the range cannot be compared:
        times in UTC with an end whose zone is not known.
        """
        clock = profile.clock
        if clock is None:
            raise ConfigurationError("the profile has no column of times to choose rows by")
        times = profile.columns[clock]
        numbers: NDArray[np.int64] = times.view(np.int64)
        basis = profile.time_basis_of(clock)
        in_utc: bool | NDArray[np.bool_] = basis == "utc"
        if basis == "mixed":
            in_utc = profile.columns[f"{clock}.deviation"] != NO_DEVIATION
        inside = np.ones(len(profile), np.bool_)
        if self.start is not None:
            inside &= numbers >= _compared(self.start, in_utc)
        if self.stop is not None:
            inside &= numbers < _compared(self.stop, in_utc)
        lost = np.isnat(times)
        return np.where(lost, without_time, inside)


def _compared(bound: Bound, in_utc: bool | NDArray[np.bool_]) -> int | NDArray[np.int64]:
    if not np.any(in_utc):
        return bound.local
    if bound.utc is None:
        raise ConfigurationError("the meter's times have a deviation, and the range has none: name its zone with tz=")
    return bound.utc if isinstance(in_utc, bool) else np.where(in_utc, bound.utc, bound.local)
