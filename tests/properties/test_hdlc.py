"""Frames: what is built is read; any octets are read or refused; however a stream is cut, the events are the same."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dlms_core.fault import DecodeError
from dlms_core.fcs import fcs16
from dlms_core.hdlc import Frame, HdlcAddress
from dlms_core.hdlc_parameters import HdlcParameters
from dlms_core.hdlc_reader import Discarded, FrameReader, InformationReader

short = st.integers(0, 0x7F)
long = st.integers(0, 0x3FFF)
addresses = st.one_of(
    st.builds(HdlcAddress, short),
    st.builds(HdlcAddress, short, short),
    st.builds(lambda upper, lower: HdlcAddress(upper, lower, size=4), long, long),
)
telling = st.lists(st.sampled_from([0x7E, 0x7D, 0xA0, 0x07, 0x03, 0x21, 0x93, 0x00]), max_size=60).map(bytes)
information = st.binary(max_size=60) | telling
frames = st.builds(
    lambda destination, source, control, octets, segmented: Frame(
        destination, source, control, octets, segmented=segmented
    ),
    addresses,
    addresses,
    st.integers(0, 255),
    information,
    st.booleans(),
)


@st.composite
def faulty_frames(draw: st.DrawFn) -> bytes:
    octets = bytearray(draw(frames).encode())
    bit = draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    return bytes(octets)


@st.composite
def promises(draw: st.DrawFn) -> bytes:
    """A good header, and less than it promises."""
    length = draw(st.integers(10, 2047))
    head = bytes([0xA0 | length >> 8, length & 0xFF, 0x03, 0x21, 0x13])
    return b"\x7e" + head + fcs16(head).to_bytes(2, "little") + draw(information)


pieces = st.one_of(frames.map(lambda frame: frame.encode()), faulty_frames(), promises(), information)
streams = st.lists(pieces, max_size=8).map(b"".join)


def read(octets: bytes, cuts: list[int], transparency: bool) -> tuple[list[Frame | Discarded], list[bytes | Discarded]]:
    whole, plain = FrameReader(transparency=transparency), InformationReader(transparency=transparency)
    events: list[Frame | Discarded] = []
    contents: list[bytes | Discarded] = []
    places = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    for start, end in itertools.pairwise(places):
        events += whole.read(octets[start:end])
        contents += plain.read(octets[start:end])
        assert whole.pending <= 4096
    return events + whole.finish(), contents + plain.finish()


@given(frames, st.booleans())
def test_there_and_back(frame: Frame, transparency: bool) -> None:
    octets = frame.encode(transparency=transparency)
    assert Frame.decode(octets, transparency=transparency) == frame
    assert FrameReader(transparency=transparency).read(octets) == [frame]


@given(streams, st.lists(st.integers(0, 5000), max_size=12), st.booleans())
def test_cut_anywhere(octets: bytes, cuts: list[int], transparency: bool) -> None:
    events, contents = read(octets, cuts, transparency)
    assert (events, contents) == read(octets, [], transparency)
    assert contents == [event.information if isinstance(event, Frame) else event for event in events]


@given(streams, st.booleans())
def test_events_are_in_order_and_apart(octets: bytes, transparency: bool) -> None:
    end = 0
    for event in read(octets, [], transparency)[0]:
        assert event.offset >= end
        end = event.offset
        if isinstance(event, Discarded):
            assert event.count > 0
            end += event.count
        elif not transparency:
            whole = event.encode()
            # An empty information field may have come with a header check sequence, which is not sent again.
            if event.information:
                assert octets[event.offset - 1 : event.offset - 1 + len(whole)] == whole
            end += len(whole) - 2
    assert end <= len(octets)


@given(st.lists(frames, min_size=1, max_size=6), st.lists(st.integers(1, 4), min_size=6, max_size=6))
def test_clean_lines_lose_nothing(sent: list[Frame], flags: list[int]) -> None:
    octets = b"".join(b"\x7e" * count + frame.encode()[1:-1] for frame, count in zip(sent, flags, strict=False))
    assert FrameReader().read(octets + b"\x7e") == sent


@given(streams | st.binary(max_size=100), st.booleans())
def test_any_octets_are_a_frame_or_refused(octets: bytes, transparency: bool) -> None:
    try:
        frame = Frame.decode(octets, transparency=transparency)
    except DecodeError as error:
        fault = error
    else:
        assert Frame.decode(frame.encode()) == frame
        return
    assert fault.layer == "hdlc"
    assert 0 <= fault.offset <= len(octets)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda octets: b"\x81\x80" + octets))
def test_any_octets_are_parameters_or_refused(octets: bytes) -> None:
    try:
        parameters = HdlcParameters.decode(octets)
    except DecodeError as error:
        fault = error
    else:
        assert HdlcParameters.decode(octets) == parameters
        assert repr(parameters)
        return
    assert fault.layer == "hdlc-parameters"
    assert 0 <= fault.offset <= len(octets)
