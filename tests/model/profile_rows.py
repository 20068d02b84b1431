"""A profile buffer read one value at a time, as the book describes it: the oracle for the compiled columns."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

NULL, REBUILT, OTHER_TYPE, WILDCARD = 1, 2, 4, 8
EPOCH = datetime.datetime(1970, 1, 1)

INTEGERS = {
    5: ">i", 6: ">I", 15: ">b", 16: ">h", 17: ">B", 18: ">H", 20: ">q", 21: ">Q", 22: ">B", 13: ">b",
}  # fmt: skip
FLOATS = {23: ">f", 24: ">d"}
DELTAS = {28: ">b", 29: ">h", 30: ">i", 31: ">B", 32: ">H", 33: ">I"}


@dataclass
class Cell:
    """One value: its tag and what it says; a structure has its members."""

    tag: int
    value: Any = None
    members: list[Cell] = field(default_factory=list)


class Reader:
    """Octets from the front."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def take(self, count: int) -> bytes:
        assert self.at + count <= len(self.octets)
        self.at += count
        return self.octets[self.at - count : self.at]

    def length(self) -> int:
        first = self.take(1)[0]
        return first if first < 0x80 else int.from_bytes(self.take(first & 0x7F))

    def data(self) -> Cell:
        tag = self.take(1)[0]
        if tag in (1, 2):
            return Cell(tag, None, [self.data() for _ in range(self.length())])
        return self.of_type((tag,))

    def type_description(self) -> tuple[Any, ...]:
        tag = self.take(1)[0]
        if tag == 1:
            count = int.from_bytes(self.take(2))
            return 2, [self.type_description()] * count
        if tag == 2:
            return 2, [self.type_description() for _ in range(self.length())]
        return (tag,)

    def of_type(self, described: tuple[Any, ...]) -> Cell:
        tag = described[0]
        if tag == 2:
            return Cell(2, None, [self.of_type(member) for member in described[1]])
        return Cell(tag, self.scalar(tag))

    def scalar(self, tag: int) -> Any:
        for formats in (INTEGERS, FLOATS, DELTAS):
            if tag in formats:
                return struct.unpack(formats[tag], self.take(struct.calcsize(formats[tag])))[0]
        if tag == 0:
            return None
        if tag == 3:
            return self.take(1) != b"\0"
        if tag in (9, 10, 12):
            octets = self.take(self.length())
            return octets if tag == 9 else octets.decode()
        if tag == 25:
            return self.take(12)
        raise AssertionError(tag)


def rows_of(octets: bytes) -> list[list[Cell]]:
    """The rows of an array or a compact-array."""
    reader = Reader(octets)
    if octets[0] == 0x13:
        reader.at = 1
        described = reader.type_description()
        end = reader.length() + reader.at
        rows = []
        while reader.at < end:
            rows.append(reader.of_type(described))
    else:
        rows = reader.data().members
    assert reader.at == len(octets)
    return [row.members if row.tag == 2 else [row] for row in rows]


def leaves(cells: list[Cell], path: tuple[int, ...] = ()) -> dict[tuple[int, ...], Cell]:
    """The values of a row by their place in it."""
    found: dict[tuple[int, ...], Cell] = {}
    for position, cell in enumerate(cells):
        here = (*path, position)
        found |= leaves(cell.members, here) if cell.tag == 2 else {here: cell}
    return found


def milliseconds(octets: bytes, sign: int) -> int | None:
    """UTC where the date-time says its deviation, else local time; None for what is no point in time."""
    if not octets:  # stands for a time that is not specified
        return None
    year, month, day, _, hour, minute, second, hundredths, deviation, _ = struct.unpack(">HBBBBBBBhB", octets)
    try:
        if not 1 <= year <= 9999:
            return None
        at = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    whole = (at - EPOCH) // datetime.timedelta(milliseconds=1) + (10 * hundredths if hundredths < 100 else 0)
    return whole if deviation == -32768 else whole + sign * deviation * 60_000


def columns_of(
    octets: bytes,
    clocks: Collection[int] | None,
    capture_step: int = 0,
    nulls: str = "repeat",
    sign: int = 1,
) -> dict[tuple[int, ...], tuple[list[Any], list[int]]]:
    """Path -> values (None: none; times in ms) and mask of each column."""
    rows = [leaves(row) for row in rows_of(octets)]
    paths = sorted({path for row in rows for path in row})
    found = {}
    for path in paths:
        inner = [row.get(path) for row in rows]
        first = next((cell for cell in inner if cell is not None and cell.tag != 0), None)
        is_time = first is not None and (first.tag == 25 or (first.tag == 9 and len(first.value) == 12))
        if clocks is None and is_time:
            clocks = [path[0]]
        step = capture_step if is_time and clocks is not None and path in [(clock,) for clock in clocks] else None
        found[path] = fill(inner, is_time, step, nulls, sign)
    return found


def fill(
    cells: list[Cell | None], is_time: bool, step: int | None, nulls: str, sign: int
) -> tuple[list[Any], list[int]]:
    values: list[Any] = []
    mask: list[int] = []
    for cell in cells:
        before = values[-1] if values else None
        if cell is None or cell.tag == 0:
            value, flags = None, NULL
            if nulls == "repeat" and before is not None and step != 0:
                value, flags = before + step if step else before, NULL | REBUILT
        elif cell.tag in DELTAS:
            value, flags = before + cell.value, 0
        elif is_time:
            value = milliseconds(cell.value, sign)
            flags = 0 if value is not None else WILDCARD
        else:
            value, flags = cell.value, 0
        values.append(value)
        mask.append(flags)
    return values, mask
