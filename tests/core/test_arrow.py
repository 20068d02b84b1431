"""dlms_core.arrow against the consumers themselves."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from dlms_core.arrow import Column, stream

pa = pytest.importorskip("pyarrow")


class Table:
    """What consumers look for: an object with the stream method."""

    def __init__(self, columns: list[Column], rows: int, metadata: dict[str, str] | None = None) -> None:
        self.columns, self.rows, self.metadata = columns, rows, metadata

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return stream(self.columns, self.rows, self.metadata)


def test_every_width_reaches_pyarrow() -> None:
    rows = 3
    layouts = {
        "c": "i1",
        "C": "u1",
        "s": "i2",
        "S": "u2",
        "i": "i4",
        "I": "u4",
        "l": "i8",
        "L": "u8",
        "f": "f4",
        "g": "f8",
    }
    columns = [Column(f, f, rows, [np.arange(rows, dtype=d)]) for f, d in layouts.items()]
    table = pa.table(Table(columns, rows))
    assert table.column_names == list(layouts)
    for name, dtype in layouts.items():
        assert table[name].to_pylist() == [0, 1, 2]
        assert table[name].type == pa.from_numpy_dtype(np.dtype(dtype))
    table.validate(full=True)


def test_validity_metadata_and_varying_lengths() -> None:
    text = Column("t", "u", 3, [np.array([0, 2, 2, 3], "i4"), b"abc"])
    octets = Column("o", "Z", 3, [np.array([0, 0, 1, 3], "i8"), b"\x00\x01\x02"], metadata={"unit": "Wh"})
    bits = Column("b", "b", 3, [b"\x05"], validity=b"\x03", nulls=1)
    time = Column("at", "tsm:UTC", 3, [np.array([0, 1, -1], "i8")])
    fixed = Column("w", "w:2", 3, [b"aabbcc"])
    table = pa.table(Table([text, octets, bits, time, fixed], 3, {"sort": "fifo"}))
    table.validate(full=True)
    assert table["t"].to_pylist() == ["ab", "", "c"]
    assert table["o"].to_pylist() == [b"", b"\x00", b"\x01\x02"]
    assert table["b"].to_pylist() == [True, False, None]
    assert table["w"].to_pylist() == [b"aa", b"bb", b"cc"]
    assert table["at"].type == pa.timestamp("ms", "UTC")
    assert table.schema.field("o").metadata == {b"unit": b"Wh"}
    assert table.schema.metadata == {b"sort": b"fifo"}


def test_numbers_are_shared_not_copied() -> None:
    numbers = np.arange(100, dtype="i8")
    table = pa.table(Table([Column("n", "l", 100, [numbers])], 100))
    assert table["n"].chunk(0).buffers()[1].address == numbers.ctypes.data


def test_buffers_live_exactly_as_long_as_a_consumer_needs_them() -> None:
    numbers = np.arange(1000, dtype="i8")
    gone = weakref.ref(numbers)
    reader = pa.RecordBatchReader.from_stream(Table([Column("n", "l", 1000, [numbers])], 1000))
    del numbers
    array = reader.read_all()["n"].chunk(0)
    del reader
    gc.collect()
    assert gone() is not None
    assert array[999].as_py() == 999
    del array
    gc.collect()
    assert gone() is None


def test_a_capsule_nobody_takes_gives_everything_back() -> None:
    numbers = np.arange(10, dtype="i8")
    gone = weakref.ref(numbers)
    capsule = stream([Column("n", "l", 10, [numbers])], 10)
    del numbers, capsule
    gc.collect()
    assert gone() is None


def test_no_columns_and_no_rows() -> None:
    assert pa.table(Table([], 0)).num_rows == 0
    empty = pa.table(Table([Column("n", "l", 0, [np.empty(0, "i8")])], 0))
    assert empty["n"].to_pylist() == []


@pytest.mark.parametrize(
    ("layout", "buffers", "more"),
    [
        ("l", [np.zeros(2, "i8")], {}),
        ("b", [b""], {}),
        ("w:3", [b"12345678"], {}),
        ("u", [np.array([0, 1, 2], "i4"), b"abc"], {}),
        ("u", [np.array([0, 1, 2, 4], "i4"), b"abc"], {}),
        ("l", [np.zeros(3, "i8")], {"validity": b""}),
        ("l", [np.zeros(3, "i8")], {"nulls": 1}),
    ],
)
def test_a_buffer_too_short_is_refused(layout: str, buffers: list[object], more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"needs? a"):
        Column("x", layout, 3, buffers, **more)  # type: ignore[arg-type]


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="has 1 rows"):
        stream([Column("n", "C", 1, [b"a"])], 2)
