"""Rows of profiles that were read before: some of them, or those of several profiles one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlms_core import columns as core

__all__ = ["NO_DEVIATION", "NO_STATUS", "Companions", "ProfileRows", "concatenated", "taken"]

Array: TypeAlias = NDArray[Any]
Chosen: TypeAlias = slice | NDArray[np.bool_] | NDArray[np.intp]
Companions: TypeAlias = tuple[Sequence[Array | None], Sequence[Array | None]]
"""For each column its deviations and its clock statuses; None where it has no times."""

NO_DEVIATION = np.iinfo(np.int16).min
NO_STATUS = 255


class ProfileRows:
    """Columns with the face of the core's: `rows` long each, with a mask each. The companions are made when asked."""

    __slots__ = ("_bases", "companions", "masks", "rows", "values")

    def __init__(
        self,
        values: Sequence[Array],
        masks: Sequence[NDArray[np.uint8]],
        bases: Sequence[Any],
        rows: int,
        companions: Callable[[], Companions],
    ) -> None:
        self.values = tuple(values)
        self.masks = tuple(masks)
        self.rows = rows
        self.companions = companions
        self._bases = tuple(bases)

    def time_basis(self, column: int) -> Any:
        """As the core's Columns say it."""
        return self._bases[column]


Filled: TypeAlias = core.Columns | ProfileRows


def taken(filled: Filled, columns: Sequence[int], chosen: Chosen, companions: Callable[[], Companions]) -> ProfileRows:
    """Some rows, and some columns by their number; a slice of rows shares memory with `filled`."""
    kept = np.arange(filled.rows)[chosen].shape[0]

    def of_chosen() -> Companions:
        deviations, statuses = companions()
        return _picked(deviations, columns, chosen), _picked(statuses, columns, chosen)

    masks = filled.masks or ()
    return ProfileRows(
        [filled.values[column][: filled.rows][chosen] for column in columns],
        [masks[column][: filled.rows][chosen] for column in columns],
        [filled.time_basis(column) for column in columns],
        kept,
        of_chosen,
    )


def _picked(arrays: Sequence[Array | None], columns: Sequence[int], chosen: Chosen) -> list[Array | None]:
    return [None if array is None else array[chosen] for array in (arrays[column] for column in columns)]


def concatenated(parts: Sequence[tuple[Filled, Callable[[], Companions]]]) -> ProfileRows:
    """The rows of all parts, which have equally many columns. A column that is of several types becomes the integer
    type that holds them all, else objects.
    """
    counts = [filled.rows for filled, _ in parts]
    width = range(len(parts[0][0].values))

    def of_all() -> Companions:
        found = [companions() for _, companions in parts]
        deviations = [_filled_up([of[0][column] for of in found], counts, np.int16, NO_DEVIATION) for column in width]
        statuses = [_filled_up([of[1][column] for of in found], counts, np.uint8, NO_STATUS) for column in width]
        return deviations, statuses

    return ProfileRows(
        [_joined([filled.values[column][: filled.rows] for filled, _ in parts]) for column in width],
        [np.concatenate([(filled.masks or ())[column][: filled.rows] for filled, _ in parts]) for column in width],
        [_basis({filled.time_basis(column) for filled, _ in parts} - {None}) for column in width],
        sum(counts),
        of_all,
    )


def _joined(arrays: Sequence[Array]) -> Array:
    types = {array.dtype for array in arrays}
    if len(types) == 1:
        return np.concatenate(arrays)
    if all(kind.kind in "iu" for kind in types):
        common = np.result_type(*types)
        if common.kind in "iu":  # int64 beside uint64 would be float64, which is not exact
            return np.concatenate([array.astype(common) for array in arrays])
    cells = np.empty(sum(len(array) for array in arrays), object)
    at = 0
    for array in arrays:
        cells[at : at + len(array)] = list(array) if array.dtype.kind in "mM" else array.tolist()
        at += len(array)
    return cells


def _filled_up(arrays: Sequence[Array | None], counts: Sequence[int], dtype: Any, absent: int) -> Array | None:
    if all(array is None for array in arrays):
        return None
    return np.concatenate(
        [np.full(count, absent, dtype) if array is None else array for array, count in zip(arrays, counts, strict=True)]
    )


def _basis(bases: set[Any]) -> Any:
    return bases.pop() if len(bases) == 1 else "mixed" if bases else None
