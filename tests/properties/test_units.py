"""Properties of dlms.units."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dlms.units import ScalerUnit, Unit, scale

RAW = st.one_of(
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
)


@given(RAW, st.integers(-128, 127))
def test_no_digit_is_lost(raw: float, scaler: int) -> None:
    assert Fraction(scale(raw, scaler)) == Fraction(raw) * Fraction(10) ** scaler


@given(RAW, st.integers(-128, 127), st.integers(0, 255))
def test_every_unit_prints(raw: float, scaler: int, code: int) -> None:
    assert str(ScalerUnit(scaler, Unit(code)).quantity(raw))
