"""dlms.cosem.classes: every declared class, walked through the registry."""

from __future__ import annotations

import re
from typing import Any

import pytest

import dlms.cosem.classes
from dlms import data
from dlms.cosem.declare import Attribute, InterfaceClass, Method, interface_classes
from dlms.datetime import CosemDate, CosemDateTime, CosemTime
from dlms.grammar import decode, encode
from dlms.grammar.nodes import AnyData, Array, DataChoice, Node, Octets, Scalar, Structure
from dlms.logical_name import LogicalName

CLASSES = [cls for cls in interface_classes().values() if cls.__module__.startswith(dlms.cosem.classes.__name__)]
SCALARS: dict[type[data.Data], Any] = {
    data.NullData: None,
    data.Boolean: True,
    data.BitString: "10110",
    data.OctetString: b"\x01\x02\x03",
    data.VisibleString: "text",
    data.Utf8String: "tëxt",
    data.Float32: 1.5,
    data.Float64: -2.25,
    data.DateTime: CosemDateTime.from_octets(bytes.fromhex("07E40A0104000000FF800000")),
    data.Date: CosemDate.from_octets(bytes.fromhex("07E40A0104")),
    data.Time: CosemTime.from_octets(bytes.fromhex("0A1E00FF")),
}
MEANINGS: dict[type[Any], Any] = {
    CosemDateTime: SCALARS[data.DateTime],
    CosemDate: SCALARS[data.Date],
    CosemTime: SCALARS[data.Time],
    LogicalName: LogicalName("1-0:1.8.0*255"),
}


def example(node: Node) -> Any:
    """A value that `node` takes, and gives back when decoding."""
    match node:
        case Scalar():
            return next(iter(node.enumeration)) if node.enumeration else SCALARS.get(node.data, 5)
        case Octets():
            return MEANINGS[node.meaning]
        case Array():
            return [example(node.of), example(node.of)]
        case Structure():
            values = [example(field.node) for field in node.fields]
            return tuple(values) if node.type is None else node.type(*values)
        case DataChoice():
            return example(node.alternatives[0])
        case AnyData():
            return data.LongUnsigned(7)
    raise AssertionError(node)


def members(cls: type[InterfaceClass]) -> list[Attribute | Method]:
    return [*cls.attributes.values(), *cls.methods.values()]


@pytest.mark.parametrize("cls", CLASSES)
def test_types_encode_their_examples(cls: type[InterfaceClass]) -> None:
    for member in members(cls):
        value = example(member.node)
        octets = encode(member.node, value)
        assert decode(member.node, octets) == value, member
    for attribute in cls.attributes.values():
        for node in attribute.selectors.values():
            value = example(node)
            assert decode(node, encode(node, value)) == value, attribute


@pytest.mark.parametrize("cls", CLASSES)
def test_names_and_numbers(cls: type[InterfaceClass]) -> None:
    assert cls.__doc__
    assert cls.title
    assert cls.__doc__.split(":")[0].split(",")[0].split(".")[0].split(" (")[0] == cls.title
    assert 1 <= cls.class_id <= 0xFFFF
    assert list(cls.attributes) == [1, *range(2, len(cls.attributes) + 1)] or cls.class_id == 8192
    assert list(cls.methods) == sorted(cls.methods)
    instance = cls(bytes(6))
    for member in members(cls)[1:]:
        spelt = re.sub(r"[^a-z0-9]+", "_", member.book_name.lower())
        assert member.name.rstrip("_") == spelt
        assert getattr(cls, member.name) is member
        assert getattr(instance, member.name).declaration is member
    newest = max(version for number, version in interface_classes() if number == cls.class_id)
    assert bool(re.search(r"V\d+$", cls.__name__)) is (cls.version != newest)
    if cls.version != newest:
        assert cls.__name__.endswith(f"V{cls.version}")
