"""Properties of the columns: the same as the naive model, whatever the layout; any octets give columns or DlmsError."""

import contextlib
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model import columns as model

from dlms_core import columns
from dlms_core.fault import DecodeError, EncodeError

INTEGER_TAGS = sorted(model.INTEGERS)


def length_octets(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    width = (length.bit_length() + 7) // 8
    return bytes([0x80 | width]) + length.to_bytes(width, "big")


def number(tag: int, value: float) -> bytes:
    return bytes([tag]) + struct.pack(model.NUMBERS[tag], value)


def a_range(tag: int) -> st.SearchStrategy[int]:
    low, high = model.RANGES[model.OWN_TYPE[tag]] if tag in model.INTEGERS else delta_range(tag)
    return st.one_of(st.integers(low, high), st.sampled_from([low, high, high // 2, 0]))


def delta_range(tag: int) -> tuple[int, int]:
    bits = 8 * struct.calcsize(model.NUMBERS[tag])
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if tag < 31 else (0, (1 << bits) - 1)


def integers(tag: int) -> st.SearchStrategy[bytes]:
    return a_range(tag).map(lambda value: number(tag, value))


DAYS = [b"\x07\xe8\x02\x1d\x04", b"\x07\xe8\x03\x01\xff", b"\x07\xe7\x0c\x1f\x07"]
times_of_day = st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.sampled_from([0, 50, 255]))
tails = st.sampled_from([b"\xff\xc4\x00", b"\xff\xc4\x80", b"\x80\x00\xff", b"\x00\x3c\x00"])
good_times = st.builds(lambda day, time, tail: day + bytes(time) + tail, st.sampled_from(DAYS), times_of_day, tails)
wild_times = st.one_of(
    good_times,
    good_times.map(lambda octets: b"\xff\xff" + octets[2:]),
    good_times.map(lambda octets: octets[:5] + b"\xff" + octets[6:]),
    good_times.map(lambda octets: octets[:3] + b"\x1f" + octets[4:]),
    st.binary(min_size=12, max_size=12),
)
strings = st.one_of(st.binary(max_size=14), st.sampled_from([b"AB", b"AB", b"\xff\xfe", bytes(200)]))

NULL = st.just(b"\x00")
CELLS = {
    **{f"integer-{tag}": integers(tag) for tag in INTEGER_TAGS},
    **{f"delta-{tag}": integers(tag) for tag in sorted(model.DELTAS)},
    "small-delta": st.integers(0, 9).map(lambda value: number(31, value)),
    "boolean": st.sampled_from([b"\x03\x00", b"\x03\x01", b"\x03\xff"]),
    "float32": st.floats(width=32).map(lambda value: number(23, value)),
    "float64": st.floats().map(lambda value: number(24, value)),
    "clock": good_times.map(lambda octets: b"\x09\x0c" + octets),
    "long clock": good_times.map(lambda octets: b"\x09\x81\x0c" + octets),
    "date-time": good_times.map(lambda octets: b"\x19" + octets),
    "wild time": wild_times.map(lambda octets: b"\x09\x0c" + octets),
    "date": wild_times.map(lambda octets: b"\x1a" + octets[:5]),
    "time": wild_times.map(lambda octets: b"\x1b" + octets[5:9]),
    "octets": strings.map(lambda octets: b"\x09" + length_octets(len(octets)) + octets),
    "visible": strings.map(lambda octets: b"\x0a" + length_octets(len(octets)) + octets),
    "utf8": strings.map(lambda octets: b"\x0c" + length_octets(len(octets)) + octets),
    "bits": st.binary(min_size=1, max_size=3).map(lambda octets: b"\x04" + bytes([8 * len(octets) - 3]) + octets),
    "dont-care": st.just(b"\xff"),
    "empty": st.sampled_from([b"\x01\x00", b"\x02\x00"]),
    "null": NULL,
}
ALL_CELLS = st.one_of(*CELLS.values())


def nest_of(cells: list[bytes], tag: int = 2) -> bytes:
    return bytes([tag]) + length_octets(len(cells)) + b"".join(cells)


@st.composite
def columns_of_cells(draw):
    """How one column draws its cells: of one type, with nulls or deltas between, of a few types, or of any."""
    names = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=2, unique=True))
    first = CELLS[names[0]]
    forms = [
        first,
        first,
        st.one_of(first, NULL),
        st.one_of(NULL, NULL, NULL, first),
        st.one_of(first, CELLS["small-delta"]),
        st.one_of(first, CELLS[names[-1]]),
        st.one_of(first, first, ALL_CELLS),
        st.tuples(first, CELLS[names[-1]]).map(lambda pair: nest_of(list(pair))),
        st.one_of(NULL, st.tuples(first, first).map(lambda pair: nest_of(list(pair), 1))),
    ]
    return draw(st.sampled_from(forms))


@st.composite
def buffers(draw):
    """An array of rows; long stretches of the same form, so that templates are learned, used and lost."""
    kinds = draw(st.lists(columns_of_cells(), min_size=0, max_size=5))
    rows: list[bytes] = []
    for _ in range(draw(st.integers(0, 5))):
        cells = [draw(kind) for kind in kinds]
        if cells and draw(st.integers(0, 6)) == 0:
            cells = cells[: draw(st.integers(0, len(cells) - 1))]
        if draw(st.integers(0, 12)) == 0:
            cells = [*cells, draw(ALL_CELLS)]
        count = draw(st.sampled_from([1, 1, 1, 3, 20, 140]))
        rows += [nest_of(cells)] * count
    return b"\x01" + length_octets(len(rows)) + b"".join(rows)


@st.composite
def compact_buffers(draw):
    names = draw(st.lists(st.sampled_from(sorted(set(CELLS) - {"empty", "long clock"})), min_size=0, max_size=5))
    tags: dict[str, bytes] = {}
    rows: list[list[bytes]] = []
    for _ in range(draw(st.integers(0, 4))):
        cells = [draw(CELLS[name]) for name in names]
        tags.update({name: cell[:1] for name, cell in zip(names, cells, strict=True)})
        rows += [[cell[1:] for cell in cells]] * draw(st.sampled_from([1, 2, 20, 140]))
    description = b"".join(tags.get(name, b"\x11") for name in names)
    contents = b"".join(b"".join(row) for row in rows)
    form = b"\x02" + bytes([len(names)]) + description
    if draw(st.booleans()):
        # The same columns twice over: an array of two structures.
        form = b"\x01\x00\x02" + form
        contents = b"".join(b"".join(row) * 2 for row in rows)
    return b"\x13" + form + length_octets(len(contents)) + contents


rules = st.builds(
    model.Rules,
    clocks=st.sampled_from([None, None, {0}, {0, 1}, {3}]),
    capture_step=st.sampled_from([0, 900_000, -3_600_000]),
    nulls=st.sampled_from(["repeat", "missing"]),
    deviation_sign=st.sampled_from(["standard", "reversed"]),
    daylight_saving_apart=st.booleans(),
)


def plain(array: np.ndarray, rows: int) -> list[object]:
    """The values as the model writes them."""
    if array.dtype.kind in "mM":
        return [None if np.isnat(value) else int(value.astype("i8")) for value in array[:rows]]
    if array.dtype.kind == "f":
        return [None if math.isnan(value) else float(value) for value in array[:rows]]
    return [moment(value) for value in array[:rows].tolist()]


def moment(value: object) -> object:
    names = {"CosemDateTime": "date-time", "CosemDate": "date", "CosemTime": "time"}
    if type(value).__name__ in names:
        return value.octets  # type: ignore[attr-defined]
    return none_for_nan(value)


def none_for_nan(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def check_columns(found: columns.Columns, expected_rows: int, expected: list[model.ModelColumn]) -> None:
    assert found.rows == expected_rows
    assert [column.path for column in found.plan.columns] == [column.path for column in expected]
    for k, column in enumerate(expected):
        assert str(found.values[k].dtype) == column.dtype
        assert found.plan.columns[k].dtype == found.values[k].dtype
        assert found.masks[k][: found.rows].tolist() == column.mask
        assert plain(found.values[k], found.rows) == [none_for_nan(value) for value in column.values]
        if found.deviations is not None and column.dtype == "datetime64[ms]" and column.deviations is not None:
            assert found.deviations[k][: found.rows].tolist() == column.deviations
            assert found.statuses[k][: found.rows].tolist() == column.statuses


def check_against_the_model(octets: bytes, rule: model.Rules) -> None:
    words = vars(rule)
    try:
        expected = model.unpack(octets, rule)
    except model.UnreadableError:
        with pytest.raises(DecodeError):
            columns.unpack(octets, **words)
        return
    found = columns.unpack(octets, companions=True, **words)
    check_columns(found, *expected)
    # The plan that came out takes the same octets again, into arrays used before.
    again = found.plan.empty(found.rows + 3, companions=True)
    for _ in range(2):
        assert found.plan.unpack(octets, again) == found.rows
        check_columns(again, *expected)
    bare = columns.unpack(octets, masks=False, **words)
    assert bare.masks is None
    for k, values in enumerate(bare.values):
        assert plain(values, bare.rows) == plain(found.values[k], found.rows)


@given(buffers(), rules)
def test_arrays_agree_with_the_model(octets, rule):
    check_against_the_model(octets, rule)


@given(compact_buffers(), rules)
def test_compact_arrays_agree_with_the_model(octets, rule):
    check_against_the_model(octets, rule)


@given(st.one_of(buffers(), compact_buffers()), st.data())
def test_damaged_octets_agree_with_the_model(octets, data):
    damaged = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    end = data.draw(st.integers(0, len(damaged)))
    keep = data.draw(st.booleans())
    fed = bytes(damaged if keep else damaged[:end])
    if 19 in fed[1:]:
        # A compact-array within a row is more than the model knows.
        try:
            columns.unpack(fed)
        except DecodeError:
            return
        return
    if fed:
        check_against_the_model(fed, model.Rules())


@given(st.binary(max_size=64), st.sampled_from([b"", b"\x01", b"\x13", b"\x01\x05\x02\x02", b"\x13\x02\x02\x11\x00"]))
def test_any_octets(octets, head):
    fault = None
    try:
        found = columns.unpack(head + octets)
    except DecodeError as error:
        fault = error
    if fault is not None:
        assert fault.layer == "axdr"
        assert 0 <= fault.offset <= len(head + octets)
        return
    assert sum(array.nbytes for array in found.values) <= 8 * len(head + octets) + 1024


@given(st.one_of(buffers(), compact_buffers()), rules)
def test_what_is_packed_unpacks_to_the_same(octets, rule):
    rule.nulls = "missing"
    words = vars(rule)
    try:
        found = columns.unpack(octets, companions=True, **words)
        packed = found.plan.pack(found)
    except (DecodeError, EncodeError):
        return
    again = found.plan.empty(found.rows, companions=True)
    assert found.plan.unpack(packed, again) == found.rows
    for k, column in enumerate(found.plan.columns):
        assert again.values[k].tobytes() == found.values[k].tobytes() or plain(again.values[k], found.rows) == plain(
            found.values[k], found.rows
        )
        # A short row's cells come back as null-data, so does an object that is None.
        assert ((again.masks[k] ^ found.masks[k]) & 1 == 0).all() or column.dtype == object
        if column.kind == "date-time" and column.dtype != object:
            assert again.deviations[k].tolist() == [
                -32768 if np.isnat(value) else deviation
                for value, deviation in zip(found.values[k], found.deviations[k].tolist(), strict=True)
            ]
    assert found.plan.pack(again) == packed


@given(st.one_of(buffers(), compact_buffers()), rules, st.data())
def test_pieces_are_the_same_as_the_whole(octets, rule, data):
    words = vars(rule)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=6)))
    stream = columns.RowStream(companions=True, **words)
    counts, found = [0], None
    with contextlib.suppress(DecodeError):
        counts += [stream.feed(octets[start:end]) for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
        found = stream.finish()
    if found is None:
        with pytest.raises(DecodeError):
            columns.unpack(octets, **words)
        return
    assert max(counts) <= found.rows
    check_columns(found, *model.unpack(octets, rule))
    assert found.room == found.rows


@given(buffers(), st.data())
def test_the_front_is_the_whole_rows(octets, data):
    cut = data.draw(st.integers(0, len(octets) - 1))
    stream = columns.RowStream()
    try:
        whole = columns.unpack(octets)
        rows = stream.feed(octets[:cut])
        front = stream.front()
    except DecodeError:
        return
    assert rows <= front.rows <= whole.rows
    # With the octets that were missing it is the whole.
    stream.feed(octets[cut:])
    check_columns(stream.finish(), *model.unpack(octets))
