"""Invariant: however the octets of a long read are cut into blocks, what is handed on piece by piece is the Data that
the whole of them holds, or no Data; what is not handed on is kept."""

from __future__ import annotations

from dlms.association.short_names import LIST_OF_RESULTS, ResultInBlocks
from dlms.data import loads
from dlms.errors import DecodeError
from dlms_core.pieces import split


def check(octets: bytes) -> None:
    size = 1 + (octets[-1] if octets else 0) % 9
    taken: list[bytes] = []
    result = ResultInBlocks(taken.append)
    for piece in split(octets, size, first=1 + len(octets) % 7):
        result.add(piece)
    handed_on = b"".join(taken)
    assert result.begun == bool(taken)
    assert bytes(result.held) == (b"" if result.begun else octets)
    assert octets.endswith(handed_on)
    if result.begun and is_data(handed_on):
        assert handed_on == data_of(octets)


def is_data(octets: bytes) -> bool:
    try:
        loads(octets)
    except DecodeError:
        return False
    return True


def data_of(octets: bytes) -> object:
    """What the list of one result holds, or the octets themselves where they are no list."""
    try:
        (result,) = LIST_OF_RESULTS.decode(octets)
    except DecodeError:
        return octets
    return result
