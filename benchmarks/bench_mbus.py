"""M-Bus long frames of a stream into segments, against memcpy of the same stream."""

import timeit

from dlms_core import mbus
from dlms_core.mbus import MbusReader

COUNT = 1000


def test_read_long_frames(benchmark):
    stream = b"".join(mbus.build(bytes(245))) * COUNT
    events = benchmark(lambda: MbusReader().read(stream))
    assert len(events) == COUNT
    copy = min(timeit.repeat(lambda: bytearray(stream), number=20, repeat=5)) / 20
    each = benchmark.stats.stats.min / COUNT
    ratio = benchmark.stats.stats.min / copy
    benchmark.extra_info["ns a frame"] = each * 1e9
    benchmark.extra_info["ratio to memcpy"] = ratio
