"""HDLC frames of a stream into information octets and into Frames, against gurux-dlms and dlms-cosem from PyPI.

The peers are given one whole frame at a time, which spares them the search; only good frames, since gurux-dlms prints
what it dislikes and dlms-cosem may loop on it. They do the same work as far as their interfaces allow: both check
sequences, addresses, control field; gurux-dlms leaves the information where it is.
"""

from __future__ import annotations

import random
import timeit

import pytest

from dlms_core.hdlc import Frame, HdlcAddress
from dlms_core.hdlc_reader import FrameReader, InformationReader

COUNT = 1000
PEERS_COUNT = 40  # they need milliseconds for each
SIZE = 128
FRAMES = [
    Frame(HdlcAddress(16), HdlcAddress(1), 0x13, random.Random(number).randbytes(SIZE)) for number in range(COUNT)
]


def seconds_a_frame(work, count):
    return min(timeit.repeat(work, number=1, repeat=5)) / count


@pytest.fixture(scope="module")
def peers():
    """Name -> seconds a frame, measured in this run on the same frames."""
    client_module = pytest.importorskip("gurux_dlms.GXDLMSClient", reason="gurux-dlms is not installed")
    frames_module = pytest.importorskip("dlms_cosem.hdlc.frames", reason="dlms-cosem is not installed")
    from gurux_dlms.GXByteBuffer import GXByteBuffer
    from gurux_dlms.GXDLMS import GXDLMS
    from gurux_dlms.GXReplyData import GXReplyData

    octets = [frame.encode() for frame in FRAMES[:PEERS_COUNT]]
    settings = client_module.GXDLMSClient(True, 16, 1).settings

    def gurux(frame):
        buffer = GXByteBuffer(frame)
        reply, notification = GXReplyData(), GXReplyData()
        GXDLMS.getHdlcData(False, settings, buffer, reply, notification)
        return bytes(buffer.subArray(buffer.position, notification.packetLength - buffer.position))

    def cosem(frame):
        return frames_module.UnnumberedInformationFrame.from_bytes(frame).information

    for work in (gurux, cosem):
        assert work(octets[0]) == FRAMES[0].information
    return {
        "gurux-dlms": seconds_a_frame(lambda: [gurux(frame) for frame in octets], PEERS_COUNT),
        "dlms-cosem": seconds_a_frame(lambda: [cosem(frame) for frame in octets], PEERS_COUNT),
    }


def report(benchmark, stream, peers):
    best = benchmark.stats.stats.min / COUNT
    copy = seconds_a_frame(lambda: bytearray(stream), COUNT)
    benchmark.extra_info["ns a frame"] = round(best * 1e9, 1)
    benchmark.extra_info["ratio to memcpy"] = round(best / copy, 1)
    line = f"{benchmark.name}: {best * 1e9:.1f} ns a frame, {best / copy:.1f} x memcpy"
    for name, peer in peers.items():
        benchmark.extra_info[f"ratio of {name}"] = round(peer / best)
        line += f"; {name} {peer * 1e6:.0f} us a frame, {peer / best:.0f} x as long"
    print(f"\n{line}")


@pytest.mark.parametrize("transparency", [False, True], ids=["plain", "stuffed"])
@pytest.mark.parametrize("reader", [InformationReader, FrameReader])
def test_read(benchmark, reader, transparency, peers):
    stream = b"".join(frame.encode(transparency=transparency) for frame in FRAMES)
    events = benchmark(lambda: reader(transparency=transparency).read(stream))
    assert len(events) == COUNT
    report(benchmark, stream, peers)


def test_read_frame_by_frame(benchmark, peers):
    """As a line delivers them: one call for each."""
    octets = [frame.encode() for frame in FRAMES]
    reader = FrameReader()
    events = benchmark(lambda: [reader.read(frame) for frame in octets])
    assert len(events) == COUNT
    report(benchmark, b"".join(octets), peers)
