"""Invariant: whatever Data a meter holds in its attributes and returns from its methods, an operation of a client ends
with a value or a DlmsError."""

from collections.abc import Callable
from itertools import cycle
from typing import Any

from fuzz.fuzz_client_answers import association
from fuzz.operations import chosen_by, driven

from dlms.apdu import decode_with_data_octets, encode_with_data_octets
from dlms.apdu.action import ActionRequestNormal, ActionResponseNormal, ActionResponseWithOptionalData
from dlms.apdu.get import GetRequestNormal, GetRequestWithList, GetResponseNormal, GetResponseWithList
from dlms.apdu.set import SetRequestNormal, SetResponseNormal
from dlms.data import Array, Structure, dumps, loads
from dlms.errors import DecodeError
from dlms.results import ActionResult, DataAccessResult


def check(octets: bytes) -> None:
    try:
        value = loads(octets, typed=True)
    except DecodeError:
        return
    held: list[Any] = [octets]
    if isinstance(value, Array | Structure):
        held += map(dumps, value)
    driven(chosen_by(octets)(association(short_names=False)), holding(held))


def holding(held: list[Any]) -> Callable[[bytes], list[bytes]]:
    """A meter that gives one value after the other, whatever is asked for."""
    values = cycle(held)  # octets take the place of each Data in a message

    def answer(request: bytes) -> list[bytes]:
        response: Any
        match decode_with_data_octets(request):
            case GetRequestNormal(invoke):
                response = GetResponseNormal(invoke, next(values))
            case GetRequestWithList(invoke, described):
                response = GetResponseWithList(invoke, tuple(next(values) for _ in described))
            case SetRequestNormal() as written:
                response = SetResponseNormal(written.invoke_id_and_priority, DataAccessResult.SUCCESS)
            case ActionRequestNormal(invoke):
                returned = ActionResponseWithOptionalData(ActionResult.SUCCESS, next(values))
                response = ActionResponseNormal(invoke, returned)
            case _:
                return []
        return [encode_with_data_octets(response)]

    return answer
