"""Segments joined by a listener: in order, interleaved, repeated, missing, endless."""

import pytest

from dlms.errors import DecodeError
from dlms.link.assembly import Assembly, Stations
from dlms.link.segments import OPEN_MAXIMUM, SegmentJoiner


def numbered(limit=100):
    return SegmentJoiner("mbus", modulus=16, limit=limit)


A, B = Stations("a", "meter"), Stations("b", "meter")


def add(joiner, octets, number, final=False, stations=A, faults=(), offset=7, first=None):
    return joiner.receive(octets, stations, number=number, final=final, offset=offset, first=first, faults=faults)


def test_in_order():
    joiner = numbered()
    assert add(joiner, b"one", 0, offset=5) == []
    assert add(joiner, b"two", 1, offset=9) == []
    assert add(joiner, b"three", 2, final=True) == [Assembly(b"onetwothree", 5, A, divided=True)]
    assert add(joiner, b"alone", 0, final=True) == [Assembly(b"alone", 7, A)]
    assert joiner.finish() == []


def test_pairs_of_addresses_are_kept_apart():
    joiner = numbered()
    assert add(joiner, b"a0", 0, stations=A) == add(joiner, b"b0", 0, stations=B) == []
    assert add(joiner, b"a1", 1, True, stations=A)[0].octets == b"a0a1"
    assert add(joiner, b"b1", 1, True, stations=B)[0].octets == b"b0b1"


def test_without_numbers():
    joiner = SegmentJoiner("hdlc", modulus=8)
    assert add(joiner, b"same", None) == add(joiner, b"same", None) == []
    assert add(joiner, b".", None, final=True)[0].octets == b"samesame."


def test_any_first_number_and_modulus():
    joiner = SegmentJoiner("hdlc", modulus=8)
    assert add(joiner, b"x", 7) == []
    assert add(joiner, b"y", 0, final=True) == [Assembly(b"xy", 7, A, divided=True)]


def test_a_missing_segment_ends_the_message():
    joiner = numbered()
    add(joiner, b"one", 0, offset=3)
    cut, fault = add(joiner, b"three", 2, offset=50)
    assert (cut.octets, cut.offset, cut.complete) == (b"one", 3, False)
    assert str(cut.faults[0]) == "mbus: expected segment 1, got segment 2 at octet 3"
    assert isinstance(fault, DecodeError)
    assert str(fault) == "mbus: expected the beginning of a message, got segment 2 at octet 50"


def test_a_new_message_ends_the_old_one():
    joiner = numbered()
    add(joiner, b"old", 0)
    (cut, whole) = add(joiner, b"new", 0, final=True, first=True)
    assert (cut.octets, cut.complete, whole) == (b"old", False, Assembly(b"new", 7, A))


def test_a_later_segment_of_nothing():
    damage = DecodeError("expected checksum 00, got 01", layer="mbus", offset=12)
    found = add(numbered(), b"two", None, first=False, faults=[damage])
    assert found[0] is damage
    assert found[1].reason == "expected the beginning of a message, got something else"


def test_a_repeated_segment_does_no_harm():
    joiner = numbered()
    add(joiner, b"one", 0)
    add(joiner, b"two", 1)
    assert add(joiner, b"two", 1) == []
    (whole,) = add(joiner, b"three", 2, final=True)
    assert (whole.octets, whole.complete) == (b"onetwothree", True)
    assert whole.faults[0].reason == "expected segment 2, got segment 1 again"


def test_a_damaged_segment_marks_the_whole():
    joiner = numbered()
    fault = DecodeError("expected checksum 00, got 01", layer="mbus", offset=12)
    add(joiner, b"one", 0, faults=[fault])
    (whole,) = add(joiner, b"two", 1, final=True)
    assert (whole.octets, whole.complete, whole.faults) == (b"onetwo", False, (fault,))


def test_the_end_of_the_stream():
    joiner = numbered()
    add(joiner, b"one", 0)
    (cut,) = joiner.finish()
    assert (cut.octets, cut.complete) == (b"one", False)
    assert cut.faults[0].reason == "expected segment 1, got the end of the stream"
    assert cut.divided
    assert joiner.finish() == []


def test_a_first_segment_ends_what_was_open():
    joiner = SegmentJoiner("hdlc", modulus=8)
    joiner.receive(b"old", A, number=None, final=False, offset=0, first=True)
    (cut,) = joiner.receive(b"new", A, number=None, final=False, offset=9, first=True)
    assert (cut.octets, cut.faults[0].reason) == (b"old", "expected another segment, got a new message")
    (whole,) = add(joiner, b".", None, final=True)
    assert (whole.octets, whole.offset, whole.complete) == (b"new.", 9, True)


def test_messages_are_bounded():
    joiner = numbered(limit=5)
    add(joiner, b"abc", 0)
    (cut,) = add(joiner, b"def", 1)
    assert (cut.octets, cut.complete, cut.faults[0].reason) == (
        b"abc",
        False,
        "expected at most 5 octets in 65535 pieces, got more",
    )


def test_segments_without_octets_are_bounded():
    joiner = SegmentJoiner("mbus", modulus=16)
    ended = [event for number in range(70_000) for event in add(joiner, b"", number % 16)]
    assert len(ended) == 1


@pytest.mark.parametrize(("number", "wanted"), [(0, "segment 1"), (None, "another segment")])
def test_unfinished_messages_are_bounded(number, wanted):
    joiner = SegmentJoiner("hdlc", modulus=8)
    for station in range(OPEN_MAXIMUM):
        assert add(joiner, b"x", number, stations=Stations(str(station))) == []
    (cut,) = add(joiner, b"x", number, stations=A)
    assert cut.stations == Stations("0")
    assert cut.faults[0].reason == f"expected {wanted}, got those of too many others"
    assert len(joiner.finish()) == OPEN_MAXIMUM
