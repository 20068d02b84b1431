"""Blocks heard by a third party, joined: the same message that goes in one APDU where there is room for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.association.scripted import Wire, negotiated

from dlms.apdu import decode, encode
from dlms.apdu.action import (
    ActionRequestNormal,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
)
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    DataBlockG,
    DataBlockSA,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from dlms.apdu.read_write import DataBlockResult, ReadRequest, ReadResponse, WriteResponse
from dlms.apdu.set import SetResponseDatablock, SetResponseLastDatablock
from dlms.association import services, short_names
from dlms.association.effects import Exchange
from dlms.association.overheard import Overheard
from dlms.association.short_names import Variable
from dlms.data import DoubleLongUnsigned, OctetString, dumps
from dlms.errors import DecodeError, DlmsError
from dlms.grammar import Message
from dlms.results import ActionResult, DataAccessResult
from dlms_core.pieces import split

ATTRIBUTE = CosemAttributeDescriptor(1, bytes((0, 0, 96, 1, 0, 255)), 2)
METHOD = CosemMethodDescriptor(1, bytes((0, 0, 96, 1, 0, 255)), 1)
LONG = dumps(OctetString(bytes(range(256))))
OTHER = dumps(DoubleLongUnsigned(7))


def acknowledge(octets: bytes) -> Message:
    """A meter's word on a block of a request, or on the last one."""
    message: Any = decode(octets)
    block = getattr(message, "datablock", None) or getattr(message, "pblock", None)
    name = type(message).__name__
    if block is None:
        answer = ReadResponse if isinstance(message, ReadRequest) else WriteResponse
        return answer((message.variable_access_specification[0].block_number,))
    if name.startswith("Action"):
        if block.last_block:
            return ActionResponseNormal(0xC1, ActionResponseWithOptionalData(ActionResult.SUCCESS))
        return ActionResponseNextPblock(0xC1, block.block_number)
    if not block.last_block:
        return SetResponseDatablock(0xC1, block.block_number)
    return SetResponseLastDatablock(0xC1, DataAccessResult.SUCCESS, block.block_number)


REQUESTS: dict[str, Callable[..., Exchange[Any]]] = {
    "set": lambda way: services.set_value(way, ATTRIBUTE, LONG),
    "set-list": lambda way: services.set_list(way, [(ATTRIBUTE, None), (ATTRIBUTE, None)], [LONG, OTHER]),
    "action": lambda way: services.call(way, METHOD, LONG),
    "action-list": lambda way: services.call_list(way, [METHOD, METHOD], [LONG, OTHER]),
    "read": lambda way: short_names.read(way, [Variable(8 * number) for number in range(80)]),
    "write": lambda way: short_names.write(way, [Variable(0x2008), Variable(0x2010)], [LONG, OTHER]),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(name: str) -> None:
    operation, short = REQUESTS[name], name in ("read", "write")
    whole = next(operation(negotiated(short_names=short)))
    wire = Wire(lambda octets: [encode(acknowledge(octets))])
    with contextlib.suppress(DlmsError):  # the answer to the last block is a simple one, whatever was asked
        wire.run(operation(negotiated(max_send_pdu_size=64, short_names=short)))
    assert len(wire.sent) > 3
    overheard = Overheard()
    joined = [overheard.receive(decode(octets)) for octets in wire.sent]
    assert joined == [None] * (len(joined) - 1) + [decode(whole)]


CHUNK = 40
GET_LIST = GetResponseWithList(0xC1, (OctetString(bytes(range(256))), DataAccessResult.READ_WRITE_DENIED))


def get_blocks(whole: Message, *, first: int = 1) -> list[Message]:
    """The blocks of a GET response: all that follows its tag, its kind and invoke-id."""
    octets = encode(whole)[3:] if isinstance(whole, GetResponseWithList) else encode(whole)[4:]
    pieces = split(octets, CHUNK)
    return [
        GetResponseWithDatablock(0xC1, DataBlockG(number == len(pieces) - 1, number + first, piece))
        for number, piece in enumerate(pieces)
    ]


WHOLE = GetResponseNormal(0xC1, OctetString(bytes(range(256))))


def heard(messages: Iterable[Message]) -> list[Message | None]:
    overheard = Overheard()
    return [overheard.receive(message) for message in messages]


def test_get_response() -> None:
    assert heard([GetRequestNormal(0xC1, ATTRIBUTE), *get_blocks(WHOLE)])[-1] == WHOLE
    assert heard(get_blocks(WHOLE, first=0))[-1] == WHOLE  # some meters count from 0


def test_get_response_with_list() -> None:
    request = GetRequestWithList(0xC1, ())
    assert heard([request, *get_blocks(GET_LIST)])[-1] == GET_LIST


def test_action_response() -> None:
    whole = ActionResponseNormal(0xC1, ActionResponseWithOptionalData(ActionResult.SUCCESS, OctetString(bytes(200))))
    pieces = split(encode(whole)[3:], CHUNK)
    blocks = [
        ActionResponseWithPblock(0xC1, DataBlockSA(number == len(pieces), number, piece))
        for number, piece in enumerate(pieces, 1)
    ]
    assert heard([ActionRequestNormal(0xC1, METHOD), *blocks])[-1] == whole


def test_read_response() -> None:
    whole = ReadResponse((OctetString(bytes(200)), DataAccessResult.OBJECT_UNDEFINED))
    pieces = split(encode(whole)[1:], CHUNK)
    blocks = [
        ReadResponse((DataBlockResult(number == len(pieces), number, piece),)) for number, piece in enumerate(pieces, 1)
    ]
    assert heard(blocks)[-1] == whole


def test_conversations_are_kept_apart() -> None:
    overheard = Overheard()
    joined = []
    for block in get_blocks(WHOLE):
        joined += [overheard.receive(block, "one"), overheard.receive(block, "other")]
    assert joined[-2:] == [WHOLE, WHOLE]


def test_a_block_that_came_twice() -> None:
    first, *others = get_blocks(WHOLE)
    assert heard([first, first, others[0], *others])[-1] == WHOLE


def test_a_missing_block_is_a_fault() -> None:
    blocks = get_blocks(WHOLE)
    overheard = Overheard()
    overheard.receive(blocks[0])
    with pytest.raises(DecodeError, match="expected block 2, got block 3"):
        overheard.receive(blocks[2])
    assert [overheard.receive(block) for block in blocks[3:]] == [None] * (len(blocks) - 3)


def test_a_missing_beginning_is_passed_over() -> None:
    assert heard(get_blocks(WHOLE)[1:])[-1] is None


@given(st.lists(st.sampled_from([*get_blocks(WHOLE), *get_blocks(GET_LIST), GetRequestNormal(0xC1, ATTRIBUTE)])))
def test_any_order(messages: list[Message]) -> None:
    overheard = Overheard()
    for message in messages:
        with contextlib.suppress(DecodeError):
            overheard.receive(message)
