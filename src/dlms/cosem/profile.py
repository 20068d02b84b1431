"""Load profiles as numpy columns: the buffer of a Profile generic object (class 7), or of anything like it."""

from __future__ import annotations

import datetime
import enum
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlms.cosem import profile_time
from dlms.cosem.interval_status import IntervalStatus, flag_columns
from dlms.cosem.profile_plan import Nulls, ProfilePlan, Rules
from dlms.cosem.profile_rows import NO_DEVIATION, Chosen, Companions, Filled, concatenated, taken
from dlms.cosem.profile_time import Gap, Times
from dlms.cosem.table import Missing, Table, cell_text, unknown_column
from dlms.data import OctetString
from dlms.datetime import DeviationSign
from dlms.enumerations import SortMethod
from dlms.errors import ConfigurationError
from dlms.units import Unit, scale
from dlms_core import columns as core

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow  # type: ignore[import-untyped]

__all__ = ["Columns", "Profile", "unpack_profile"]

Array: TypeAlias = NDArray[Any]
Octets: TypeAlias = bytes | bytearray | memoryview
TimeBasis: TypeAlias = Literal["utc", "local", "mixed"]

_UTC = datetime.UTC


def unpack_profile(
    octets: Octets,
    capture_objects: Iterable[Any] | None = None,
    *,
    scaler_units: Mapping[Any, Any] | Iterable[Any] | None = None,
    capture_period: int | None = None,
    sort_method: SortMethod | int | str | None = None,
    nulls: Nulls = "repeat",
    deviation_sign: DeviationSign = "standard",
    out: Profile | None = None,
) -> Profile:
    """The rows of a profile buffer as numpy columns.

    `octets` is one A-XDR Data: an array of structures, or a compact-array. `capture_objects` is attribute 3 of the
    profile and gives the columns their names; a Clock among them has its nulls counted up. `scaler_units` is a
    sequence in the same order (None where there is none), or a mapping by column name or logical name.
    `capture_period` is attribute 4, in seconds, and `sort_method` attribute 5: a null-data clock is the time before
    it plus (LIFO: minus) the period, and not a time where the period is 0, unknown or above a year, or where the
    rows are sorted by a value. Other null-data repeats the value before it; `nulls="missing"` fills nothing.
    Octet-strings are times in the columns of Clocks, and in those whose first value reads as a date-time; one that is
    malformed (month 13, 5 octets) leaves its column one of times: it is not-a-time there, with the mask flag 4.
    `deviation_sign="reversed"` is for meters that send +60 for UTC+1. A buffer without rows gives the columns of the
    capture objects, without rows.

    `out` is a `Profile.empty(plan, rows)`: it is filled anew and returned, which saves the allocations. The rules
    are those of its plan; an argument that says otherwise is a ConfigurationError, and so are more rows than it has
    room for. Octets that cannot be read, or do not fit the types of that plan, are a DecodeError.
    """
    arguments = (capture_objects, scaler_units, capture_period, sort_method, nulls, deviation_sign)
    if out is not None:
        rules = out.plan.rules
        if arguments != rules.silent and arguments != rules.arguments:
            rules.admit(arguments)
        return out._fill(octets)
    rules = Rules(*arguments)
    octets = bytes(memoryview(octets))
    filled = core.unpack(
        octets,
        clocks=rules.clocks,
        capture_step=rules.capture_step,
        nulls=nulls,
        deviation_sign=deviation_sign,
    )
    return profile_of(filled, rules, octets)


def profile_of(filled: core.Columns, rules: Rules, octets: bytes) -> Profile:
    """The profile of columns that the core filled. One without rows has the columns of its capture objects, if these
    are known: times for the clocks, and objects for what no row says the type of.
    """
    if not filled.rows and not filled.plan.columns and rules.captures:
        plan = core.Plan.of_tags(
            [OctetString.tag] * len(rules.captures),
            clocks=rules.clocks,
            capture_step=rules.capture_step,
            nulls=rules.nulls,
            deviation_sign=rules.deviation_sign,
        )
        filled = plan.empty(0)
    return Profile(ProfilePlan(filled.plan, rules), filled, octets)


class Columns(dict[str, Array]):
    """Name -> array, in the order of the row.

    For a column of times, `columns[name + ".deviation"]` (int16 minutes, -32768: not specified) and
    `columns[name + ".status"]` (uint8 clock status, 255: not specified) are read when they are asked for.
    """

    __slots__ = ("_companions", "_plan", "_read")

    def __init__(self, plan: ProfilePlan, filled: Filled, read: Callable[[], Companions]) -> None:
        rows = filled.rows
        super().__init__((name, values[:rows]) for name, values in zip(plan.names, filled.values, strict=True))
        self._plan, self._read = plan, read
        self._companions: Companions | None = None

    def __missing__(self, name: str) -> Array:
        base, _, companion = name.rpartition(".")
        position = self._plan.positions.get(base)
        if position is None or companion not in ("deviation", "status"):
            raise unknown_column(name, self)
        if self._companions is None:
            self._companions = self._read()
        values = self._companions[0 if companion == "deviation" else 1][position]
        if values is None:
            raise unknown_column(name, self)
        return values


class Profile:
    """The rows of a profile, column by column.

    The arrays of one that was made by `empty` are filled anew by each `unpack_profile(..., out=...)`: what was taken
    from it before, Arrow tables too, then shows the new rows. Copy what has to stay.

    A malformed time is not-a-time in its column, and has the flag 4 in its `mask`.
    """

    __slots__ = ("_columns", "_filled", "_octets", "_unpack", "plan")

    plan: ProfilePlan

    def __init__(self, plan: ProfilePlan, filled: Filled, octets: bytes) -> None:
        self.plan = plan
        self._filled = filled
        self._octets = octets
        self._columns: Columns | None = None
        self._unpack = plan.layout.unpack

    @classmethod
    def empty(cls, plan: ProfilePlan | core.Plan, rows: int) -> Profile:
        """A profile with room for `rows` rows of all columns, and none in it; `plan` is of a profile read before."""
        if isinstance(plan, core.Plan):
            plan = ProfilePlan(plan, Rules())
        return cls(plan.whole, plan.layout.empty(rows), b"")

    def _fill(self, octets: Octets) -> Profile:
        if type(octets) is not bytes:
            octets = bytes(memoryview(octets))
        self._columns = None
        self._octets = octets
        filled = self._filled
        if not isinstance(filled, core.Columns):
            raise ConfigurationError("out= is made by Profile.empty(plan, rows)")
        try:
            self._unpack(octets, filled)
        except BaseException as error:
            filled.rows = 0
            if type(error) is ValueError:
                raise ConfigurationError(str(error)) from error
            raise
        return self

    def __len__(self) -> int:
        return self._filled.rows

    def __repr__(self) -> str:
        return f"<Profile of {len(self)} rows: {', '.join(self.plan.names)}>"

    @property
    def columns(self) -> Columns:
        """Name -> numpy array of all rows, in the order of the row.

        Names: `1-0:1.8.0*255:2` (logical name and attribute), `[k]` for a data_index, `#2` for a duplicate, `.0` for
        a member of a structure; `c0`, `c1`, ... without capture objects. Times are datetime64[ms], in `time_basis`.
        """
        if self._columns is None:
            self._columns = Columns(self.plan, self._filled, self._companions())
        return self._columns

    def _companions(self) -> Callable[[], Companions]:
        """What reads the deviations and statuses of the rows as they are now."""
        filled = self._filled
        if not isinstance(filled, core.Columns):
            return filled.companions
        if filled.deviations is not None and filled.statuses is not None:
            read = filled.deviations, filled.statuses
            return lambda: read
        return functools.partial(_read_companions, self.plan, filled.rows, self._octets)

    @property
    def mask(self) -> dict[str, NDArray[np.uint8]]:
        """Name -> flags of each cell: 1 null, 2 rebuilt, 4 of another type than its column (a malformed time too), 8 a
        time with wildcards. Both kinds of time are not-a-time.
        """
        rows, masks = self._filled.rows, self._filled.masks
        return {name: mask[:rows] for name, mask in zip(self.plan.names, masks or (), strict=True)}

    @property
    def clock(self) -> str | None:
        """The name of the column with the time of the row; None if there is none."""
        return self.plan.clock

    @property
    def time_basis(self) -> TimeBasis | None:
        """What the times are in: "utc" where the rows give a deviation, "local" as sent where they do not, or
        "mixed" where some do; None without times.
        """
        bases = {self.time_basis_of(name) for name in self.plan.names} - {None}
        return bases.pop() if len(bases) == 1 else "mixed" if bases else None

    def time_basis_of(self, name: str) -> TimeBasis | None:
        """The time basis of one column; None without times."""
        return self._filled.time_basis(self.plan.positions[name])

    @property
    def scalers(self) -> dict[str, int]:
        """Name -> scaler, of the columns whose scaler is known."""
        return {name: known.scaler for name, known in self.plan.scaler_units.items()}

    @property
    def units(self) -> dict[str, Unit]:
        """Name -> unit, of the columns whose unit is known."""
        return {name: known.unit for name, known in self.plan.scaler_units.items()}

    def missing(self, name: str) -> NDArray[np.bool_]:
        """True for the rows that have no value in this column: null and not rebuilt, a delta of nothing, or a
        malformed time.
        """
        mask = self.mask[name]
        lost: NDArray[np.bool_] = (mask & (core.IS_NULL | core.IS_REBUILT)) == core.IS_NULL
        if self.columns[name].dtype.kind != "O":  # a column of objects holds values of any type
            lost |= (mask & core.IS_OTHER_TYPE) != 0
        return lost

    def flags(self, name: str, flags: type[enum.Flag] = IntervalStatus) -> dict[str, NDArray[np.bool_]]:
        """Name of a flag -> the rows that have it set in the status column `name`; `flags` is how the companion
        specification of the meter calls its bits.
        """
        return flag_columns(self.columns[name], flags)

    # --- what the times say

    def _times(self) -> Times:
        if self.plan.clock is None:
            raise ConfigurationError("the profile has no column of times")
        return self.columns[self.plan.clock]

    def gaps(
        self, start: np.datetime64 | None = None, stop: np.datetime64 | None = None, *, period: int | None = None
    ) -> list[Gap]:
        """Rows that are missing between the first and the last, or of those due in [start, stop).

        Rows are due every `period` seconds (by default the capture period, which then has to be known and not 0);
        `start` and `stop` are in the profile's `time_basis`. Each Gap is (start, stop, missing): when its first row
        was due, when the next one came, and how many are not there.
        """
        seconds = self.plan.rules.capture_period if period is None else period
        if not seconds:
            raise ConfigurationError("gaps need the capture period: name it with period=")
        return profile_time.gaps(self._times(), seconds * 1000, start, stop)

    def duplicates(self, keep: Literal["first", "last", "none"] = "first") -> NDArray[np.bool_]:
        """True for rows whose time comes more than once, but for the one to `keep`; nothing is removed.

        After a clock was set back an unsorted profile has two rows of one time.
        """
        return profile_time.duplicates(self._times(), keep)

    # --- some of the rows, and more of them

    def take(self, rows: Chosen) -> Profile:
        """Some of the rows, by a slice (which shares memory), by flags or by numbers."""
        columns = range(len(self.plan.names))
        return Profile(self.plan, taken(self._filled, columns, rows, self._companions()), b"")

    def take_where(self, flags: NDArray[np.bool_]) -> Profile:
        """The rows whose flag is set: this profile itself where all are, and memory of it where they are adjacent."""
        numbers = np.flatnonzero(flags)
        if len(numbers) == len(self):
            return self
        if not len(numbers):
            return self.take(slice(0))
        first, last = int(numbers[0]), int(numbers[-1])
        return self.take(slice(first, last + 1) if last - first + 1 == len(numbers) else numbers)

    def select(self, names: Iterable[str]) -> Profile:
        """Some of the columns, by name, in the order of the row; a name that there is not is a ConfigurationError."""
        wanted = set(names)
        unknown = wanted - set(self.plan.names)
        if unknown:
            raise ConfigurationError(f"the profile has no columns {', '.join(sorted(unknown))}")
        columns = [position for position, name in enumerate(self.plan.names) if name in wanted]
        return Profile(self.plan.select(columns), taken(self._filled, columns, slice(None), self._companions()), b"")

    @classmethod
    def concat(cls, profiles: Iterable[Profile]) -> Profile:
        """The rows of all profiles, one after the other. Their columns are the same by name, but for profiles without
        rows; what is known of them (scalers, capture period) is that of the first.
        """
        given = list(profiles)
        if not given:
            raise ConfigurationError("no profiles are given")
        parts = [part for part in given if len(part)] or given[:1]
        first = parts[0]
        for part in parts[1:]:
            if part.plan.names != first.plan.names:
                raise ConfigurationError("profiles of different columns")
        if len(parts) == 1:
            return first
        return cls(first.plan, concatenated([(part._filled, part._companions()) for part in parts]), b"")

    # --- other shapes

    def _table(self, columns: Mapping[str, Array], scaled: bool) -> Table:
        names = self.plan.names
        masks = self._filled.masks or ()
        lost = {name: self.missing(name) for name, mask in zip(names, masks, strict=True) if mask.any()}
        metadata = {
            name: {"unit": known.unit.symbol} | ({} if scaled else {"scaler": str(known.scaler)})
            for name, known in self.plan.scaler_units.items()
        }
        utc = {name for name in names if self.time_basis_of(name) == "utc"}
        return Table(columns, len(self), missing=lost, utc=utc, metadata=metadata)

    def _wide(self) -> Table:
        """All columns; a column of mixed time basis is followed by its deviation, without which it says nothing."""
        columns: dict[str, Array] = {}
        for name, values in self.columns.items():
            columns[name] = values
            if self.time_basis_of(name) == "mixed":
                columns[f"{name}.deviation"] = self.columns[f"{name}.deviation"]
        return self._table(columns, scaled=False)

    def scaled(self, *, decimal: bool = False) -> Table:
        """Name -> array, the columns with a known scaler multiplied by it: float64 with NaN for what is missing, or
        with `decimal=True` exact Decimals with None. The other columns are as they were.
        """
        columns: dict[str, Array] = dict(self.columns)
        for name, known in self.plan.scaler_units.items():
            columns[name] = _scaled(columns[name], self.missing(name), known.scaler, decimal)
        return self._table(columns, scaled=True)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as tuples of plain Python values, None for what is missing.

        Times are datetimes: aware, in UTC, where the row gives a deviation, else naive.
        """
        table = self._wide()
        if not self.plan.names:
            return itertools.repeat((), len(self))
        return zip(*(self._cells(table, name) for name in self.plan.names), strict=True)

    def _cells(self, table: Table, name: str) -> list[Any]:
        cells = table.cells(name)
        basis = self.time_basis_of(name)
        if basis == "utc":
            return [_in_utc(cell) for cell in cells]
        if basis == "mixed":
            deviations = table[f"{name}.deviation"].tolist()
            return [
                cell if deviation == NO_DEVIATION else _in_utc(cell)
                for cell, deviation in zip(cells, deviations, strict=True)
            ]
        return cells

    def tidy(self) -> Table:
        """One row for each cell: `time`, `name`, `value` (float64, scaled where the scaler is known), `text` (of a
        value that is no number), `unit`, `mask`. The clock is not repeated as a value of its own. Where there is no
        number `value` is NaN, and null in Arrow.
        """
        scaled, masks = self.scaled(), self.mask
        names = [name for name in self.plan.names if name != self.plan.clock]
        rows, count = len(self), len(names)
        times = self._times() if self.plan.clock is not None else np.full(rows, "NaT", "datetime64[ms]")
        values = np.full((rows, count), np.nan)
        absent = np.full((rows, count), True)
        text = np.full((rows, count), None, object)
        for position, name in enumerate(names):
            if scaled[name].dtype.kind in "iuf":
                absent[:, position] = self.missing(name)
                values[:, position] = np.where(absent[:, position], np.nan, scaled[name])
                continue
            for row, cell in enumerate(scaled.cells(name)):
                if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    values[row, position], absent[row, position] = cell, False
                elif cell is not None:
                    text[row, position] = cell_text(cell)
        units = [self.units[name].symbol if name in self.units else None for name in names]
        columns = {
            "time": np.repeat(times, count),
            "name": np.tile(np.array(names, object), rows),
            "value": values.reshape(-1),
            "text": text.reshape(-1),
            "unit": np.tile(np.array(units, object), rows),
            "mask": np.array([masks[name] for name in names], np.uint8).T.reshape(-1),
        }
        utc = {"time"} if self.plan.clock is not None and self.time_basis_of(self.plan.clock) == "utc" else set()
        return Table(columns, rows * count, missing={"value": absent.reshape(-1)}, utc=utc)

    # --- other libraries

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface, which pyarrow, pandas, polars and duckdb take; see `Table`."""
        return self._wide().__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow Table of the values as sent, unit and scaler as metadata of the fields; needs `dlms[arrow]`."""
        return self._wide().to_arrow()

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas DataFrame of the values as sent; needs `dlms[pandas]`."""
        return self._wide().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """A polars DataFrame of the values as sent; needs `dlms[polars]`."""
        return self._wide().to_polars()


def _read_companions(plan: ProfilePlan, rows: int, octets: bytes) -> Companions:
    read = plan.layout.empty(rows, masks=False, companions=True)
    if octets:
        plan.layout.unpack(octets, read)
    absent = (None,) * len(plan.names)
    return read.deviations or absent, read.statuses or absent


def _in_utc(cell: Any) -> Any:
    # numpy gives the number of ms for years that datetime lacks; NaT came as None.
    return cell.replace(tzinfo=_UTC) if isinstance(cell, datetime.datetime) else cell


def _scaled(values: Array, missing: Missing, scaler: int, decimal: bool) -> Array:
    kind = values.dtype.kind
    if kind not in "iufO":
        return values
    if decimal or kind == "O":
        cells = [
            None if gone else _scaled_cell(cell, scaler, decimal)
            for cell, gone in zip(values.tolist(), missing.tolist(), strict=True)
        ]
        if decimal or not all(cell is None or isinstance(cell, float) for cell in cells):
            exact = np.empty(len(cells), object)
            exact[:] = cells
            return exact
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    # Powers of ten up to 22 are exact as float64, negative ones never are: so divide, and round but once.
    product = values.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # too large is infinite, as in IEEE 754
        product = product / 10.0**-scaler if scaler < 0 else product * 10.0**scaler
    product[missing] = np.nan
    return product


def _scaled_cell(cell: Any, scaler: int, decimal: bool) -> Any:
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return cell
    exact = scale(cell, scaler)
    return exact if decimal else float(exact)
