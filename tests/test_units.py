"""dlms.units: the table of units, scalers and quantities."""

from __future__ import annotations

import math
import pickle
from decimal import Decimal

import pytest

from dlms.errors import EncodeError
from dlms.units import Quantity, ScalerUnit, Unit, scale


def test_the_whole_table() -> None:
    assert len(Unit) == 118
    expected = {*range(1, 58), *range(60, 68), 70, 71, 72, *range(128, 175), 253, 254, 255}
    assert {int(unit) for unit in Unit} == expected
    assert all(unit.quantity for unit in Unit)
    assert {unit for unit in Unit if not unit.symbol} == {Unit.EXTENDED_TABLE, Unit.COUNT}


@pytest.mark.parametrize(
    ("code", "symbol", "quantity"),
    [
        (7, "s", "time, second"),
        (13, "m³", "volume"),
        (20, "kg", "mass"),
        (27, "W", "active power"),
        (29, "var", "reactive power"),
        (30, "Wh", "active energy"),
        (33, "A", "current"),
        (35, "V", "voltage"),
        (44, "Hz", "frequency"),
        (50, "kg/s", "mass flux"),
        (255, "", "no unit, unitless, count"),
    ],
)
def test_units(code: int, symbol: str, quantity: str) -> None:
    unit = Unit(code)
    assert (unit, unit.symbol, unit.quantity) == (code, symbol, quantity)


def test_an_unknown_unit_is_kept() -> None:
    unit = Unit(99)
    assert (unit, unit.symbol, unit.known) == (99, "unit 99", False)
    assert pickle.loads(pickle.dumps(unit)).symbol == "unit 99"  # noqa: S301
    assert str(ScalerUnit(0, unit).quantity(5)) == "5 unit 99"


def test_quantities() -> None:
    voltage = ScalerUnit(-1, Unit.VOLT).quantity(2301)
    assert voltage == Quantity(Decimal("230.1"), Unit.VOLT)
    assert str(voltage) == "230.1 V"
    assert float(voltage) == 230.1
    assert str(ScalerUnit(3, Unit.WATT_HOUR).quantity(5)) == "5000 Wh"
    assert str(ScalerUnit(0, Unit.COUNT).quantity(7)) == "7"
    assert tuple(ScalerUnit(-2, Unit.VOLT)) == (-2, 35)


def test_scaling_is_exact() -> None:
    assert scale(2**64 - 1, 127) == (2**64 - 1) * 10**127
    assert scale(-1, -128) == Decimal("-1E-128")
    assert scale(0.5, 0) == Decimal("0.5")
    assert math.isnan(scale(math.nan, 3))
    assert scale(math.inf, 3) == math.inf


@pytest.mark.parametrize(
    ("raw", "scaler"), [(1, 128), (1, -129), (10**2000 + 1, 0), (Decimal("1E999999"), 0), (Decimal("sNaN"), 0)]
)
def test_what_cannot_be_scaled_is_refused(raw: int, scaler: int) -> None:
    with pytest.raises(EncodeError):
        scale(raw, scaler)
