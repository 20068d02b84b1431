"""Segments joined by a listener: in order, interleaved, repeated, missing, endless."""

import pytest

from dlms.errors import DecodeError
from dlms.link.assembly import Assembly
from dlms.link.segments import PAIRS_MAXIMUM, SegmentJoiner


def numbered(limit=100):
    return SegmentJoiner("mbus", modulus=16, from_zero=True, limit=limit)


def add(joiner, octets, number, final=False, pair="a", faults=(), offset=7):
    return joiner.receive(pair, octets, number=number, final=final, offset=offset, faults=faults)


def test_in_order():
    joiner = numbered()
    assert add(joiner, b"one", 0, offset=5) == []
    assert add(joiner, b"two", 1, offset=9) == []
    assert add(joiner, b"three", 2, final=True) == [Assembly(b"onetwothree", 5, 3)]
    assert add(joiner, b"alone", 0, final=True) == [Assembly(b"alone", 7)]
    assert joiner.finish() == []


def test_pairs_of_addresses_are_kept_apart():
    joiner = numbered()
    assert add(joiner, b"a0", 0, pair="a") == add(joiner, b"b0", 0, pair="b") == []
    assert add(joiner, b"a1", 1, True, pair="a")[0].octets == b"a0a1"
    assert add(joiner, b"b1", 1, True, pair="b")[0].octets == b"b0b1"


def test_without_numbers():
    joiner = SegmentJoiner("hdlc", modulus=8, from_zero=False)
    assert add(joiner, b"same", None) == add(joiner, b"same", None) == []
    assert add(joiner, b".", None, final=True)[0].octets == b"samesame."


def test_any_first_number_and_modulus():
    joiner = SegmentJoiner("hdlc", modulus=8, from_zero=False)
    assert add(joiner, b"x", 7) == []
    assert add(joiner, b"y", 0, final=True) == [Assembly(b"xy", 7, 2)]


def test_a_missing_segment_ends_the_message():
    joiner = numbered()
    add(joiner, b"one", 0, offset=3)
    cut, fault = add(joiner, b"three", 2, offset=50)
    assert (cut.octets, cut.offset, cut.complete) == (b"one", 3, False)
    assert str(cut.faults[0]) == "mbus: expected segment 1, got segment 2 at octet 3"
    assert isinstance(fault, DecodeError)
    assert str(fault) == "mbus: expected segment 0, got segment 2: the segments before it are missing at octet 50"


def test_a_new_message_ends_the_old_one():
    joiner = numbered()
    add(joiner, b"old", 0)
    (cut, whole) = add(joiner, b"new", 0, final=True)
    assert (cut.octets, cut.complete, whole) == (b"old", False, Assembly(b"new", 7))


def test_a_repeated_segment_does_no_harm():
    joiner = numbered()
    add(joiner, b"one", 0)
    add(joiner, b"two", 1)
    assert add(joiner, b"two", 1) == []
    (whole,) = add(joiner, b"three", 2, final=True)
    assert (whole.octets, whole.complete) == (b"onetwothree", True)
    assert whole.faults[0].reason == "segment 1 came twice"


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
    assert cut.faults[0].reason == "expected another segment, got the end of the stream"
    assert joiner.finish() == []


def test_messages_are_bounded():
    joiner = numbered(limit=5)
    add(joiner, b"abc", 0)
    (cut,) = add(joiner, b"def", 1)
    assert (cut.octets, cut.complete, cut.faults[0].reason) == (b"abc", False, "expected at most 5 octets, got more")


@pytest.mark.parametrize("number", [0, None])
def test_pairs_are_bounded(number):
    joiner = SegmentJoiner("hdlc", modulus=8, from_zero=False)
    for pair in range(PAIRS_MAXIMUM):
        assert add(joiner, b"x", number, pair=pair) == []
    (cut,) = add(joiner, b"x", number, pair=PAIRS_MAXIMUM)
    assert cut.faults[0].reason == "expected its next segment, got those of others"
    assert len(joiner.finish()) == PAIRS_MAXIMUM
