"""The naive model of columns: rows of a buffer to lists, straight from the rules, one cell at a time.

It shares nothing with the core: its own reading of A-XDR, its own calendar (datetime), its own arithmetic (int).
"""

from __future__ import annotations

import datetime
import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

NUMBERS = {
    3: ">B", 5: ">i", 6: ">I", 13: ">B", 15: ">b", 16: ">h", 17: ">B", 18: ">H", 20: ">q", 21: ">Q", 22: ">B",
    23: ">f", 24: ">d", 28: ">b", 29: ">h", 30: ">i", 31: ">B", 32: ">H", 33: ">I",
}  # fmt: skip
INTEGERS = {5, 6, 13, 15, 16, 17, 18, 20, 21, 22}
DELTAS = {28, 29, 30, 31, 32, 33}
OWN_TYPE = {
    3: "bool", 5: "int32", 6: "uint32", 13: "uint8", 15: "int8", 16: "int16", 17: "uint8", 18: "uint16",
    20: "int64", 21: "uint64", 22: "uint8", 23: "float32", 24: "float64",
}  # fmt: skip
RANGES = {
    "uint8": (0, 2**8 - 1), "int8": (-(2**7), 2**7 - 1), "uint16": (0, 2**16 - 1), "int16": (-(2**15), 2**15 - 1),
    "uint32": (0, 2**32 - 1), "int32": (-(2**31), 2**31 - 1), "uint64": (0, 2**64 - 1),
    "int64": (-(2**63), 2**63 - 1),
}  # fmt: skip
KINDS = {
    3: "boolean", 4: "bits", 9: "octets", 10: "text", 12: "text", 23: "float", 24: "float", 26: "date", 27: "time",
}  # fmt: skip
VOID = {0, 255} | DELTAS
TIME_WIDTHS = {25: 12, 26: 5, 27: 4}
MISSING = object()
MOST_COLUMNS = 1024
MOST_POSITIONS = 4096


class UnreadableError(Exception):
    """The octets are no buffer of rows (or the rows are more than their octets pay for)."""


class Cell(NamedTuple):
    tag: int
    value: Any  # numbers, octets of strings and times, (bits, octets) of bit-strings


@dataclass
class Rules:
    clocks: set[int] | None = None
    capture_step: int = 0
    nulls: str = "repeat"
    deviation_sign: str = "standard"
    daylight_saving_apart: bool = False


@dataclass
class ModelColumn:
    path: tuple[int, ...]
    dtype: str
    values: list[Any] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)
    deviations: list[int] | None = None
    statuses: list[int] | None = None


class Reader:
    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def take(self, count: int) -> bytes:
        if len(self.octets) - self.at < count:
            raise UnreadableError
        self.at += count
        return self.octets[self.at - count : self.at]

    def length(self) -> int:
        first = self.take(1)[0]
        if first < 0x80:
            return first
        if not 0x81 <= first <= 0x84:
            raise UnreadableError
        return int.from_bytes(self.take(first - 0x80), "big")

    def leaf(self, tag: int) -> Cell:
        if tag in NUMBERS:
            value = struct.unpack(NUMBERS[tag], self.take(struct.calcsize(NUMBERS[tag])))[0]
            return Cell(tag, value != 0 if tag == 3 else value)
        if tag in (0, 255):
            return Cell(tag, None)
        if tag in TIME_WIDTHS:
            return Cell(tag, self.take(TIME_WIDTHS[tag]))
        if tag in (9, 10, 12):
            return Cell(tag, self.take(self.length()))
        if tag == 4:
            bits = self.length()
            return Cell(tag, (bits, self.take((bits + 7) // 8)))
        raise UnreadableError

    def cell(self, depth: int = 0) -> Any:
        tag = self.take(1)[0]
        if tag not in (1, 2):
            return self.leaf(tag)
        count = self.length()
        if count > len(self.octets) - self.at or depth == 32:
            raise UnreadableError
        return [self.cell(depth + 1) for _ in range(count)]

    def description(self) -> Any:
        tag = self.take(1)[0]
        if tag == 1:
            count = int.from_bytes(self.take(2), "big")
            return [self.description()] * count
        if tag == 2:
            return [self.description() for _ in range(self.length())]
        if tag not in NUMBERS.keys() | TIME_WIDTHS.keys() | {0, 4, 9, 10, 12, 255}:
            raise UnreadableError
        return tag

    def described(self, kind: Any) -> Any:
        return [self.described(member) for member in kind] if isinstance(kind, list) else self.leaf(kind)


def read_rows(octets: bytes) -> tuple[list[Any], bool]:
    """The rows, and whether they are those of a compact-array."""
    reader = Reader(octets)
    tag = reader.take(1)[0]
    if tag == 1:
        count = reader.length()
        if count > len(octets) - reader.at:
            raise UnreadableError
        rows = [reader.cell() for _ in range(count)]
        if reader.at != len(octets):
            raise UnreadableError
        return rows, False
    if tag != 19:
        raise UnreadableError
    kind = reader.description()
    contents = Reader(reader.take(reader.length()))
    if reader.at != len(octets):
        raise UnreadableError
    rows = []
    while contents.at < len(contents.octets):
        before = contents.at
        rows.append(contents.described(kind))
        if contents.at == before:
            raise UnreadableError
    return rows, True


def looks_like_date_time(octets: bytes) -> bool:
    fields = struct.unpack(">HBBBBBBBhB", octets)
    year, month, day, weekday, hour, minute, second, hundredths, deviation, _ = fields
    return (
        (year == 0xFFFF or 1900 <= year < 2300)
        and (1 <= month <= 12 or month >= 0xFD)
        and (1 <= day <= 31 or day >= 0xFD)
        and (weekday <= 7 or weekday == 0xFF)
        and (hour < 24 or hour == 0xFF)
        and (minute < 60 or minute == 0xFF)
        and (second < 60 or second == 0xFF)
        and (hundredths < 100 or hundredths == 0xFF)
        and (-840 <= deviation <= 840 or deviation == -32768)
    )


def date_ms(octets: bytes) -> int | None:
    year, month, day = struct.unpack(">HBB", octets[:4])
    if year == 0xFFFF:
        return None
    # datetime knows the years 1 to 9999; the calendar repeats every 400 years of 146,097 days.
    shift = (year - 2000) // 400
    try:
        moment = datetime.date(year - 400 * shift, month, day)
    except ValueError:
        return None
    return (moment.toordinal() - datetime.date(1970, 1, 1).toordinal() + 146_097 * shift) * 86_400_000


def time_ms(octets: bytes) -> int | None:
    hour, minute, second, hundredths = octets
    if hour > 23 or minute > 59 or second > 59:
        return None
    return (hour * 3600 + minute * 60 + second) * 1000 + (hundredths * 10 if hundredths < 100 else 0)


def date_time_ms(octets: bytes, rules: Rules) -> int | None:
    date, time = date_ms(octets[:5]), time_ms(octets[5:9])
    if date is None or time is None:
        return None
    deviation = struct.unpack(">h", octets[9:11])[0]
    if deviation == -32768:
        return date + time
    minutes = deviation if rules.deviation_sign == "standard" else -deviation
    if rules.daylight_saving_apart and octets[11] != 0xFF and octets[11] & 0x80:
        minutes -= 60
    return date + time + minutes * 60_000


def is_wild(octets: bytes, kind: str) -> bool:
    """Whether a time that is no point in time says so itself: fields not specified or special, and none impossible."""
    if len(octets) != {"date-time": 12, "date": 5, "time": 4}[kind]:
        return not octets
    fields = []
    if kind != "time":
        year, month, day = struct.unpack(">HBB", octets[:4])
        fields += [(year == 0xFFFF, True), (month >= 0xFD, 1 <= month <= 12), (day >= 0xFD, 1 <= day <= 31)]
    if kind != "date":
        hour, minute, second = octets[-7:-4] if kind == "date-time" else octets[:3]
        fields += [(hour == 0xFF, hour < 24), (minute == 0xFF, minute < 60), (second == 0xFF, second < 60)]
    return all(wild or possible for wild, possible in fields) and any(wild for wild, _ in fields)


def leaf_paths(rows: list[Any]) -> list[tuple[int, ...]]:
    """The paths of all leaves, in row order."""
    seen: dict[tuple[int, ...], set[int]] = {}
    nests: set[tuple[int, ...]] = set()

    def visit(node: Any, path: tuple[int, ...]) -> None:
        if isinstance(node, Cell):
            seen.setdefault(path, set()).add(node.tag)
            return
        if node:
            nests.add(path)
        elif path:
            seen.setdefault(path, set()).add(0)
        for position, member in enumerate(node):
            visit(member, (*path, position))

    for row in rows:
        visit(row, ())
    if len(seen.keys() | nests) > MOST_POSITIONS:
        raise UnreadableError
    return sorted(path for path, tags in seen.items() if path not in nests or tags - VOID)


def positions(kind: Any) -> int:
    return 1 + sum(positions(member) for member in kind) if isinstance(kind, list) else 1


def described_paths(kind: Any, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    if not isinstance(kind, list):
        return [path]
    return [leaf for k, member in enumerate(kind) for leaf in described_paths(member, (*path, k))]


def described_column(kind: Any, path: tuple[int, ...], is_hinted: bool) -> ModelColumn:
    """The column of a compact-array without rows: its type is known all the same."""
    for position in path:
        kind = kind[position]
    if kind in VOID:
        return ModelColumn(path, "object")
    values = {9: b"", 25: bytes(12), 26: bytes(5), 27: bytes(4)}
    cell = Cell(kind, values.get(kind, 0))
    return ModelColumn(path, dtype_of([cell], [kind_of(cell, is_hinted)]))


def cell_at(row: Any, path: tuple[int, ...]) -> Any:
    """The Cell, or MISSING; null-data in the place of a nest counts for everything in it."""
    node = row
    for position in path:
        if isinstance(node, Cell):
            return node if node.tag == 0 else MISSING
        if position >= len(node):
            return MISSING
        node = node[position]
    return node if isinstance(node, Cell) else MISSING


def is_exact(number: int) -> bool:
    return int(float(number)) == number


def smallest(numbers: list[int]) -> str:
    if all(-(2**63) <= number < 2**63 for number in numbers):
        return "int64"
    if all(0 <= number < 2**64 for number in numbers):
        return "uint64"
    return "float64" if all(is_exact(number) for number in numbers) else "object"


def unpack(octets: bytes, rules: Rules | None = None) -> tuple[int, list[ModelColumn]]:
    """The number of rows, and the columns in row order; UnreadableError where the octets are no rows."""
    rules = rules or Rules()
    rows, compact = read_rows(octets)
    if compact:
        reader = Reader(octets)
        reader.at = 1
        kind = reader.description()
        if positions(kind) > MOST_POSITIONS:
            raise UnreadableError
        paths = described_paths(kind)
    else:
        paths = leaf_paths(rows)
    if len(paths) > MOST_COLUMNS or (paths and len(rows) > (len(octets) + 128) // len(paths)):
        raise UnreadableError
    columns = []
    clock_found = False
    for path in paths:
        cells = [cell_at(row, path) for row in rows]
        is_hinted = rules.clocks is not None and len(path) == 1 and path[0] in rules.clocks
        if compact and not rows:
            columns.append(described_column(kind, path, is_hinted))
            continue
        kinds, is_time = kinds_of(cells, is_hinted)
        is_clock = is_hinted if rules.clocks is not None else kinds == ["date-time"] and not clock_found
        clock_found = clock_found or is_clock
        columns.append(column_of(path, cells, kinds, is_time, is_clock, rules))
    return len(rows), columns


def kind_of(cell: Cell, is_time: bool) -> str:
    if cell.tag in INTEGERS:
        return "integer"
    if cell.tag == 25 or (cell.tag == 9 and is_time and len(cell.value) in (0, 12)):
        return "date-time"
    return KINDS[cell.tag]


def kinds_of(cells: list[Any], is_hinted: bool) -> tuple[list[str], bool]:
    """The kinds of the values, in order of appearance, and whether 12 octets are a date-time here; among date-times
    every octet-string counts as one."""
    values = [cell for cell in cells if cell is not MISSING and cell.tag not in VOID]
    if not values:
        return [], False
    first = values[0]
    is_time = first.tag == 25
    if first.tag == 9 and len(first.value) == 12:
        is_time = looks_like_date_time(first.value)
    if is_hinted and any(cell.tag == 9 for cell in values):
        is_time = True
    if is_time and all(cell.tag in (9, 25) for cell in values):
        return ["date-time"], True
    return list(dict.fromkeys(kind_of(cell, is_time) for cell in values)), is_time


def plus(number: int, delta: int) -> int:
    if not -(2**63) <= number + delta < 2**64:
        raise UnreadableError
    return number + delta


def numbers_of(cells: list[Any]) -> list[int]:
    """Every integer of a column, deltas added up."""
    numbers: list[int] = []
    for cell in cells:
        if cell is MISSING or cell.tag in (0, 255):
            continue
        if cell.tag not in DELTAS:
            numbers.append(cell.value)
        elif numbers:
            numbers.append(plus(numbers[-1], cell.value))
    return numbers


def dtype_of(cells: list[Any], kinds: list[str]) -> str:
    if len(kinds) != 1:
        return "object"
    tags = {cell.tag for cell in cells if cell is not MISSING} - VOID
    own = OWN_TYPE.get(next(iter(tags)), "")
    if kinds == ["integer"]:
        numbers = numbers_of(cells)
        if len(tags) == 1 and all(RANGES[own][0] <= number <= RANGES[own][1] for number in numbers):
            return own
        return smallest(numbers)
    if kinds == ["float"]:
        return own if len(tags) == 1 else "float64"
    times = {"date-time": "datetime64[ms]", "date": "datetime64[ms]", "time": "timedelta64[ms]"}
    return "bool" if kinds == ["boolean"] else times.get(kinds[0], "object")


def empty_value(dtype: str) -> Any:
    """What stands for no value; not-a-time and not-a-number are written as None."""
    if dtype.startswith(("int", "uint")):
        return 0
    return False if dtype == "bool" else None


def column_of(
    path: tuple[int, ...], cells: list[Any], kinds: list[str], is_time: bool, is_clock: bool, rules: Rules
) -> ModelColumn:
    dtype = dtype_of(cells, kinds)
    column = ModelColumn(path, dtype)
    is_moment = dtype.startswith(("datetime", "timedelta"))
    last: Any = None
    last_kind, deviation, status, known = "", -32768, 255, False
    if is_moment and kinds == ["date-time"]:
        column.deviations, column.statuses = [], []
    for cell in cells:
        value, flags, row_deviation, row_status = empty_value(dtype), 0, -32768, 255
        if cell is MISSING or cell.tag == 255:
            flags = 1
        elif cell.tag == 0:
            flags = 1
            is_lost = is_moment and (last is None or (is_clock and rules.capture_step == 0))
            if rules.nulls == "repeat" and known and not is_lost:
                flags = 3
                if is_clock and is_moment and kinds == ["date-time"]:
                    last += rules.capture_step
                value, row_deviation, row_status = last, deviation, status
        elif cell.tag in DELTAS:
            flags = 4
            if known and last_kind == "integer":
                value = last = plus(last, cell.value)
                flags = 0 if kinds[0] == "integer" else 4
        else:
            kind = kinds[0] if is_moment else kind_of(cell, is_time)
            value = value_of(cell, kind, is_moment, rules)
            flags = 0 if kind == kinds[0] else 4
            if is_moment and value is None:
                flags = 8 if is_wild(cell.value, kind) else 4
            if kind == "date-time" and len(cell.value) == 12:
                row_deviation, row_status = struct.unpack(">hB", cell.value[9:])
            deviation, status = row_deviation, row_status
            last, last_kind, known = value, kind, True
        column.values.append(value)
        column.mask.append(flags)
        if column.deviations is not None and column.statuses is not None:
            column.deviations.append(row_deviation)
            column.statuses.append(row_status)
    return column


def value_of(cell: Cell, kind: str, is_moment: bool, rules: Rules) -> Any:
    """Milliseconds in a column of times; times among other kinds are their octets."""
    if is_moment and kind == "date-time":
        return date_time_ms(cell.value, rules) if len(cell.value) == 12 else None
    if is_moment:
        return date_ms(cell.value) if kind == "date" else time_ms(cell.value)
    if kind == "text":
        try:
            return cell.value.decode()
        except UnicodeDecodeError:
            if cell.tag == 10:
                return cell.value.decode("latin-1")
            return cell.value.decode("utf-8", "surrogateescape")
    if kind == "bits":
        bits, octets = cell.value
        return "".join(f"{octet:08b}" for octet in octets)[:bits]
    return cell.value
