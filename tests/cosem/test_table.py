"""Tables of numpy columns as pyarrow, pandas, polars and duckdb see them."""

from __future__ import annotations

import builtins
import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from dlms.cosem.table import Table
from dlms.errors import ConfigurationError

HOUR = np.array(["2024-03-01T00:00", "NaT", "2024-03-01T02:00"], "datetime64[ms]")
LOST = np.array([False, True, False])


def objects(*cells: Any) -> np.ndarray:
    column = np.empty(len(cells), object)
    column[:] = cells
    return column


COLUMNS = {
    "utc": HOUR,
    "local": HOUR,
    "of_day": HOUR - np.datetime64("2024-03-01", "ms"),
    "count": np.array([1, 2, 3], "u4"),
    "lost": np.array([1, 2, 3], "i2"),
    "real": np.array([1.5, 2.5, 3.5], "f4"),
    "bit": np.array([True, False, True]),
    "octets": objects(b"\x01\x02", b"gone", b""),
    "text": objects("zähler", "", None),
    "big": objects(2**64 - 1, -1, 0),
    "decimal": objects(Decimal("1.25"), Decimal("-0.001"), Decimal(10) ** 20),
    "mixed": objects(1, b"\xab", "x"),
    "nothing": objects(None, None, None),
}
MISSING = {"lost": LOST, "octets": LOST, "real": LOST, "bit": LOST}
TIMES = [datetime.datetime(2024, 3, 1), None, datetime.datetime(2024, 3, 1, 2)]
EXPECTED = {
    "utc": [time and time.replace(tzinfo=datetime.UTC) for time in TIMES],
    "local": TIMES,
    "of_day": [datetime.timedelta(0), None, datetime.timedelta(hours=2)],
    "count": [1, 2, 3],
    "lost": [1, None, 3],
    "real": [1.5, None, 3.5],
    "bit": [True, None, True],
    "octets": [b"\x01\x02", None, b""],
    "text": ["zähler", "", None],
    "big": [Decimal(2**64 - 1), Decimal(-1), Decimal(0)],
    "decimal": [Decimal("1.25"), Decimal("-0.001"), Decimal(10) ** 20],
    "mixed": ["1", "AB", "x"],
    "nothing": [None, None, None],
}


@pytest.fixture
def table() -> Table:
    return Table(COLUMNS, 3, missing=MISSING, utc={"utc"}, metadata={"count": {"unit": "Wh"}})


def test_pyarrow(table: Table) -> None:
    pa = pytest.importorskip("pyarrow")
    taken = table.to_arrow()
    taken.validate(full=True)
    assert taken.to_pydict() == EXPECTED
    assert taken["utc"].type == pa.timestamp("ms", "UTC")
    assert taken["local"].type == pa.timestamp("ms")
    assert taken["count"].type == pa.uint32()
    assert taken.schema.field("count").metadata == {b"unit": b"Wh"}
    assert taken["count"].chunk(0).buffers()[1].address == COLUMNS["count"].ctypes.data


def test_pandas(table: Table) -> None:
    pd = pytest.importorskip("pandas")
    taken = table.to_pandas()
    assert list(taken.columns) == list(COLUMNS)
    assert taken["utc"].dt.tz is not None
    assert taken["local"].dt.tz is None
    assert taken["count"].dtype == np.uint32
    assert taken["lost"].dtype == pd.Int16Dtype()
    assert taken["lost"].isna().tolist() == taken["octets"].isna().tolist() == [False, True, False]
    assert taken["bit"].dtype == pd.BooleanDtype()
    assert taken["big"].tolist() == [2**64 - 1, -1, 0]
    taken.loc[0, "count"] = 9
    assert COLUMNS["count"][0] == 1


def test_pandas_takes_the_stream(table: Table) -> None:
    pd = pytest.importorskip("pandas")
    if not hasattr(pd.DataFrame, "from_arrow"):
        pytest.skip("pandas before 3 has no from_arrow")
    taken = pd.DataFrame.from_arrow(table)
    assert taken["count"].tolist() == [1, 2, 3]
    assert taken["utc"].isna().tolist() == [False, True, False]


def test_polars(table: Table) -> None:
    pytest.importorskip("polars")
    assert table.to_polars().to_dict(as_series=False) == EXPECTED


def test_duckdb(table: Table) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.register("taken", table)
        seen = connection.execute("SELECT sum(count), count(lost), max(octets) FROM taken").fetchall()
    assert seen == [(6, 2, b"\x01\x02")]


def test_it_reads_like_a_dict(table: Table) -> None:
    assert dict(table).keys() == table.keys() == COLUMNS.keys()
    assert list(table) == list(COLUMNS)
    assert len(table) == len(COLUMNS)
    assert "utc" in table
    assert table["count"] is COLUMNS["count"]
    assert [name for name, _ in table.items()] == list(COLUMNS)
    assert next(iter(table.values())) is HOUR
    assert repr(table).startswith("<Table of 3 rows: utc, local")


def test_the_names_that_there_are(table: Table) -> None:
    """Names are those of capture objects: what was meant is in the error."""
    with pytest.raises(KeyError, match=f"no column is named '1.0.1.8.0.255'; there are {next(iter(table))}, "):
        table["1.0.1.8.0.255"]


def test_a_string_that_was_no_utf8() -> None:
    table = Table({"name": objects("Gr\udcfcn"), "mixed": objects("Gr\udcfcn")}, 1)
    assert table.to_arrow().to_pydict() == {"name": ["Gr\\xfcn"], "mixed": ["Gr\\xfcn"]}


def test_no_rows() -> None:
    empty = Table({name: values[:0] for name, values in COLUMNS.items()}, 0)
    assert len(empty.to_pandas()) == len(empty.to_polars()) == empty.to_arrow().num_rows == 0


def test_an_extra_that_is_not_there(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "polars":
            raise ImportError(name)
        return importing(name, *rest, **more)

    monkeypatch.setattr("importlib.import_module", lambda name: without(name))
    with pytest.raises(ConfigurationError, match=r"pip install 'dlms\[polars\]'"):
        table.to_polars()
