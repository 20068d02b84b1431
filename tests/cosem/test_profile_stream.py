"""Profiles from pieces: the same as from all octets at once."""

from __future__ import annotations

import numpy as np
import pytest

from dlms.cosem.profile import Profile, unpack_profile
from dlms.cosem.profile_plan import Rules
from dlms.cosem.profile_stream import ProfileStream
from dlms.data import Array, Data, DoubleLongUnsigned, NullData, OctetString, Structure, Unsigned, dumps
from dlms.datetime import CosemDateTime
from dlms.errors import DecodeError
from dlms_core.pieces import split

CLOCK, ENERGY, STATUS = "0-0:1.0.0*255:2", "1-0:1.8.0*255:2", "0-0:96.10.1*255:2"
CAPTURES = [
    (8, bytes.fromhex("0000010000FF"), 2, 0),
    (3, bytes.fromhex("0100010800FF"), 2, 0),
    (1, bytes.fromhex("0000600A01FF"), 2, 0),
]
PERIOD = 900


def buffer(rows: int) -> bytes:
    """Every third row without a time, in summer time from the middle on."""

    def clock(row: int) -> Data:
        if row % 3 == 2:
            return NullData()
        deviation = -120 if 2 * row >= rows else -60
        at = CosemDateTime.from_epoch_milliseconds(1_700_000_100_000 + 1000 * PERIOD * row, deviation=deviation)
        return OctetString(at.octets)

    return dumps(
        Array([Structure([clock(row), DoubleLongUnsigned(7 * row), Unsigned(row % 9)]) for row in range(rows)])
    )


def same(one: Profile, other: Profile) -> bool:
    names = [*one.columns, f"{CLOCK}.deviation", f"{CLOCK}.status"]
    return all(np.array_equal(one.columns[name], other.columns[name]) for name in names) and all(
        np.array_equal(one.mask[name], other.mask[name]) for name in one.columns
    )


@pytest.mark.parametrize("rows", [1, 3, 200])
@pytest.mark.parametrize("size", [1, 7, 128, 100_000])
def test_cut_anywhere_it_is_the_same(rows: int, size: int) -> None:
    octets = buffer(rows)
    stream = ProfileStream(Rules(CAPTURES, [None, (-3, 30), None], PERIOD))
    for piece in split(octets, size):
        stream.feed(piece)
    assert stream.octets == octets
    profile = stream.finish()
    whole = unpack_profile(octets, CAPTURES, capture_period=PERIOD, scaler_units=[None, (-3, 30), None])
    assert list(profile.columns) == [CLOCK, ENERGY, STATUS]
    assert profile.scalers == whole.scalers == {ENERGY: -3}
    assert same(profile, whole)


def test_the_front_of_what_was_cut_off() -> None:
    octets = buffer(200)
    stream = ProfileStream(Rules(CAPTURES, None, PERIOD))
    stream.feed(octets[:-5])
    front = stream.front()
    assert len(front) == 199
    assert same(front, unpack_profile(octets, CAPTURES, capture_period=PERIOD).take(slice(199)))
    with pytest.raises(DecodeError):
        stream.finish()


def test_without_rows_there_are_the_columns_of_the_capture_objects() -> None:
    stream = ProfileStream(Rules(CAPTURES, [None, (-3, 30), None], PERIOD))
    stream.feed(dumps(Array([])))
    for profile in (stream.finish(), unpack_profile(dumps(Array([])), CAPTURES, scaler_units=[None, (-3, 30), None])):
        assert len(profile) == 0
        assert {name: values.dtype.kind for name, values in profile.columns.items()} == {
            CLOCK: "M",
            ENERGY: "O",
            STATUS: "O",
        }
        assert profile.clock == CLOCK
        assert profile.scalers == {ENERGY: -3}
        assert list(profile.rows()) == profile.gaps(period=PERIOD) == []
        assert profile.to_arrow().num_rows == 0
        assert len(Profile.concat([profile, unpack_profile(buffer(3), CAPTURES)])) == 3
    assert not unpack_profile(dumps(Array([]))).columns
