"""The reading of the declarations in which every Data stays its octets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlms
from dlms.apdu import decode, decode_with_data_octets, encode, encode_with_data_octets
from dlms.apdu.get import GetResponseNormal, GetResponseWithList
from dlms.data import Array, DoubleLongUnsigned, NullData, OctetString, Structure, Unsigned
from dlms.errors import DecodeError, DlmsError, EncodeError
from dlms.results import DataAccessResult

LIST = bytes.fromhex("C403C10300091049534B3130333037373737363433363600090C07E50603040E091700FFC4000104")


def test_data_stays_octets() -> None:
    message = decode_with_data_octets(LIST)
    assert isinstance(message, GetResponseWithList)
    first, second, third = message.result
    assert first == bytes.fromhex("091049534B31303330373737373634333636")
    assert second == bytes.fromhex("090C07E50603040E091700FFC400")
    assert third == DataAccessResult.OBJECT_UNDEFINED
    assert encode_with_data_octets(message) == LIST


@pytest.mark.parametrize("length", range(len(LIST)))
def test_truncated(length: int) -> None:
    with pytest.raises(dlms.DecodeError):
        decode_with_data_octets(LIST[:length])


def test_only_one_whole_data_goes_out() -> None:
    for octets in (b"\x06\0\0\0\1", DoubleLongUnsigned(1)):
        assert encode_with_data_octets(GetResponseNormal(0xC1, octets)).hex() == "c401c1000600000001"  # type: ignore[arg-type]
    for octets in (b"", b"\x06\0\0\0", b"\x06\0\0\0\1\0", b"\x07", "06"):
        with pytest.raises(EncodeError):
            encode_with_data_octets(GetResponseNormal(0xC1, octets))  # type: ignore[arg-type]


@given(st.binary(max_size=60).map(lambda tail: b"\xc4\x01\xc1\x00" + tail) | st.binary(max_size=60))
def test_both_readings_accept_the_same(octets: bytes) -> None:
    try:
        typed = dlms.decode(octets)
    except DlmsError:
        return  # the typed reading also bounds what the values would cost
    assert encode_with_data_octets(decode_with_data_octets(octets)) == encode_with_data_octets(typed)


def readable(octets: bytes, read: Callable[[bytes], object]) -> bool:
    try:
        read(octets)
    except DecodeError:
        return False
    return True


@pytest.mark.parametrize("rows", [2, 5, 9])
def test_rows_that_are_alike_are_checked_as_strictly_as_any(rows: int) -> None:
    """Tables are skipped by comparing each row with the one before: whatever is wrong in any of them is found."""
    table = Array(
        [Structure([OctetString(bytes(12)), Unsigned(1), DoubleLongUnsigned(row), NullData()]) for row in range(rows)]
    )
    octets = encode(GetResponseNormal(0xC1, table))
    for at in range(len(octets)):
        for octet in (0, 1, 2, 3, 5, 9, 11, 12, 19, 22, 127, 128, 129, 255):
            changed = octets[:at] + bytes([octet]) + octets[at + 1 :]
            assert readable(changed, decode) == readable(changed, decode_with_data_octets), (at, octet)
        assert not readable(octets[:at], decode_with_data_octets)
