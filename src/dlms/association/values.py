"""Values of attributes and methods between Python and the octets of Data, by the declared type where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from dlms.apdu.get import CosemAttributeDescriptor
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Integer, loads
from dlms.errors import DecodeError
from dlms.grammar import data_node, dumps
from dlms.logical_name import LogicalName

INTEGER: Final = data_node(Integer)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit its declared type: the meter deviates, and the value comes untyped."""

    what: str
    error: DecodeError


def meaning_of(ref: AttributeRef[Any]) -> Callable[[bytes], Any]:
    """What makes an attribute's value of its octets, by the declared type; plain where anything may stand (a CHOICE).
    It raises DecodeError."""
    return loads if ref.declaration is None else ref.declaration.decode


def misfit_of(attribute: CosemAttributeDescriptor, octets: bytes, error: DecodeError, misfits: list[Misfit]) -> Any:
    """A value that does not fit what is declared: plain, with a note in `misfits`. DecodeError where it is no Data."""
    value = loads(octets)
    what = f"{attribute.class_id}/{LogicalName(attribute.instance_id)}:{attribute.attribute_id}"
    misfits.append(Misfit(what, error))
    return value


def value_of(octets: bytes, ref: AttributeRef[Any], misfits: list[Misfit]) -> Any:
    """The value of an attribute; plain, with a note in `misfits`, where it does not fit what is declared."""
    try:
        return meaning_of(ref)(octets)
    except DecodeError as error:
        return misfit_of(ref.descriptor, octets, error, misfits)


def as_they_are(octets: bytes) -> bytes:
    """The octets of a value, for whoever wants nothing made of them."""
    return octets


def octets_of(value: Any, ref: AttributeRef[Any] | MethodRef[Any]) -> bytes:
    """The Data of a value, by the declared type; without one only what can be one type alone. EncodeError."""
    return dumps(value, ref.node)


def argument_octets(argument: Any, method: MethodRef[Any]) -> bytes | None:
    """The Data of a method's argument. Without one, integer 0 where an integer is declared, which is how the book has
    methods invoked that need nothing; else None where nothing is declared."""
    if argument is None and method.node == INTEGER:
        argument = 0
    return None if argument is None and method.node is None else octets_of(argument, method)
