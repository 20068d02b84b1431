"""Block transfers as somebody hears them who takes no part: the blocks of a service joined into the whole message.

What comes of it is the message that would have been sent had it fitted one APDU: a get-response-normal for the blocks
of a get-response-with-datablock, and so on for GET, SET, ACTION and, with short names, read and write. (Blocks of
general-block-transfer are joined below, in `dlms.link.telegram`.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dlms.apdu import decode
from dlms.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
)
from dlms.apdu.get import (
    GetDataResult,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from dlms.apdu.read_write import (
    DataBlockResult,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    WriteDataBlockAccess,
    WriteRequest,
)
from dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
)
from dlms.data import Data
from dlms.errors import DecodeError
from dlms.grammar import Message, program

LAYER: Final = "blocks"
LONGEST: Final = 1 << 28
"""Octets that blocks are joined to at the most."""
TRANSFERS_MAXIMUM: Final = 64
"""How many transfers may be under way at a time; the oldest ones make room."""
DATA: Final = program(Data)
LIST_OF_DATA: Final = program(tuple[Data, ...])
LIST_OF_RESULTS: Final = program(tuple[GetDataResult, ...])
RESPONSE: Final = program(ActionResponseWithOptionalData)
LIST_OF_RESPONSES: Final = program(tuple[ActionResponseWithOptionalData, ...])
Whole = Callable[[bytes], Message]
Key = tuple[object, type[Message]]


class Block(NamedTuple):
    """One block of a service: `whole` makes the message of all octets, None in a block that only goes on."""

    number: int
    octets: bytes
    last: bool
    whole: Whole | None = None


@dataclass(slots=True)
class _Transfer:
    number: int
    whole: Whole
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0


class Overheard:
    """The messages of one link, in their order; `receive` gives the whole message that one completes."""

    def __init__(self) -> None:
        self._transfers: dict[Key, _Transfer] = {}
        self._listed: dict[object, bool] = {}

    def receive(self, message: Message, conversation: object = None) -> Message | None:
        """Take a message, plain, of a conversation (whose two stations are the same for both directions).

        DecodeError where a block is missing, or all of them make no message. Blocks whose beginning was not heard are
        passed over.
        """
        self._note_request(message, conversation)
        found = self._block(message, conversation)
        if found is None:
            return None
        key = conversation, _role(message)
        known = self._transfers.get(key)
        goes_on = known is not None and known.number + 1 == found.number
        if found.whole is not None and found.number <= 1 and not goes_on:  # some meters count from 0
            self._transfers.pop(key, None)
            if len(self._transfers) == TRANSFERS_MAXIMUM:
                del self._transfers[next(iter(self._transfers))]
            self._transfers[key] = _Transfer(found.number - 1, found.whole)
        transfer = self._transfers.get(key)
        if transfer is None or found.number == transfer.number:
            return None  # the beginning is missing, or the block came twice
        return self._take(key, transfer, found)

    def _take(self, key: Key, transfer: _Transfer, block: Block) -> Message | None:
        expected = transfer.number + 1
        transfer.size += len(block.octets)
        if block.number != expected or transfer.size > LONGEST:
            del self._transfers[key]
            got = f"block {block.number}" if block.number != expected else f"more than {LONGEST} octets"
            raise DecodeError(f"expected block {expected}, got {got}", layer=LAYER, offset=transfer.size)
        transfer.number = block.number
        transfer.pieces.append(block.octets)
        if not block.last:
            return None
        del self._transfers[key]
        return transfer.whole(b"".join(transfer.pieces))

    def _note_request(self, message: Message, conversation: object) -> None:
        """Whether the answer is a list shows in the request alone."""
        if isinstance(message, (GetRequestWithList, ActionRequestWithList, ActionRequestWithListAndFirstPblock)):
            self._listed[conversation] = True
        elif type(message).__name__.endswith(("RequestNormal", "RequestWithFirstPblock")):
            self._listed[conversation] = False

    def _block(self, message: Message, conversation: object) -> Block | None:
        """The block in a message; None in one that has none."""
        listed = self._listed.get(conversation, False)
        match message:
            case GetResponseWithDatablock(invoke, block) if isinstance(block.result, bytes):
                return Block(block.block_number, block.result, block.last_block, _get_response(invoke, listed))
            case SetRequestWithDatablock(_, block) | ActionRequestWithPblock(_, block):
                return Block(block.block_number, block.raw_data, block.last_block)
            case ActionResponseWithPblock(invoke, block):
                return Block(block.block_number, block.raw_data, block.last_block, _action_response(invoke, listed))
            case ReadResponse((DataBlockResult(last, number, octets),)):
                return Block(number, octets, last, _tagged(ReadResponse))
            case ReadRequest((ReadDataBlockAccess(last, number, octets),)):
                return Block(number, octets, last, _tagged(ReadRequest))
            case WriteRequest((WriteDataBlockAccess(last, number),), (octets,)) if isinstance(octets.value, bytes):
                return Block(number, octets.value, last, _tagged(WriteRequest))
        return _first_of_request(message)


def _first_of_request(message: Message) -> Block | None:
    match message:
        case SetRequestWithFirstDatablock():
            block, make = message.datablock, _set_request(message)
        case SetRequestWithListAndFirstDatablock():
            block, make = message.datablock, _set_request_with_list(message)
        case ActionRequestWithFirstPblock():
            block, make = message.pblock, _action_request(message)
        case ActionRequestWithListAndFirstPblock():
            block, make = message.pblock, _action_request_with_list(message)
        case _:
            return None
    return Block(block.block_number, block.raw_data, block.last_block, make)


def _set_request(first: SetRequestWithFirstDatablock) -> Whole:
    return lambda octets: SetRequestNormal(
        invoke_id_and_priority=first.invoke_id_and_priority,
        cosem_attribute_descriptor=first.cosem_attribute_descriptor,
        access_selection=first.access_selection,
        value=DATA.decode(octets),
    )


def _set_request_with_list(first: SetRequestWithListAndFirstDatablock) -> Whole:
    return lambda octets: SetRequestWithList(
        first.invoke_id_and_priority, first.attribute_descriptor_list, LIST_OF_DATA.decode(octets)
    )


def _action_request(first: ActionRequestWithFirstPblock) -> Whole:
    return lambda octets: ActionRequestNormal(
        first.invoke_id_and_priority, first.cosem_method_descriptor, DATA.decode(octets)
    )


def _action_request_with_list(first: ActionRequestWithListAndFirstPblock) -> Whole:
    return lambda octets: ActionRequestWithList(
        first.invoke_id_and_priority, first.cosem_method_descriptor_list, LIST_OF_DATA.decode(octets)
    )


def _get_response(invoke: int, listed: bool) -> Whole:
    if listed:
        return lambda octets: GetResponseWithList(invoke, LIST_OF_RESULTS.decode(octets))
    return lambda octets: GetResponseNormal(invoke, DATA.decode(octets))


def _action_response(invoke: int, listed: bool) -> Whole:
    if listed:
        return lambda octets: ActionResponseWithList(invoke, LIST_OF_RESPONSES.decode(octets))
    return lambda octets: ActionResponseNormal(invoke, RESPONSE.decode(octets))


def _tagged(of: type[Message]) -> Whole:
    """Of services with short names the blocks hold all but the tag."""
    return lambda octets: decode(bytes(of.tags) + octets)


def _role(message: Message) -> type[Message]:
    """The service and direction that a block belongs to: the class that its transfer goes on with."""
    return {
        SetRequestWithFirstDatablock: SetRequestWithDatablock,
        SetRequestWithListAndFirstDatablock: SetRequestWithDatablock,
        ActionRequestWithFirstPblock: ActionRequestWithPblock,
        ActionRequestWithListAndFirstPblock: ActionRequestWithPblock,
    }.get(type(message), type(message))
