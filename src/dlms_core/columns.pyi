"""Contract (the docstrings of columns.pyx say it in full).

`unpack(octets, ...)` takes an A-XDR array of rows (01 count rows) or a compact-array (13 ...) and gives fresh
Columns with exactly `rows == room` rows; it learns the layout from all rows when the first does not fit them all.
`Plan.learn(octets, ...)` reads the first rows only; `plan.empty(rows)` makes arrays; `plan.unpack(octets, out)`
fills them, returns the number of rows (also `out.rows`) and raises ValueError when `out` is too small or not of
this plan, DecodeError when the octets are broken or do not fit the plan's types. `out` may be reused for ever.

Columns are in row order. clocks: top-level positions whose nulls advance by `capture_step` ms (negative when
sorted LIFO, 0: unknown -> NaT); None: the first date-time column. Octet-strings are date-times at these positions,
and wherever the first value of the column is one or looks like one: one that is malformed is NaT, IS_OTHER_TYPE.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal, Self, TypeAlias, final

import numpy as np
import numpy.typing as npt

_Octets: TypeAlias = bytes | bytearray | memoryview
_Kind: TypeAlias = Literal[
    "integer",
    "boolean",
    "float",
    "date-time",
    "date",
    "time",
    "octet-string",
    "text",
    "bit-string",
    "compact-array",
    "null-data",
    "mixed",
]

# Flags of a mask, one octet for each cell.
IS_NULL: int  # 1: null-data, or missing from a short row
IS_REBUILT: int  # 2: null-data, filled from the row before
IS_OTHER_TYPE: int  # 4: of another kind than its column, a delta with nothing to be added to, or a malformed time
IS_WILDCARD: int  # 8: a time with fields that are not specified, or special

@final
class Column:
    """One column of a plan: a leaf of the row's layout."""

    @property
    def path(self) -> tuple[int, ...]: ...  # (3,) the fourth capture object, (3, 0) its first member
    @property
    def kind(self) -> _Kind: ...
    @property
    def tag(self) -> int | None: ...  # the Data tag of all its values; None where they differ, or there are none
    @property
    def dtype(self) -> np.dtype[Any]: ...  # times: datetime64[ms]; mixed, strings and null-data: object

@final
class Plan:
    """How rows become columns (and columns rows): layout, types, and the rules for nulls and times. Immutable."""

    @classmethod
    def learn(
        cls,
        octets: _Octets,
        *,
        clocks: Collection[int] | None = None,
        capture_step: int = 0,
        nulls: Literal["repeat", "missing"] = "repeat",
        deviation_sign: Literal["standard", "reversed"] = "standard",
        daylight_saving_apart: bool = False,
    ) -> Self: ...
    @classmethod
    def of_tags(
        cls,
        tags: Sequence[int],
        *,
        clocks: Collection[int] | None = None,
        capture_step: int = 0,
        nulls: Literal["repeat", "missing"] = "repeat",
        deviation_sign: Literal["standard", "reversed"] = "standard",
        daylight_saving_apart: bool = False,
    ) -> Self: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    def empty(self, rows: int, *, masks: bool = True, companions: bool = False) -> Columns: ...
    def unpack(self, octets: _Octets, out: Columns) -> int: ...
    def pack(self, columns: Columns, *, deviation: int | None = None, status: int | None = 0) -> bytes: ...

@final
class Columns:
    """Arrays for `room` rows of a plan, of which the first `rows` are filled. Not for two threads at once."""

    @property
    def plan(self) -> Plan: ...
    @property
    def rows(self) -> int: ...
    @rows.setter
    def rows(self, rows: int) -> None: ...
    @property
    def room(self) -> int: ...
    @property
    def values(self) -> tuple[npt.NDArray[Any], ...]: ...  # one for each column, `room` long
    @property
    def masks(self) -> tuple[npt.NDArray[np.uint8], ...] | None: ...
    @property
    def deviations(self) -> tuple[npt.NDArray[np.int16] | None, ...] | None: ...  # date-time columns only
    @property
    def statuses(self) -> tuple[npt.NDArray[np.uint8] | None, ...] | None: ...
    def time_basis(self, column: int) -> Literal["utc", "local", "mixed"] | None: ...

@final
class RowStream:
    def __init__(
        self,
        *,
        clocks: Collection[int] | None = None,
        capture_step: int = 0,
        nulls: Literal["repeat", "missing"] = "repeat",
        deviation_sign: Literal["standard", "reversed"] = "standard",
        daylight_saving_apart: bool = False,
        masks: bool = True,
        companions: bool = False,
    ) -> None: ...
    @property
    def rows(self) -> int: ...
    @property
    def expected_rows(self) -> int | None: ...
    @property
    def octets(self) -> bytes: ...
    def feed(self, octets: _Octets) -> int: ...
    def finish(self) -> Columns: ...
    def front(self) -> Columns: ...

def unpack(
    octets: _Octets,
    *,
    clocks: Collection[int] | None = None,
    capture_step: int = 0,
    nulls: Literal["repeat", "missing"] = "repeat",
    deviation_sign: Literal["standard", "reversed"] = "standard",
    daylight_saving_apart: bool = False,
    masks: bool = True,
    companions: bool = False,
) -> Columns: ...
