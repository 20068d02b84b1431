"""M-Bus long frames: foreign octets, then splits, lengths modulo 256, faults and the builder."""

import json
import os
from pathlib import Path

import pytest

from dlms_core import mbus
from dlms_core.fault import DecodeError, EncodeError
from dlms_core.mbus import MbusFrame, MbusReader

CORPUS = os.environ.get("DLMS_CORPUS")
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")

APDU = bytes(range(256)) + bytes(range(44))
SHORT = mbus.build(b"\x0f\x01\x02", segment_length=3)[0]


def read(octets, size=None):
    reader = MbusReader()
    portions = [octets] if size is None else [octets[i : i + size] for i in range(0, len(octets), size)]
    events = [event for portion in portions for event in reader.read(portion)] + reader.finish()
    assert reader.offset == len(octets)
    assert reader.pending == 0
    return events


def words(events):
    return [
        (e.offset, e.data.hex(), str(e.fault)) if isinstance(e, MbusFrame) else (e.offset, e.reason) for e in events
    ]


def frame_of(content, length_octet=None):
    octet = len(content) % 256 if length_octet is None else length_octet
    return bytes([0x68, octet, octet, 0x68]) + content + bytes([sum(content) % 256, 0x16])


@needs_corpus
def test_frames_of_meters():
    seen = 0
    for item in json.loads((Path(CORPUS) / "push-at.json").read_text())["items"]:
        if not item["framing"].startswith("mbus"):
            continue
        seen += 1
        frames = read(bytes.fromhex(item["hex"]))
        assert len(frames) == item["verified"]["mbus_frames"]
        assert all(frame.fault is None and (frame.source, frame.destination) == (1, 0x67) for frame in frames)
        assert [frame.segment for frame in frames] == ([0, 1] * (len(frames) // 2) or [0])
        assert [frame.final for frame in frames] == ([False, True] * (len(frames) // 2) or [True])
    assert seen


def test_segments():
    frames = read(b"".join(mbus.build(APDU, segment_length=100)))
    assert [(frame.control_information, frame.segment, frame.final) for frame in frames] == [
        (0x00, 0, False),
        (0x01, 1, False),
        (0x12, 2, True),
    ]
    assert b"".join(frame.data for frame in frames) == APDU
    assert frames[0].control == 0x53
    assert frames[0].address == 0xFF
    assert "control_information=00" in repr(frames[0])
    assert frames[0] == read(mbus.build(APDU, segment_length=100)[0])[0]
    assert frames[0] != frames[1]


def test_what_is_not_dlms_keeps_its_data():
    (frame,) = read(mbus.build_frame(b"\x01\x02\x03", control=0x08, address=5, control_information=0x72))
    assert (frame.control, frame.address, frame.control_information, frame.data) == (8, 5, 0x72, b"\x01\x02\x03")
    assert (frame.source, frame.destination, frame.segment, frame.final) == (None, None, None, False)


def test_lengths_count_modulo_256():
    content = b"\x53\xff\x10\x01\x67" + bytes(252)
    for extra in (0, 1):
        (frame,) = read(frame_of(content + bytes(extra)))
        assert (len(frame.data), frame.fault) == (252 + extra, None)


def test_length_0_means_256_or_what_the_checksum_says():
    content = b"\x53\xff\x10\x01\x67" + b"\x09" * 251
    for octets in (content, content[:100], content + b"\x07" * 200):
        stream = frame_of(octets, 0)
        for events in (read(stream), read(stream + SHORT), read(stream + SHORT, 7)):
            assert events[0].data == octets[5:]
            assert events[0].fault is None
            assert len(events) == 1 or events[1].offset == len(stream)


def test_length_0_without_any_end_is_garbage():
    events = read(bytes.fromhex("68000068") + b"\x01" * 1100 + SHORT)
    assert [type(event) for event in events] == [DecodeError, MbusFrame]
    assert events[0].reason == "expected a checksum and stop octet after L = 0, got none"


def test_events_do_not_depend_on_the_division():
    frames = mbus.build(APDU, segment_length=100)
    damaged = bytearray(frames[1])
    damaged[20] ^= 1
    stream = b"\x00\x68\x68" + frames[0] + damaged + b"\x16\x68\x05" + SHORT + frames[2][:-4]
    whole = words(read(stream))
    assert [type(event) for event in read(stream)] == [
        DecodeError, MbusFrame, MbusFrame, DecodeError, MbusFrame, MbusFrame,
    ]  # fmt: skip
    for size in (1, 2, 3, 5, 7, 11, 64, 100, 131):
        assert words(read(stream, size)) == whole


def test_a_wrong_checksum_is_a_fault_of_its_frame():
    damaged = bytearray(SHORT)
    damaged[-3] ^= 0x01
    bad, good = read(bytes(damaged) + SHORT)
    assert bad.data == b"\x0f\x01\x03"
    assert str(bad.fault) == f"mbus: expected checksum {SHORT[-2] + 1:02X}, got {SHORT[-2]:02X} at octet 12"
    assert good.fault is None
    assert good.offset == len(SHORT)


def test_lost_octets_cost_only_their_frame():
    broken = SHORT[:7] + SHORT[8:]
    fault, frame = read(broken + SHORT)
    assert (fault.layer, fault.offset) == ("mbus", 0)
    assert fault.reason == "expected the stop octet 16 after 8 octets, got another"
    assert (frame.data, frame.offset) == (b"\x0f\x01\x02", len(broken))


@pytest.mark.parametrize("length", range(1, len(SHORT)))
def test_the_end_of_the_stream_within_a_frame(length):
    (event,) = read(SHORT[:length])
    if length < 4:
        assert event.reason == f"expected a header of 4 octets, got {length}"
    elif length < 7:
        assert event.reason == f"expected a frame of {len(SHORT)} octets, got {length}"
    else:
        assert event.data == SHORT[9:-2][: max(0, length - 9)] or event.source is None
        assert event.fault.reason == f"expected a frame of {len(SHORT)} octets, got {length}"


def test_what_cannot_be_built():
    for options in ({"source": 256}, {"destination": -1}, {"control": 256}, {"address": 256}, {"segment_length": 251}):
        with pytest.raises(EncodeError):
            mbus.build(b"\x0f", **options)
    with pytest.raises(EncodeError, match="apdu: expected 1 to 3920 octets, got 3921"):
        mbus.build(bytes(3921))
    with pytest.raises(EncodeError, match="apdu: expected 1 to 3920 octets, got 0"):
        mbus.build(b"")
    with pytest.raises(EncodeError, match="data: expected at most 252"):
        mbus.build_frame(bytes(253), control_information=0x72)
    assert len(mbus.build(bytes(3920))) == mbus.SEGMENTS_MAXIMUM


def test_frames_come_from_readers():
    with pytest.raises(TypeError):
        MbusFrame()
