"""Values that a declared type takes, read from the declaration: each number makes others."""

from __future__ import annotations

from itertools import count
from typing import Any

from dlms import data
from dlms.datetime import CosemDate, CosemDateTime, CosemTime
from dlms.grammar.nodes import AnyData, Array, DataChoice, Node, Octets, Scalar, Structure
from dlms.logical_name import LogicalName

__all__ = ["example"]

ROWS = data.Array([data.Structure([data.LongUnsigned(7), data.OctetString(b"row")])])


def example(node: Node, number: int = 0) -> Any:
    """A value that `node` takes, and gives back when decoding: another one for (nearly) every `number` below 100.

    Every leaf of it differs too, and where the declaration leaves a choice, `number` makes it.
    """
    return _example(node, count(number))


def _example(node: Node, numbers: count[int]) -> Any:
    match node:
        case Scalar():
            return _scalar(node, next(numbers))
        case Octets():
            return _octets(node, next(numbers))
        case Array():  # whose elements are of one type, which jDLMS holds us to
            of = node.of
            if isinstance(of, AnyData):
                return [data.LongUnsigned(next(numbers)), data.LongUnsigned(next(numbers))]
            if isinstance(of, DataChoice):
                of = DataChoice((of.alternatives[next(numbers) % len(of.alternatives)],))
            return [_example(of, numbers), _example(of, numbers)]
        case Structure():
            values = [_example(field.node, numbers) for field in node.fields]
            return tuple(values) if node.type is None else node.type(*values)
        case DataChoice():
            chosen = node.alternatives[next(numbers) % len(node.alternatives)]
            value = _example(chosen, numbers)
            return _typed(chosen, value) if isinstance(chosen, Scalar) else value
        case AnyData():
            values = (data.LongUnsigned(next(numbers)), ROWS, data.Structure([data.Boolean(True), data.NullData()]))
            return values[next(numbers) % len(values)]
    raise AssertionError(node)


def _typed(node: Scalar, value: Any) -> data.Data:
    """The value as a choice wants it, which a plain one may leave open."""
    return data.NullData() if node.data is data.NullData else node.data(value)  # type: ignore[call-arg]


def _scalar(node: Scalar, number: int) -> Any:
    if node.enumeration:
        members = list(node.enumeration)
        return members[number % len(members)]
    match node.data:
        case data.NullData:
            return None
        case data.Boolean:
            return number % 2 == 0
        case data.BitString:
            return f"{number:010b}"
        case data.OctetString:
            return bytes(range(number % 7, number))
        case data.VisibleString:
            return f"text {number}"
        case data.Utf8String:
            return f"tëxt {number}"
        case data.Float32 | data.Float64:
            return number - 2.25
        case data.DateTime:
            return _date_time(number)
        case data.Date:
            return _date(number)
        case data.Time:
            return _time(number)
    return number % 100


def _octets(node: Octets, number: int) -> Any:
    made = {CosemDateTime: _date_time, CosemDate: _date, CosemTime: _time, LogicalName: _logical_name}
    return made[node.meaning](number)


def _date_time(number: int) -> CosemDateTime:
    return CosemDateTime.from_epoch_milliseconds(1_700_000_000_000 + number * 3_600_000)


def _date(number: int) -> CosemDate:
    return CosemDate(year=2000 + number, month=1 + number % 12, day=1 + number % 28)


def _time(number: int) -> CosemTime:
    return CosemTime(hour=number % 24, minute=number % 60, second=0)


def _logical_name(number: int) -> LogicalName:
    return LogicalName(bytes((1, 0, number % 256, 8, 0, 255)))
