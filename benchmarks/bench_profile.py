"""unpack_profile, from octets to a Profile: rows of 38 octets (date-time, status, four registers), against memcpy of
the same octets and against the peers from PyPI.
"""

import timeit

import numpy as np
import pytest

from dlms.cosem.profile import Profile, unpack_profile
from dlms.datetime import CosemDateTime

CAPTURES = [
    (8, bytes.fromhex("0000010000FF"), 2, 0),
    (1, bytes.fromhex("0000600A01FF"), 2, 0),
    *((3, bytes([1, 0, quantity, 8, 0, 255]), 2, 0) for quantity in (1, 2, 5, 6)),
]
PERIOD = 900
EPOCH = 1_700_000_100_000


def buffer(rows, null_clocks=False):
    count = bytes([rows]) if rows < 128 else b"\x82" + rows.to_bytes(2)
    octets = bytearray(b"\x01" + count)
    for row in range(rows):
        moment = CosemDateTime.from_epoch_milliseconds(EPOCH + 1000 * PERIOD * row, deviation=-60)
        octets += b"\x02\x06"
        octets += b"\x00" if null_clocks and row else b"\x09\x0c" + moment.octets
        octets += b"\x11" + bytes([4 * (row % 5 == 0)])
        for register in range(1, 5):
            octets += b"\x06" + (1_000_000 * register + 37 * row).to_bytes(4)
    return bytes(octets)


def report(benchmark, octets, rows):
    source, target = np.frombuffer(octets, np.uint8), np.empty(len(octets), np.uint8)
    number = max(20, 2_000_000 // len(octets))
    copy = min(timeit.repeat(lambda: np.copyto(target, source), number=number, repeat=7)) / number
    best = benchmark.stats.stats.min
    benchmark.extra_info["ns a row"] = round(best / rows * 1e9, 2)
    benchmark.extra_info["ratio to memcpy"] = round(best / copy, 2)
    words = f"{best * 1e6:.2f} us, {best / rows * 1e9:.2f} ns a row, {best / copy:.2f} x memcpy"
    print(f"\n{benchmark.name}: {words}")


@pytest.mark.parametrize("rows", [96, 3000])
@pytest.mark.parametrize("null_clocks", [False, True], ids=["clocks", "null-clocks"])
def test_warm_out(benchmark, rows, null_clocks):
    octets = buffer(rows, null_clocks)
    out = Profile.empty(unpack_profile(octets, CAPTURES, capture_period=PERIOD).plan, rows)
    profile = benchmark(lambda: unpack_profile(octets, out=out))
    assert len(profile) == rows
    last = profile.columns["0-0:1.0.0*255:2"].view(np.int64)[-1]
    assert last == EPOCH + 1000 * PERIOD * (rows - 1)
    report(benchmark, octets, rows)


@pytest.mark.parametrize("rows", [96, 3000])
def test_cold(benchmark, rows):
    octets = buffer(rows)
    profile = benchmark(lambda: unpack_profile(octets, CAPTURES, capture_period=PERIOD))
    assert len(profile) == rows
    report(benchmark, octets, rows)


def test_to_arrow_stream(benchmark):
    profile = unpack_profile(buffer(3000), CAPTURES, capture_period=PERIOD)
    benchmark(profile.__arrow_c_stream__)
    print(f"\n{benchmark.name}: {benchmark.stats.stats.min * 1e6:.1f} us")


def gurux():
    common = pytest.importorskip("gurux_dlms.internal._GXCommon")._GXCommon
    buffers = pytest.importorskip("gurux_dlms.GXByteBuffer").GXByteBuffer
    info = pytest.importorskip("gurux_dlms.internal._GXDataInfo")._GXDataInfo
    return lambda octets: common.getData(None, buffers(octets), info())


def dlms_cosem():
    parsers = pytest.importorskip("dlms_cosem.parsers")
    cosem = pytest.importorskip("dlms_cosem.cosem")
    enumerations = pytest.importorskip("dlms_cosem.enumerations")
    objects = [
        cosem.CosemAttribute(enumerations.CosemInterface(class_id), cosem.Obis.from_bytes(name), attribute)
        for class_id, name, attribute, _ in CAPTURES
    ]
    return parsers.ProfileGenericBufferParser(objects, PERIOD // 60).parse_bytes


@pytest.mark.parametrize("peer", [gurux, dlms_cosem], ids=["gurux-dlms", "dlms-cosem"])
def test_beside_a_peer(benchmark, peer):
    rows = 96
    octets = buffer(rows)
    parse = peer()
    out = Profile.empty(unpack_profile(octets, CAPTURES, capture_period=PERIOD).plan, rows)
    benchmark(lambda: unpack_profile(octets, out=out))
    theirs = min(timeit.repeat(lambda: parse(octets), number=2, repeat=3)) / 2
    ratio = theirs / benchmark.stats.stats.min
    benchmark.extra_info["ratio to peer"] = round(ratio)
    print(f"\n{benchmark.name}: {theirs / rows * 1e6:.1f} us a row there, {ratio:.0f} x faster here")
