"""Date-times one at a time, and as a column: against datetime of the standard library doing the same, and memcpy."""

import datetime
import struct
import timeit

from benchmarks.bench_columns import STEP, best, length, prepared, report

from dlms_core.clock import CosemDateTime

MOMENT = bytes.fromhex("07E80B15040A0B0C0DFF8801")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def with_datetime(octets):
    year, month, day, _, hour, minute, second, hundredths, deviation, _ = struct.unpack(">HBBBBBBBhB", octets)
    zone = datetime.timezone(datetime.timedelta(minutes=-deviation))
    moment = datetime.datetime(year, month, day, hour, minute, second, hundredths * 10_000, tzinfo=zone)
    return (moment - EPOCH) // datetime.timedelta(milliseconds=1)


def test_one(benchmark):
    assert benchmark(lambda: CosemDateTime.from_octets(MOMENT).epoch_milliseconds()) == with_datetime(MOMENT)
    theirs = min(timeit.repeat(lambda: with_datetime(MOMENT), number=2000, repeat=5)) / 2000
    ratio = benchmark.stats.stats.min / theirs
    benchmark.extra_info["ratio to datetime"] = round(ratio, 3)
    print(f"\n{benchmark.name}: {benchmark.stats.stats.min * 1e9:.0f} ns, {ratio:.2f} x datetime")


def test_column(benchmark):
    rows = [
        b"\x02\x01\x09\x0c" + CosemDateTime.from_epoch_milliseconds(STEP * row, deviation=-60).octets
        for row in range(3000)
    ]
    octets = b"\x01" + length(3000) + b"".join(rows)
    fill, _ = prepared(octets)
    assert benchmark(fill) == 3000
    one_by_one = best(lambda: [CosemDateTime.from_octets(row[4:]).epoch_milliseconds() for row in rows], 2)
    report(benchmark, octets, 3000, [("one by one", one_by_one)])
