"""CRC-16/X-25 from Python, each kernel, against memcpy of the same octets."""

from __future__ import annotations

import random
import timeit

import pytest

from dlms_core.fcs import IMPLEMENTATIONS, fcs16_by


@pytest.mark.parametrize("size", [128, 2048])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_fcs(benchmark, implementation, size):
    octets = random.Random(size).randbytes(size)
    benchmark(fcs16_by, implementation, octets)
    copy = min(timeit.repeat(lambda: bytearray(octets), number=2000, repeat=5)) / 2000
    best = benchmark.stats.stats.min
    benchmark.extra_info["GB/s"] = round(size / best / 1e9, 1)
    benchmark.extra_info["ratio to memcpy"] = round(best / copy, 2)
    print(f"\nfcs {implementation}, {size} octets: {size / best / 1e9:.1f} GB/s, {best / copy:.2f} x memcpy")
