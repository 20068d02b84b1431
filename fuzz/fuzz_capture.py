"""Invariant: a capture of any octets in both directions is written, read back equal, and decoded without a crash."""

from dlms.cli.reading import Reader
from dlms.security import KeyRing
from dlms.transport.capture import Direction, Record, read_capture, write_capture
from dlms_core.pieces import split

DIRECTIONS: tuple[Direction, ...] = ("sent", "received")


def check(octets: bytes) -> None:
    portions = split(octets, 16) if octets else []
    records = [Record(DIRECTIONS[number % 2], portion) for number, portion in enumerate(portions)]
    read = read_capture(write_capture(records))
    assert [(each.direction, each.octets) for each in read] == [(each.direction, each.octets) for each in records]
    readings = Reader(KeyRing({})).read_records(read)
    assert len(readings) <= 4 * len(octets) + 1
