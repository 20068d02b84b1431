"""Hypothesis strategies read from the declarations: any message, and any Data.

An OPTIONAL octet-string with a date-time is given one: empty, it says the same as absent.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from tests.properties.test_axdr import data_values

from dlms import data
from dlms.datetime import CosemDate, CosemDateTime, CosemTime
from dlms.grammar.nodes import (
    AnyData,
    Array,
    BitStringNode,
    BooleanNode,
    Choice,
    ConformanceNode,
    Contents,
    DataChoice,
    DateTimeNode,
    Enumerated,
    Field,
    Node,
    Null,
    Number,
    ObjectIdentifierNode,
    Octets,
    OctetStringNode,
    Presence,
    Remainder,
    Scalar,
    Sequence,
    SequenceOf,
    Structure,
    VisibleStringNode,
)
from dlms.logical_name import LogicalName

__all__ = ["any_data", "data_of", "values_of"]

DATE_TIMES = st.binary(min_size=12, max_size=12).map(CosemDateTime.from_octets)
IDENTIFIERS = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 1) | st.just(2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**31), max_size=5),
)


def _specified(least: int, most: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(least, most)


DATES = {"year": _specified(2000, 2099), "month": _specified(1, 12), "day_of_week": _specified(1, 7)}
DAYS = {"day": _specified(1, 31) | st.sampled_from([0xFD, 0xFE])}
TIMES = {"hour": _specified(0, 23), "minute": _specified(0, 59), "second": _specified(0, 59)}
ENDS = {"deviation": _specified(-720, 720), "status": _specified(0, 254)}
OCTETS: dict[type[Any], st.SearchStrategy[bytes]] = {
    CosemDateTime: st.builds(CosemDateTime, **DATES, **DAYS, **TIMES, **ENDS).map(lambda value: value.octets)
    | st.binary(min_size=12, max_size=12),
    CosemDate: st.builds(CosemDate, **DATES, **DAYS).map(lambda value: value.octets)
    | st.binary(min_size=5, max_size=5),
    CosemTime: st.builds(CosemTime, **TIMES).map(lambda value: value.octets) | st.binary(min_size=4, max_size=4),
    LogicalName: st.binary(min_size=6, max_size=6),
}
SIZES = {data.Integer: 8, data.Long: 16, data.DoubleLong: 32, data.Long64: 64}
UNSIGNED_SIZES = {data.Unsigned: 8, data.LongUnsigned: 16, data.DoubleLongUnsigned: 32, data.Long64Unsigned: 64}
SCALARS: dict[type[data.Data], st.SearchStrategy[data.Data]] = {
    **{of: st.integers(-(1 << bits - 1), (1 << bits - 1) - 1).map(of) for of, bits in SIZES.items()},
    **{of: (st.integers(0, 99) | st.integers(0, (1 << bits) - 1)).map(of) for of, bits in UNSIGNED_SIZES.items()},
    data.Enum: (st.integers(0, 9) | st.integers(0, 255)).map(data.Enum),
    data.Boolean: st.booleans().map(data.Boolean),
    data.BitString: st.text("01", max_size=16).map(data.BitString),
    data.OctetString: st.binary(max_size=12).map(data.OctetString),
    data.VisibleString: st.text("ab1", max_size=8).map(data.VisibleString),
    data.NullData: st.builds(data.NullData),
    data.DateTime: OCTETS[CosemDateTime].map(lambda octets: data.DateTime(CosemDateTime.from_octets(octets))),
}
"""Values of the types that objects are made of; a rarer one takes none."""


def any_data() -> st.SearchStrategy[Any]:
    """Any typed value of dlms.data."""
    return data_values()


def data_of(of: Node) -> st.SearchStrategy[data.Data]:
    """Any typed value of dlms.data that a declared type of COSEM Data takes; times mostly such as clients write."""
    match of:
        case Scalar():
            return SCALARS.get(of.data, st.nothing())
        case Octets():
            return st.builds(data.OctetString, OCTETS.get(of.meaning, st.binary(max_size=12)))
        case Array():
            return st.lists(data_of(of.of), max_size=3).map(data.Array)
        case Structure():
            return st.tuples(*(data_of(field.node) for field in of.fields)).map(data.Structure)
        case DataChoice():
            return st.one_of([data_of(alternative) for alternative in of.alternatives])
    return any_data()


def values_of(of: Node) -> st.SearchStrategy[Any]:
    """Any value that a declared node takes."""
    match of:
        case Sequence():
            return messages(of)
        case Choice():
            return st.one_of([values_of(alternative.node) for alternative in of.alternatives])
        case Contents():
            return values_of(of.of)
        case SequenceOf():
            return st.lists(values_of(of.of), max_size=3).map(tuple)
        case AnyData():
            return any_data()
        case Number():
            return st.integers(of.least, of.greatest)
        case Enumerated():
            return st.sampled_from(list(of.type)) if list(of.type) else st.integers(0, 255).map(of.type)
        case ConformanceNode():
            return st.integers(0, 2**24 - 1).map(of.type)
        case DateTimeNode():
            return st.none() | DATE_TIMES
        case OctetStringNode():
            return st.binary(min_size=of.size or 0, max_size=of.size or 20)
        case Remainder():
            return st.binary(max_size=20)
        case BooleanNode():
            return st.booleans()
        case BitStringNode():
            return st.text("01", max_size=20)
        case ObjectIdentifierNode():
            return IDENTIFIERS
        case VisibleStringNode():
            return st.text(st.characters(max_codepoint=0xFF), max_size=20)
        case Null():
            return st.none()
    raise TypeError(f"no values are known for {of}")


@st.composite
def messages(draw: st.DrawFn, of: Sequence) -> Any:
    """A message of this declaration; conditional fields are there exactly when their condition holds."""
    drawn: dict[str, Any] = {}
    for field in of.fields:
        drawn[field.attribute] = _member(draw, field, drawn)
    return of.type(**drawn)


def _member(draw: st.DrawFn, field: Field, earlier: dict[str, Any]) -> Any:
    values = DATE_TIMES if isinstance(field.node, DateTimeNode) else values_of(field.node)
    if field.presence is Presence.CONDITIONAL:
        assert field.condition is not None
        number = int(earlier[field.condition.attribute])
        mask = field.condition.mask
        there = number & mask if mask is not None else number == field.condition.equals
        return draw(values) if there else None
    if field.presence is Presence.OPTIONAL:
        return draw(st.none() | values)
    return draw(values_of(field.node))
