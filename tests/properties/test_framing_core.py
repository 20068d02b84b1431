"""Properties of the readers of WPDUs and M-Bus frames: total, indifferent to division, inverse of their builders."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms_core import mbus, wrapper
from dlms_core.fault import DecodeError
from dlms_core.mbus import MbusFrame, MbusReader
from dlms_core.wrapper import Wpdu, WpduReader

octet = st.integers(0, 255)
wport = st.integers(0, 65535)
wpdus = st.builds(
    lambda apdu, source, destination: wrapper.build(apdu, source=source, destination=destination),
    st.binary(min_size=1, max_size=40),
    wport,
    wport,
)
long_frames = st.one_of(
    st.builds(lambda data, ci: mbus.build_frame(data, control_information=ci), st.binary(max_size=252), octet),
    st.builds(lambda apdu: b"".join(mbus.build(apdu, segment_length=9)), st.binary(min_size=1, max_size=60)),
)
noise = st.one_of(st.binary(max_size=12), st.sampled_from([b"\x68\x00\x00\x68", b"\x68\x01\x01\x68", b"\x00\x01"]))


def damaged(good):
    """Sound units, noise, and units with octets changed or missing."""
    broken = st.builds(lambda unit, at: unit[: at % len(unit)] + unit[at % len(unit) + 1 :], good, st.integers(0, 500))
    return st.lists(st.one_of(good, noise, broken), max_size=6).map(b"".join)


def described(event):
    if isinstance(event, DecodeError):
        return str(event)
    content = event.apdu if isinstance(event, Wpdu) else (event.control_information, event.source, event.data)
    return event.offset, content, str(event.fault)


def events_of(reader, portions):
    found = [event for portion in portions for event in reader.read(portion)] + reader.finish()
    assert reader.pending == 0
    assert reader.offset == sum(map(len, portions))
    assert all(isinstance(event, Wpdu | MbusFrame | DecodeError) for event in found)
    offsets = [event.offset for event in found]
    assert offsets == sorted(offsets)
    return [described(event) for event in found]


CASES = [(WpduReader, damaged(wpdus)), (MbusReader, damaged(long_frames))]


@pytest.mark.parametrize(("reader", "streams"), CASES, ids=["wrapper", "mbus"])
@given(data=st.data())
def test_division_changes_nothing(reader, streams, data):
    stream = data.draw(streams)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    portions = [stream[a:b] for a, b in itertools.pairwise(edges)]
    whole = events_of(reader(), [stream])
    assert events_of(reader(), portions) == whole
    assert events_of(reader(), [stream[i : i + 1] for i in range(len(stream))]) == whole


@pytest.mark.parametrize("reader", [WpduReader, MbusReader])
@given(octets=st.binary(max_size=600))
def test_any_octets_are_read(reader, octets):
    events_of(reader(), [octets])


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=300), wport, wport), max_size=5))
def test_built_wpdus_are_read_back(units):
    stream = b"".join(wrapper.build(apdu, source=source, destination=to) for apdu, source, to in units)
    assert [(e.apdu, e.source, e.destination) for e in WpduReader().read(stream)] == units


@given(st.binary(min_size=1, max_size=800), st.integers(50, 250), octet, octet)
def test_built_segments_are_read_back(apdu, segment_length, source, destination):
    frames = mbus.build(apdu, source=source, destination=destination, segment_length=segment_length)
    found = MbusReader().read(b"".join(frames))
    assert b"".join(frame.data for frame in found) == apdu
    assert [frame.segment for frame in found] == list(range(len(frames)))
    assert [frame.final for frame in found] == [False] * (len(frames) - 1) + [True]
    assert {(frame.source, frame.destination) for frame in found} == {(source, destination)}


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_flipped_bit_of_a_long_frame_is_noticed(apdu, data):
    (frame,) = mbus.build(apdu, segment_length=60)
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    flipped = bytearray(frame)
    flipped[bit // 8] ^= 1 << bit % 8
    reader = MbusReader()
    events = reader.read(bytes(flipped)) + reader.finish()
    assert all(isinstance(event, DecodeError) or event.fault is not None for event in events)
