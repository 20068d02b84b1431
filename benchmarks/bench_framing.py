"""Telegrams of each framing found in a stream, against the bare reading of the same stream's frames."""

import timeit

import pytest

from dlms.demo import fixtures
from dlms.link.framing import discover
from dlms_core.hdlc_reader import FrameReader
from dlms_core.mbus import MbusReader
from dlms_core.wrapper import WpduReader

COUNT = 500
STREAMS = {
    fixture.framing: fixture.octets * COUNT
    for fixture in fixtures.telegrams()
    if fixture.invocation_counter is None and not fixture.framing.endswith("apdu")
}
READERS = {"hdlc": FrameReader, "mbus": MbusReader, "wrapper": WpduReader}


@pytest.mark.parametrize("framing", STREAMS)
def test_discover(benchmark, framing):
    stream = STREAMS[framing]
    reader = next(reader for link, reader in READERS.items() if framing.startswith(link))
    assert len(benchmark(discover, stream)) == COUNT
    bare = min(timeit.repeat(lambda: reader().read(stream), number=5, repeat=5)) / 5
    benchmark.extra_info["ratio to reading frames"] = benchmark.stats.stats.min / bare
    benchmark.extra_info["us a telegram"] = benchmark.stats.stats.min / COUNT * 1e6
