"""The JSON Schema (draft 2020-12) of what `to_json` gives, and the table of all APDUs for the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dlms import data
from dlms.apdu import APDU
from dlms.data import Data
from dlms.grammar.nodes import (
    Alternative,
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
from dlms.translate.words import DATA_TYPES, FLOAT_SIZES, MOMENTS, WITHOUT_VALUE, flag_names, leaves, members_by_name

Schema = dict[str, Any]
SIZES: Final[dict[type[Data], int]] = {data.DateTime: 12, data.Date: 5, data.Time: 4}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DATA: Final = "data"
DESCRIPTION: Final = "type-description"
BITS: Final = {"type": "string", "pattern": "^[01]*$"}


def json_schema() -> Schema:
    """The schema of any APDU or Data."""
    definitions: dict[str, Schema] = {DATA: _data_schema(), DESCRIPTION: _description_schema()}
    apdus = [_reference(alternative.node, definitions) for alternative in leaves(APDU)]
    return {"$schema": DIALECT, "title": "DLMS/COSEM", "anyOf": [*apdus, _to(DATA)], "$defs": definitions}


def _to(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _hexadecimal(octets: int | None = None) -> Schema:
    count = "*" if octets is None else f"{{{octets}}}"
    return {"type": "string", "pattern": f"^([0-9A-F]{{2}}){count}$"}


def _object(**properties: Schema) -> Schema:
    named = {name.replace("_", "-"): of for name, of in properties.items()}
    return {"type": "object", "properties": named, "required": list(named), "additionalProperties": False}


def _reference(of: Node, definitions: dict[str, Schema]) -> Schema:
    """The schema of a message, defined when it is first met."""
    assert isinstance(of, Sequence)  # noqa: S101
    if of.name not in definitions:
        definitions[of.name] = {}  # so that a message may hold itself
        fields = {field.name: _schema(field.node, definitions) for field in of.fields}
        required = [field.name for field in of.fields if field.presence in (Presence.REQUIRED, Presence.DEFAULT)]
        about = (of.type.__doc__ or of.name).partition("\n\n")[0]
        definitions[of.name] = {
            "description": " ".join(about.split()),
            **_object(
                type={"const": of.name},
                fields={"type": "object", "properties": fields, "required": required, "additionalProperties": False},
            ),
        }
    return _to(of.name)


def _schema(of: Node, definitions: dict[str, Schema]) -> Schema:
    match of:
        case Sequence():
            return _reference(of, definitions)
        case Choice():
            return {"anyOf": [_alternative(alternative, definitions) for alternative in of.alternatives]}
        case Contents():
            return _schema(of.of, definitions)
        case SequenceOf():
            return {"type": "array", "items": _schema(of.of, definitions)}
        case AnyData():
            return _to(DATA)
        case Number():
            return {"type": "integer", "minimum": of.least, "maximum": of.greatest}
        case Enumerated():
            return {"anyOf": [{"enum": list(members_by_name(of.type))}, {"type": "integer"}]}
        case ConformanceNode():
            return {"type": "array", "items": {"enum": flag_names(of.type)}, "uniqueItems": True}
        case DateTimeNode():
            return {"anyOf": [_hexadecimal(12), {"type": "null"}]}
        case OctetStringNode():
            return _hexadecimal(of.size)
        case Remainder():
            return _hexadecimal()
        case BooleanNode():
            return {"type": "boolean"}
        case BitStringNode():
            return BITS
        case ObjectIdentifierNode():
            return {"type": "string", "pattern": r"^\d+(\.\d+)+$"}
        case Null():
            return {"type": "null"}
    return {"type": "string"}


def _alternative(alternative: Alternative, definitions: dict[str, Schema]) -> Schema:
    of = _schema(alternative.node, definitions)
    if isinstance(alternative.node, (Sequence, Choice, AnyData)):
        return of
    return _object(type={"const": alternative.name}, value=of)


def _data_schema() -> Schema:
    return {"description": "COSEM Data", "anyOf": [_of_type(name, cls) for name, cls in DATA_TYPES.items()]}


def _of_type(name: str, cls: type[Data]) -> Schema:
    return _object(type={"const": name}, value=_value_schema(cls))


def _value_schema(cls: type[Data]) -> Schema:
    if cls in (data.Array, data.Structure):
        return {"type": "array", "items": _to(DATA)}
    if cls is data.CompactArray:
        return _object(type_description=_to(DESCRIPTION), elements={"type": "array", "items": _to(DATA)})
    if cls in WITHOUT_VALUE:
        return {"type": "null"}
    if cls is data.Boolean:
        return {"type": "boolean"}
    if cls in FLOAT_SIZES:
        return {"anyOf": [{"type": "number"}, _hexadecimal(FLOAT_SIZES[cls])]}
    if cls is data.BitString:
        return BITS
    if cls in (data.VisibleString, data.Utf8String):
        return {"type": "string"}
    if cls is data.OctetString or cls in MOMENTS:
        return _hexadecimal(SIZES.get(cls))
    return {"type": "integer"}


def _description_schema() -> Schema:
    inner = _to(DESCRIPTION)
    return {
        "description": "The type of the elements of a compact-array",
        "anyOf": [
            _object(type={"const": "structure"}, of={"type": "array", "items": inner}),
            _object(type={"const": "array"}, count={"type": "integer", "minimum": 0}, of=inner),
            _object(type={"enum": [name for name in DATA_TYPES if name not in ("structure", "array")]}),
        ],
    }


# ---- the documentation ------------------------------------------------------------------------------------------


def markdown_table() -> str:
    """Every APDU with the octets that it begins with and its fields, as a table in Markdown."""
    lines = ["| begins with | APDU | class | fields |", "|---|---|---|---|"]
    lines += sorted(_table_row(alternative.node) for alternative in leaves(APDU))
    return "\n".join(lines) + "\n"


def _table_row(of: Node) -> str:
    assert isinstance(of, Sequence)  # noqa: S101
    tags = " ".join(f"{tag:02X}" for tag in of.type.tags)
    fields = "<br>".join(_field_words(field) for field in of.fields)
    return f"| `{tags}` | {of.name} | `{of.type.__name__}` | {fields} |"


def _field_words(field: Field) -> str:
    note = {
        Presence.REQUIRED: "",
        Presence.OPTIONAL: " OPTIONAL",
        Presence.DEFAULT: f" DEFAULT {field.default!r}",
        Presence.CONDITIONAL: " if an earlier field says so",
    }[field.presence]
    return f"{field.name}: {node_words(field.node)}{note}"


def node_words(of: Node) -> str:
    """A node as the book writes it."""
    match of:
        case Number():
            return f"{'Integer' if of.signed else 'Unsigned'}{of.bits}"
        case Sequence():
            return of.name
        case Choice():
            return "CHOICE {" + ", ".join(_choice_words(of)) + "}"
        case Contents():
            return f"OCTET STRING of {node_words(of.of)}"
        case SequenceOf():
            return f"SEQUENCE OF {node_words(of.of)}"
        case Enumerated():
            return f"ENUMERATED {of.type.__name__}"
        case OctetStringNode():
            return "OCTET STRING" + (f" (SIZE({of.size}))" if of.size else "")
        case Remainder():
            return "the remaining octets"
    return PLAIN_WORDS[type(of)]


PLAIN_WORDS: Final[dict[type[Node], str]] = {
    AnyData: "Data",
    BooleanNode: "BOOLEAN",
    BitStringNode: "BIT STRING",
    ConformanceNode: "Conformance",
    DateTimeNode: "OCTET STRING (date-time or empty)",
    Null: "NULL",
    VisibleStringNode: "VisibleString",
    ObjectIdentifierNode: "OBJECT IDENTIFIER",
}


def _choice_words(of: Choice) -> Iterator[str]:
    for alternative in of.alternatives:
        inner = "" if isinstance(alternative.node, Sequence) else f" {node_words(alternative.node)}"
        yield f"{alternative.name} [{alternative.tag}]{inner}"
