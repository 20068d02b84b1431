"""The buffer of a profile as a server keeps it: rows in their octets, selected by range, by entry and by column."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from dlms.association.server.selective_rows import CLOCK_CLASS, SelectiveRows, date_time, plain
from dlms.cosem.types import CaptureObjectDefinition, RangeDescriptor
from dlms.data import Array, Structure
from dlms.datetime import CosemDateTime
from dlms.enumerations import SortMethod
from dlms.errors import ConfigurationError
from dlms.grammar import Declared, structure
from dlms.grammar.programs import data_program
from dlms.service_errors import ScopeOfAccessViolated, TypeUnmatched
from dlms_core.pieces import head

TIME: Final = (CLOCK_CLASS, 2)
ROWS_AT_ONCE: Final = 64
"""Rows that are handed out together: some kilobytes, as long as a block of most meters."""


class ProfileBuffer(SelectiveRows):
    """Rows of a profile generic, at most `profile_entries` (None: any number).

    `capture_objects` are those of the profile, `types` the type of each column. Rows are encoded when they are added
    and served from there: a client that reads while rows are added sees those of the moment it began. `sort_method`
    says in which order they are served and which one goes when the buffer is full: with FIFO (oldest first) and LIFO
    (newest first) the oldest, else the one that comes last by the column of `sort_object`, as what is no number
    does. Rows are selected by the range of any column; of times without a deviation, by local time.
    """

    def __init__(
        self,
        capture_objects: Sequence[CaptureObjectDefinition],
        types: Sequence[Declared],
        rows: Iterable[Sequence[Any]] = (),
        *,
        profile_entries: int | None = None,
        sort_method: SortMethod = SortMethod.FIFO,
        sort_object: CaptureObjectDefinition | None = None,
    ) -> None:
        if len(capture_objects) != len(types) or not types:
            raise ConfigurationError("a profile has one type for each capture object, and one at least")
        self.capture_objects = tuple(capture_objects)
        self.profile_entries = profile_entries
        self._columns = [data_program(of) for of in types]
        self._program = data_program(structure(*types))
        times = (place for place, of in enumerate(capture_objects) if (of.class_id, of.attribute_index) == TIME)
        self._clock = next(times, None)
        self._octets: list[bytes] = []
        self._deviations: list[int | None] = []
        self._keys: list[int] = []
        self._ascending = True
        self._backwards = sort_method == SortMethod.LIFO
        self._rank = RANKS.get(sort_method)
        self._sort = 0 if self._rank is None else self._sort_column(sort_object)
        self._ranks: list[Any] = []
        for row in rows:
            self.append(row)

    def __len__(self) -> int:
        return len(self._octets)

    def append(self, row: Sequence[Any]) -> None:
        """Add the newest row. EncodeError for one that does not fit, TypeUnmatched for one without a point in time."""
        octets = self._program.encode(tuple(row))
        if self._clock is not None:
            at = date_time(row[self._clock])
            key = _milliseconds(at)
            self._ascending = self._ascending and (not self._keys or self._keys[-1] <= key)
            self._deviations.append(at.deviation)
            self._keys.append(key)
        if self._rank is not None:
            value = plain(row[self._sort])
            self._ranks.append(self._rank(value) if is_number(value) else LAST)
        self._octets.append(octets)
        if self.profile_entries is not None and len(self._octets) > self.profile_entries:
            goes = self._ranks.index(max(self._ranks)) if self._ranks else 0
            for of in (self._octets, self._deviations, self._keys, self._ranks):
                del of[goes : goes + 1]

    def clear(self) -> None:
        """Forget every row."""
        for of in (self._octets, self._deviations, self._keys, self._ranks):
            of.clear()
        self._ascending = True

    def places(self) -> Sequence[int]:
        return self._in_order(range(len(self._octets)))

    def served(self, places: Sequence[int], columns: Sequence[int] | None) -> Iterator[bytes]:
        return self._served(self._taken(places), columns)

    def _served(self, rows: list[bytes], columns: Sequence[int] | None) -> Iterator[bytes]:
        yield head(Array.tag, len(rows))
        if columns is None:
            for first in range(0, len(rows), ROWS_AT_ONCE):
                yield b"".join(rows[first : first + ROWS_AT_ONCE])
            return
        row_head = head(Structure.tag, len(columns))
        for row in rows:
            values = self._program.decode(row)
            yield row_head + b"".join(self._columns[at].encode(values[at]) for at in columns)

    def _taken(self, places: Sequence[int]) -> list[bytes]:
        if isinstance(places, range) and places.step == 1:
            return self._octets[places.start : places.stop]
        return [self._octets[place] for place in places]

    def _in_order(self, places: Sequence[int]) -> Sequence[int]:
        """Places in the order of the sort method; they come oldest first."""
        if self._rank is not None:
            return sorted(places, key=self._ranks.__getitem__)
        return places[::-1] if self._backwards else places

    def in_range(self, descriptor: RangeDescriptor) -> Sequence[int]:
        return self._in_order(self._in_range(descriptor))

    def _in_range(self, descriptor: RangeDescriptor) -> Sequence[int]:
        column = self._column(descriptor.restricting_object)
        if column != self._clock:
            first, last = plain(descriptor.from_value), plain(descriptor.to_value)
            values = (plain(self._program.decode(row)[column]) for row in self._octets)
            try:
                return [place for place, value in enumerate(values) if value is not None and first <= value <= last]
            except TypeError:
                raise TypeUnmatched from None
        start, stop = date_time(descriptor.from_value), date_time(descriptor.to_value)
        first, last = _milliseconds(start), _milliseconds(stop)
        if start.deviation is None and stop.deviation is None and any(self._deviations):
            local = zip(self._keys, self._deviations, strict=True)
            keys = [key - 60_000 * (deviation or 0) for key, deviation in local]
        elif self._ascending:
            return range(bisect_left(self._keys, first), bisect_right(self._keys, last))
        else:
            keys = self._keys
        return [place for place, key in enumerate(keys) if first <= key <= last]

    def _column(self, wanted: CaptureObjectDefinition) -> int:
        """The column of a restricting object: any clock is the profile's."""
        if wanted in self.capture_objects:
            return self.capture_objects.index(wanted)
        if wanted.class_id != CLOCK_CLASS or self._clock is None:
            raise ScopeOfAccessViolated
        return self._clock

    def _sort_column(self, wanted: CaptureObjectDefinition | None) -> int:
        if wanted not in self.capture_objects:
            raise ConfigurationError("a profile that is sorted by value has a sort_object among its capture objects")
        return self.capture_objects.index(wanted)


RANKS: Final[dict[SortMethod, Callable[[Any], Any]]] = {
    SortMethod.LARGEST: lambda value: -value,
    SortMethod.SMALLEST: lambda value: value,
    SortMethod.NEAREST_TO_ZERO: abs,
    SortMethod.FARTHEST_FROM_ZERO: lambda value: -abs(value),
}
"""What rows are sorted by, lowest first, where it is a value."""
LAST: Final = float("inf")


def is_number(value: object) -> bool:
    """Whether rows can be sorted by it."""
    return isinstance(value, (int, float)) and not math.isnan(value)


def _milliseconds(at: CosemDateTime) -> int:
    """A time as a number: UTC where it brings a deviation."""
    milliseconds = at.epoch_milliseconds()
    if milliseconds is None:
        raise TypeUnmatched
    return milliseconds
