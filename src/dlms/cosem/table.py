"""A table of named numpy columns, as Arrow consumers, pandas and polars take it."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlms.errors import ConfigurationError
from dlms_core import arrow

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow  # type: ignore[import-untyped]

__all__ = ["Table", "cell_text"]

Array: TypeAlias = NDArray[Any]
Missing: TypeAlias = NDArray[np.bool_]

_INTEGERS = {"i1": "c", "u1": "C", "i2": "s", "u2": "S", "i4": "i", "u4": "I", "i8": "l", "u8": "L"}
_FLOATS = {"f4": "f", "f8": "g"}
_DIGITS = 38  # of Arrow's decimal128


def unknown_column(name: object, names: Iterable[str]) -> KeyError:
    """The error for a name that no column has: names are those of capture objects, `1-0:1.8.0*255:2`."""
    return KeyError(f"no column is named {name!r:.60}; there are {', '.join(names):.200}")


class Table:
    """Name -> numpy array, read like a dict, all of `rows` rows, in the order of the columns.

    `missing` has for a column True where its cell holds no value (a column that is not named there lacks none; NaT
    is always missing). `utc` names the datetime64 columns that are in UTC; others are local time. `metadata` goes
    with a column into Arrow. Exports share memory with the arrays where Arrow's layout is the same (numbers and
    times), else they copy.
    """

    # No dict and no Mapping: pyarrow and polars look for these before they look for the stream.
    __slots__ = ("_columns", "metadata", "missing", "rows", "utc")

    rows: int
    missing: Mapping[str, Missing]
    utc: Collection[str]
    metadata: Mapping[str, Mapping[str, str]]

    def __init__(
        self,
        columns: Mapping[str, Array],
        rows: int,
        *,
        missing: Mapping[str, Missing] | None = None,
        utc: Collection[str] = (),
        metadata: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._columns = dict(columns)
        self.rows = rows
        self.missing = missing or {}
        self.utc = utc
        self.metadata = metadata or {}

    def __getitem__(self, name: str) -> Array:
        try:
            return self._columns[name]
        except KeyError:
            raise unknown_column(name, self._columns) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def keys(self) -> KeysView[str]:
        return self._columns.keys()

    def values(self) -> ValuesView[Array]:
        return self._columns.values()

    def items(self) -> ItemsView[str, Array]:
        return self._columns.items()

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows: {', '.join(self)}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface: one record batch. A requested schema is not followed, as is allowed."""
        return arrow.stream([self._arrow(name) for name in self], self.rows)

    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow Table; needs `dlms[arrow]`."""
        table: pyarrow.Table = _extra("pyarrow", "arrow").table(self)
        return table

    def to_polars(self) -> polars.DataFrame:
        """A polars DataFrame; needs `dlms[polars]`."""
        frame: polars.DataFrame = _extra("polars", "polars").DataFrame(self)
        return frame

    def to_pandas(self) -> pandas.DataFrame:
        """A pandas DataFrame, with pandas' own nullable types where a number is missing; needs `dlms[pandas]`."""
        pd = _extra("pandas", "pandas")
        frame: pandas.DataFrame = pd.DataFrame(
            {name: self._pandas(name, pd) for name in self}, index=pd.RangeIndex(self.rows)
        )
        return frame

    def cells(self, name: str) -> list[Any]:
        """The cells of a column as plain Python objects, None where missing."""
        return _objects(self[name], self._lost(name))

    def _lost(self, name: str) -> Missing | None:
        """True where the cell of the column is missing; None where none is."""
        values, lost = self[name], self.missing.get(name)
        if values.dtype.kind in "Mm":
            nat = np.isnat(values)
            lost = nat if lost is None else lost | nat
        elif values.dtype.kind == "O":
            none = np.array([cell is None for cell in values], np.bool_)
            lost = none if lost is None else lost | none
        return lost if lost is not None and lost.any() else None

    def _arrow(self, name: str) -> arrow.Column:
        values, lost = self[name], self._lost(name)
        layout, buffers = _arrow_buffers(values, lost, name in self.utc)
        validity, nulls = None, 0
        if lost is not None:
            validity = np.packbits(~lost, bitorder="little")
            nulls = int(np.count_nonzero(lost))
        return arrow.Column(
            name, layout, self.rows, buffers, validity=validity, nulls=nulls, metadata=self.metadata.get(name)
        )

    def _pandas(self, name: str, pd: ModuleType) -> Any:
        values, lost = self[name], self._lost(name)
        kind = values.dtype.kind
        if kind in "Mm":
            return pd.Series(values).dt.tz_localize("UTC") if name in self.utc else values
        if lost is None:
            return pd.Series(values, dtype=object) if kind == "O" else values
        if kind == "b":
            return pd.arrays.BooleanArray(values.copy(), lost)
        if kind in "iu":
            return pd.arrays.IntegerArray(values.copy(), lost)
        if kind == "f":
            return np.where(lost, np.nan, values)
        return pd.Series(_objects(values, lost), dtype=object)


def _extra(module: str, extra: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigurationError(f"{module} is not installed: pip install 'dlms[{extra}]'") from error


def _objects(values: Array, lost: Missing | None) -> list[Any]:
    """The cells as Python objects, None where missing."""
    cells: list[Any] = values.tolist()
    if lost is not None:
        for row in np.flatnonzero(lost).tolist():
            cells[row] = None
    return cells


def _arrow_buffers(values: Array, lost: Missing | None, utc: bool) -> tuple[str, list[Any]]:
    """Arrow's format string and buffers (without the validity) of a column."""
    dtype = values.dtype
    if dtype.kind == "b":
        return "b", [np.packbits(values, bitorder="little")]
    number = _INTEGERS.get(dtype.str[1:]) or _FLOATS.get(dtype.str[1:])
    if number is not None:
        return number, [np.ascontiguousarray(values)]
    if dtype.kind == "M":
        whole = np.ascontiguousarray(values.astype("datetime64[ms]", copy=False))
        return ("tsm:UTC" if utc else "tsm:"), [whole.view(np.int64)]
    if dtype.kind == "m":
        whole = np.ascontiguousarray(values.astype("timedelta64[ms]", copy=False))
        return "tDm", [whole.view(np.int64)]
    if dtype.kind == "V":
        return f"w:{dtype.itemsize}", [np.ascontiguousarray(values).view(np.uint8)]
    return _object_buffers(_objects(values, lost))


def _object_buffers(cells: list[Any]) -> tuple[str, list[Any]]:
    present = [cell for cell in cells if cell is not None]
    kinds = {type(cell) for cell in present}
    if kinds == {bytes}:
        return _varying("z", [b"" if cell is None else cell for cell in cells])
    if kinds == {str}:
        return _varying("u", [b"" if cell is None else _utf8(cell) for cell in cells])
    if kinds and kinds <= {int, Decimal}:
        decimals = _decimals(cells, present)
        if decimals is not None:
            return decimals
    # Cells of several kinds, or of one that Arrow lacks: as text, octets in hexadecimal.
    return _varying("u", [b"" if cell is None else _utf8(cell_text(cell)) for cell in cells])


def cell_text(cell: object) -> str:
    """A value that is no number, in words; octets in hexadecimal."""
    return cell.hex().upper() if isinstance(cell, bytes) else str(cell)


def _utf8(text: str) -> bytes:
    """Strings that a meter did not send as UTF-8 hold the other octets as surrogates: as escapes then."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape").decode(errors="backslashreplace").encode()


def _varying(layout: str, cells: list[bytes]) -> tuple[str, list[Any]]:
    offsets = np.zeros(len(cells) + 1, np.int64)
    np.cumsum([len(cell) for cell in cells], out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        return layout.upper(), [offsets, b"".join(cells)]
    return layout, [offsets.astype(np.int32), b"".join(cells)]


def _decimals(cells: list[Any], present: list[Any]) -> tuple[str, list[Any]] | None:
    """decimal128 of one scale for all cells; None where 38 digits do not hold them."""
    parts = [Decimal(cell).as_tuple() for cell in present]
    if not all(isinstance(part.exponent, int) for part in parts):  # NaN, infinity
        return None
    scale = max([0, *(-int(part.exponent) for part in parts)])
    digits = max(len(part.digits) + int(part.exponent) + scale for part in parts)
    if scale > _DIGITS or digits > _DIGITS:
        return None
    unscaled = (0 if cell is None else int(Decimal(cell).scaleb(scale)) for cell in cells)
    return f"d:{_DIGITS},{scale}", [b"".join(number.to_bytes(16, "little", signed=True) for number in unscaled)]
