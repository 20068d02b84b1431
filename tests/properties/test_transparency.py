"""Stuffing is undone by unstuffing; unstuffing takes any octets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dlms_core.fault import DecodeError
from dlms_core.transparency import stuff, unstuff

SPECIAL = st.lists(st.sampled_from([0x7D, 0x7E, 0x5D, 0x5E, 0x00]), max_size=120).map(bytes)


@given(st.binary(max_size=200) | SPECIAL)
def test_there_and_back(plain: bytes) -> None:
    stuffed = stuff(plain)
    assert 0x7E not in stuffed
    assert unstuff(stuffed) == plain


@given(st.binary(max_size=200) | SPECIAL)
def test_any_octets(octets: bytes) -> None:
    try:
        plain = unstuff(octets)
    except DecodeError as error:
        fault = error
    else:
        assert len(plain) <= len(octets)
        assert unstuff(stuff(plain)) == plain
        return
    assert octets[fault.offset] in (0x7D, 0x7E)
