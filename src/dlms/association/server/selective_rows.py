"""Selective access to the buffer of a profile, whatever its rows are made of: by range, by entry and by column."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Final

from dlms.cosem.types import CaptureObjectDefinition, EntryDescriptor, RangeDescriptor
from dlms.data import Data
from dlms.datetime import CosemDateTime
from dlms.errors import DecodeError
from dlms.service_errors import ScopeOfAccessViolated, TypeUnmatched

CLOCK_CLASS: Final = 8


class SelectiveRows(ABC):
    """Rows with one column for each of `capture_objects`. Places are numbers of rows, in the order of the buffer."""

    capture_objects: Sequence[CaptureObjectDefinition]

    @abstractmethod
    def places(self) -> Sequence[int]:
        """Every row that there is now."""

    @abstractmethod
    def in_range(self, descriptor: RangeDescriptor) -> Sequence[int]:
        """The rows in a range; raises ScopeOfAccessViolated for an object of no column, TypeUnmatched for values that
        are none of it."""

    @abstractmethod
    def served(self, places: Sequence[int], columns: Sequence[int] | None) -> Iterator[bytes]:
        """The octets of the array of these rows, as they are now, in pieces; `columns` None for all."""

    def select(self, selector: int | None, parameters: object) -> Iterator[bytes]:
        """The octets of the array of the selected rows, in pieces, as the rows are now; raises ScopeOfAccessViolated
        and TypeUnmatched."""
        match selector, parameters:
            case None, _:
                return self.served(self.places(), None)
            case 1, RangeDescriptor():
                columns = self._named(parameters.selected_values)
                return self.served(self.in_range(parameters), columns)
            case 2, EntryDescriptor():
                columns = self._numbered(parameters)
                return self.served(_entries(self.places(), parameters), columns)
        raise ScopeOfAccessViolated

    def _named(self, wanted: Sequence[CaptureObjectDefinition]) -> Sequence[int] | None:
        if not wanted:
            return None
        columns = [at for at, of in enumerate(self.capture_objects) if of in wanted]
        if len(columns) < len(wanted):
            raise ScopeOfAccessViolated
        return columns

    def _numbered(self, descriptor: EntryDescriptor) -> Sequence[int] | None:
        first, last = descriptor.from_selected_value, descriptor.to_selected_value
        every = range(len(self.capture_objects))
        if not 1 <= first <= len(every) or 0 < last < first:
            raise ScopeOfAccessViolated
        columns = every[first - 1 : last or None]
        return None if columns == every else columns


def _entries(places: Sequence[int], descriptor: EntryDescriptor) -> Sequence[int]:
    first, last = descriptor.from_entry, descriptor.to_entry
    if first < 1 or 0 < last < first:
        raise ScopeOfAccessViolated
    return places[first - 1 : last or None]


def plain(value: object) -> Any:
    """The value of a cell or of a limit, whether it came typed or not."""
    return value.value if isinstance(value, Data) else value


def date_time(value: object) -> CosemDateTime:
    """A time of a row or of a range; raises TypeUnmatched for what is none."""
    value = plain(value)
    if isinstance(value, bytes):
        try:
            value = CosemDateTime.from_octets(value)
        except DecodeError:
            raise TypeUnmatched from None
    if not isinstance(value, CosemDateTime):
        raise TypeUnmatched
    return value
