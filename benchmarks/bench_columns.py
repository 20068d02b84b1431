"""Rows <-> columns, arrays and plan at hand: rows of 38 octets (date-time, status, four registers) in several forms,
against memcpy of the same octets and, the plain form, against the peers from PyPI.
"""

import random
import struct
import timeit

import numpy as np
import pytest

from dlms_core import columns
from dlms_core.clock import CosemDateTime

STEP = 900_000
FORMS = ["plain", "null-clocks", "deltas", "random-types"]
EXPLICIT_EVERY = 96  # rows: once a day, of quarters


def length(count):
    return bytes([count]) if count < 128 else b"\x82" + count.to_bytes(2)


def rows_of(count, form="plain"):
    chance = random.Random(count)
    registers = [1000, 2000, 3000, 4000]
    rows = []
    for row in range(count):
        registers = [value + chance.randrange(200) for value in registers]
        moment = CosemDateTime.from_epoch_milliseconds(1_700_000_100_000 + STEP * row, deviation=-60)
        is_whole = row % EXPLICIT_EVERY == 0
        has_clock = is_whole or form in ("plain", "random-types")
        octets = b"\x02\x06" + (b"\x09\x0c" + moment.octets if has_clock else b"\x00")
        octets += b"\x11" + bytes([4 * (row % 8 == 0)])
        for value in registers:
            if form == "deltas" and not is_whole:
                octets += b"\x1f" + bytes([value % 200])
            elif form == "random-types":
                number = struct.pack(">I", value)
                octets += chance.choice((b"\x00", b"\x11" + number[3:], b"\x12" + number[2:], b"\x06" + number))
            else:
                octets += b"\x06" + struct.pack(">I", value)
        rows.append(octets)
    return b"\x01" + length(count) + b"".join(rows)


def best(function, number):
    return min(timeit.repeat(function, number=number, repeat=7)) / number


def copy_time(octets):
    source, target = np.frombuffer(octets, np.uint8), np.empty(len(octets), np.uint8)
    return best(lambda: np.copyto(target, source), max(20, 2_000_000 // len(octets)))


def report(benchmark, octets, rows, others=()):
    """Print and record nanoseconds a row, the ratio to memcpy, and the ratios to `others` measured here as well."""
    ours = benchmark.stats.stats.min
    ratios = {"memcpy": ours / copy_time(octets), **{name: ours / seconds for name, seconds in others}}
    benchmark.extra_info["ns a row"] = round(ours / rows * 1e9, 2)
    words = f"\n{benchmark.name}: {ours * 1e6:.2f} us, {ours / rows * 1e9:.2f} ns a row"
    for name, ratio in ratios.items():
        benchmark.extra_info[f"ratio to {name}"] = float(f"{ratio:.3g}")
        words += f", {ratio:.3g} x {name}"
    print(words)


def prepared(octets, masks=True):
    """What fills arrays made before, and the arrays."""
    plan = columns.unpack(octets, capture_step=STEP).plan
    out = plan.empty(columns.unpack(octets).rows, masks=masks)
    return (lambda: plan.unpack(octets, out)), out


@pytest.mark.parametrize("rows", [96, 3000])
@pytest.mark.parametrize("masks", [False, True], ids=["bare", "masks"])
def test_plain(benchmark, rows, masks):
    octets = rows_of(rows)
    fill, _ = prepared(octets, masks)
    assert benchmark(fill) == rows
    report(benchmark, octets, rows)


@pytest.mark.parametrize("form", FORMS[1:])
def test_form(benchmark, form):
    octets = rows_of(3000, form)
    plain, _ = prepared(rows_of(3000))
    fill, _ = prepared(octets)
    before = best(plain, 50)
    assert benchmark(fill) == 3000
    report(benchmark, octets, 3000, [("fixed rows", min(before, best(plain, 50)))])


def test_fresh(benchmark):
    octets = rows_of(3000)
    assert benchmark(lambda: columns.unpack(octets, capture_step=STEP)).rows == 3000
    report(benchmark, octets, 3000)


@pytest.mark.parametrize("form", FORMS[:2])
def test_pack(benchmark, form):
    octets = rows_of(10_000, form)
    found = columns.unpack(octets, capture_step=STEP, companions=True)
    assert benchmark(lambda: found.plan.pack(found)) == octets
    report(benchmark, octets, 10_000)


def gurux():
    common = pytest.importorskip("gurux_dlms.internal._GXCommon")._GXCommon
    buffers = pytest.importorskip("gurux_dlms.GXByteBuffer").GXByteBuffer
    info = pytest.importorskip("gurux_dlms.internal._GXDataInfo")._GXDataInfo
    return lambda octets: common.getData(None, buffers(octets), info())


def dlms_cosem():
    parsers = pytest.importorskip("dlms_cosem.parsers")
    cosem = pytest.importorskip("dlms_cosem.cosem")
    enumerations = pytest.importorskip("dlms_cosem.enumerations")
    classes = [8, 1, 3, 3, 3, 3]
    objects = [
        cosem.CosemAttribute(enumerations.CosemInterface(class_id), cosem.Obis(1, 0, k, 8, 0, 255), 2)
        for k, class_id in enumerate(classes)
    ]
    return parsers.ProfileGenericBufferParser(objects, 15).parse_bytes


@pytest.mark.parametrize("peer", [gurux, dlms_cosem], ids=["gurux-dlms", "dlms-cosem"])
def test_beside_a_peer(benchmark, peer):
    octets = rows_of(3000)
    parse = peer()
    fill, _ = prepared(octets)
    benchmark(fill)
    theirs = min(timeit.repeat(lambda: parse(octets), number=1, repeat=2))
    report(benchmark, octets, 3000, [(peer.__name__.replace("_", "-"), theirs)])
    print(f"{theirs / 3000 * 1e6:.1f} us a row there, {theirs / benchmark.stats.stats.min:.0f} times as long")
