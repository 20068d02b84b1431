"""Rows as columns: foreign octets first, then every rule of nulls, deltas, types, layouts and plans."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from dlms_core import columns
from dlms_core.clock import CosemDateTime
from dlms_core.fault import DecodeError, EncodeError

CORPUS = os.environ.get("DLMS_CORPUS")
with_corpus = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set: no captured octets")

CLOCK = "090C07E80101010{hour:X}000000FFC400"
HOUR = 3_600_000


def corpus_vectors(split, name):
    items = json.loads((Path(CORPUS or "") / f"{split}.json").read_text())["items"]
    return next(item["vectors"] for item in items if item["id"] == name)


def octets(words: str) -> bytes:
    return bytes.fromhex(words.replace("|", ""))


def array_of(*rows: str) -> bytes:
    return bytes([1, len(rows)]) + b"".join(octets(row) for row in rows)


def values(found, k=0):
    return found.values[k][: found.rows].tolist()


def masks(found, k=0):
    return found.masks[k][: found.rows].tolist()


@with_corpus
def test_null_clocks_of_a_real_profile():
    vector = corpus_vectors("units", "unit-profile-buffer-nulldata")[0]
    found = columns.unpack(bytes.fromhex(vector["hex"]), capture_step=vector["capture_period_s"] * 1000)
    hours = np.arange("2019-12-31T22:00", "2020-01-01T02:00", 60, dtype="M8[m]").astype("M8[ms]")
    assert np.array_equal(found.values[0], hours)
    assert masks(found) == [0, 3, 3, 3]
    assert [values(found, k) for k in (1, 2, 3)] == [[6] * 4, [1517] * 4, [1620] * 4]
    assert [column.tag for column in found.plan.columns] == [9, 17, 6, 6]
    assert found.time_basis(0) == "utc"


@with_corpus
def test_compact_data_of_the_blue_book():
    for vector in corpus_vectors("test-vectors", "tv-compact-data-bluebook"):
        contents = bytes.fromhex(vector["compact_buffer"])
        whole = b"\x13" + bytes.fromhex(vector["template_description"]) + bytes([len(contents)]) + contents
        expected = [[value.encode() if isinstance(value, str) else value] for value in vector["values"]]
        assert [values(columns.unpack(whole), k) for k in range(len(expected))] == expected
        if "profile_generic_buffer" in vector:
            rows = columns.unpack(bytes.fromhex(vector["profile_generic_buffer"]))
            assert [values(rows, k) for k in range(len(expected) - 1)] == expected[1:]


NULL_CLOCKS = array_of(
    "0202|00|1101", "0202|" + CLOCK.format(hour=5) + "|00", "0202|00|1103", "0202|00|00",
    "0202|" + CLOCK.format(hour=9) + "|1105",
)  # fmt: skip
NAT = "NaT"


@pytest.mark.parametrize(
    ("options", "hours", "clock_mask", "numbers", "number_mask"),
    [
        ({"capture_step": HOUR}, [NAT, 4, 5, 6, 8], [1, 0, 3, 3, 0], [1, 1, 3, 3, 5], [0, 3, 0, 3, 0]),
        ({"capture_step": -HOUR}, [NAT, 4, 3, 2, 8], [1, 0, 3, 3, 0], [1, 1, 3, 3, 5], [0, 3, 0, 3, 0]),
        ({}, [NAT, 4, NAT, NAT, 8], [1, 0, 1, 1, 0], [1, 1, 3, 3, 5], [0, 3, 0, 3, 0]),
        ({"clocks": ()}, [NAT, 4, 4, 4, 8], [1, 0, 3, 3, 0], [1, 1, 3, 3, 5], [0, 3, 0, 3, 0]),
        (
            {"capture_step": HOUR, "nulls": "missing"},
            [NAT, 4, NAT, NAT, 8], [1, 0, 1, 1, 0], [1, 0, 3, 0, 5], [0, 1, 0, 1, 0],
        ),
        (
            {"capture_step": HOUR, "deviation_sign": "reversed"},
            [NAT, 6, 7, 8, 10], [1, 0, 3, 3, 0], [1, 1, 3, 3, 5], [0, 3, 0, 3, 0],
        ),
    ],
)  # fmt: skip
def test_nulls(options, hours, clock_mask, numbers, number_mask):
    found = columns.unpack(NULL_CLOCKS, companions=True, **options)
    expected = [NAT if hour == NAT else f"2024-01-01T{hour:02}:00" for hour in hours]
    assert np.array_equal(found.values[0], np.array(expected, "M8[ms]"), equal_nan=True)
    assert masks(found) == clock_mask
    assert (values(found, 1), masks(found, 1)) == (numbers, number_mask)
    rebuilt = [mask == 0 or mask == 3 for mask in clock_mask]
    assert found.deviations[0].tolist() == [-60 if known else -32768 for known in rebuilt]
    assert found.statuses[0].tolist() == [0 if known else 255 for known in rebuilt]
    assert found.deviations[1] is None


def test_wildcards_and_impossible_times():
    found = columns.unpack(
        array_of(
            "0201|" + CLOCK.format(hour=1),
            "0201|090CFFFF01010100000000800000",
            "0201|00",
            "0201|090C07E8021E0100000000800000",
            "0201|0900",
            "0201|" + CLOCK.format(hour=2),
        ),
        capture_step=HOUR,
    )
    assert np.isnat(found.values[0]).tolist() == [False, True, True, True, True, False]
    assert masks(found) == [0, 8, 1, 4, 8, 0]


# Month 13, hour 30, twelve octets of text, a date alone, one octet too many, and a length in its long form.
MALFORMED = [
    "090C07E80D0101000000008000FF",
    "090C07E80101011E000000FFC400",
    "090C3132333435363738393A3B3C",
    "090507E8010101",
    "090D07E801010105000000FFC40000",
    "098107" + "07E80101010500",
]


@pytest.mark.parametrize("malformed", MALFORMED)
@pytest.mark.parametrize("clocks", [None, {0}])
def test_a_malformed_clock_leaves_its_column_one_of_times(malformed, clocks):
    rows = [CLOCK.format(hour=1), CLOCK.format(hour=2), malformed, "00", CLOCK.format(hour=5)]
    whole = array_of(*("0202" + row + "1107" for row in rows))
    hours = np.array(["2024-01-01T00", "2024-01-01T01", "NaT", "NaT", "2024-01-01T04"], "M8[ms]")
    found = columns.unpack(whole, clocks=clocks, capture_step=HOUR, companions=True)
    again = found.plan.empty(9, companions=True)
    assert found.plan.unpack(whole, again) == 5
    stream = columns.RowStream(clocks=clocks, capture_step=HOUR, companions=True)
    for octet in whole:
        stream.feed(bytes([octet]))
    for columns_found in (found, again, stream.finish()):
        assert np.array_equal(columns_found.values[0][:5], hours, equal_nan=True)
        assert masks(columns_found) == [0, 0, 4, 1, 0]
        assert values(columns_found, 1) == [7] * 5
    tail = bytes.fromhex(malformed[-6:]) if malformed[2:4] == "0C" else bytes.fromhex("8000FF")
    assert found.deviations[0][2].tobytes() == tail[1::-1]
    assert found.statuses[0][2] == tail[2]
    # A compact-array of the same.
    contents = b"".join(octets(row[2:] + "07") for row in rows if row != "00")
    compact = columns.unpack(octets("1302020911") + bytes([len(contents)]) + contents, clocks=clocks)
    assert np.array_equal(compact.values[0], np.delete(hours, 3), equal_nan=True)
    assert masks(compact) == [0, 0, 4, 0]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_clock_in_the_first_row(malformed):
    whole = array_of("0201" + malformed, *["0201" + CLOCK.format(hour=1)] * 100)
    told = columns.unpack(whole, clocks={0})
    assert told.plan.columns[0].kind == "date-time"
    assert masks(told) == [4] + [0] * 100
    # Nothing says that these octets are times.
    assert columns.unpack(whole).plan.columns[0].kind == "octet-string"


def test_impossible_dates_and_times():
    dates = ["1A07E8021D04", "1A07E8021E05", "1AFFFF020104", "1A07E80DFFFF"]
    times = ["1B01020300", "1B18000000", "1BFF000000", "1BFF3C0000"]
    found = columns.unpack(array_of(*("0202" + date + time for date, time in zip(dates, times, strict=True))))
    assert [str(array.dtype) for array in found.values] == ["datetime64[ms]", "timedelta64[ms]"]
    assert masks(found, 0) == masks(found, 1) == [0, 4, 8, 4]


def test_time_basis():
    utc, local = "0201|" + CLOCK.format(hour=1), "0201|090C07E8010101020000008000FF"
    assert columns.unpack(array_of(utc)).time_basis(0) == "utc"
    assert columns.unpack(array_of(local)).time_basis(0) == "local"
    assert columns.unpack(array_of(utc, local)).time_basis(0) == "mixed"
    assert columns.unpack(array_of("0201|1101")).time_basis(0) is None
    with pytest.raises(IndexError):
        columns.unpack(array_of(utc)).time_basis(1)


@pytest.mark.parametrize(
    ("cells", "dtype", "expected", "mask"),
    [
        (["1101", "11FF"], "uint8", [1, 255], [0, 0]),
        (["0FFF", "10FFFE"], "int64", [-1, -2], [0, 0]),
        (["1101", "120100", "06FFFFFFFF"], "int64", [1, 256, 2**32 - 1], [0, 0, 0]),
        (["1101", "15" + "FF" * 8], "uint64", [1, 2**64 - 1], [0, 0]),
        (["0FFF", "158000000000000000"], "float64", [-1.0, 2.0**63], [0, 0]),
        (["0FFF", "15FFFFFFFFFFFFFFFF", "00"], "object", [-1, 2**64 - 1, 2**64 - 1], [0, 0, 3]),
        (["1601", "1602"], "uint8", [1, 2], [0, 0]),
        (["0300", "0305"], "bool", [False, True], [0, 0]),
        (["173FC00000", "1740000000"], "float32", [1.5, 2.0], [0, 0]),
        (["173FC00000", "183FF8000000000000", "00"], "float64", [1.5, 1.5, 1.5], [0, 0, 3]),
        (["0903414243", "0903414243", "00"], "object", [b"ABC", b"ABC", b"ABC"], [0, 0, 3]),
        (["0A03414243", "0C02C3A9", "0A01E9"], "object", ["ABC", "é", "é"], [0, 0, 0]),
        (["04050F", "040AFFFF"], "object", ["00001", "1111111111"], [0, 0]),
        (["1101", "0903414243", "00", "1F01"], "object", [1, b"ABC", b"ABC", None], [0, 4, 3, 4]),
        (["1101", "0301"], "object", [1, True], [0, 4]),
        (["1101", "173FC00000"], "object", [1, 1.5], [0, 4]),
        (["00", "00"], "object", [None, None], [1, 1]),
        (["1101", "FF", "00"], "uint8", [1, 0, 1], [0, 1, 3]),
        (["1105", "1F02", "1CFE", "00"], "uint8", [5, 7, 5, 5], [0, 0, 0, 3]),
        (["11FF", "1F02"], "int64", [255, 257], [0, 0]),
        (["1100", "1CFF"], "int64", [0, -1], [0, 0]),
        (["1F02", "1105", "1F02"], "uint8", [0, 5, 7], [4, 0, 0]),
        (["06FFFFFFFF", "21FFFFFFFF"], "int64", [2**32 - 1, 2**33 - 2], [0, 0]),
        (["147FFFFFFFFFFFFFFF", "1F01"], "uint64", [2**63 - 1, 2**63], [0, 0]),
    ],
)
def test_types(cells, dtype, expected, mask):
    rows = ["0201" + cell for cell in cells]
    # A template has its say when the same rows come often enough, the walk when they do not.
    for times in (1, 5):
        found = columns.unpack(array_of(*rows * times)) if times == 1 else None
        if found is not None:
            assert str(found.values[0].dtype) == dtype
            assert values(found) == expected
            assert masks(found) == mask


def test_deltas_of_a_long_run():
    rows = ["0201" + "0600000064"] + ["0201" + "1F0A"] * 100
    found = columns.unpack(array_of(*rows))
    assert values(found) == list(range(100, 1101, 10))
    assert str(found.values[0].dtype) == "uint32"


def test_a_sum_of_deltas_beyond_64_bits_is_a_fault():
    with pytest.raises(DecodeError, match=r"^\[1\]\[0\]: a sum of deltas beyond 64 bits at octet 15"):
        columns.unpack(array_of("0201" + "15" + "FF" * 8, "0201" + "1F01"))


def test_nests_are_columns_of_their_own():
    found = columns.unpack(
        array_of("0202|1101|0202|1102|0202|1103|1104", "0202|1105|00", "0202|1106|0201|1107", "0203|1108|0100|1109")
    )
    paths = [column.path for column in found.plan.columns]
    assert paths == [(0,), (1, 0), (1, 1, 0), (1, 1, 1), (2,)]
    assert values(found, 0) == [1, 5, 6, 8]
    assert (values(found, 1), masks(found, 1)) == ([2, 2, 7, 0], [0, 3, 0, 1])
    assert (values(found, 2), masks(found, 2)) == ([3, 3, 0, 0], [0, 3, 1, 1])
    assert (values(found, 4), masks(found, 4)) == ([0, 0, 0, 9], [1, 1, 1, 0])


def test_a_position_may_be_value_and_nest():
    found = columns.unpack(array_of("0201|1101", "0201|0201|1102", "0201|00"))
    assert [column.path for column in found.plan.columns] == [(0,), (0, 0)]
    assert (values(found, 0), masks(found, 0)) == ([1, 0, 1], [0, 1, 3])
    assert (values(found, 1), masks(found, 1)) == ([0, 2, 2], [1, 0, 3])


def test_rows_need_not_be_structures():
    found = columns.unpack(array_of("1101", "1102"))
    assert found.plan.columns[0].path == ()
    assert values(found) == [1, 2]


def test_no_rows():
    found = columns.unpack(b"\x01\x00")
    assert (found.rows, found.plan.columns, found.values) == (0, (), ())
    compact = columns.unpack(octets("13|0202|09|06|00"), clocks={0})
    assert [column.kind for column in compact.plan.columns] == ["date-time", "integer"]
    assert compact.rows == 0


def test_strings_of_twelve_octets():
    time, serial = "090C07E80101010500000080000" + "0", "090C" + "313233343536373839303132"
    assert columns.unpack(array_of("0201" + time)).plan.columns[0].kind == "date-time"
    assert columns.unpack(array_of("0201" + serial)).plan.columns[0].kind == "octet-string"
    assert columns.unpack(array_of("0201" + serial), clocks={0}).plan.columns[0].kind == "date-time"
    mixed = columns.unpack(array_of("0201" + time, "0201" + "090141", "0201" + "1107"))
    assert values(mixed) == [CosemDateTime.from_octets(bytes.fromhex(time[4:])), b"A", 7]
    assert masks(mixed) == [0, 4, 4]


def test_compact_arrays_of_open_and_fixed_width():
    fixed = octets("13|0203|11|06|19|22|01|00000002|07E801010100000000800000|03|00000004|07E801010101000000800000")
    found = columns.unpack(fixed)
    assert [values(found, k) for k in (0, 1)] == [[1, 3], [2, 4]]
    assert found.values[2].tolist()[1].hour == 1
    open_width = columns.unpack(octets("13|0202|09|11|07|0141|01|024243|02"))
    assert [values(open_width, k) for k in (0, 1)] == [[b"A", b"BC"], [1, 2]]
    nested = columns.unpack(octets("13|0202|010002|11|0201|12|08|0102|0003|0405|0006"))
    assert [column.path for column in nested.plan.columns] == [(0, 0), (0, 1), (1, 0)]
    assert [values(nested, k) for k in range(3)] == [[1, 4], [2, 5], [3, 6]]


def test_a_compact_array_in_a_row():
    found = columns.unpack(array_of("0202|1101|13|0202|11|11|04|01020304"))
    assert values(found, 1) == [[(1, 2), (3, 4)]]
    assert found.plan.columns[1].kind == "compact-array"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "axdr: expected 1 more octets, got 0 at octet 0"),
        ("0201", "axdr: expected array (1), got structure (2) at octet 0"),
        ("01", "axdr: expected 1 more octets, got 0 at octet 1"),
        ("0184FFFFFFFF", "axdr: at most 0 elements are possible here, got a count of 4294967295 at octet 1"),
        ("0101", "axdr: at most 0 elements are possible here, got a count of 1 at octet 1"),
        ("0102|0201|1101|0201|11", "[1][0]: expected 1 more octets, got 0 at octet 9"),
        ("0102|0201|1101|0202|1102|07", "[1][1]: expected a known tag, got tag 7 at octet 10"),
        ("0101|0201|1101|00", "axdr: 1 octets follow the end of the value at octet 6"),
        ("0101|0201|0283FFFFFF", "[0][0]: at most 0 elements are possible here, got a count of 16777215 at octet 5"),
        ("13|0201|13|00", "axdr: expected a known tag, got compact-array (19) at octet 3"),
        ("13|0201|12|03|000100", "[1][0]: expected 2 more octets, got 1 at octet 7"),
        ("13|0201|09|02|0541", "[0][0]: expected 5 more octets, got 1 at octet 6"),
        ("13|0200|0100", "axdr: expected length 0, got 1 at octet 3"),
    ],
)  # fmt: skip
def test_faults(words, message):
    with pytest.raises(DecodeError) as caught:
        columns.unpack(octets(words))
    assert str(caught.value) == message


def test_depth_is_bounded():
    with pytest.raises(DecodeError, match="nested deeper than 32"):
        columns.unpack(b"\x01\x01" + b"\x02\x01" * 100_000 + b"\x00")


def test_width_is_bounded():
    assert len(columns.unpack(b"\x01\x01\x02\x82\x04\x00" + bytes(1024)).plan.columns) == 1024
    with pytest.raises(DecodeError, match="at most 1024 elements"):
        columns.unpack(b"\x01\x01\x02\x82\x04\x01" + bytes(1025))
    with pytest.raises(DecodeError, match="at most 1024 elements"):
        columns.unpack(octets("13|01FFFF|00|00"))


def test_short_rows_cannot_outgrow_their_octets():
    rows = b"\x02\x82\x03\xe8" + bytes(1000) + b"\x02\x00" * 10_000
    with pytest.raises(DecodeError, match="the value would outgrow its limit"):
        columns.unpack(b"\x01\x82\x27\x11" + rows)


def test_a_time_that_is_missing_before_a_row_that_breaks_off():
    """Found by fuzzing: the cells of the broken row spoke for the missing one, whose octets were then looked for."""
    rows = "0204|12002F|0906000019210600|FF|0F02|01040204|090C07E30C1F0217000000FFC400|110606540204001106060000"
    with pytest.raises(DecodeError, match="2 octets follow"):
        columns.unpack(octets(f"0102|{rows}|05ED0600001206005403"))


def test_plans_are_reused():
    rows = [f"0202|{CLOCK.format(hour=hour)}|06000000{hour:02X}" for hour in range(10)]
    plan = columns.Plan.learn(array_of(*rows))
    out = plan.empty(12, companions=True)
    for count in (10, 3, 0):
        assert plan.unpack(array_of(*rows[:count]), out) == count
        assert out.rows == count
        assert out.values[1].tolist()[:count] == list(range(count))
    with pytest.raises(ValueError, match="13 rows do not fit into 12"):
        plan.unpack(array_of(*[rows[0]] * 13), out)
    with pytest.raises(ValueError, match="another plan"):
        columns.Plan.learn(array_of(*rows)).unpack(array_of(*rows), out)
    with pytest.raises(ValueError, match="do not fit"):
        out.rows = 13


def test_a_plan_takes_what_fits_and_says_what_does_not():
    plan = columns.Plan.learn(array_of("0202|06000000FF|090141"))
    out = plan.empty(3)
    assert plan.unpack(array_of("0202|1105|090142", "0201|00", "0202|0F06|1107"), out) == 3
    assert values(out, 0) == [5, 5, 6]
    assert (values(out, 1), masks(out, 1)) == ([b"B", None, 7], [0, 1, 4])
    for row, message in (
        ("0202|0FFF|00", "[0][0]: expected double-long-unsigned (6), got integer (15) at octet 4"),
        ("0202|090141|00", "[0][0]: expected double-long-unsigned (6), got octet-string (9) at octet 4"),
        ("0203|1101|00|1102", "[0][2]: a value where the plan has none at octet 7"),
    ):
        with pytest.raises(DecodeError) as caught:
            plan.unpack(array_of(row), out)
        assert str(caught.value) == message
    with pytest.raises(DecodeError, match="not those of the plan"):
        plan.unpack(octets("13|0201|11|0101"), out)


def test_plan_of_tags():
    plan = columns.Plan.of_tags([9, 17, 6, 9, 4], clocks={0})
    kinds = ["date-time", "integer", "integer", "octet-string", "bit-string"]
    assert [column.kind for column in plan.columns] == kinds
    out = plan.empty(1)
    assert plan.unpack(array_of("0205|" + CLOCK.format(hour=1) + "|1101|0600000002|090141|040180"), out) == 1
    assert [values(out, k) for k in range(1, 5)] == [[1], [2], [b"A"], ["1"]]
    for tag in (0, 1, 2, 7, 19, 28, 255, 300):
        with pytest.raises(ValueError, match="not the tag of a value"):
            columns.Plan.of_tags([tag])
    with pytest.raises(ValueError, match="at most 1024 columns"):
        columns.Plan.of_tags([17] * 1025)


@pytest.mark.parametrize("option", [{"nulls": "guess"}, {"deviation_sign": "plus"}, {"capture_step": 10**12}])
def test_rules_are_checked(option):
    with pytest.raises(ValueError, match=r"'repeat'|'standard'|more than a year"):
        columns.unpack(b"\x01\x00", **option)


def test_other_buffers():
    rows = array_of("0201|1101")
    for kind in (bytearray, memoryview):
        assert values(columns.unpack(kind(rows))) == [1]
    with pytest.raises(TypeError):
        columns.unpack("0100")


def test_a_plan_serves_several_threads():
    rows = array_of(*[f"0201|06000000{k:02X}" for k in range(100)])
    plan = columns.Plan.learn(rows)
    sums = []

    def work():
        out = plan.empty(100)
        for _ in range(50):
            plan.unpack(rows, out)
        sums.append(int(out.values[0].sum()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [4950] * 4


ROWS_TO_SEND = array_of(
    "0206|090C07E80101010A0B0C0DFFC480|1101|0600000002|0F80|0301|12FFFF",
    "0206|00|1102|00|0F7F|0300|120000",
    "0206|090C07E801020200000000003C00|1103|06FFFFFFFF|0F00|0301|120001",
)


def test_what_was_unpacked_is_packed_to_the_octet():
    for nulls in ("repeat", "missing"):
        found = columns.unpack(ROWS_TO_SEND, companions=True, nulls=nulls, capture_step=HOUR)
        assert found.plan.pack(found) == ROWS_TO_SEND


@with_corpus
def test_a_real_profile_is_packed_to_the_octet():
    vector = corpus_vectors("units", "unit-profile-buffer-nulldata")[0]
    buffer = bytes.fromhex(vector["hex"])
    found = columns.unpack(buffer, companions=True, capture_step=HOUR)
    assert found.plan.pack(found) == buffer
    for vector in corpus_vectors("test-vectors", "tv-compact-data-bluebook"):
        contents = bytes.fromhex(vector["compact_buffer"])
        buffer = b"\x13" + bytes.fromhex(vector["template_description"]) + bytes([len(contents)]) + contents
        found = columns.unpack(buffer)
        assert found.plan.pack(found) == buffer


def test_a_server_fills_columns():
    plan = columns.Plan.of_tags([9, 25, 26, 27, 6, 24, 23, 10, 12, 4, 22, 3], clocks={0})
    out = plan.empty(200)
    start = np.datetime64("2024-02-28T23:59:59.990", "ms")
    for k in (0, 1):
        out.values[k][:] = start + np.arange(200) * np.timedelta64(900_000, "ms")
    out.values[1][3] = out.values[2][3] = out.values[3][3] = "NaT"
    out.values[2][:] = np.datetime64("2024-02-29", "ms")
    out.values[3][:] = np.timedelta64(86_399_990, "ms")
    out.values[4][:] = np.arange(200)
    out.values[5][:] = 0.5
    out.values[6][:] = 1.5
    out.values[7][:] = "A"
    out.values[8][:] = "é"
    out.values[9][:] = "101"
    out.values[10][:] = 7
    out.values[11][:] = True
    out.masks[4][5] = columns.IS_NULL
    out.values[7][6] = None
    out.rows = 200
    again = columns.unpack(plan.pack(out, deviation=-60, status=0x80), clocks={0}, companions=True)
    assert [column.tag for column in again.plan.columns] == [9, 25, 26, 27, 6, 24, 23, 10, 12, 4, 22, 3]
    assert set(again.deviations[0].tolist()) == {-60}
    assert set(again.statuses[1].tolist()) == {0x80, 0xFF}
    for k in (0, 1, 2, 3, 5, 6, 8, 9, 10, 11):
        assert values(again, k) == values(out, k)
    assert masks(again, 4)[4:7] == [0, 3, 0]
    assert masks(again, 7)[5:8] == [0, 3, 0]
    # Local times, where no deviation is given.
    assert columns.unpack(plan.pack(out), clocks={0}).time_basis(0) == "local"


def test_what_cannot_be_packed():
    plan = columns.Plan.of_tags([25, 27, 9])
    out = plan.empty(1)
    out.values[0][:] = np.datetime64("0000-01-01", "ms")
    out.values[1][:] = np.timedelta64(5, "ms")
    out.values[2][0] = b"A"
    out.rows = 1
    assert len(plan.pack(out)) == 4 + 13 + 5 + 3
    out.values[0][:] = np.datetime64("-0001-01-01", "ms")
    with pytest.raises(EncodeError, match=r"^\[0\]\[0\]: no date-time can hold this value"):
        plan.pack(out)
    out.values[0][:] = "NaT"
    out.values[1][:] = np.timedelta64(-1, "ms")
    with pytest.raises(EncodeError, match=r"^\[0\]\[1\]: no time can hold this value"):
        plan.pack(out)
    out.values[1][:] = "NaT"
    out.values[2][0] = 5
    with pytest.raises((EncodeError, TypeError)):
        plan.pack(out)
    with pytest.raises(ValueError, match="another plan"):
        columns.Plan.of_tags([17]).pack(out)
    mixed = columns.unpack(array_of("0201|1101", "0201|120001"))
    with pytest.raises(EncodeError, match=r"^\[0\]: values of several types"):
        mixed.plan.pack(mixed)
    compact = columns.unpack(octets("13|0201|11|0101"))
    compact.masks[0][0] = columns.IS_NULL
    with pytest.raises(EncodeError, match="no place for null-data"):
        compact.plan.pack(compact)


def test_short_rows_before_the_first_clock():
    rows = ["0201|1101", "0202|1102|" + CLOCK.format(hour=1), "0203|1103|" + CLOCK.format(hour=2) + "|0301"]
    for order in (rows, rows * 7, rows[::-1] * 7):
        found = columns.unpack(array_of(*order))
        assert masks(found, 1) == [1 if row is rows[0] else 0 for row in order]


def test_blocks_of_a_profile():
    rows = [f"0202|{CLOCK.format(hour=k % 10)}|06{k:08X}" for k in range(100)]
    whole = array_of(*rows)
    stream = columns.RowStream(capture_step=HOUR)
    assert stream.expected_rows is None
    counts = [stream.feed(whole[at : at + 60]) for at in range(0, len(whole), 60)]
    assert counts[:4] == [2, 5, 8, 11]
    assert (counts[-1], stream.expected_rows) == (100, 100)
    front = columns.RowStream()
    front.feed(whole[:130])
    assert values(front.front(), 1) == list(range(front.rows)) == [0, 1, 2, 3, 4, 5]
    assert values(stream.finish(), 1) == list(range(100))
    for call in (stream.finish, lambda: stream.feed(b"")):
        with pytest.raises(ValueError, match="finished"):
            call()


def test_blocks_that_are_broken():
    stream = columns.RowStream()
    stream.feed(octets("0103|0201|1101"))
    with pytest.raises(DecodeError, match=r"^\[1\]\[0\]: expected a known tag, got tag 7 at octet 8"):
        stream.feed(octets("0201|0700"))
    assert values(stream.front()) == [1]
    with pytest.raises(DecodeError, match="tag 7"):
        stream.finish()
    late = columns.RowStream()
    assert [late.feed(octets(piece)) for piece in ("0104|0201", "1101|0201", "1102|02")] == [0, 1, 2]
    with pytest.raises(DecodeError, match=r"^\[2\]\[0\]: expected a known tag, got tag 7 at octet 12"):
        late.feed(octets("01|0700"))
    assert late.octets == octets("0104|0201|1101|0201|1102|0201|0700")
    short = columns.RowStream()
    short.feed(octets("0102|0201|1101|0201"))
    with pytest.raises(DecodeError, match=r"^\[1\]: at most 0 elements"):
        short.finish()
    long = columns.RowStream()
    long.feed(octets("0101|0201|1101|00"))
    with pytest.raises(DecodeError, match="follow the end"):
        long.finish()
    huge = columns.RowStream()
    assert huge.feed(octets("0184FFFFFFFF|0201|1101")) == 1
    assert huge.expected_rows == 2**32 - 1


def test_blocks_with_more_in_them_than_the_first_rows():
    whole = array_of("0201|1101", "0202|1102|0301", "0201|12FFFF", "0201|0A0141")
    for size in range(1, 8):
        stream = columns.RowStream()
        for at in range(0, len(whole), size):
            stream.feed(memoryview(whole)[at : at + size])
        found = stream.finish()
        assert values(found, 0) == [1, 2, 65535, "A"]
        assert masks(found, 1) == [1, 0, 1, 1]
