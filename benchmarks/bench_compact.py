"""Compact-arrays -> columns, arrays and plan at hand: the rows of bench_columns.py without their tags, against memcpy
of the same octets and against an array of the same values.
"""

import pytest
from benchmarks.bench_columns import best, length, prepared, report, rows_of

from dlms_core import compact

# Without tag; with the date-time as octet-string, whose length is sent in every row, or as tag 25, of fixed width.
DESCRIPTIONS = {"octet-string": "02060911" + "06" * 4, "date-time": "02061911" + "06" * 4}


def contents_of(count, form):
    start = 3 if form == "octet-string" else 4
    array = rows_of(count)[1 + len(length(count)) :]
    rows = (array[38 * row : 38 * (row + 1)] for row in range(count))
    return b"".join(row[start:16] + row[17:18] + b"".join(row[k : k + 4] for k in (19, 24, 29, 34)) for row in rows)


@pytest.mark.parametrize("form", DESCRIPTIONS)
@pytest.mark.parametrize("rows", [96, 3000])
def test_unpack(benchmark, form, rows):
    octets = compact.join(bytes.fromhex(DESCRIPTIONS[form]), contents_of(rows, form))
    fill, out = prepared(octets)
    plain, same = prepared(rows_of(rows))
    before = best(plain, 100)
    assert benchmark(fill) == rows == plain()
    for one, other in zip(out.values, same.values, strict=True):
        assert one.tobytes() == other.tobytes()
    report(benchmark, octets, rows, [("fixed rows", min(before, best(plain, 100)))])
