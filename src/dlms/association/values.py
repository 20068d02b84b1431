"""Values of attributes and methods between Python and the octets of Data, by the declared type where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import loads
from dlms.errors import DecodeError
from dlms.grammar import dumps, program
from dlms.grammar.nodes import AnyData


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit its declared type: the meter deviates, and the value comes untyped."""

    what: str
    error: DecodeError


def value_of(octets: bytes, ref: AttributeRef[Any], misfits: list[Misfit]) -> Any:
    """The value of an attribute; plain, with a note in `misfits`, where it does not fit what is declared.

    Where anything may stand (a CHOICE), the value is plain, too.
    """
    node = ref.node
    if node is None or isinstance(node, AnyData):
        return loads(octets)
    try:
        return program(node).decode(octets)
    except DecodeError as error:
        value = loads(octets)
        misfits.append(Misfit(str(ref), error))
        return value


def octets_of(value: Any, ref: AttributeRef[Any] | MethodRef[Any]) -> bytes:
    """The Data of a value, by the declared type; without one only what can be one type alone. EncodeError."""
    return dumps(value, ref.node)
