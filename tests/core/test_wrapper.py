"""WPDUs: foreign octets, then splits, faults and the builder."""

import json
import os
from pathlib import Path

import pytest

from dlms_core import wrapper
from dlms_core.fault import DecodeError, EncodeError
from dlms_core.wrapper import ApduReader, Wpdu, WpduReader, build

CORPUS = os.environ.get("DLMS_CORPUS")
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")

ONE = bytes.fromhex("0001 0010 0001 0004 C001C100")
TWO = bytes.fromhex("0001 0001 0010 0003 C401C1")


def read(octets, size=None, **options):
    reader = WpduReader(**options)
    portions = [octets] if size is None else [octets[i : i + size] for i in range(0, len(octets), size)]
    events = [event for portion in portions for event in reader.read(portion)] + reader.finish()
    assert reader.offset == len(octets)
    assert reader.pending == 0
    return events


def words(events):
    return [(e.offset, e.apdu.hex(), str(e.fault)) if isinstance(e, Wpdu) else (e.offset, e.reason) for e in events]


@needs_corpus
def test_wpdus_of_meters():
    for name in ("push-in", "push-it", "push-nl"):
        for item in json.loads((Path(CORPUS) / f"{name}.json").read_text())["items"]:
            if item["framing"] == "wrapper":
                octets = bytes.fromhex(item["hex"])
                (wpdu,) = read(octets)
                assert wpdu.fault is None
                assert wrapper.build(wpdu.apdu, source=wpdu.source, destination=wpdu.destination) == octets


@needs_corpus
def test_published_headers():
    items = json.loads((Path(CORPUS) / "test-vectors.json").read_text())["items"]
    vectors = next(item["vectors"] for item in items if item["id"] == "tv-wrapper-and-hdlc-units")
    seen = 0
    for vector in vectors:
        if not vector["name"].startswith("wrapper"):
            continue
        seen += 1
        events = read(bytes.fromhex(vector["hex"]))
        if vector.get("expect") == "reject":
            assert isinstance(events[0], DecodeError)
            assert "expected version 0001" in events[0].reason
        else:
            (wpdu,) = events
            assert (wpdu.source, wpdu.destination) == (vector["src_wport"], vector["dst_wport"])
            assert len(wpdu.apdu) == vector["length"]
    assert seen


def test_one_after_another():
    first, second = read(ONE + TWO)
    assert (first.source, first.destination, first.apdu.hex(), first.offset) == (16, 1, "c001c100", 0)
    assert (second.source, second.destination, second.apdu.hex(), second.offset) == (1, 16, "c401c1", 12)
    assert first != second
    assert first == read(ONE)[0]
    assert "source=16" in repr(first)


def test_events_do_not_depend_on_the_division():
    stream = ONE + b"\xff\xff\x00\x01" + TWO + ONE + b"\x00\x02" + TWO[:-1]
    whole = words(read(stream))
    for size in range(1, len(stream)):
        assert words(read(stream, size)) == whole


def test_garbage_is_one_fault_and_reading_goes_on():
    fault, wpdu = read(b"\r\nRING\r\n\x00" + ONE)
    assert (fault.layer, fault.offset, fault.reason) == ("wrapper", 0, "expected version 0001, got 0D0A")
    assert (wpdu.offset, wpdu.apdu) == (9, ONE[8:])


def test_a_length_of_nothing_is_a_fault():
    empty = bytes.fromhex("0001 0001 0010 0000")
    events = read(empty + empty + ONE)
    assert [event.offset for event in events] == [0, 8, 16]
    assert events[0].reason == "expected a length from 1 to 65535, got 0"
    assert events[2].apdu == ONE[8:]


def test_announced_lengths_are_bounded():
    reader = WpduReader(limit=3)
    assert reader.limit == 3
    (fault, wpdu) = reader.read(ONE + TWO)
    assert fault.reason == "expected a length from 1 to 3, got 4"
    assert wpdu.apdu == TWO[8:]


def test_first_octets_guard_the_way_back():
    stream = b"\xff" + bytes.fromhex("0001 0001 0010 0008 EE") + ONE
    assert [type(event) for event in read(stream)] == [DecodeError, Wpdu, DecodeError]
    (fault, wpdu) = read(stream, first_octets=b"\xc0\xc4")
    assert (fault.offset, wpdu.offset) == (0, 10)


def test_a_reader_that_is_not_in_step_looks_for_the_first_header():
    (wpdu,) = read(b"\xff\x00" + ONE, in_step=False)
    assert wpdu.offset == 2
    assert read(b"\xff\x00", in_step=False) == []


@pytest.mark.parametrize("length", range(1, len(ONE)))
def test_the_end_of_the_stream_within_a_wpdu(length):
    (event,) = read(ONE[:length])
    if length < wrapper.HEADER_LENGTH:
        assert event.reason == f"expected a header of 8 octets, got {length}"
    else:
        assert event.apdu == ONE[8:length]
        assert str(event.fault) == f"wrapper: expected 4 octets of APDU, got {length - 8} at octet 8"


def test_a_reader_can_be_used_again():
    reader = WpduReader()
    assert reader.read(ONE[:5]) == []
    assert reader.pending == 5
    assert len(reader.finish()) == 1
    (wpdu,) = reader.read(ONE)
    assert wpdu.offset == 5


def test_build():
    assert wrapper.build(bytes.fromhex("C001C100"), source=0x10, destination=1) == ONE
    for options in ({"source": 65536, "destination": 1}, {"source": 1, "destination": -1}):
        with pytest.raises(EncodeError, match="0 to 65535"):
            wrapper.build(b"\xc0", **options)
    for apdu in (b"", bytes(65536)):
        with pytest.raises(EncodeError, match="apdu: expected 1 to 65535 octets"):
            wrapper.build(apdu, source=1, destination=1)


def test_wpdus_come_from_readers():
    with pytest.raises(TypeError):
        Wpdu()


def test_the_apdus_of_one_pair():
    ours, theirs = build(b"answer", source=1, destination=16), build(b"other", source=2, destination=16)
    reader = ApduReader(1, 16)
    assert reader.only(ours) == b"answer"
    found = reader.read(ours + theirs + ours)
    assert [found[0], found[2]] == [b"answer", b"answer"]
    assert (found[1].source, found[1].apdu, found[1].offset) == (2, b"other", 2 * len(ours))
    for port in (-1, 0x10000):
        with pytest.raises(EncodeError):
            ApduReader(port, 16)


@pytest.mark.parametrize(
    "octets",
    [
        b"", build(b"answer", source=1, destination=16)[:-1], build(b"answer", source=1, destination=16) + b"\x00",
        build(b"answer", source=1, destination=16) * 2, build(b"answer", source=16, destination=1),
        build(b"answer", source=1, destination=17), b"\x00\x02" + build(b"answer", source=1, destination=16)[2:],
        build(bytes(101), source=1, destination=16), bytes.fromhex("0001000100100000"),
    ],
)  # fmt: skip
def test_what_is_not_just_one_wpdu_of_the_pair_is_for_read(octets):
    """Nothing of it is taken: reading it gives what a reader gives that was never asked."""
    asked, never = ApduReader(1, 16, 100), ApduReader(1, 16, 100)
    assert asked.only(octets) is None
    assert list(map(str, asked.read(octets) + asked.finish())) == list(map(str, never.read(octets) + never.finish()))


def test_octets_that_wait_come_first():
    ours = build(b"answer", source=1, destination=16)
    reader = ApduReader(1, 16)
    assert reader.read(ours[:3]) == []
    assert reader.only(ours) is None
    reader.finish()
    assert reader.only(ours) == b"answer"
