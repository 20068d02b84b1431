"""Reading the list of a meter's objects, whose elements some meters count wrong."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from dlms.apdu.get import GetResponse, GetResponseNormal
from dlms.apdu.read_write import ReadResponse
from dlms.association.effects import Exchange
from dlms.cosem.classes import AssociationLN, AssociationSN
from dlms.cosem.references import AttributeRef
from dlms.data import loads
from dlms.errors import DecodeError
from dlms.grammar import Tag, decode_open_ended
from dlms_core.elements import whole_elements

__all__ = ["counted_anew", "is_object_list"]

ASSOCIATIONS: Final = (AssociationLN.class_id, AssociationSN.class_id)
OBJECT_LIST: Final = 2

Response: TypeAlias = Annotated[GetResponse, Tag(0xC4, "get-response")] | ReadResponse
"""What brings a list, as the CHOICE of all APDUs has it."""


def is_object_list(ref: AttributeRef[Any]) -> bool:
    """Whether an address is that of an association's object list."""
    return ref.class_id in ASSOCIATIONS and ref.attribute_id == OBJECT_LIST


def counted_anew(reading: Exchange[bytes]) -> Exchange[tuple[bytes, DecodeError | None]]:
    """The octets of the Data that `reading` reads, and None; or, where that is an array with a wrong count, of an array
    of all its elements that are whole, and what was wrong.

    DecodeError where something else is wrong.
    """
    try:
        octets = yield from reading
    except DecodeError as error:
        return _elements(_data_of(error), error), error
    try:
        loads(octets)
    except DecodeError as error:
        return _elements(octets, error), error
    return octets, None


def _elements(octets: bytes | None, error: DecodeError) -> bytes:
    whole = None if octets is None else whole_elements(octets)
    if whole is None:
        raise error
    return whole


def _data_of(error: DecodeError) -> bytes | None:
    """The octets of the Data that a response ends with and does not fit into, whatever is wrong with them; None where
    it was not that which could not be decoded."""
    if error.octets is None:
        return None
    try:
        response = decode_open_ended(Response, error.octets)
    except DecodeError:
        return None
    results: tuple[object, ...] = ()
    if isinstance(response, GetResponseNormal):
        results = (response.result,)
    elif isinstance(response, ReadResponse):
        results = response.read_response
    return results[0] if len(results) == 1 and isinstance(results[0], bytes) else None
