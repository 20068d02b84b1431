"""Messages and Data as text for people: one line for each value, indented as it is nested, in the book's words.

Logical names come with what they mean, date-times in the notation of ISO 8601, octets that are text as text; a value
whose scaler and unit the telegram gives is scaled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeAlias

from dlms import data
from dlms.data import Data
from dlms.enumerations import ApplicationContext, AuthenticationMechanism
from dlms.grammar import Message, node
from dlms.grammar.nodes import (
    AnyData,
    Choice,
    ConformanceNode,
    Contents,
    DateTimeNode,
    Enumerated,
    Node,
    Null,
    OctetStringNode,
    Remainder,
    Sequence,
    SequenceOf,
    VisibleStringNode,
)
from dlms.logical_name import LogicalName
from dlms.translate.recognition import (
    Definition,
    Register,
    class_title,
    items,
    quoted,
    shown,
    shown_moment,
    shown_octets,
)
from dlms.translate.words import (
    STRUCTURED,
    WITHOUT_VALUE,
    alternative_of,
    code_to_plain,
    fields_of,
    flags_to_plain,
    printed,
    type_name,
    typed,
)

INDENT: Final = "  "


class Row(NamedTuple):
    """Cells that line up with those of the rows around it."""

    cells: tuple[str, ...]


class Block(NamedTuple):
    """A line with lines below it."""

    head: str
    below: tuple[Line, ...]


Line: TypeAlias = str | Row | Block


def to_text(value: Message | Data) -> str:
    """A message or a Data as lines of text, without a line end after the last."""
    lines = [_data("", value)] if isinstance(value, Data) else [_message(node(type(value)), value)]
    return "\n".join(_rendered(lines, ""))


def _rendered(lines: tuple[Line, ...] | list[Line], margin: str) -> Iterator[str]:
    for aligned, group in groupby(lines, key=lambda line: isinstance(line, Row)):
        if aligned:
            yield from (margin + line for line in _lined_up([line.cells for line in group if isinstance(line, Row)]))
            continue
        for line in group:
            if isinstance(line, Block):
                yield margin + line.head
                yield from _rendered(line.below, margin + INDENT)
            else:
                yield f"{margin}{line}"


def _lined_up(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*_squared(rows), strict=True)]
    for row in _squared(rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _squared(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    most = max(map(len, rows))
    return [row + ("",) * (most - len(row)) for row in rows]


# ---- messages ---------------------------------------------------------------------------------------------------


def _message(of: Node, value: Any) -> Line:
    assert isinstance(of, Sequence)  # noqa: S101
    return Block(of.name, _fields(of, value))


def _fields(of: Sequence, value: Any) -> tuple[Line, ...]:
    return tuple(_line(field.name, field.node, member) for field, member in fields_of(of, value))


def _line(label: str, of: Node, value: Any) -> Line:
    match of:
        case Sequence():
            return Block(f"{label}: {of.name}" if label != of.name else label, _fields(of, value))
        case Choice():
            alternative = alternative_of(of, value)
            if isinstance(alternative.node, (Sequence, Choice, AnyData)):
                return _line(label, alternative.node, value)
            return _line(f"{label}: {alternative.name}", alternative.node, value)
        case Contents():
            return _line(label, of.of, value)
        case SequenceOf():
            below = tuple(_line(f"[{at}]", of.of, member) for at, member in enumerate(value))
            return Block(f"{label}: {len(value)}", below) if below else f"{label}: none"
        case AnyData():
            return _data(label, value)
        case Null():
            return label
    return f"{label}: {_primitive(label, of, value)}"


def _primitive(label: str, of: Node, value: Any) -> str:
    match of:
        case Enumerated():
            return str(code_to_plain(value))
        case ConformanceNode():
            return ", ".join(flags_to_plain(value, of.type)) or "nothing"
        case DateTimeNode():
            return "none" if value is None else shown_moment(value)
        case OctetStringNode(6):
            name = LogicalName(value)
            return f"{name} ({name.meaning()})"
        case OctetStringNode(None):
            reading = OCTETS_READ.get(label, shown_octets)
            return reading(value) if value else "empty"
        case OctetStringNode() | Remainder():
            return printed(value) or "empty"
        case VisibleStringNode():
            return quoted(value)
    more = READ_ASIDE.get(label, _nothing)(value)
    plain = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return f"{plain} ({more})" if more else plain


def _nothing(_value: Any) -> str:
    return ""


def _invoke_id(value: int) -> str:
    words = [f"invoke-id {value & 0x0F}", "confirmed" if value & 0x40 else "unconfirmed"]
    return ", ".join([*words, "high priority" if value & 0x80 else "normal priority"])


def _long_invoke_id(value: int) -> str:
    words = [f"invoke-id {value & 0xFFFFFF}", "confirmed" if value & 1 << 30 else "unconfirmed"]
    words += ["high priority" if value & 1 << 31 else "normal priority"]
    words += ["self-descriptive"] * bool(value & 1 << 28) + ["break on error"] * bool(value & 1 << 29)
    return ", ".join(words)


def _security_control(value: int) -> str:
    words = [f"suite {value & 0x0F}"]
    bits = {0x10: "authenticated", 0x20: "encrypted", 0x40: "broadcast key", 0x80: "compressed"}
    return ", ".join(words + [word for bit, word in bits.items() if value & bit])


def _system_title(value: bytes) -> str:
    maker = value.decode("latin-1").partition("\0")[0][:3]
    return f"{printed(value)} ({maker})" if len(value) == 8 and maker.isascii() and maker.isalpha() else printed(value)


def _object_identifier(of: type[ApplicationContext | AuthenticationMechanism]) -> Callable[[str], str]:
    def name(value: str) -> str:
        last = value.rpartition(".")[2]
        return str(code_to_plain(of(int(last)))) if last.isdecimal() and len(last) < 4 else ""

    return name


# By the book's name of the field: what its number says besides.
READ_ASIDE: Final[Mapping[str, Callable[[Any], str]]] = {
    "invoke-id-and-priority": _invoke_id,
    "long-invoke-id-and-priority": _long_invoke_id,
    "class-id": class_title,
    "security-control": _security_control,
    "application-context-name": _object_identifier(ApplicationContext),
    "mechanism-name": _object_identifier(AuthenticationMechanism),
}
OCTETS_READ: Final[Mapping[str, Callable[[bytes], str]]] = {
    "system-title": _system_title,
    "originator-system-title": _system_title,
    "recipient-system-title": _system_title,
    "calling-ap-title": _system_title,
    "responding-ap-title": _system_title,
    "raw-data": printed,
    "result: raw-data": printed,
    "dedicated-key": lambda octets: f"<{len(octets)} octets>",
}


# ---- Data -------------------------------------------------------------------------------------------------------


def _data(label: str, value: Data) -> Line:
    lead = f"{label}: " if label else ""
    if isinstance(value, data.CompactArray):
        elements = (typed(value.type_description, element) for element in value)
        rows = tuple(Row(tuple(map(_cell, of if isinstance(of, data.Structure) else (of,)))) for of in elements)
        return Block(f"{lead}{type_name(value)} of {len(value)}", rows)
    if not isinstance(value, (data.Array, data.Structure)):
        return lead + type_name(value) + ("" if isinstance(value, WITHOUT_VALUE) else f" {shown(value)}")
    head = f"{lead}{type_name(value)} of {len(value)}"
    if not value.elements:
        return f"{lead}empty {type_name(value)}"
    if isinstance(value, data.Array) and _is_table(value):
        return Block(head, tuple(Row(tuple(map(shown, row))) for row in value if isinstance(row, data.Structure)))
    return Block(head, tuple(_item(item) for item in items(value.elements)))


def _is_table(value: data.Array) -> bool:
    """Rows of the same number of simple values: a profile, not a list of registers."""
    lengths = {len(row) if isinstance(row, data.Structure) else 0 for row in value}
    simple = all(not isinstance(cell, STRUCTURED) for row in value if isinstance(row, data.Structure) for cell in row)
    first = value.elements[0]
    listed = isinstance(first, data.Structure) and isinstance(next(items([first])), (Register, Definition))
    return lengths != {0} and len(lengths) == 1 and simple and not listed


def _cell(value: Data) -> str:
    return str(value.value) if isinstance(value, (data.Array, data.Structure)) else shown(value)


def _item(item: Register | Definition | Data) -> Line:
    if isinstance(item, Data):
        return _data("", item)
    name = item.logical_name
    if isinstance(item, Definition):
        title = class_title(item.class_id)
        element = f"[{item.data_index}]" if item.data_index else ""
        about = f"class {item.class_id}" + (f" ({title})" if title else "")
        return Row((f"{name}:{item.attribute}{element}", name.meaning(), about))
    code = str(name) if item.attribute == 2 else f"{name}:{item.attribute}"
    if isinstance(item.value, STRUCTURED):
        below = _data("", item.value)
        return Block(f"{code}  {name.meaning()}", (below,))
    return Row((code, name.meaning(), shown(item.value, item.scaler_unit)))
