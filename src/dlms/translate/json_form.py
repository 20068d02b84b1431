"""Messages and Data as JSON, and back.

A message is `{"type": "get-response-normal", "fields": {...}}` with the book's names, fields that are absent left out;
Data, and any other alternative of a CHOICE, is `{"type": ..., "value": ...}`. Octets, date-times too, are hexadecimal
digits; codes are names where the book has one, else numbers; conformance is the list of its bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlms import data
from dlms.data import Data
from dlms.datetime import CosemDateTime
from dlms.errors import DecodeError, EncodeError
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
    OctetStringNode,
    Presence,
    Remainder,
    Sequence,
    SequenceOf,
)
from dlms.translate.words import (
    DATA_TYPES,
    Description,
    Plain,
    alternative_named,
    alternative_of,
    code_from_plain,
    code_to_plain,
    fields_of,
    flags_from_plain,
    flags_to_plain,
    message_named,
    octets_of,
    printed,
    scalar_from_plain,
    scalar_to_plain,
    type_name,
    typed,
    whole_number,
)

DEPTH_MAXIMUM = 32


def to_json(value: Message | Data) -> dict[str, Plain]:
    """A message or a Data as `json.dumps` takes it."""
    if isinstance(value, Data):
        return _data_to_plain(value)
    plain: dict[str, Plain] = _to_plain(node(type(value)), value)
    return plain


def from_json(plain: Mapping[str, Plain]) -> Any:
    """The message or the Data that `to_json` gave. EncodeError, with the path, for what cannot be one.

    Ranges are checked when the message is encoded.
    """
    name = plain.get("type") if isinstance(plain, dict) else None
    if isinstance(name, str) and name in DATA_TYPES:
        return _data_from_plain(plain, name)
    name, _ = _members(plain, "fields", "")
    of = message_named(name)
    return _from_plain(of, plain, of.name)


# ---- to ---------------------------------------------------------------------------------------------------------


def _to_plain(of: Node, value: Any) -> Plain:
    match of:
        case Sequence():
            fields = {field.name: _to_plain(field.node, member) for field, member in fields_of(of, value)}
            return {"type": of.name, "fields": fields}
        case Choice():
            alternative = alternative_of(of, value)
            plain = _to_plain(alternative.node, value)
            if isinstance(alternative.node, (Sequence, Choice, AnyData)):
                return plain
            return {"type": alternative.name, "value": plain}
        case Contents():
            return _to_plain(of.of, value)
        case SequenceOf():
            return [_to_plain(of.of, member) for member in value]
        case AnyData():
            return _data_to_plain(value)
    return primitive_to_plain(of, value)


def primitive_to_plain(of: Node, value: Any) -> Plain:
    """A value without fields or elements."""
    match of:
        case Enumerated():
            return code_to_plain(value)
        case ConformanceNode():
            return flags_to_plain(value, of.type)
        case DateTimeNode():
            return None if value is None else printed(value.octets)
        case OctetStringNode() | Remainder():
            return printed(value)
        case _:
            return value


def _data_to_plain(value: Data) -> dict[str, Plain]:
    if isinstance(value, (data.Array, data.Structure)):
        return {"type": type_name(value), "value": [_data_to_plain(member) for member in value]}
    if isinstance(value, data.CompactArray):
        description = value.type_description
        elements = [_data_to_plain(typed(description, element)) for element in value]
        content = {"type-description": _description_to_plain(description), "elements": elements}
        return {"type": type_name(value), "value": content}
    return {"type": type_name(value), "value": scalar_to_plain(value)}


def _description_to_plain(description: Description) -> dict[str, Plain]:
    if isinstance(description, tuple):
        return {"type": "structure", "of": [_description_to_plain(of) for of in description]}
    if isinstance(description, list):
        count, of = description
        return {"type": "array", "count": count, "of": _description_to_plain(of)}
    return {"type": type_name(description)}


# ---- from -------------------------------------------------------------------------------------------------------


def _from_plain(of: Node, plain: Plain, path: str) -> Any:
    match of:
        case Sequence():
            return _message_from_plain(of, plain, path)
        case Choice():
            return _choice_from_plain(of, plain, path)
        case Contents():
            return _from_plain(of.of, plain, path)
        case SequenceOf():
            members = _expect(list, plain, path)
            return tuple(_from_plain(of.of, member, f"{path}[{at}]") for at, member in enumerate(members))
        case AnyData():
            return _data_from_plain(plain, path)
    try:
        return _primitive_from_plain(of, plain)
    except EncodeError as error:
        raise EncodeError(error.reason, path=path) from None


def _primitive_from_plain(of: Node, plain: Plain) -> Any:
    match of:
        case Enumerated():
            return code_from_plain(of.type, plain)
        case ConformanceNode():
            return flags_from_plain(of.type, plain)
        case DateTimeNode():
            return None if plain is None else _date_time(octets_of(plain))
        case OctetStringNode() | Remainder():
            return octets_of(plain)
        case Number():
            return whole_number(plain)
        case BooleanNode():
            return _expect(bool, plain, "")
        case Null():
            return _expect(type(None), plain, "")
        case _:
            return _expect(str, plain, "")


def _date_time(octets: bytes) -> CosemDateTime:
    try:
        return CosemDateTime.from_octets(octets)
    except DecodeError:
        raise EncodeError(f"expected the 12 octets of a date-time, got {len(octets)}") from None


def _message_from_plain(of: Sequence, plain: Plain, path: str) -> Any:
    name, fields = _members(plain, "fields", path)
    if name != of.name:
        raise EncodeError(f"expected {of.name}, got {name!r:.60}", path=path)
    given = dict(_expect(dict, fields, path))
    members: dict[str, Any] = {}
    for field in of.fields:
        if field.name in given:
            members[field.attribute] = _from_plain(field.node, given.pop(field.name), f"{path}.{field.name}")
        elif field.presence is Presence.REQUIRED and not field.omissible:
            raise EncodeError(f"expected the field {field.name}", path=path)
        elif field.presence is Presence.DEFAULT or field.omissible:
            members[field.attribute] = field.default
        else:
            members[field.attribute] = None
    if given:
        raise EncodeError(f"{of.name} has no field {next(iter(given))!r:.60}", path=path)
    return of.type(**members)


def _choice_from_plain(of: Choice, plain: Plain, path: str) -> Any:
    name = _expect(dict, plain, path).get("type")
    try:
        found = alternative_named(of, name)
    except EncodeError as error:
        raise EncodeError(error.reason, path=path) from None
    if isinstance(found, (Sequence, AnyData)):
        return _from_plain(found, plain, path)
    return _from_plain(found, _members(plain, "value", path)[1], f"{path}.{name}")


def _data_from_plain(plain: Plain, path: str, depth: int = 0) -> Data:
    name, value = _members(plain, "value", path)
    of = DATA_TYPES.get(name) if isinstance(name, str) else None
    if of is None:
        raise EncodeError(f"expected a type of Data, got {name!r:.60}", path=path)
    if depth == DEPTH_MAXIMUM:
        raise EncodeError(f"Data nested more than {DEPTH_MAXIMUM} deep", path=path)
    if of is data.Array or of is data.Structure:
        return of(_data_from_plain(member, f"{path}[{at}]", depth + 1)
                  for at, member in enumerate(_expect(list, value, path)))  # fmt: skip
    try:
        if of is data.CompactArray:
            description, elements = _members(value, "elements", path, first="type-description")
            rows = [_data_from_plain(row, f"{path}[{at}]", depth + 1) for at, row in enumerate(elements)]
            of_rows = _description_from_plain(description, path)
            if [typed(of_rows, row.value) for row in rows] != rows:
                raise EncodeError("expected elements of the types in the type-description")
            return data.CompactArray(of_rows, [row.value for row in rows])
        return scalar_from_plain(of, value)
    except EncodeError as error:
        raise EncodeError(error.reason, path=error.path or path) from None
    except (TypeError, ValueError) as error:
        raise EncodeError(str(error), path=path) from None


def _description_from_plain(plain: Plain, path: str, depth: int = 0) -> Description:
    name = _expect(dict, plain, path).get("type")
    if depth == DEPTH_MAXIMUM:
        raise EncodeError(f"a type nested more than {DEPTH_MAXIMUM} deep", path=path)
    if name == "structure":
        return tuple(_description_from_plain(of, path, depth + 1) for of in _expect(list, plain.get("of"), path))
    if name == "array":
        return [whole_number(plain.get("count")), _description_from_plain(plain.get("of"), path, depth + 1)]
    if not isinstance(name, str) or name not in DATA_TYPES:
        raise EncodeError(f"expected a type of Data, got {name!r:.60}", path=path)
    return DATA_TYPES[name]


def _members(plain: Plain, second: str, path: str, first: str = "type") -> tuple[Plain, Plain]:
    if not isinstance(plain, dict) or set(plain) != {first, second}:
        raise EncodeError(f"expected an object of {first} and {second}, got {plain!r:.60}", path=path)
    return plain[first], plain[second]


def _expect(of: type[Any], plain: Plain, path: str) -> Any:
    names = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    if not isinstance(plain, of):
        raise EncodeError(f"expected {names[of]}, got {plain!r:.60}", path=path)
    return plain
