"""Hypothesis strategies read from the declarations: any message, and any Data.

An OPTIONAL octet-string with a date-time is given one: empty, it says the same as absent.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from tests.properties.test_axdr import data_values

from dlms.datetime import CosemDateTime
from dlms.grammar.nodes import (
    AnyData,
    BitStringNode,
    BooleanNode,
    Choice,
    ConformanceNode,
    Contents,
    DateTimeNode,
    Enumerated,
    Field,
    Node,
    Null,
    Number,
    ObjectIdentifierNode,
    OctetStringNode,
    Presence,
    Remainder,
    Sequence,
    SequenceOf,
    VisibleStringNode,
)

__all__ = ["any_data", "values_of"]

DATE_TIMES = st.binary(min_size=12, max_size=12).map(CosemDateTime.from_octets)
IDENTIFIERS = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 1) | st.just(2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**31), max_size=5),
)


def any_data() -> st.SearchStrategy[Any]:
    """Any typed value of dlms.data."""
    return data_values()


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
