"""Every kernel gives one answer, and a check sequence proves its octets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlms_core.fcs import IMPLEMENTATIONS, fcs16, fcs16_by


@given(st.binary(max_size=600))
def test_kernels_agree(octets: bytes) -> None:
    assert len({fcs16_by(implementation, octets) for implementation in IMPLEMENTATIONS}) == 1


@given(st.binary(min_size=1, max_size=300), st.data())
def test_any_single_bit_shows(octets: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    flipped = bytearray(octets)
    flipped[bit // 8] ^= 1 << bit % 8
    assert fcs16(flipped) != fcs16(octets)
