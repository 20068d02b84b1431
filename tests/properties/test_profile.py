"""unpack_profile against the naive model, which reads one value at a time, and against octets of any kind."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model import columns as model

from dlms.cosem.profile import Profile, unpack_profile
from dlms.errors import DlmsError

NULL = st.just(b"\0")


def number(tag: int, layout: str) -> st.SearchStrategy[bytes]:
    size = struct.calcsize(layout)
    return st.binary(min_size=size, max_size=size).map(lambda octets: bytes([tag]) + octets)


def date_times(years: list[int], hours: list[int], minutes: list[int], hundredths: list[int]) -> Any:
    return st.tuples(
        st.sampled_from(years),
        st.sampled_from([1, 2, 12, 0xFE, 0xFF]),
        st.sampled_from([1, 28, 29, 30, 31, 0xFF]),
        st.sampled_from([1, 7, 0xFF]),
        st.sampled_from(hours),
        st.sampled_from(minutes),
        st.sampled_from([0, 59, 0xFF]),
        st.sampled_from(hundredths),
        st.sampled_from([-32768, -60, 0, 60, 330]),
        st.sampled_from([0, 0x80, 0xFF]),
    ).map(lambda fields: struct.pack(">HBBBBBBBhB", *fields))


# An octet-string is told to be a date-time by the first of its column, whose fields are all possible.
POSSIBLE = date_times([2020, 2024, 1900, 0xFFFF], [0, 23, 0xFF], [0, 59], [0, 99, 0xFF])
DATE_TIMES = POSSIBLE | date_times([2020, 9999], [0, 24], [59, 60], [0, 100])


def as_octet_string(octets: bytes) -> bytes:
    return b"\x09" + bytes([len(octets)]) + octets


CELLS = [
    number(17, ">B"),
    number(18, ">H"),
    number(6, ">I"),
    number(5, ">i"),
    number(15, ">b"),
    number(16, ">h"),
    number(20, ">q"),
    number(21, ">Q"),
    number(28, ">b"),
    number(22, ">B"),
    st.one_of(number(17, ">B"), number(5, ">i"), number(18, ">H")),
    st.one_of(number(20, ">q"), number(21, ">Q")),
    st.one_of(number(17, ">B"), number(31, ">B")),
    st.booleans().map(lambda value: b"\x03" + bytes([value])),
    st.binary(max_size=11).map(as_octet_string),
    st.text("abcxyz", max_size=5).map(lambda text: b"\x0a" + bytes([len(text)]) + text.encode()),
    DATE_TIMES.map(lambda octets: b"\x19" + octets),
]
CLOCKS = (POSSIBLE.map(as_octet_string), st.one_of(DATE_TIMES, st.just(b"")).map(as_octet_string))
# How the first cell of a column is drawn, and the later ones: all of one kind, as one object gives them.
COLUMNS = st.sampled_from([*((cell, cell) for cell in CELLS), CLOCKS])


@st.composite
def buffers(draw: st.DrawFn) -> tuple[bytes, int]:
    """Rows with a date-time in front, of columns of one kind each, any cell but the first of a column null."""
    kinds = [CLOCKS, *draw(st.lists(COLUMNS, max_size=4))]
    count = draw(st.integers(1, 8))
    nested = draw(st.booleans())
    rows = []
    for row in range(count):
        cells = [draw(st.one_of(later, later, NULL) if row else first) for first, later in kinds]
        if nested:
            cells.append(b"\x02\x02" + cells[-1] + b"\x11\x05")
        rows.append(b"\x02" + bytes([len(cells)]) + b"".join(cells))
    return b"\x01" + bytes([count]) + b"".join(rows), count


def plain(values: np.ndarray) -> list[Any]:
    if values.dtype.kind != "M":
        return values.tolist()
    return [None if np.isnat(time) else int(time.astype(np.int64)) for time in values]


def check_against_model(profile: Profile, octets: bytes, rules: model.Rules) -> None:
    rows, expected = model.unpack(octets, rules)
    assert len(profile) == rows
    assert profile.plan.names == tuple("c" + ".".join(map(str, column.path)) for column in expected)
    for name, column in zip(profile.columns, expected, strict=True):
        assert profile.mask[name].tolist() == column.mask, name
        assert plain(profile.columns[name]) == column.values, name
        lost = [flags & 3 == 1 or (flags == 4 and column.dtype != "object") for flags in column.mask]
        assert profile.missing(name).tolist() == lost
        if column.deviations is not None:
            assert profile.columns[name + ".deviation"].tolist() == column.deviations
            assert profile.columns[name + ".status"].tolist() == column.statuses


@settings(max_examples=150)
@given(
    buffers(),
    st.sampled_from([None, 0, 900, 86400]),
    st.sampled_from(["fifo", "lifo", None]),
    st.sampled_from(["repeat", "missing"]),
    st.sampled_from(["standard", "reversed"]),
)
def test_as_one_value_at_a_time(
    buffer: tuple[bytes, int], period: int | None, order: str | None, nulls: Any, sign: Any
) -> None:
    octets, count = buffer
    profile = unpack_profile(octets, capture_period=period, sort_method=order, nulls=nulls, deviation_sign=sign)
    step = 1000 * (period or 0) * (-1 if order == "lifo" else 1)
    rules = model.Rules(capture_step=step, nulls=nulls, deviation_sign=sign)
    check_against_model(profile, octets, rules)
    out = Profile.empty(profile.plan, count + 3)
    check_against_model(unpack_profile(octets, out=out, nulls=nulls, deviation_sign=sign), octets, rules)
    assert len(list(profile.rows())) == profile.to_arrow().num_rows == count
    profile.to_arrow().validate(full=True)


@given(buffers(), st.data())
def test_damage_is_a_value_or_an_error_of_the_family(buffer: tuple[bytes, int], data: st.DataObject) -> None:
    octets = bytearray(buffer[0])
    good = unpack_profile(octets)
    out = Profile.empty(good.plan, buffer[1])
    at = data.draw(st.integers(0, len(octets) - 1))
    damaged = octets[:at] if data.draw(st.booleans()) else octets[:at] + bytes([data.draw(st.integers(0, 255))])
    flipped = bytearray(octets)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    for broken in (bytes(damaged), bytes(flipped)):
        exercise(broken)
        try:
            unpack_profile(broken, out=out)
        except DlmsError:
            assert len(out) == 0


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda tail: b"\x01\x02\x02\x02" + tail)))
def test_any_octets(octets: bytes) -> None:
    exercise(octets)


def exercise(octets: bytes) -> None:
    try:
        profile = unpack_profile(octets, capture_period=900)
    except DlmsError:
        return
    assert len(list(profile.rows())) == len(profile)
    profile.scaled()
    profile.tidy()
    profile.to_arrow().validate(full=True)
