"""From nodes to programs."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import Any, TypeAlias

from dlms.errors import ConfigurationError
from dlms.grammar.declarations import Declared, Message, data_node, node, slot
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
    Remainder,
    Rules,
    Scalar,
    Sequence,
    SequenceOf,
    Structure,
    VisibleStringNode,
)
from dlms_core import axdr
from dlms_core.axdr import Data
from dlms_core.program import Program

Op: TypeAlias = dict[str, Any]

# The integer types of Data: octets, and whether they have a sign.
INTEGERS: dict[type[Data], tuple[int, bool]] = {
    axdr.Integer: (1, True),
    axdr.Long: (2, True),
    axdr.DoubleLong: (4, True),
    axdr.Long64: (8, True),
    axdr.Unsigned: (1, False),
    axdr.LongUnsigned: (2, False),
    axdr.DoubleLongUnsigned: (4, False),
    axdr.Long64Unsigned: (8, False),
    axdr.Enum: (1, False),
    axdr.DeltaInteger: (1, True),
    axdr.DeltaLong: (2, True),
    axdr.DeltaDoubleLong: (4, True),
    axdr.DeltaUnsigned: (1, False),
    axdr.DeltaLongUnsigned: (2, False),
    axdr.DeltaDoubleLongUnsigned: (4, False),
}
BER_KINDS: dict[type[Node], tuple[str, int]] = {
    Number: ("ber-integer", 0x02),
    Enumerated: ("ber-enumerated", 0x02),
    BitStringNode: ("ber-bit-string", 0x03),
    OctetStringNode: ("ber-octets", 0x04),
    Contents: ("ber-contents", 0x04),
    ObjectIdentifierNode: ("ber-object-identifier", 0x06),
    Choice: ("ber-choice", 0),
}
"""Kind of op and universal tag of what may stand under BER."""
CONSTRUCTED = 0x20


@lru_cache(maxsize=1024)
def program(declared: Declared, *, data_as_octets: bool = False) -> Program:
    """The compiled program of a declared type: its `decode` and `encode` are the fastest way to run it.

    `data_as_octets` reads the same declaration another way: every Data of unknown type is checked for its form and
    stays the octets that it is, for whoever knows what it is to be.
    """
    of = node(declared)
    layer = "axdr" if isinstance(of, (AnyData, Scalar, Octets, Array, Structure, DataChoice)) else "apdu"
    ops = operations(of)
    return Program(_with_data(ops, "data-octets") if data_as_octets else ops, layer=layer)


@lru_cache(maxsize=1024)
def data_program(declared: Declared) -> Program:
    """The compiled program of a declared type of COSEM Data, as `program`; an IntEnum is the Data type enum."""
    of: Node = data_node(declared)
    return program(of)


def decode(declared: Declared, octets: bytes | bytearray | memoryview) -> Any:
    """The value of a declared type that fills `octets`; DecodeError where they hold none."""
    return program(declared).decode(octets)


def decode_open_ended(declared: Declared, octets: bytes | bytearray | memoryview) -> Any:
    """As `decode`, for octets that are cut off within their Data, or whose Data does not fit its own counts.

    The first Data of unknown type is all octets from its first one on, unchecked: one at least, and nothing may have to
    follow it.
    """
    return _open_ended_program(declared).decode(octets)


@lru_cache(maxsize=64)
def _open_ended_program(declared: Declared) -> Program:
    return Program(_with_data(operations(node(declared)), "data-remainder"), layer="apdu")


def encode(declared: Declared, value: Any) -> bytes:
    """The octets of a value of a declared type; EncodeError where the type cannot hold it."""
    return program(declared).encode(value)


def dumps(value: Any, type: Declared | None = None) -> bytes:  # noqa: A002
    """The A-XDR octets of one COSEM Data.

    With a declared `type`, `value` is what that type takes (plain values, lists, tuples, instances of declared classes;
    a value of dlms.data fits wherever its tag does). Without, it is a value of dlms.data, or a plain one that can have
    one tag only; never a bare int. EncodeError with the path of what does not fit.
    """
    return axdr.dumps(value) if type is None else data_program(type).encode(value)


def choice_program(of: Choice, layer: str, *, data_as_octets: bool = False) -> Program:
    """The program of a CHOICE of messages that also encodes each of them alone, beginning with its `tags`.

    `data_as_octets` as for `program`.
    """
    ops, places = _laid_out(of)
    if data_as_octets:
        ops = _with_data(ops, "data-octets")
    names = {alternative.tag: alternative.name for alternative in of.alternatives}
    messages: dict[type[Message], tuple[bytes, int, str]] = {}
    for at, (below, _) in places.items():
        if isinstance(below, Sequence) and issubclass(below.type, Message) and below.type.tags:
            tags = below.type.tags
            messages.setdefault(below.type, (bytes(tags), at, names.get(tags[0], below.name)))
    return Program(ops, layer=layer, messages=messages)


def _with_data(ops: list[Op], kind: str) -> list[Op]:
    return [op | {"kind": kind} if op["kind"] == "data" else op for op in ops]


def operations(of: Node) -> list[Op]:
    """The ops of a node, parents before children, as dlms_core.program wants them."""
    return _laid_out(of)[0]


def _laid_out(root: Node) -> tuple[list[Op], dict[int, tuple[Node, Rules]]]:
    """Breadth first, so that siblings lie side by side. Children of one node are laid out once, however often it is
    used: an op points to them by number."""
    ops: list[Op] = [_op(root, Rules.AXDR)]
    places = {0: (root, Rules.AXDR)}
    children_at: dict[tuple[int, Rules], Op] = {}
    pending = deque([0])
    while pending:
        at = pending.popleft()
        of, rules = places[at]
        known = children_at.get((id(of), rules))
        if known is not None and known["first"] > at:
            ops[at].update({key: known[key] for key in ("first", "count", "table") if key in known})
            continue
        below = _children(of, rules, root)
        if not below:
            continue
        ops[at]["first"], ops[at]["count"] = len(ops), len(below)
        if isinstance(of, (Choice, DataChoice)) or (isinstance(of, Sequence) and of.rules is Rules.BER):
            ops[at]["table"] = _table(of, [op for op, _, _ in below])
        for op, child, child_rules in below:
            places[len(ops)] = (child, child_rules)
            pending.append(len(ops))
            ops.append(op)
        children_at[id(of), rules] = ops[at]
    return ops, places


def _children(of: Node, rules: Rules, root: Node) -> list[tuple[Op, Node, Rules]]:
    if isinstance(of, Sequence):
        below = [(_field_op(of, field), field.node, of.rules) for field in of.fields]
        kinds = [op["kind"] for op, _, _ in below]
        if "remainder" in kinds and any(op.get("size", -1) < 0 for op, _, _ in below[kinds.index("remainder") + 1 :]):
            raise ConfigurationError(f"{of.name}: only fields of fixed size may follow the remaining octets")
        return below
    if isinstance(of, Structure):
        return [
            (
                _op(field.node, Rules.AXDR)
                | {"label": field.name if of.type else None, "slot": of.type and vars(of.type)[field.attribute]},
                field.node,
                Rules.AXDR,
            )
            for field in of.fields
        ]
    if isinstance(of, Choice):
        below = []
        for alternative in of.alternatives:
            own: Op = {"tag": alternative.tag, "label": alternative.name}
            # `get-response.result` and not `get-response.get-response-normal.result`: the outer name says enough.
            own["silent"] = isinstance(root, Choice) and any(outer.node is of for outer in root.alternatives)
            below.append((_op(alternative.node, rules, alternative.tag) | own, alternative.node, rules))
        return below
    if isinstance(of, Contents):
        return [(_op(of.of, Rules.AXDR), of.of, Rules.AXDR)]
    if isinstance(of, DataChoice):
        return [(_op(child, Rules.AXDR), child, Rules.AXDR) for child in of.alternatives]
    return [(_op(child, rules), child, rules) for child in of.children()]


def _table(of: Node, below: list[Op]) -> dict[int, int]:
    table: dict[int, int] = {}
    for position, op in enumerate(below):
        if "tag" not in op:
            raise ConfigurationError(f"an alternative of {of} begins with no tag of its own")
        for tag in {op["tag"], op.get("also", op["tag"])}:
            if tag in table:
                raise ConfigurationError(f"two alternatives of {of} begin with {tag:02X}")
            table[tag] = position
    return table


def _field_op(of: Sequence, field: Field) -> Op:
    op = _op(field.node, of.rules, field.tag) | {
        "label": field.name,
        "presence": field.presence.value,
        "default": field.default,
        "slot": slot(of.type, field.attribute),
        "omissible": field.omissible,
    }
    if field.tag is not None:
        op["tag"] = field.tag
    if field.condition is not None:
        op |= {
            "condition": slot(of.type, field.condition.attribute),
            "mask": field.condition.mask,
            "equals": field.condition.equals,
        }
    return op


def _op(of: Node, rules: Rules, tag: int | None = None) -> Op:
    """What a node says of its own op; how it hangs in its parent comes on top."""
    if rules is Rules.BER:
        return _ber_op(of, tag)
    if isinstance(of, Number):
        return {"kind": f"{'integer' if of.signed else 'unsigned'}{of.bits}", "size": of.bits // 8}
    if isinstance(of, OctetStringNode):
        return {"kind": "octets", "size": -1 if of.size is None else of.size}
    if isinstance(of, Enumerated):
        return {"kind": "enumerated", "size": 1, "object": of.type, "members": _members(of.type)}
    if isinstance(of, ConformanceNode):
        # Making a combination of flags is slow, and peers propose few.
        return {"kind": "conformance", "object": lru_cache(maxsize=64)(of.type)}
    if isinstance(of, Sequence):
        own = slot(of.type, "deviations") if issubclass(of.type, Message) else None
        kind = "ber-sequence" if of.rules is Rules.BER else "sequence"
        return {"kind": kind, "object": of.type, "deviations": own}
    if isinstance(of, Scalar):
        size, signed = INTEGERS.get(of.data, (0, False))
        op: Op = {"kind": "scalar", "tag": of.data.tag, "object": of.data, "size": size, "inner": signed}
        return op | ({"members": _members(of.enumeration), "default": of.enumeration} if of.enumeration else {})
    if isinstance(of, Octets):
        also = of.also.tag if of.also else axdr.OctetString.tag
        return {"kind": "meant-octets", "tag": axdr.OctetString.tag, "also": also, "object": of.meaning}
    if isinstance(of, Array):
        return {"kind": "array", "tag": axdr.Array.tag}
    if isinstance(of, Structure):
        return {"kind": "structure", "tag": axdr.Structure.tag, "object": of.type}
    return {"kind": PLAIN_KINDS[type(of)]}


PLAIN_KINDS: dict[type[Node], str] = {
    BooleanNode: "boolean",
    VisibleStringNode: "visible-string",
    BitStringNode: "bit-string",
    Null: "null",
    AnyData: "data",
    DateTimeNode: "date-time",
    Remainder: "remainder",
    Contents: "contents",
    SequenceOf: "sequence-of",
    Choice: "choice",
    DataChoice: "data-choice",
}


def _ber_op(of: Node, tag: int | None) -> Op:
    try:
        kind, universal = BER_KINDS[type(of)]
    except KeyError:
        raise ConfigurationError(f"{of} cannot stand under BER") from None
    op: Op = {"kind": kind, "inner": universal if tag is not None and tag & CONSTRUCTED else 0}
    if isinstance(of, Enumerated):
        op |= {"object": of.type, "members": _members(of.type)}
    return op


@lru_cache(maxsize=256)
def _members(of: type[Any]) -> tuple[Any, ...]:
    """What each octet stands for: a member or None."""
    known = {int(member): member for member in of}
    return tuple(known.get(number) for number in range(256))
