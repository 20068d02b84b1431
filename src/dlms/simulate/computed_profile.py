"""The buffer of a profile whose rows follow from their times: nothing is stored, whatever the range that is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dlms.association.server.selective_rows import CLOCK_CLASS, SelectiveRows, date_time
from dlms.cosem.types import CaptureObjectDefinition, RangeDescriptor
from dlms.data import Array, Data, OctetString
from dlms.service_errors import ScopeOfAccessViolated, TypeUnmatched
from dlms.simulate.captures import Captures
from dlms.simulate.noise import Seconds
from dlms.simulate.zone import Zone
from dlms_core.columns import Plan
from dlms_core.pieces import head

Values: TypeAlias = Callable[[Seconds, npt.NDArray[np.int64]], npt.NDArray[Any]]
"""The times of some rows, and their numbers from the very first -> the raw values of a column in them."""
LONGEST_PIECE: Final = 4096
"""Rows that are computed in one go."""


@dataclass(frozen=True, slots=True)
class ComputedColumn:
    """A column: what is captured, and how it is sent. The column of the clock has no `values`: it is the time."""

    definition: CaptureObjectDefinition
    type: type[Data]
    values: Values | None = None


class ComputedProfile(SelectiveRows):
    """Rows at the times of `captures`, the newest `entries` of them, oldest first; `now` is asked at every read."""

    def __init__(
        self, columns: Sequence[ComputedColumn], captures: Captures, *, entries: int, zone: Zone,
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        self.capture_objects = [column.definition for column in columns]
        self._columns = tuple(columns)
        self._captures = captures
        self._entries = entries
        self._zone = zone
        self._now = now
        self._forgotten = 0

    def entries_in_use(self) -> int:
        """How many rows there are now."""
        return len(self.places())

    def reset(self) -> None:
        """Forget the rows that there are now."""
        self._forgotten = self._captures.count(self._now())

    def places(self) -> range:
        stop = self._captures.count(self._now())
        return range(min(max(stop - self._entries, self._forgotten, self._captures.first), stop), stop)

    def served(self, places: Sequence[int], columns: Sequence[int] | None) -> Iterator[bytes]:
        wanted = self._columns if columns is None else [self._columns[at] for at in columns]
        return self._served(places, wanted)

    def _served(self, rows: Sequence[int], columns: Sequence[ComputedColumn]) -> Iterator[bytes]:
        yield head(Array.tag, len(rows))
        for at in range(0, len(rows), LONGEST_PIECE):
            piece = rows[at : at + LONGEST_PIECE]
            first, stop = piece[0], piece[-1] + 1
            packed = self._packed(columns, self._captures.times(first, stop), np.arange(first, stop))
            yield packed.removeprefix(head(Array.tag, stop - first))

    def _packed(self, columns: Sequence[ComputedColumn], times: Seconds, numbers: Seconds) -> bytes:
        clocks = [at for at, column in enumerate(columns) if column.values is None]
        plan = Plan.of_tags(
            [OctetString.tag if column.values is None else column.type.tag for column in columns],
            clocks=clocks,
            deviation_sign=self._zone.deviation_sign,
        )
        rows = plan.empty(len(times), masks=False, companions=True)
        rows.rows = len(times)
        for at, column in enumerate(columns):
            values = times.astype("datetime64[s]") if column.values is None else column.values(times, numbers)
            rows.values[at][:] = values
        deviations, statuses = self._zone.deviations(times), self._zone.statuses(times)
        for companions, values in ((rows.deviations, deviations), (rows.statuses, statuses)):
            for at in clocks:
                companion = companions[at] if companions is not None else None
                if companion is not None:
                    companion[:] = values
        return plan.pack(rows)

    def in_range(self, descriptor: RangeDescriptor) -> range:
        rows = self.places()
        times = [column.definition for column in self._columns if column.values is None]
        wanted = descriptor.restricting_object
        if wanted.class_id != CLOCK_CLASS and wanted not in times:
            raise ScopeOfAccessViolated
        low, high = (seconds_of(value, self._zone) for value in (descriptor.from_value, descriptor.to_value))
        first = self._captures.count(np.nextafter(low, -np.inf))
        stop = self._captures.count(high)
        return range(max(first, rows.start), max(min(stop, rows.stop), max(first, rows.start)))


def seconds_of(value: object, zone: Zone) -> float:
    """The point in time, in seconds since 1970, that a client names by a date-time; raises TypeUnmatched."""
    seconds = zone.seconds(date_time(value))
    if seconds is None:
        raise TypeUnmatched
    return seconds
