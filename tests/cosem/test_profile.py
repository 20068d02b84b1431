"""dlms.unpack_profile and Profile: captured buffers first, then every rule of the front door on small ones."""

from __future__ import annotations

import datetime
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlms.cosem.profile import Profile, unpack_profile
from dlms.datetime import CosemDateTime
from dlms.errors import ConfigurationError, DecodeError
from dlms.units import Unit

CORPUS = os.environ.get("DLMS_CORPUS")
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set: no captured octets")

CLOCK = (8, bytes.fromhex("0000010000FF"), 2, 0)
STATUS = (1, bytes.fromhex("0000600A01FF"), 2, 0)
IMPORT = (3, bytes.fromhex("0100010800FF"), 2, 0)
EXPORT = (3, bytes.fromhex("0100020800FF"), 2, 0)
CAPTURES = [CLOCK, STATUS, IMPORT, EXPORT]
NAMES = ["0-0:1.0.0*255:2", "0-0:96.10.1*255:2", "1-0:1.8.0*255:2", "1-0:2.8.0*255:2"]
WATT_HOURS = [None, None, (-3, 30), (1, 30)]

NULL = b"\x00"


def corpus_item(file: str, name: str) -> dict[str, Any]:
    assert CORPUS is not None
    items = json.loads((Path(CORPUS) / file).read_text())["items"]
    return next(item for item in items if item["id"] == name)


def clock(hour: int, minute: int = 0, *, deviation: int | None = -60, status: int = 0, day: int = 1) -> bytes:
    at = {"year": 2024, "month": 3, "day": day, "hour": hour, "minute": minute, "second": 0}
    moment = CosemDateTime(**at, deviation=deviation, status=status)
    return b"\x09\x0c" + moment.octets


def u8(value: int) -> bytes:
    return b"\x11" + value.to_bytes(1)


def u32(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4)


def structure(*cells: bytes) -> bytes:
    return bytes([2, len(cells)]) + b"".join(cells)


def array(*rows: bytes) -> bytes:
    return bytes([1, len(rows)]) + b"".join(rows)


def buffer(*clocks: bytes) -> bytes:
    """Rows of CAPTURES at these clocks, with status 0, 8, 0x88 ... and two registers that rise."""
    return array(
        *(structure(at, u8(8 * n % 256), u32(1000 + n), u32(7 * n)) for n, at in enumerate(clocks)),
    )


def times(*clocks: str | None) -> list[np.datetime64]:
    return [np.datetime64("NaT" if at is None else f"2024-03-01T{at}", "ms") for at in clocks]


def same_times(values: np.ndarray, *clocks: str | None) -> bool:
    return values.dtype == "datetime64[ms]" and np.array_equal(values, np.array(times(*clocks)), equal_nan=True)


class TestCaptured:
    @needs_corpus
    def test_iskraemeco_with_null_clocks(self) -> None:
        vector = corpus_item("units.json", "unit-profile-buffer-nulldata")["vectors"][0]
        captures = [
            (int(class_id), tuple(map(int, name.split("."))), attribute)
            for class_id, name, attribute in vector["capture_objects"]
        ]
        profile = unpack_profile(bytes.fromhex(vector["hex"]), captures, capture_period=vector["capture_period_s"])
        assert list(profile.columns) == NAMES
        first = np.datetime64("2019-12-31T22:00", "ms")
        assert profile.columns[NAMES[0]].tolist() == [(first + np.timedelta64(h, "h")).item() for h in range(4)]
        assert profile.mask[NAMES[0]].tolist() == [0, 3, 3, 3]
        assert profile.columns[NAMES[1]].tolist() == [6] * 4
        assert profile.columns[NAMES[2]].tolist() == [0x5ED] * 4
        assert profile.columns[NAMES[3]].tolist() == [0x654] * 4
        assert profile.time_basis == "utc"

    @needs_corpus
    def test_kamstrup_blocks(self) -> None:
        rows = b""
        for frame in corpus_item("sessions.json", "sess-kamstrup-k351c-lls-loadprofile")["frames"]:
            octets = bytes.fromhex(frame["hex"])
            at = octets.find(bytes.fromhex("C40281"))
            if frame["dir"] == "S" and at >= 0:
                size = octets[at + 9] & 0x7F if octets[at + 9] & 0x80 else 0
                rows += octets[at + 10 + size : -3]
        assert rows[:2] == b"\x01\x3b"  # 59 rows, of which the document prints 22
        profile = unpack_profile(b"\x01\x16" + rows[2:], capture_period=900)
        assert len(profile) == 22
        assert list(profile.columns) == [f"c{n}" for n in range(8)]
        assert profile.time_basis == "local"
        local = profile.columns["c0"]
        assert local[[0, 1, -1]].tolist() == [
            datetime.datetime(2013, 10, 25),
            datetime.datetime(2013, 10, 25, 0, 15),
            datetime.datetime(2013, 10, 25, 15, 15),
        ]
        assert profile.columns["c0.deviation"].tolist() == [-32768] * 22
        assert profile.columns["c0.status"].tolist() == [0x80] * 22
        assert [values.dtype.str[1:] for values in profile.columns.values()] == [
            *("M8[ms]", "u2", "u4", "i1", "u4", "u4", "u4", "u4"),
        ]
        assert [int(values[-1]) for values in list(profile.columns.values())[1:]] == [
            *(0, 0, 1, 0x343F8, 0, 0xEE9, 1),
        ]
        assert [(gap.start.item().hour, gap.missing) for gap in profile.gaps()] == [(5, 40)]

    @needs_corpus
    def test_compact_data_of_the_blue_book(self) -> None:
        for vector in corpus_item("test-vectors.json", "tv-compact-data-bluebook")["vectors"]:
            contents = bytes.fromhex(vector["compact_buffer"])
            octets = b"\x13" + bytes.fromhex(vector["template_description"]) + bytes([len(contents)]) + contents
            (row,) = unpack_profile(octets).rows()
            expected = [value.encode() if isinstance(value, str) else value for value in vector["values"]]
            assert list(row) == expected
            if "profile_generic_buffer" in vector:
                (row,) = unpack_profile(bytes.fromhex(vector["profile_generic_buffer"])).rows()
                assert list(row) == expected[1:]  # compact data begins with the number of the template


class TestColumns:
    def test_names_types_and_times(self) -> None:
        profile = unpack_profile(buffer(clock(0), clock(1), clock(2)), CAPTURES)
        assert len(profile) == 3
        assert list(profile.columns) == NAMES
        assert same_times(profile.columns[NAMES[0]], "00:00", "01:00", "02:00") is False
        assert same_times(profile.columns[NAMES[0]] + np.timedelta64(1, "h"), "00:00", "01:00", "02:00")
        assert profile.columns[NAMES[1]].dtype == np.uint8
        assert profile.columns[NAMES[2]].dtype == np.uint32
        assert profile.columns[NAMES[2]].tolist() == [1000, 1001, 1002]
        assert [profile.mask[name].tolist() for name in NAMES] == [[0, 0, 0]] * 4
        assert profile.clock == NAMES[0]
        assert repr(profile) == f"<Profile of 3 rows: {', '.join(NAMES)}>"

    def test_data_index_duplicates_and_nested_members(self) -> None:
        captures = [CLOCK, (7, EXPORT[1], 2, 3), IMPORT, IMPORT]
        octets = array(structure(clock(0), u8(1), structure(u8(2), structure(u8(3), u8(4))), u8(5), u8(6)))
        assert list(unpack_profile(octets, captures).columns) == [
            *("0-0:1.0.0*255:2", "1-0:2.8.0*255:2[3]", "1-0:1.8.0*255:2.0", "1-0:1.8.0*255:2.1.0"),
            *("1-0:1.8.0*255:2.1.1", "1-0:1.8.0*255:2#2", "c4"),
        ]

    def test_companions_on_demand(self) -> None:
        octets = buffer(clock(0, status=0x80), clock(1, deviation=-120, status=0xFE))
        for given in (octets, bytearray(octets), memoryview(octets)):
            columns = unpack_profile(given, CAPTURES).columns
            assert columns[NAMES[0] + ".deviation"].tolist() == [-60, -120]
            assert columns[NAMES[0] + ".status"].tolist() == [0x80, 0xFE]
            assert columns[NAMES[0] + ".status"].dtype == np.uint8
            assert list(columns) == NAMES
            for name in ("nothing", NAMES[2] + ".status", NAMES[0] + ".else", "nothing.deviation"):
                with pytest.raises(KeyError, match=name.replace("*", r"\*")):
                    columns[name]

    @pytest.mark.parametrize(
        ("deviations", "basis"), [((-60, -120), "utc"), ((None, None), "local"), ((None, -60), "mixed")]
    )
    def test_time_basis(self, deviations: tuple[int | None, ...], basis: str) -> None:
        profile = unpack_profile(buffer(*(clock(3, deviation=deviation) for deviation in deviations)), CAPTURES)
        assert profile.time_basis == basis
        hours = [3 if deviation is None else 3 + deviation // 60 for deviation in deviations]
        assert [time.hour for time in profile.columns[NAMES[0]].tolist()] == hours
        row_times = [row[0] for row in profile.rows()]
        assert [time.tzinfo for time in row_times] == [deviation and datetime.UTC for deviation in deviations]

    def test_no_times(self) -> None:
        profile = unpack_profile(array(structure(u8(1))))
        assert profile.clock is profile.time_basis is None
        with pytest.raises(ConfigurationError, match="times"):
            profile.duplicates()

    def test_deviation_reversed(self) -> None:
        profile = unpack_profile(buffer(clock(1, deviation=60)), CAPTURES, deviation_sign="reversed")
        assert same_times(profile.columns[NAMES[0]], "00:00")

    def test_wildcards(self) -> None:
        profile = unpack_profile(buffer(b"\x09\x0c" + b"\xff" * 12, clock(1)), CAPTURES)
        assert np.isnat(profile.columns[NAMES[0]]).tolist() == [True, False]
        assert profile.mask[NAMES[0]].tolist() == [8, 0]
        assert next(profile.rows())[0] is None

    def test_rows_without_columns(self) -> None:
        profile = unpack_profile(array(structure(), structure()))
        assert list(profile.rows()) == [(), ()]
        assert dict(profile.columns) == profile.mask == {}
        assert profile.to_arrow().num_rows == profile.to_pandas().shape[0] == 2

    def test_no_rows(self) -> None:
        profile = unpack_profile(b"\x01\x00", CAPTURES)
        assert len(profile) == 0
        assert list(profile.rows()) == []
        assert profile.to_arrow().num_rows == 0


class TestNulls:
    def unpack(self, *clocks: bytes, **rules: Any) -> Profile:
        return unpack_profile(buffer(*clocks), CAPTURES, **rules)

    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            ({"capture_period": 900}, ["02:00", "02:15", "02:30", "09:00"]),
            ({"capture_period": 900, "sort_method": "fifo"}, ["02:00", "02:15", "02:30", "09:00"]),
            ({"capture_period": 900, "sort_method": 2}, ["02:00", "01:45", "01:30", "09:00"]),
            ({"capture_period": 900, "sort_method": "largest"}, ["02:00", None, None, "09:00"]),
            ({"capture_period": 2**32 - 1}, ["02:00", None, None, "09:00"]),
            ({"capture_period": 0}, ["02:00", None, None, "09:00"]),
            ({}, ["02:00", None, None, "09:00"]),
            ({"capture_period": 900, "nulls": "missing"}, ["02:00", None, None, "09:00"]),
        ],
    )
    def test_clocks(self, rules: dict[str, Any], expected: list[str | None]) -> None:
        profile = self.unpack(clock(2, deviation=0), NULL, NULL, clock(9, deviation=0), **rules)
        assert same_times(profile.columns[NAMES[0]], *expected)
        rebuilt = None not in expected
        assert profile.mask[NAMES[0]].tolist() == [0, 3 if rebuilt else 1, 3 if rebuilt else 1, 0]

    def test_values_repeat(self) -> None:
        rows = [structure(clock(0), u8(1), NULL, u32(9)), structure(clock(1), NULL, u32(5), NULL)]
        repeated = unpack_profile(array(*rows), CAPTURES)
        assert [repeated.columns[name].tolist() for name in NAMES[1:]] == [[1, 1], [0, 5], [9, 9]]
        assert [repeated.mask[name].tolist() for name in NAMES[1:]] == [[0, 3], [1, 0], [0, 3]]
        assert [row[1:] for row in repeated.rows()] == [(1, None, 9), (1, 5, 9)]
        assert repeated.missing(NAMES[2]).tolist() == [True, False]
        missing = unpack_profile(array(*rows), CAPTURES, nulls="missing")
        assert [missing.mask[name].tolist() for name in NAMES[1:]] == [[0, 1], [1, 0], [0, 1]]
        assert [row[1:] for row in missing.rows()] == [(1, None, 9), (None, 5, None)]


class TestOut:
    def test_filled_again_and_again(self) -> None:
        first = unpack_profile(buffer(clock(0), clock(1)), CAPTURES, capture_period=3600, scaler_units=WATT_HOURS)
        out = Profile.empty(first.plan, 5)
        assert len(out) == 0
        for count in (5, 1, 3):
            octets = buffer(*(clock(hour) for hour in range(count)))
            assert unpack_profile(octets, out=out) is out
            fresh = unpack_profile(octets, CAPTURES, capture_period=3600, scaler_units=WATT_HOURS)
            assert list(out.rows()) == list(fresh.rows())
            assert len(out) == count
            assert out.columns[NAMES[0] + ".deviation"].tolist() == [-60] * count
            assert out.units == fresh.units
        address = out.columns[NAMES[2]].ctypes.data
        assert unpack_profile(bytearray(buffer(clock(7))), out=out).columns[NAMES[2]].ctypes.data == address

    def test_the_same_arguments_are_welcome(self) -> None:
        rules: dict[str, Any] = {"capture_period": 900, "sort_method": "lifo", "scaler_units": WATT_HOURS}
        out = Profile.empty(unpack_profile(buffer(clock(0)), CAPTURES, **rules).plan, 2)
        unpack_profile(buffer(clock(0)), CAPTURES, **rules, out=out)
        unpack_profile(buffer(clock(0)), tuple(CAPTURES), capture_period=900, sort_method=2, out=out)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("capture_objects", CAPTURES[:3]),
            ("scaler_units", [None, None, (0, 30)]),
            ("capture_period", 60),
            ("sort_method", "lifo"),
            ("nulls", "missing"),
            ("deviation_sign", "reversed"),
        ],
    )
    def test_other_arguments_are_refused(self, name: str, value: Any) -> None:
        out = Profile.empty(unpack_profile(buffer(clock(0)), CAPTURES, capture_period=900).plan, 2)
        with pytest.raises(ConfigurationError, match=name):
            unpack_profile(buffer(clock(0)), out=out, **{name: value})

    def test_too_small_is_an_error(self) -> None:
        out = Profile.empty(unpack_profile(buffer(clock(0)), CAPTURES).plan, 1)
        unpack_profile(buffer(clock(0)), out=out)
        with pytest.raises(ConfigurationError):
            unpack_profile(buffer(clock(0), clock(1)), out=out)
        assert len(out) == 0

    def test_another_layout_is_an_error_and_leaves_no_rows(self) -> None:
        out = Profile.empty(unpack_profile(buffer(clock(0)), CAPTURES).plan, 1)
        with pytest.raises(DecodeError):
            unpack_profile(array(structure(u8(1))), out=out)
        assert len(out) == 0

    def test_a_plan_of_the_core(self) -> None:
        out = Profile.empty(unpack_profile(buffer(clock(0))).plan.layout, 1)
        assert list(unpack_profile(buffer(clock(0)), out=out).columns) == ["c0", "c1", "c2", "c3"]


class TestScaled:
    def test_float_and_decimal(self) -> None:
        octets = array(structure(clock(0), u8(3), u32(1001), NULL), structure(clock(1), u8(4), u32(2**32 - 1), u32(7)))
        profile = unpack_profile(octets, CAPTURES, scaler_units=WATT_HOURS)
        scaled = profile.scaled()
        assert scaled[NAMES[2]].dtype == scaled[NAMES[3]].dtype == np.float64
        assert scaled[NAMES[2]].tolist() == [1.001, 4294967.295]
        assert np.isnan(scaled[NAMES[3]]).tolist() == [True, False]
        assert scaled[NAMES[3]][1] == 70.0
        assert scaled[NAMES[1]].dtype == np.uint8
        exact = profile.scaled(decimal=True)
        assert exact[NAMES[2]].tolist() == [Decimal("1.001"), Decimal("4294967.295")]
        assert exact[NAMES[3]].tolist() == [None, Decimal(70)]
        assert exact.to_arrow()[NAMES[2]].to_pylist() == [Decimal("1.001"), Decimal("4294967.295")]
        assert profile.scalers == {NAMES[2]: -3, NAMES[3]: 1}
        assert profile.units == {NAMES[2]: Unit(30), NAMES[3]: Unit(30)}

    def test_by_name(self) -> None:
        profile = unpack_profile(buffer(clock(0)), CAPTURES, scaler_units={"1.0.1.8.0.255": (-3, 30)})
        assert profile.scaled()[NAMES[2]].tolist() == [1.0]

    def test_integers_of_any_size(self) -> None:
        octets = array(structure(b"\x15" + b"\xff" * 8), structure(b"\x14" + b"\xff" * 8))
        profile = unpack_profile(octets, scaler_units=[(-2, 30)])
        assert profile.columns["c0"].tolist() == [2**64 - 1, -1]
        assert profile.scaled(decimal=True)["c0"].tolist() == [Decimal(2**64 - 1).scaleb(-2), Decimal("-0.01")]
        assert profile.scaled()["c0"].tolist() == [(2**64 - 1) / 100, -0.01]
        assert profile.scaled()["c0"].dtype == np.float64

    def test_float32_is_scaled_as_float64(self) -> None:
        octets = array(structure(b"\x17" + bytes.fromhex("3DCCCCCD")), structure(b"\x17" + bytes.fromhex("7F7FFFFF")))
        scaled = unpack_profile(octets, scaler_units=[(127, 27)]).scaled()["c0"]
        assert scaled.tolist() == [float(np.float32(0.1)) * 1e127, float(np.float32(3.4028235e38)) * 1e127]
        doubles = array(structure(b"\x18" + bytes.fromhex("7FEFFFFFFFFFFFFF")))
        assert unpack_profile(doubles, scaler_units=[(1, 27)]).scaled()["c0"].tolist() == [np.inf]

    def test_float32_is_exact_as_decimal(self) -> None:
        profile = unpack_profile(array(structure(b"\x17" + bytes.fromhex("3DCCCCCD"))), scaler_units=[(1, 27)])
        assert profile.scaled(decimal=True)["c0"].tolist() == [Decimal(float(np.float32(0.1))) * 10]


class TestTimes:
    def test_gaps_and_duplicates(self) -> None:
        profile = unpack_profile(buffer(clock(1), clock(2), clock(2), clock(5)), CAPTURES, capture_period=3600)
        (gap,) = profile.gaps()
        assert (gap.start, gap.stop, gap.missing) == (*times("02:00", "04:00"), 2)
        assert profile.duplicates().tolist() == [False, False, True, False]
        assert profile.duplicates("last").tolist() == [False, True, False, False]
        assert [gap.missing for gap in profile.gaps(period=1800)] == [1, 5]
        assert [gap.missing for gap in profile.gaps(*times("00:00", "06:00"))] == [2, 1]

    def test_gaps_without_a_period(self) -> None:
        for period in (None, 0):
            profile = unpack_profile(buffer(clock(1)), CAPTURES, capture_period=period)
            with pytest.raises(ConfigurationError, match="period"):
                profile.gaps()

    def test_status_flags(self) -> None:
        flags = unpack_profile(buffer(clock(1), clock(2)), CAPTURES).flags(NAMES[1])
        assert flags["DST"].tolist() == [False, True]
        assert flags["PDN"].tolist() == [False, False]


class TestShapes:
    octets = array(structure(clock(0), u8(0x80), u32(1500), b"\x09\x02hi"), structure(clock(1), NULL, u32(2500), NULL))

    def profile(self) -> Profile:
        return unpack_profile(self.octets, CAPTURES, scaler_units=[None, None, (-3, 30)], nulls="missing")

    def test_rows(self) -> None:
        midnight = datetime.datetime(2024, 2, 29, 23, tzinfo=datetime.UTC)
        assert list(self.profile().rows()) == [
            (midnight, 128, 1500, b"hi"),
            (midnight + datetime.timedelta(hours=1), None, 2500, None),
        ]

    def test_tidy(self) -> None:
        tidy = self.profile().tidy()
        assert list(tidy) == ["time", "name", "value", "text", "unit", "mask"]
        assert tidy["name"].tolist() == NAMES[1:] * 2
        assert tidy["value"][[0, 1, 4]].tolist() == [128.0, 1.5, 2.5]
        assert np.isnan(tidy["value"][[2, 3, 5]]).all()
        assert tidy["unit"].tolist() == [None, "Wh", None] * 2
        assert tidy["text"].tolist() == [None, None, "6869", None, None, None]
        assert tidy["mask"].tolist() == [0, 0, 0, 1, 0, 1]
        assert tidy["time"][0] == tidy["time"][2] != tidy["time"][3]
        assert tidy.to_polars()["value"].to_list() == [128.0, 1.5, None, None, 2.5, None]

    def test_pyarrow(self) -> None:
        pa = pytest.importorskip("pyarrow")
        table = pa.table(self.profile())
        table.validate(full=True)
        assert table.schema.types == [pa.timestamp("ms", "UTC"), pa.uint8(), pa.uint32(), pa.binary()]
        assert table.schema.field(2).metadata == {b"unit": b"Wh", b"scaler": b"-3"}
        assert table[NAMES[1]].to_pylist() == [128, None]
        assert table[NAMES[3]].to_pylist() == [b"hi", None]
        assert table.equals(self.profile().to_arrow())

    def test_pandas(self) -> None:
        pd = pytest.importorskip("pandas")
        frame = self.profile().to_pandas()
        assert frame[NAMES[0]].dt.tz is not None
        assert frame[NAMES[1]].isna().tolist() == [False, True]
        assert frame[NAMES[2]].tolist() == [1500, 2500]
        if hasattr(pd.DataFrame, "from_arrow"):
            assert pd.DataFrame.from_arrow(self.profile())[NAMES[2]].tolist() == [1500, 2500]

    def test_polars_and_duckdb(self) -> None:
        polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
        frame = polars.DataFrame(self.profile())
        assert frame.equals(self.profile().to_polars())
        assert frame[NAMES[1]].to_list() == [128, None]
        profile = self.profile()  # duckdb finds it by its name
        with duckdb.connect() as connection:
            assert connection.execute("SELECT sum(#3) FROM profile").fetchall() == [(4000,)]
        assert len(profile) == 2

    def test_mixed_time_basis_keeps_the_deviation(self) -> None:
        octets = buffer(clock(0), clock(1, deviation=None))
        table = unpack_profile(octets, CAPTURES).to_arrow()
        assert table.column_names == [NAMES[0], NAMES[0] + ".deviation", *NAMES[1:]]
        assert str(table.schema.types[0]) == "timestamp[ms]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"nulls": "fill"}, "nulls"),
        ({"deviation_sign": "inverted"}, "deviation_sign"),
        ({"capture_period": -1}, "capture_period"),
        ({"capture_period": 2**32}, "capture_period"),
        ({"capture_period": 1.5}, "capture_period"),
        ({"capture_period": "900"}, "capture_period"),
        ({"sort_method": "upwards"}, "sort_method"),
        ({"capture_objects": [5]}, "capture object"),
        ({"scaler_units": [5]}, "scaler_unit"),
        ({"scaler_units": {"c9": (0, 30)}}, "no column"),
        ({"scaler_units": {5: (0, 30)}}, "no column"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        unpack_profile(buffer(clock(0)), **arguments)


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x01\x05", b"\x06\0\0\0\1", b"\x01\x84\xff\xff\xff\xff", b"\x13"])
def test_octets_that_are_no_buffer(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        unpack_profile(octets)


def test_null_clocks_before_a_row_that_breaks_off() -> None:
    rows = [structure(clock(0), u32(1)), structure(b"\0", u8(2)), structure(b"\0", u8(2)), structure(clock(1), b"\xee")]
    for _ in range(20):  # what the null clocks were once taken for lay anywhere
        with pytest.raises(DecodeError):
            unpack_profile(array(*rows), capture_period=900)


def test_no_rows_with_scalers_by_column_name() -> None:
    profile = unpack_profile(array(), [CLOCK, IMPORT], scaler_units={"1-0:1.8.0*255:2": (0, 30)})
    assert len(profile) == 0
    assert {name: int(unit) for name, unit in profile.units.items()} == {"1-0:1.8.0*255:2": 30}


def test_the_names_that_there_are() -> None:
    rows = unpack_profile(bytes.fromhex("0101 0201 1101"), [(3, "1.0.1.8.0.255", 2)])
    for name in ("1.0.1.8.0.255", "1-0:1.8.0*255", "1-0:1.8.0*255:2.status"):
        with pytest.raises(KeyError, match=r"there are 1-0:1\.8\.0\*255:2\b"):
            rows.columns[name]


def test_what_is_no_octets() -> None:
    for given in (5, "0100", None):
        with pytest.raises(TypeError):
            unpack_profile(given)  # type: ignore[arg-type]


def test_a_malformed_clock_is_no_time() -> None:
    short = b"\x09\x05" + clock(1)[2:7]
    impossible = clock(1)[:4] + b"\x0d" + clock(1)[5:]
    profile = unpack_profile(buffer(short, clock(2), impossible, NULL), CAPTURES, capture_period=900)
    assert profile.clock == NAMES[0]
    assert same_times(profile.columns[NAMES[0]], None, "01:00", None, None)
    assert profile.mask[NAMES[0]].tolist() == [4, 0, 4, 1]
    assert profile.missing(NAMES[0]).tolist() == [True, False, True, True]
    assert profile.columns[NAMES[2]].tolist() == [1000, 1001, 1002, 1003]
