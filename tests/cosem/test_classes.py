"""dlms.cosem.classes: every declared class, walked through the registry."""

from __future__ import annotations

import csv
import re
from pathlib import Path
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
TABLE = Path(__file__).parent.parent / "vectors" / "interface_classes.csv"
DEVIATING = {
    "structure or octet-string": {"CHOICE"},
    "octet-string or date-time": {"octet-string"},
    "compact-array or array": {"any"},
    "compact-array": {"any"},
    "processed_value_definition": {"structure"},
}
"""What the table's own words for a type are declared as."""
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
    assert (cls.__doc__ or "").startswith(cls.title)
    assert 1 <= cls.class_id <= 0xFFFF
    assert list(cls.attributes) == list(range(1, len(cls.attributes) + 1))
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


def word(node: Node) -> str:
    """The type of `node` in the words of the table."""
    match node:
        case Scalar():
            return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", node.data.__name__).lower()
        case Octets():
            return "octet-string"
        case Array():
            return "array"
        case Structure():
            return "structure"
        case DataChoice():
            return "CHOICE"
    return "any"


def test_the_table_that_the_sources_give() -> None:
    """Numbers, spelling, type and static or dynamic of every member, as collected from the sources and not from us."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 1596
    declared = {(cls.class_id, cls.version): cls for cls in CLASSES}
    numbers: dict[tuple[int, int], tuple[set[int], set[int]]] = {}
    for row in rows:
        key = int(row["class_id"]), int(row["version"])
        cls = declared[key]
        if row["kind"] == "class":
            assert row["name"] == cls.title
            numbers[key] = ({1}, set())
            continue
        number = int(row["number"])
        if row["kind"] == "method":
            numbers[key][1].add(number)
            assert row["name"] == cls.methods[number].book_name
            continue
        numbers[key][0].add(number)
        attribute = cls.attributes[number]
        assert row["name"] == attribute.book_name
        assert row["static"] == {True: "static", False: "dynamic", None: ""}[attribute.static]
        # A type whose elements no source shows is declared as any Data.
        assert word(attribute.node) in {row["type"], "any"} | DEVIATING.get(row["type"], set()), row
    assert numbers == {key: (set(cls.attributes), set(cls.methods)) for key, cls in declared.items()}
    assert len({class_id for class_id, _ in declared}) == 108


def test_versions_without_a_layout_work_by_number() -> None:
    unknown = [cls for cls in CLASSES if not cls.layout_known]
    assert {(cls.class_id, cls.version) for cls in unknown} == {
        (7, 0), (19, 0), (55, 0), (73, 0), (90, 0), (161, 0), (162, 0),
    }  # fmt: skip
    for cls in unknown:
        assert list(cls.attributes) == [1]
        assert cls(bytes(6)).attribute(2).node is None
