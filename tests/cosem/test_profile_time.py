"""Gaps and duplicates, and the flags of interval status."""

from __future__ import annotations

import enum

import numpy as np
import pytest

from dlms.cosem.interval_status import IntervalStatus, flag_columns
from dlms.cosem.profile_time import Gap, duplicates, gaps
from dlms.errors import ConfigurationError

QUARTER = 900_000


def times(*clock: str | None) -> np.ndarray:
    day = [np.datetime64("NaT", "ms") if at is None else np.datetime64(f"2024-03-01T{at}") for at in clock]
    return np.array(day, "datetime64[ms]")


def at(clock: str) -> np.datetime64:
    return np.datetime64(f"2024-03-01T{clock}", "ms")


def test_gaps_in_any_order() -> None:
    rows = times("01:00", "00:00", "00:15", None, "00:15", "01:45")
    assert gaps(rows, QUARTER) == [
        Gap(at("00:30"), at("01:00"), 2),
        Gap(at("01:15"), at("01:45"), 2),
    ]
    assert gaps(times("00:00", "00:15"), QUARTER) == []
    assert gaps(times(), QUARTER) == gaps(times(None, None), QUARTER) == gaps(times("00:00"), QUARTER) == []


def test_a_late_row_is_no_gap() -> None:
    assert gaps(times("00:00", "00:15:04", "00:29:58"), QUARTER) == []
    assert gaps(times("00:00", "00:23", "00:30"), QUARTER) == [Gap(at("00:15"), at("00:23"), 1)]


def test_gaps_of_an_expected_range() -> None:
    rows = times("00:30", "00:45", "02:00")
    assert gaps(rows, QUARTER, at("00:00"), at("01:30")) == [
        Gap(at("00:00"), at("00:30"), 2),
        Gap(at("01:00"), at("01:30"), 2),
    ]
    assert gaps(rows, QUARTER, at("00:30"), at("01:00")) == []
    assert gaps(times(), QUARTER, at("00:00"), at("01:00")) == [Gap(at("00:00"), at("01:00"), 4)]
    assert gaps(rows, QUARTER, np.datetime64("2024-03-01T00:30", "s"), None) == [Gap(at("01:00"), at("02:00"), 4)]


def test_duplicates() -> None:
    rows = times("00:00", "00:15", None, "00:15", None, "00:15")
    assert duplicates(rows).tolist() == [False, False, False, True, False, True]
    assert duplicates(rows, "last").tolist() == [False, True, False, True, False, False]
    assert duplicates(rows, "none").tolist() == [False, True, False, True, False, True]
    assert duplicates(times()).tolist() == []
    with pytest.raises(ValueError, match="keep"):
        duplicates(rows, "both")  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "u8"])
def test_interval_status(dtype: str) -> None:
    flags = flag_columns(np.array([0x80, 0x28, 0x47, 0], dtype))
    assert list(flags) == ["ERR", "CIV", "DNV", "DST", "CAD", "PDN"]
    assert flags["PDN"].tolist() == [True, False, False, False]
    assert flags["CAD"].tolist() == flags["DST"].tolist() == [False, True, False, False]
    assert flags["ERR"].tolist() == flags["CIV"].tolist() == flags["DNV"].tolist() == [False, False, True, False]
    assert IntervalStatus(0x40) == 0x40


def test_a_companion_of_ones_own() -> None:
    class Companion(enum.IntFlag):
        SEASON_CHANGE = 1 << 15

    assert flag_columns(np.array([0x8000], "u2"), Companion)["SEASON_CHANGE"].tolist() == [True]
    with pytest.raises(ConfigurationError, match="integers"):
        flag_columns(np.array([b"\x80"], object))
