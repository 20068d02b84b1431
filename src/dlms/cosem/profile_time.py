"""Which rows of a profile are missing and which come twice, from their times alone."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gap", "Times", "duplicates", "gaps"]

Times: TypeAlias = NDArray[np.datetime64]


class Gap(NamedTuple):
    """Rows that should be there and are not: `missing` of them, the first due at `start`, all before `stop`."""

    start: np.datetime64
    stop: np.datetime64
    missing: int


def gaps(times: Times, period: int, start: np.datetime64 | None = None, stop: np.datetime64 | None = None) -> list[Gap]:
    """Gaps between rows due every `period` ms, in order of time; rows may come in any order and more than once.

    With `start` and `stop` the rows of [start, stop) are expected, and none outside is looked at. A row up to half a
    period off its time is taken for that time.
    """
    known: NDArray[np.int64] = np.unique(times[~np.isnat(times)].view(np.int64))
    if start is not None:
        first = _milliseconds(start)
        known = np.concatenate(([first - period], known[known >= first]))
    if stop is not None:
        last = _milliseconds(stop)
        known = np.concatenate((known[known < last], [last]))
    missing = (np.diff(known) + period // 2) // period - 1
    return [
        Gap(_time(int(known[row]) + period), _time(int(known[row + 1])), int(missing[row]))
        for row in np.flatnonzero(missing > 0).tolist()
    ]


def _milliseconds(time: np.datetime64) -> int:
    return int(time.astype("datetime64[ms]").astype(np.int64))


def _time(milliseconds: int) -> np.datetime64:
    return np.datetime64(milliseconds, "ms")


def duplicates(times: Times, keep: Literal["first", "last", "none"] = "first") -> NDArray[np.bool_]:
    """True for each row whose time another row has too, but for the first or last of them that is kept.

    A row without a time (NaT) is never a duplicate.
    """
    if keep not in ("first", "last", "none"):
        raise ValueError(f"keep is 'first', 'last' or 'none', not {keep!r}")
    numbers = times.view(np.int64)
    order: NDArray[Any] = np.argsort(numbers, kind="stable")
    same = numbers[order][1:] == numbers[order][:-1]  # each but the first, with the one before it
    found = np.zeros(len(times), np.bool_)
    if keep != "last":
        found[order[1:][same]] = True
    if keep != "first":
        found[order[:-1][same]] = True
    return found & ~np.isnat(times)
