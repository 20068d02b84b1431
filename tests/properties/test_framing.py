"""Properties of the discovery of framings: total; a stream of one kind is read alike however it is divided."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import DecodeError
from dlms.link.framing import Discovery, discover
from dlms.link.telegram import Telegram
from dlms_core import llc, mbus, wrapper
from dlms_core.hdlc import Frame, HdlcAddress

apdus = st.builds(lambda rest: b"\x0f" + rest, st.binary(max_size=80))
stations = st.integers(1, 100).map(HdlcAddress)
noise = st.binary(min_size=1, max_size=9)


def hdlc_frame(apdu, source, destination, control, segmented):
    content = llc.add(apdu, response=True)
    return Frame(destination, source, control, content, segmented=segmented).encode()


hdlc_frames = st.builds(hdlc_frame, apdus, stations, stations, st.sampled_from([0x03, 0x13, 0x10, 0x12]), st.booleans())
streams = st.one_of(
    st.lists(st.one_of(hdlc_frames, noise), max_size=6),
    st.lists(st.one_of(apdus.map(lambda apdu: b"".join(mbus.build(apdu, segment_length=30))), noise), max_size=6),
    st.lists(apdus.map(lambda apdu: wrapper.build(apdu, source=1, destination=16)), max_size=6),
).map(b"".join)


def described(events):
    return [
        (
            event.apdu,
            event.framing,
            event.offset,
            event.stations,
            event.complete,
            [str(fault) for fault in event.faults],
        )
        if isinstance(event, Telegram)
        else str(event)
        for event in events
    ]


@given(streams, st.data())
def test_division_changes_nothing(stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    discovery = Discovery()
    edges = [0, *cuts, len(stream)]
    events = [event for start, end in itertools.pairwise(edges) for event in discovery.receive(stream[start:end])]
    assert described(events + discovery.finish()) == described(discover(stream))


@given(st.one_of(st.binary(max_size=300), streams), st.data())
def test_any_octets_give_telegrams_and_faults(octets, data):
    damaged = bytearray(octets)
    for _ in range(data.draw(st.integers(0, 3)) if octets else 0):
        damaged[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    end = data.draw(st.integers(0, len(octets)))
    for event in discover(bytes(damaged[:end])):
        assert isinstance(event, Telegram | DecodeError)
        assert str(event)
