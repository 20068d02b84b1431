"""Octets cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import EncodeError
from dlms_core.pieces import split


@given(st.binary(max_size=300), st.integers(1, 50), st.none() | st.integers(1, 50))
def test_the_pieces_are_the_octets(octets: bytes, size: int, first: int | None) -> None:
    pieces = split(octets, size) if first is None else split(octets, size, first=first)
    assert b"".join(pieces) == octets
    if first is not None and len(octets) >= first:
        assert len(pieces[0]) == first
    assert all(len(piece) == size for piece in pieces[1:-1])
    assert len(pieces) == 1 or all(pieces)


@pytest.mark.parametrize(("size", "first"), [(0, -1), (-1, -1), (5, 0), (5, -2)])
def test_no_such_size(size: int, first: int) -> None:
    with pytest.raises(EncodeError):
        split(b"abc", size, first=first)
