"""GET, SET and ACTION with logical names, as a client: single, with lists, and in blocks both ways.

Values go in and out as the octets of one Data: what they mean is the business of who knows the declared type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias, TypeVar, cast

from dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
)
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    DataBlockSA,
    GetDataResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    SelectiveAccessDescriptor,
)
from dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms.association.blocks import Blocks, Take, as_data, need, pieces_of, same_count, whole
from dlms.association.effects import Exchange, Progress
from dlms.association.exchange import answer_at_once, answer_to, at_once, request, send_unconfirmed
from dlms.association.negotiated import Negotiated
from dlms.data import Data, loads
from dlms.enumerations import Conformance
from dlms.errors import DecodeError, ProtocolError
from dlms.grammar import Message, program
from dlms.results import ActionResult, DataAccessResult
from dlms.service_errors import ServiceError, service_error

M = TypeVar("M", bound=Message)
Selected: TypeAlias = tuple[CosemAttributeDescriptor, SelectiveAccessDescriptor | None]
T = TypeVar("T")
Misfit: TypeAlias = Callable[[CosemAttributeDescriptor, bytes, DecodeError], T]
"""What makes a value of an attribute's octets that mean nothing as they should, and of why."""
GET: Final = int(Conformance.GET)
GET_BLOCK: Final = (GetResponseWithDatablock,)
GET_RESPONSES: Final = (GetResponseNormal, GetResponseWithDatablock)
EMPTY: Final = DataBlockSA(False, 0, b"")
LIST_OF_RESULTS: Final = program(tuple[GetDataResult, ...], data_as_octets=True)
LIST_OF_RESPONSES: Final = program(tuple[ActionResponseWithOptionalData, ...], data_as_octets=True)
RESPONSE: Final = program(ActionResponseWithOptionalData, data_as_octets=True)
LIST_OF_VALUES: Final = program(tuple[Data, ...], data_as_octets=True)


class ListRefused(ServiceError):
    """The meter answers a request with a list as if it were for one attribute: it does not take lists."""


# ---- GET ----------------------------------------------------------------------------------------------------------


def get(
    negotiated: Negotiated,
    attribute: CosemAttributeDescriptor,
    selection: SelectiveAccessDescriptor | None,
    take: Take | None,
    meaning: Callable[[bytes], T],
    misfit: Misfit[T] | None = None,
) -> Exchange[T]:
    """What an attribute's Data means, of which `meaning` is given the octets; ServiceError if the meter refuses.

    With `take`, the octets go there as they come, block by block, and `meaning` is given b"". `misfit` makes
    something of octets that `meaning` refuses.
    """
    if not negotiated.agreed & GET:
        need(negotiated, Conformance.GET)
    invoke = negotiated.invoke_id_and_priority()
    message = GetRequestNormal(invoke, attribute, selection)
    octets = at_once(negotiated, message)
    if octets is None:
        response = yield from request(negotiated, message, *GET_RESPONSES)
    else:  # as `request` does; nearly all that is read goes this way, and a generator more would be felt
        octets = yield octets
        response = answer_at_once(negotiated, octets, invoke, GET_RESPONSES) or (
            yield from answer_to(negotiated, message, GET_RESPONSES, octets)
        )
    if isinstance(response, GetResponseNormal):
        result: object = response.result
        if not isinstance(result, bytes):
            raise service_error(cast(DataAccessResult, result), attribute)
        if take is not None:
            take(result)
            result = b""
    else:
        pieces: list[bytes] = []
        yield from _get_blocks(negotiated, invoke, response, take or pieces.append, attribute)
        result = b"".join(pieces)
    try:
        return meaning(result)
    except DecodeError as error:
        if misfit is None:
            raise
        return misfit(attribute, result, error)


def get_list(negotiated: Negotiated, attributes: Sequence[Selected]) -> Exchange[list[bytes | ServiceError]]:
    """The octets of several attributes' Data in one request; a ServiceError stands where the meter refuses one."""
    need(negotiated, Conformance.GET | Conformance.MULTIPLE_REFERENCES)
    invoke = negotiated.invoke_id_and_priority()
    message = GetRequestWithList(invoke, tuple(CosemAttributeDescriptorWithSelection(*item) for item in attributes))
    response = yield from request(negotiated, message, GetResponseWithList, GetResponseWithDatablock, GetResponseNormal)
    if isinstance(response, GetResponseNormal):
        raise ListRefused(_result_number(response.result))
    if isinstance(response, GetResponseWithList):
        results: tuple[object, ...] = response.result
    else:
        pieces: list[bytes] = []
        yield from _get_blocks(negotiated, invoke, response, pieces.append, None)
        results = LIST_OF_RESULTS.decode(b"".join(pieces))
    same_count(results, attributes)
    return [_data_or_error(result, item[0]) for result, item in zip(results, attributes, strict=True)]


def _result_number(result: object) -> int:
    return int(result) if isinstance(result, DataAccessResult) else DataAccessResult.OTHER_REASON


def _get_blocks(
    negotiated: Negotiated, invoke: int, response: GetResponseWithDatablock, take: Take, what: object
) -> Exchange[None]:
    blocks = Blocks(take, any_first=negotiated.quirks.block_numbers_not_reset)
    while True:
        block = response.result
        if not isinstance(block.result, bytes):
            raise service_error(block.result, what)
        blocks.add(block.block_number, block.result)
        if negotiated.tells_progress:
            yield Progress(blocks.size)
        if block.last_block:
            return
        following = GetRequestNext(invoke, block.block_number)
        octets = at_once(negotiated, following)
        if octets is None:
            response = yield from request(negotiated, following, *GET_BLOCK)
        else:  # as in `get`
            octets = yield octets
            response = answer_at_once(negotiated, octets, invoke, GET_BLOCK) or (
                yield from answer_to(negotiated, following, GET_BLOCK, octets)
            )


# ---- SET ----------------------------------------------------------------------------------------------------------


def set_value(
    negotiated: Negotiated,
    attribute: CosemAttributeDescriptor,
    value: bytes,
    selection: SelectiveAccessDescriptor | None = None,
) -> Exchange[None]:
    """Write an attribute, in blocks where the meter takes no APDU that long; ServiceError if it refuses."""
    need(negotiated, Conformance.SET)
    invoke = negotiated.invoke_id_and_priority()
    message = SetRequestNormal(
        invoke_id_and_priority=invoke,
        cosem_attribute_descriptor=attribute,
        access_selection=selection,
        value=as_data(value),
    )
    if whole(negotiated, message, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE):
        response = yield from request(negotiated, message, SetResponseNormal)
        result = response.result
    else:
        need(negotiated, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)

        def first(block: DataBlockSA) -> Message:
            return SetRequestWithFirstDatablock(
                invoke_id_and_priority=invoke, cosem_attribute_descriptor=attribute, access_selection=selection,
                datablock=block,
            )  # fmt: skip

        last = yield from _set_blocks(negotiated, invoke, first, value, SetResponseLastDatablock)
        result = last.result
    if result != DataAccessResult.SUCCESS:
        raise service_error(result, attribute)


def set_unconfirmed(
    negotiated: Negotiated,
    attribute: CosemAttributeDescriptor,
    value: bytes,
    selection: SelectiveAccessDescriptor | None = None,
) -> Exchange[None]:
    """Write an attribute, which the meter does not answer; ConfigurationError where that fits no APDU."""
    need(negotiated, Conformance.SET)
    invoke = negotiated.invoke_id_and_priority(confirmed=False)
    message = SetRequestNormal(
        invoke_id_and_priority=invoke,
        cosem_attribute_descriptor=attribute,
        access_selection=selection,
        value=as_data(value),
    )
    yield from send_unconfirmed(negotiated, message)


def set_list(
    negotiated: Negotiated, attributes: Sequence[Selected], values: Sequence[bytes]
) -> Exchange[list[ServiceError | None]]:
    """Write several attributes in one request; None for each that the meter took."""
    need(negotiated, Conformance.SET | Conformance.MULTIPLE_REFERENCES)
    invoke = negotiated.invoke_id_and_priority()
    described = tuple(CosemAttributeDescriptorWithSelection(*item) for item in attributes)
    message = SetRequestWithList(invoke, described, tuple(as_data(value) for value in values))
    if whole(negotiated, message, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE):
        response = yield from request(negotiated, message, SetResponseWithList)
        results = response.result
    else:
        need(negotiated, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)

        def first(block: DataBlockSA) -> Message:
            return SetRequestWithListAndFirstDatablock(invoke, described, block)

        octets = LIST_OF_VALUES.encode(tuple(values))
        last = yield from _set_blocks(negotiated, invoke, first, octets, SetResponseLastDatablockWithList)
        results = last.result
    same_count(results, attributes)
    return [
        None if result == DataAccessResult.SUCCESS else service_error(result, item[0])
        for result, item in zip(results, attributes, strict=True)
    ]


def _set_blocks(
    negotiated: Negotiated, invoke: int, first: Callable[[DataBlockSA], Message], octets: bytes, last: type[M]
) -> Exchange[M]:
    def later(block: DataBlockSA) -> Message:
        return SetRequestWithDatablock(invoke, block)

    pieces = pieces_of(negotiated, first(EMPTY), later(EMPTY), octets)
    for number, piece in enumerate(pieces[:-1], 1):
        message = (first if number == 1 else later)(DataBlockSA(False, number, piece))
        response = yield from request(negotiated, message, SetResponseDatablock, last)
        if not isinstance(response, SetResponseDatablock):
            return response  # refused before all was sent
        if response.block_number != number:
            raise ProtocolError(f"the meter acknowledged block {response.block_number}, not {number}")
        yield Progress(number, len(pieces))
    ending = (first if len(pieces) == 1 else later)(DataBlockSA(True, len(pieces), pieces[-1]))
    return (yield from request(negotiated, ending, last))


# ---- ACTION -------------------------------------------------------------------------------------------------------


def call(negotiated: Negotiated, method: CosemMethodDescriptor, argument: bytes | None) -> Exchange[bytes | None]:
    """Invoke a method and return the octets of what it returns, None for nothing; ServiceError if the meter refuses."""
    need(negotiated, Conformance.ACTION)
    invoke = negotiated.invoke_id_and_priority()
    message: Message = ActionRequestNormal(invoke, method, None if argument is None else as_data(argument))
    if argument is None or whole(negotiated, message, Conformance.BLOCK_TRANSFER_WITH_ACTION):
        response = yield from request(negotiated, message, ActionResponseNormal, ActionResponseWithPblock)
    else:
        need(negotiated, Conformance.BLOCK_TRANSFER_WITH_ACTION)

        def first(block: DataBlockSA) -> Message:
            return ActionRequestWithFirstPblock(invoke, method, block)

        response = yield from _action_blocks(negotiated, invoke, first, argument or b"", ActionResponseNormal)
    if isinstance(response, ActionResponseNormal):
        answer = response.single_response
    else:
        answer = _answer_in_blocks((yield from _returned_blocks(negotiated, invoke, response)))
    return _returned(answer, method)


def call_unconfirmed(negotiated: Negotiated, method: CosemMethodDescriptor, argument: bytes | None) -> Exchange[None]:
    """Invoke a method, which the meter does not answer; ConfigurationError where that fits no APDU."""
    need(negotiated, Conformance.ACTION)
    invoke = negotiated.invoke_id_and_priority(confirmed=False)
    message = ActionRequestNormal(invoke, method, None if argument is None else as_data(argument))
    yield from send_unconfirmed(negotiated, message)


def call_list(
    negotiated: Negotiated, methods: Sequence[CosemMethodDescriptor], arguments: Sequence[bytes]
) -> Exchange[list[bytes | ServiceError | None]]:
    """Invoke several methods in one request; null-data stands for no argument."""
    need(negotiated, Conformance.ACTION | Conformance.MULTIPLE_REFERENCES)
    invoke = negotiated.invoke_id_and_priority()
    message: Message = ActionRequestWithList(invoke, tuple(methods), tuple(as_data(argument) for argument in arguments))
    if whole(negotiated, message, Conformance.BLOCK_TRANSFER_WITH_ACTION):
        response = yield from request(negotiated, message, ActionResponseWithList, ActionResponseWithPblock)
    else:
        need(negotiated, Conformance.BLOCK_TRANSFER_WITH_ACTION)

        def first(block: DataBlockSA) -> Message:
            return ActionRequestWithListAndFirstPblock(invoke, tuple(methods), block)

        octets = LIST_OF_VALUES.encode(tuple(arguments))
        response = yield from _action_blocks(negotiated, invoke, first, octets, ActionResponseWithList)
    if isinstance(response, ActionResponseWithList):
        answers = response.list_of_responses
    else:
        answers = LIST_OF_RESPONSES.decode((yield from _returned_blocks(negotiated, invoke, response)))
    same_count(answers, methods)
    outcomes: list[bytes | ServiceError | None] = []
    for answer, method in zip(answers, methods, strict=True):
        try:
            outcomes.append(_returned(answer, method))
        except ServiceError as error:
            outcomes.append(error)
    return outcomes


def _action_blocks(
    negotiated: Negotiated, invoke: int, first: Callable[[DataBlockSA], Message], octets: bytes, last: type[M]
) -> Exchange[M | ActionResponseWithPblock]:
    def later(block: DataBlockSA) -> Message:
        return ActionRequestWithPblock(invoke, block)

    pieces = pieces_of(negotiated, first(EMPTY), later(EMPTY), octets)
    for number, piece in enumerate(pieces[:-1], 1):
        message = (first if number == 1 else later)(DataBlockSA(False, number, piece))
        response = yield from request(negotiated, message, ActionResponseNextPblock, last)
        if not isinstance(response, ActionResponseNextPblock):
            return response  # refused before all was sent
        if response.block_number != number:
            raise ProtocolError(f"the meter acknowledged block {response.block_number}, not {number}")
        yield Progress(number, len(pieces))
    ending = (first if len(pieces) == 1 else later)(DataBlockSA(True, len(pieces), pieces[-1]))
    return (yield from request(negotiated, ending, last, ActionResponseWithPblock))


def _returned_blocks(negotiated: Negotiated, invoke: int, response: ActionResponseWithPblock) -> Exchange[bytes]:
    pieces: list[bytes] = []
    blocks = Blocks(pieces.append, any_first=negotiated.quirks.block_numbers_not_reset)
    while True:
        block = response.pblock
        blocks.add(block.block_number, block.raw_data)
        yield Progress(blocks.size)
        if block.last_block:
            return b"".join(pieces)
        following = ActionRequestNextPblock(invoke, block.block_number)
        response = yield from request(negotiated, following, ActionResponseWithPblock)


def _answer_in_blocks(octets: bytes) -> ActionResponseWithOptionalData:
    """What blocks hold together: the response as it is without them, or the Data alone, as dlms-cosem-rs sends it and
    Gurux's client expects it. What is long enough for blocks is not both."""
    try:
        whole_response: ActionResponseWithOptionalData = RESPONSE.decode(octets)
    except DecodeError:
        with suppress(DecodeError):
            loads(octets)
            return ActionResponseWithOptionalData(ActionResult.SUCCESS, as_data(octets))
        raise
    return whole_response


def _returned(answer: ActionResponseWithOptionalData, method: CosemMethodDescriptor) -> bytes | None:
    if answer.result != ActionResult.SUCCESS:
        raise service_error(answer.result, method)
    return None if answer.return_parameters is None else _data(answer.return_parameters, method)


# ---- shared -------------------------------------------------------------------------------------------------------


def _data(result: object, what: object) -> bytes:
    if isinstance(result, bytes):
        return result
    raise service_error(cast(DataAccessResult, result), what)


def _data_or_error(result: object, what: object) -> bytes | ServiceError:
    return result if isinstance(result, bytes) else service_error(cast(DataAccessResult, result), what)
