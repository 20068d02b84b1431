"""Reading the list of a meter's objects, whose elements some meters count wrong."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from dlms.apdu.get import GetResponse, GetResponseNormal
from dlms.apdu.read_write import ReadResponse
from dlms.association.effects import Exchange
from dlms.data import loads
from dlms.errors import DecodeError
from dlms.grammar import Tag, decode_open_ended
from dlms_core.elements import whole_elements

__all__ = ["counted_anew"]

Response: TypeAlias = Annotated[GetResponse, Tag(0xC4, "get-response")] | ReadResponse
"""What brings a list, as the CHOICE of all APDUs has it."""


def counted_anew(reading: Exchange[bytes]) -> Exchange[tuple[Any, DecodeError | None]]:
    """The plain value of the Data that `reading` reads, and None; or, where that is an array with a wrong count, all of
    its elements that are whole, and what was wrong.

    DecodeError where something else is wrong.
    """
    try:
        octets = yield from reading
    except DecodeError as error:
        return _elements(_data_of(error), error), error
    try:
        return loads(octets), None
    except DecodeError as error:
        return _elements(octets, error), error


def _elements(octets: bytes | None, error: DecodeError) -> Any:
    whole = None if octets is None else whole_elements(octets)
    if whole is None:
        raise error
    return loads(whole)


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
