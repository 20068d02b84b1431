"""Stuffing and unstuffing 64 KB from Python, against memcpy of the same octets."""

from __future__ import annotations

import random
import timeit

import pytest

from dlms_core.transparency import stuff, unstuff

PLAIN = {"random": random.Random(6).randbytes(65_536), "nothing to escape": bytes(65_536)}


@pytest.mark.parametrize("content", PLAIN)
@pytest.mark.parametrize("direction", [stuff, unstuff], ids=["stuff", "unstuff"])
def test_transparency(benchmark, direction, content):
    octets = PLAIN[content] if direction is stuff else stuff(PLAIN[content])
    benchmark(direction, octets)
    copy = min(timeit.repeat(lambda: bytearray(octets), number=500, repeat=5)) / 500
    best = benchmark.stats.stats.min
    benchmark.extra_info["GB/s"] = round(len(octets) / best / 1e9, 1)
    benchmark.extra_info["ratio to memcpy"] = round(best / copy, 2)
    print(f"\n{benchmark.name}: {len(octets) / best / 1e9:.1f} GB/s, {best / copy:.2f} x memcpy")
