"""Building HDLC frames, against memcpy of the frames built."""

from __future__ import annotations

import random
import timeit

import pytest

from dlms_core.hdlc import Frame, HdlcAddress

COUNT = 1000


@pytest.mark.parametrize("size", [128, 2030])
def test_encode(benchmark, size):
    chance = random.Random(size)
    frames = [Frame(HdlcAddress(16), HdlcAddress(1), 0x13, chance.randbytes(size)) for _ in range(COUNT)]
    built = benchmark(lambda: [frame.encode() for frame in frames])
    stream = b"".join(built)
    copy = min(timeit.repeat(lambda: bytearray(stream), number=20, repeat=5)) / 20
    best = benchmark.stats.stats.min
    benchmark.extra_info["ns a frame"] = round(best / COUNT * 1e9, 1)
    benchmark.extra_info["ratio to memcpy"] = round(best / copy, 1)
    print(f"\n{benchmark.name}: {best / COUNT * 1e9:.1f} ns a frame, {best / copy:.1f} x memcpy")
