"""Curves that never fall, spread use as their shape says, and are the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from dlms.simulate.curve import DAY, QUARTER, Curve, Shape
from dlms.simulate.supply import HEATING, HOUSEHOLD, SUN

ORIGIN = 1_577_836_800
YEARS = np.arange(ORIGIN, ORIGIN + 366 * 4 * DAY, QUARTER)


@pytest.mark.parametrize("shape", [HOUSEHOLD, SUN, HEATING], ids=["household", "sun", "heating"])
def test_a_counter_never_falls_and_keeps_its_average(shape: Shape) -> None:
    readings = Curve(7, shape, 9000.0, origin=ORIGIN, offset=1000.0).at(YEARS)
    assert np.diff(readings).min() >= 0
    assert readings[0] == pytest.approx(1000.0)
    assert (readings[-1] - readings[0]) / (366 * 4) == pytest.approx(9000.0, rel=0.01)


def test_reading_one_time_is_reading_it_among_others() -> None:
    curve = Curve(7, HOUSEHOLD, 9000.0, origin=ORIGIN)
    some = YEARS[1000:1100] + 17
    assert curve.at(some).tolist() == [curve.at(np.array([at]))[0] for at in some]


def test_the_sun_does_not_shine_at_night_and_shines_longer_in_summer() -> None:
    days = Curve(3, SUN, 4000.0, origin=ORIGIN).at(YEARS).reshape(-1, 96)
    made = np.diff(days, axis=1)
    assert made[:, :12].max() == 0
    assert made[150:200].sum() > 3 * made[330:380].sum()


def test_weekends_are_not_workdays() -> None:
    days = np.diff(Curve(3, HOUSEHOLD, 9000.0, origin=ORIGIN).at(YEARS).reshape(-1, 96), axis=1)
    monday = (0 - 2) % 7  # 2020-01-01 is a Wednesday
    weekdays = (np.arange(len(days)) - monday) % 7
    morning = days[:, 26:32].sum(axis=1)
    assert morning[weekdays < 5].mean() > 1.5 * morning[weekdays >= 5].mean()


def test_other_seeds_are_other_people() -> None:
    first, second = (Curve(seed, HOUSEHOLD, 9000.0, origin=ORIGIN).at(YEARS[:96]) for seed in (1, 2))
    assert first.tolist() != second.tolist()
    assert first.tolist() == Curve(1, HOUSEHOLD, 9000.0, origin=ORIGIN).at(YEARS[:96]).tolist()
