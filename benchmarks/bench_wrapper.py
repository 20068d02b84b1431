"""WPDUs of a stream into APDU octets, against memcpy of the same stream."""

import timeit

import pytest

from dlms_core import wrapper
from dlms_core.wrapper import WpduReader

COUNT = 1000


@pytest.mark.parametrize("length", [128, 1024])
def test_read_wpdus(benchmark, length):
    stream = wrapper.build(bytes(length), source=1, destination=16) * COUNT
    events = benchmark(lambda: WpduReader().read(stream))
    assert len(events) == COUNT
    report(benchmark, stream)


def report(benchmark, stream):
    copy = min(timeit.repeat(lambda: bytearray(stream), number=20, repeat=5)) / 20
    each = benchmark.stats.stats.min / COUNT
    ratio = benchmark.stats.stats.min / copy
    benchmark.extra_info["ns a WPDU"] = each * 1e9
    benchmark.extra_info["ratio to memcpy"] = ratio
