"""A-XDR Data of 96 load profile rows <-> Python objects, beside msgpack with the same content and the peers of PyPI."""

import random
import struct
import timeit

import pytest

from dlms_core import axdr

ROWS = 96


def profile():
    """Rows of a date-time as octets, a status and four registers."""
    chance = random.Random(1)
    registers = [1000, 2000, 3000, 4000]
    rows = []
    for row in range(ROWS):
        registers = [value + chance.randrange(200) for value in registers]
        hour, quarter = divmod(row, 4)
        time = struct.pack(">HBBBBBBBhB", 2023, 11, 14, 2, hour % 24, 15 * quarter, 0, 255, -60, 0)
        rows.append((time, 4 if row % 8 == 0 else 0, *registers))
    return rows


def typed(rows):
    return axdr.Array(
        axdr.Structure([axdr.OctetString(time), axdr.Unsigned(status), *map(axdr.DoubleLongUnsigned, values)])
        for time, status, *values in rows
    )


PROFILE = profile()
OCTETS = axdr.dumps(typed(PROFILE))
VALUES = 1 + 7 * ROWS


def best(function, *, number=200, repeat=7):
    return min(timeit.repeat(function, number=number, repeat=repeat)) / number


def report(benchmark, peers, *, values=VALUES):
    """Print and record the ratio of this run's time to that of each peer, measured in turn with it."""
    ours = benchmark.stats.stats.min
    benchmark.extra_info["ns a value"] = round(ours * 1e9 / values, 2)
    line = f"\n{benchmark.name}: {ours * 1e9 / values:.1f} ns a value"
    for name, seconds in peers.items():
        benchmark.extra_info[f"ratio to {name}"] = round(ours / seconds, 6)
        line += f", {ours / seconds:.3g} x {name}"
    print(line)


def test_loads(benchmark):
    msgpack = pytest.importorskip("msgpack")
    packed = msgpack.packb(PROFILE)
    assert list(map(tuple, msgpack.unpackb(packed))) == axdr.loads(OCTETS) == PROFILE
    before = best(lambda: msgpack.unpackb(packed))
    benchmark(axdr.loads, OCTETS)
    after = best(lambda: msgpack.unpackb(packed))
    report(benchmark, {"msgpack.unpackb": min(before, after)})


def test_loads_beside_gurux_dlms(benchmark):
    common = pytest.importorskip("gurux_dlms.internal._GXCommon")._GXCommon
    info = pytest.importorskip("gurux_dlms.internal._GXDataInfo")._GXDataInfo
    buffer = pytest.importorskip("gurux_dlms").GXByteBuffer

    def peer():
        return common.getData(None, buffer(OCTETS), info())

    assert [tuple(row[1:]) for row in peer()] == [row[1:] for row in PROFILE]
    benchmark(axdr.loads, OCTETS)
    report(benchmark, {"gurux-dlms": best(peer, number=3, repeat=3)})


def test_loads_beside_dlms_cosem(benchmark):
    parse = pytest.importorskip("dlms_cosem.utils").parse_as_dlms_data
    assert [tuple(row[1:]) for row in parse(OCTETS)] == [row[1:] for row in PROFILE]
    benchmark(axdr.loads, OCTETS)
    report(benchmark, {"dlms-cosem": best(lambda: parse(OCTETS), number=3, repeat=3)})


def test_loads_typed(benchmark):
    msgpack = pytest.importorskip("msgpack")
    packed = msgpack.packb(PROFILE)
    benchmark(axdr.loads, OCTETS, True)
    report(benchmark, {"msgpack.unpackb": best(lambda: msgpack.unpackb(packed))})


def test_dumps_typed(benchmark):
    msgpack = pytest.importorskip("msgpack")
    value = typed(PROFILE)
    assert benchmark(axdr.dumps, value) == OCTETS
    report(benchmark, {"msgpack.packb": best(lambda: msgpack.packb(PROFILE))})


def test_loads_compact_array(benchmark):
    types = (axdr.OctetString, axdr.Unsigned, *[axdr.DoubleLongUnsigned] * 4)
    octets = axdr.dumps(axdr.CompactArray(types, PROFILE))
    assert benchmark(axdr.loads, octets) == PROFILE
    report(benchmark, {"loads of the array": best(lambda: axdr.loads(OCTETS))})


def test_loads_one_register(benchmark):
    octets = axdr.dumps(axdr.DoubleLongUnsigned(123456))
    assert benchmark(axdr.loads, octets) == 123456
    report(benchmark, {}, values=1)
