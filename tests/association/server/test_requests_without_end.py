"""More than a server takes: long requests, blocks without end or without octets, transfers that stop in the middle."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from tests.association.meter import (
    CLOCK,
    CTOS,
    DIGEST,
    EVERYTHING,
    LONG,
    aarq,
    answers,
    ask,
    attribute,
    initiate,
    meter,
    opened,
    proof,
    session,
)
from tests.association.requests import (
    ACTION,
    BY_LOGICAL_NAME,
    BY_SHORT_NAME,
    GET,
    GET_BUFFER,
    meter_with_profile,
)

from dlms.apdu import encode
from dlms.apdu.access import AccessRequest, AccessRequestBody, AccessRequestGet
from dlms.apdu.action import (
    ActionRequestWithFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNormal,
)
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.get import (
    CosemAttributeDescriptorWithSelection,
    DataBlockSA,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
)
from dlms.apdu.read_write import (
    ReadRequest,
    ReadResponse,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from dlms.apdu.set import (
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetResponseLastDatablock,
)
from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.outgoing import LONGEST_ANSWER, Together
from dlms.association.server.session import SessionLimits
from dlms.cosem.classes import Register
from dlms.data import NullData, OctetString, dumps
from dlms.enumerations import Conformance, MethodAccessV3
from dlms.grammar import Message
from dlms.results import (
    ActionResult,
    AssociationResult,
    DataAccessResult,
    ExceptionServiceError,
)
from dlms.service_errors import OtherReason

pytestmark = pytest.mark.usefixtures("no_traceback")
BLOCKS = 10_000


def test_a_request_longer_than_what_the_server_said_it_takes() -> None:
    device = meter()
    device.serve(ServedClient(9, max_receive_pdu_size=64, **EVERYTHING))
    of = opened(device, 9)
    long = GetRequestNormal(0xC1, attribute(CLOCK.time))
    octets = encode(long) + bytes(100)
    assert ask(of, octets).service_error == ExceptionServiceError.PDU_TOO_LONG
    assert isinstance(ask(of, GET), GetResponseNormal)


def set_block(number: int, octets: bytes) -> Message:
    if number > 1:
        return SetRequestWithDatablock(0xC1, DataBlockSA(False, number, octets))
    return SetRequestWithFirstDatablock(
        invoke_id_and_priority=0xC1, cosem_attribute_descriptor=attribute(CLOCK.time_zone),
        datablock=DataBlockSA(False, number, octets),
    )  # fmt: skip


def action_block(number: int, octets: bytes) -> Message:
    block = DataBlockSA(False, number, octets)
    if number > 1:
        return ActionRequestWithPblock(0xC1, block)
    return ActionRequestWithFirstPblock(0xC1, ACTION.cosem_method_descriptor, block)


def write_block(number: int, octets: bytes) -> Message:
    return WriteRequest((WriteDataBlockAccess(False, number),), (OctetString(octets),))


def general_block(number: int, octets: bytes) -> Message:
    return GeneralBlockTransfer(0x01, number, 0, octets)


@pytest.mark.parametrize(
    ("block", "context", "refusal"),
    [
        (set_block, 1, DataAccessResult.LONG_SET_ABORTED),
        (action_block, 1, ActionResult.LONG_ACTION_ABORTED),
        (write_block, 2, DataAccessResult.LONG_SET_ABORTED),
    ],
)
def test_blocks_without_end_are_refused(block: Callable[[int, bytes], Message], context: int, refusal: int) -> None:
    of = opened(meter(), limits=SessionLimits(longest_request=1000), context=context)
    answers_so_far = [ask(of, block(number, bytes(100))) for number in range(1, 12)]
    result: object
    match answers_so_far[-1]:
        case WriteResponse((result,)) | SetResponseLastDatablock(result=result):
            pass
        case ActionResponseNormal(single_response=response):
            result = response.result
    assert result == refusal
    assert of.next_timer() is None


@pytest.mark.parametrize(
    ("block", "context"), [(set_block, 1), (action_block, 1), (write_block, 2), (general_block, 1)]
)
def test_blocks_without_octets_take_no_memory(block: Callable[[int, bytes], Message], context: int) -> None:
    """Nothing is what such a block holds: however many come, nothing is kept of them."""
    of = opened(meter(), context=context)
    ask(of, block(1, b""))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(2, BLOCKS):
            ask(of, block(number, b""))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < BLOCKS
    assert of.next_timer() is not None


MANY = 1000
LIST_OF_THE_LONG = GetRequestWithList(
    0xC1, tuple([CosemAttributeDescriptorWithSelection(attribute(LONG.value), None)] * MANY)
)
ACCESS_TO_THE_LONG = AccessRequest(
    0x40000001,
    None,
    AccessRequestBody(tuple([AccessRequestGet(attribute(LONG.value))] * MANY), tuple([NullData()] * MANY)),
)


def read_the_long(device: LogicalDevice) -> ReadRequest:
    served = device.find(LONG.class_id, LONG.logical_name)
    return ReadRequest(tuple([served.base_name + 8] * MANY))


@pytest.mark.parametrize(
    ("request_for", "context"),
    [(lambda device: LIST_OF_THE_LONG, 1), (lambda device: ACCESS_TO_THE_LONG, 1), (read_the_long, 2)],
)
def test_one_long_value_many_times_over_fills_no_memory(
    request_for: Callable[[LogicalDevice], Message], context: int
) -> None:
    """A request of a few octets for each is answered up to a limit; what comes after it is not even read."""
    device, value = meter(), dumps(OctetString(bytes(60_000)))
    read = []

    def long(selector: int | None, parameters: object) -> Iterator[bytes]:
        read.append(selector)
        return iter([value])

    device.on_get(LONG.value, long)
    of = opened(device, context=context)
    assert answers(of.respond(encode(request_for(device)), 0.0))
    assert len(read) == LONGEST_ANSWER // len(value) + 1


def test_what_comes_after_the_limit_of_an_answer_is_refused() -> None:
    together = Together(10)
    assert together.whole(b"1234") + together.whole(iter([b"56", b"7890"])) == b"1234567890"
    together.check()
    for found in (iter([b"1"]), b""):
        with pytest.raises(OtherReason):
            together.whole(found)
    with pytest.raises(OtherReason):
        together.check()


def test_a_client_that_stops_within_a_block_transfer_leaves_nothing() -> None:
    """Within an answer and within a request, by blocks of the service and by general blocks."""
    asks: list[tuple[Conformance | None, list[Message], int]] = [
        (None, [GET_BUFFER], 1),
        (None, [set_block(1, bytes(100))], 1),
        (None, [action_block(1, bytes(100))], 1),
        (Conformance.GET | Conformance.GENERAL_BLOCK_TRANSFER, [GET_BUFFER], 1),
        (None, [general_block(1, bytes(100))], 1),
        (None, [write_block(1, bytes(100))], 2),
    ]
    for conformance, messages, context in asks:
        information = initiate(size=128, conformance=conformance)
        of = opened(meter_with_profile(), user_information=information, context=context)
        for message in messages:
            ask(of, message, 1.0)
        due = of.next_timer()
        assert due == 31.0, messages
        of.tick(due)
        assert of.next_timer() is None
        right = GET if context == 1 else BY_SHORT_NAME["read"]
        assert isinstance(ask(of, right, 32.0), (GetResponseNormal, ReadResponse))


def test_a_list_of_methods_above_the_rights_is_refused_one_by_one() -> None:
    device = meter()
    device.allow(Register("1.0.1.8.0.255").reset, MethodAccessV3(0))
    answer = ask(opened(device), BY_LOGICAL_NAME["action list"])
    assert [item.result for item in answer.list_of_responses] == [ActionResult.READ_WRITE_DENIED]


def test_a_wrong_proof_again_and_again_keeps_the_door_closed_for_longer() -> None:
    of = session(meter(), DIGEST)
    now, waits = 0.0, []
    for _ in range(5):
        while ask(of, aarq(6, CTOS), now).result == AssociationResult.REJECTED_TRANSIENT:
            now += 0.5
        ask(of, proof(bytes(32)), now)
        closed = now
        while ask(of, aarq(6, CTOS), now).result == AssociationResult.REJECTED_TRANSIENT:
            now += 0.5
        waits.append(now - closed)
    assert waits == [1, 2, 4, 8, 16]
