"""The buffer of a profile as a server keeps it: rows in their octets, selected by range, by entry and by column."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from dlms.cosem.types import CaptureObjectDefinition, EntryDescriptor, RangeDescriptor
from dlms.data import Array, Structure
from dlms.datetime import CosemDateTime
from dlms.errors import ConfigurationError, DecodeError
from dlms.grammar import Declared, structure
from dlms.grammar.programs import data_program
from dlms.service_errors import ScopeOfAccessViolated, TypeUnmatched
from dlms_core.pieces import head

CLOCK_CLASS: Final = 8


class ProfileBuffer:
    """Rows of a profile generic, oldest first, at most `profile_entries` (None: any number): the newest stay.

    `capture_objects` are those of the profile, `types` the type of each column. Rows are encoded when they are added
    and served from there: a client that reads while rows are added sees those of the moment it began. Rows are in the
    order of their times; the first column of a clock is the sort object.
    """

    def __init__(
        self,
        capture_objects: Sequence[CaptureObjectDefinition],
        types: Sequence[Declared],
        rows: Iterable[Sequence[Any]] = (),
        *,
        profile_entries: int | None = None,
    ) -> None:
        if len(capture_objects) != len(types) or not types:
            raise ConfigurationError("a profile has one type for each capture object, and one at least")
        self.capture_objects = tuple(capture_objects)
        self.profile_entries = profile_entries
        self._columns = [data_program(of) for of in types]
        self._program = data_program(structure(*types))
        self._clock = next((i for i, of in enumerate(capture_objects) if of.class_id == CLOCK_CLASS), None)
        self._octets: list[bytes] = []
        self._keys: list[int] = []
        for row in rows:
            self.append(row)

    def __len__(self) -> int:
        return len(self._octets)

    def append(self, row: Sequence[Any]) -> None:
        """Add the newest row; the oldest goes where the buffer is full. EncodeError for one that does not fit."""
        self._octets.append(self._program.encode(tuple(row)))
        if self._clock is not None:
            self._keys.append(_milliseconds(row[self._clock]))
        if self.profile_entries is not None and len(self._octets) > self.profile_entries:
            del self._octets[0]
            del self._keys[:1]

    def clear(self) -> None:
        """Forget every row."""
        self._octets.clear()
        self._keys.clear()

    def select(self, selector: int | None, parameters: object) -> Iterator[bytes]:
        """The octets of the array of the selected rows, row by row, as they are now."""
        match selector, parameters:
            case None, _:
                rows, columns = self._octets[:], None
            case 1, RangeDescriptor():
                rows, columns = self._in_range(parameters), self._named(parameters.selected_values)
            case 2, EntryDescriptor():
                rows, columns = self._entries(parameters), self._numbered(parameters)
            case _:
                raise ScopeOfAccessViolated
        return self._served(rows, columns)

    def _served(self, rows: list[bytes], columns: list[int] | None) -> Iterator[bytes]:
        yield head(Array.tag, len(rows))
        if columns is None:
            yield from rows
            return
        row_head = head(Structure.tag, len(columns))
        for row in rows:
            values = self._program.decode(row)
            yield row_head + b"".join(self._columns[at].encode(values[at]) for at in columns)

    def _in_range(self, descriptor: RangeDescriptor) -> list[bytes]:
        if descriptor.restricting_object.class_id != CLOCK_CLASS or self._clock is None:
            raise ScopeOfAccessViolated
        first = bisect_left(self._keys, _milliseconds(descriptor.from_value))
        last = bisect_right(self._keys, _milliseconds(descriptor.to_value))
        return self._octets[first:last]

    def _entries(self, descriptor: EntryDescriptor) -> list[bytes]:
        first, last = descriptor.from_entry, descriptor.to_entry
        if first < 1 or (last and last < first):
            raise ScopeOfAccessViolated
        return self._octets[first - 1 : last or None]

    def _numbered(self, descriptor: EntryDescriptor) -> list[int] | None:
        first, last = descriptor.from_selected_value, descriptor.to_selected_value
        width = len(self._columns)
        if first < 1 or first > width or (last and last < first):
            raise ScopeOfAccessViolated
        columns = list(range(first - 1, min(last or width, width)))
        return None if len(columns) == width else columns

    def _named(self, wanted: Sequence[CaptureObjectDefinition]) -> list[int] | None:
        if not wanted:
            return None
        columns = [i for i, of in enumerate(self.capture_objects) if of in wanted]
        if len(columns) < len(wanted):
            raise ScopeOfAccessViolated
        return columns


def _milliseconds(value: object) -> int:
    """A time of a row or of a range as a number; deviations are heeded where they are given."""
    value = getattr(value, "value", value)
    if isinstance(value, bytes):
        try:
            value = CosemDateTime.from_octets(value)
        except DecodeError:
            raise TypeUnmatched from None
    if not isinstance(value, CosemDateTime):
        raise TypeUnmatched
    at = value.epoch_milliseconds()
    if at is None:
        raise TypeUnmatched
    return at
