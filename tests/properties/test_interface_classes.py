"""Properties of every declared type of dlms.cosem.classes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import dlms.cosem.classes
from dlms.cosem.declare import interface_classes
from dlms.errors import DecodeError, EncodeError
from dlms.grammar import decode, encode
from dlms.grammar.nodes import Node

NODES: list[Node] = list(
    {
        id(member.node): member.node
        for cls in interface_classes().values()
        if cls.__module__.startswith(dlms.cosem.classes.__name__)
        for member in (*cls.attributes.values(), *cls.methods.values())
    }.values()
)


@given(st.sampled_from(NODES), st.binary(max_size=64))
def test_any_octets_are_a_value_or_refused(node: Node, octets: bytes) -> None:
    try:
        value = decode(node, octets)
    except DecodeError:
        return
    try:
        again = encode(node, value)
    except EncodeError:
        return  # a plain value of a CHOICE, which wants its tag
    assert repr(decode(node, again)) == repr(value)


@given(st.sampled_from(NODES), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers())))
def test_any_value_is_encoded_or_refused(node: Node, value: object) -> None:
    try:
        octets = encode(node, value)
    except EncodeError:
        return
    decode(node, octets)
