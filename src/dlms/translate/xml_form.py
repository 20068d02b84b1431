"""Messages and Data as XML, and back.

The elements have the book's names: `<get-response-normal>` holds an element for each field, a CHOICE holds the element
of its alternative, Data the element of its type. What an element holds is written as in JSON; text that XML cannot
carry has the attribute `escape` and the escapes of a Python string.
"""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from dlms import data
from dlms.data import Data
from dlms.errors import EncodeError
from dlms.grammar import Message, node
from dlms.grammar.nodes import (
    AnyData,
    BooleanNode,
    Choice,
    ConformanceNode,
    Contents,
    DateTimeNode,
    Enumerated,
    Node,
    Null,
    Number,
    Sequence,
    SequenceOf,
)
from dlms.translate.json_form import DEPTH_MAXIMUM, from_json, primitive_to_plain
from dlms.translate.words import (
    DATA_TYPES,
    FLOATS,
    WITHOUT_VALUE,
    Description,
    Plain,
    alternative_named,
    alternative_of,
    fields_of,
    message_named,
    scalar_to_plain,
    type_name,
    typed,
)

ITEM: Final = "item"
"""An element of a SEQUENCE OF that has no name of its own."""


def to_xml(value: Message | Data) -> str:
    """A message or a Data as an indented XML element."""
    root = _data_element(value) if isinstance(value, Data) else _child(node(type(value)), value)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def from_xml(text: str) -> Any:
    """The message or the Data that `to_xml` gave. EncodeError, with the path, for what cannot be one."""
    if "<!" in text:  # neither comments nor entities are needed, and a few lines of entities can fill a memory
        raise EncodeError("declarations, comments and CDATA are not taken")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # without entities it is as harmless as its length
    except (ElementTree.ParseError, UnicodeEncodeError) as error:  # lone surrogates are no XML
        raise EncodeError(f"no XML: {error}") from None
    if root.tag in DATA_TYPES:
        return from_json(_data_plain(root))
    return from_json(_plain(message_named(root.tag), root))


# ---- to ---------------------------------------------------------------------------------------------------------


def _child(of: Node, value: Any) -> Element:
    """The element of a value that stands in a list, in a CHOICE or alone."""
    if isinstance(of, AnyData):
        return _data_element(value)
    if isinstance(of, Choice):
        alternative = alternative_of(of, value)
        if isinstance(alternative.node, (Sequence, Choice, AnyData)):
            return _child(alternative.node, value)
        return _filled(Element(alternative.name), alternative.node, value)
    return _filled(Element(of.name if isinstance(of, Sequence) else ITEM), of, value)


def _filled(element: Element, of: Node, value: Any) -> Element:
    match of:
        case Sequence():
            for field, member in fields_of(of, value):
                _filled(SubElement(element, field.name), field.node, member)
        case Choice() | AnyData():
            element.append(_child(of, value))
        case Contents():
            _filled(element, of.of, value)
        case SequenceOf():
            element.extend(_child(of.of, member) for member in value)
        case _:
            _write(element, primitive_to_plain(of, value))
    return element


def _write(element: Element, plain: Plain) -> None:
    if plain is None:
        return
    if isinstance(plain, bool):
        element.text = "true" if plain else "false"
    elif isinstance(plain, list):
        element.text = " ".join(plain)
    elif isinstance(plain, str) and not plain.isprintable():
        element.set("escape", "python")
        element.text = plain.encode("unicode_escape").decode("ascii")
    else:
        element.text = str(plain)


def _data_element(value: Data) -> Element:
    element = Element(type_name(value))
    if isinstance(value, (data.Array, data.Structure)):
        element.extend(map(_data_element, value))
    elif isinstance(value, data.CompactArray):
        description = value.type_description
        SubElement(element, "type-description").append(_description_element(description))
        SubElement(element, "elements").extend(_data_element(typed(description, row)) for row in value)
    else:
        _write(element, scalar_to_plain(value))
    return element


def _description_element(description: Description) -> Element:
    if isinstance(description, tuple):
        element = Element("structure")
        element.extend(map(_description_element, description))
        return element
    if isinstance(description, list):
        element = Element("array", count=str(description[0]))
        element.append(_description_element(description[1]))
        return element
    return Element(type_name(description))


# ---- from: the JSON that says the same, which is then read -------------------------------------------------------


def _plain(of: Node, element: Element) -> Plain:
    match of:
        case Sequence():
            nodes = {field.name: field.node for field in of.fields}
            fields = {child.tag: _plain(nodes[child.tag], child) if child.tag in nodes else None for child in element}
            if len(fields) != len(element):
                raise EncodeError("a field comes twice", path=of.name)
            return {"type": of.name, "fields": fields}
        case Choice():
            return _choice_plain(of, _only(element))
        case AnyData():
            return _data_plain(_only(element))
        case Contents():
            return _plain(of.of, element)
        case SequenceOf():
            return [_member_plain(of.of, child) for child in element]
    return _read(of, element)


def _member_plain(of: Node, child: Element) -> Plain:
    if isinstance(of, Choice):
        return _choice_plain(of, child)
    if isinstance(of, AnyData):
        return _data_plain(child)
    return _plain(of, child)


def _choice_plain(of: Choice, child: Element) -> Plain:
    found = alternative_named(of, child.tag)
    if isinstance(found, AnyData):
        return _data_plain(child)
    plain = _plain(found, child)
    return plain if isinstance(found, Sequence) else {"type": child.tag, "value": plain}


def _read(of: Node, element: Element) -> Plain:
    text = _text(element)
    match of:
        case Number():
            return _number(text, int)
        case BooleanNode():
            return _boolean(text)
        case Enumerated():
            return _number(text, int) if text.removeprefix("-").isdecimal() else text
        case ConformanceNode():
            return text.split()
        case DateTimeNode():
            return text or None
        case Null():
            return None
    return text


def _data_plain(element: Element, depth: int = 0) -> Plain:
    of = DATA_TYPES.get(element.tag)
    if depth > DEPTH_MAXIMUM:
        raise EncodeError(f"Data nested more than {DEPTH_MAXIMUM} deep")
    if of is data.Array or of is data.Structure:
        return {"type": element.tag, "value": [_data_plain(child, depth + 1) for child in element]}
    if of is data.CompactArray:
        description, elements = element.find("type-description"), element.find("elements")
        if description is None or elements is None:
            raise EncodeError("a compact-array has a type-description and elements", path=element.tag)
        rows = [_data_plain(child, depth + 1) for child in elements]
        content = {"type-description": _description_plain(_only(description)), "elements": rows}
        return {"type": element.tag, "value": content}
    return {"type": element.tag, "value": None if of is None else _scalar_plain(of, _text(element))}


def _scalar_plain(of: type[Data], text: str) -> Plain:
    if issubclass(of, WITHOUT_VALUE):
        return text or None
    if of is data.Boolean:
        return _boolean(text)
    if issubclass(of, FLOATS):
        return text if text.isalnum() and len(text) in (8, 16) and not text.isdecimal() else _number(text, float)
    strings = (
        data.OctetString,
        data.VisibleString,
        data.Utf8String,
        data.BitString,
        data.DateTime,
        data.Date,
        data.Time,
    )
    return text if issubclass(of, strings) else _number(text, int)


def _description_plain(element: Element, depth: int = 0) -> Plain:
    if depth > DEPTH_MAXIMUM:
        raise EncodeError(f"a type nested more than {DEPTH_MAXIMUM} deep")
    if element.tag == "structure":
        return {"type": "structure", "of": [_description_plain(child, depth + 1) for child in element]}
    if element.tag == "array":
        count = _number(element.get("count", ""), int)
        return {"type": "array", "count": count, "of": _description_plain(_only(element), depth + 1)}
    return {"type": element.tag}


def _only(element: Element) -> Element:
    if len(element) != 1:
        raise EncodeError(f"expected one element, got {len(element)}", path=element.tag)
    return element[0]


def _text(element: Element) -> str:
    text = element.text or ""
    if element.get("escape") is None:
        return text
    try:
        return text.encode("ascii").decode("unicode_escape")
    except UnicodeError:
        raise EncodeError(f"no escapes of a Python string: {text!r:.60}", path=element.tag) from None


def _number(text: str, of: type[int] | type[float]) -> int | float:
    try:
        return of(text)
    except ValueError:
        raise EncodeError(f"expected a number, got {text!r:.60}") from None


def _boolean(text: str) -> bool:
    if text in ("true", "false"):
        return text == "true"
    raise EncodeError(f"expected true or false, got {text!r:.60}")
