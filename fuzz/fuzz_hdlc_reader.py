"""A stream gives the same frames and records however it is cut, in order, holding no more than one frame's octets."""

from dlms_core.hdlc import Frame
from dlms_core.hdlc_reader import FrameReader, InformationReader


def check(octets: bytes) -> None:
    for transparency in (False, True):
        whole = FrameReader(transparency=transparency)
        events = whole.read(octets) + whole.finish()
        offsets = [event.offset for event in events]
        assert offsets == sorted(offsets)
        for size in (1, 2 + len(octets) % 61):
            reader, plain = FrameReader(transparency=transparency), InformationReader(transparency=transparency)
            cut, contents = [], []
            for at in range(0, len(octets), size):
                cut += reader.read(octets[at : at + size])
                contents += plain.read(octets[at : at + size])
                assert reader.pending <= 4096
            assert cut + reader.finish() == events
            expected = [event.information if isinstance(event, Frame) else event for event in events]
            assert contents + plain.finish() == expected
