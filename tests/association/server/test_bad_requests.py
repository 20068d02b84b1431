"""What bad clients send, in octets: the book has an answer for everything, and a session serves on after it."""

from __future__ import annotations

import pytest
from tests.association.meter import (
    CLOCK,
    CTOS,
    DIGEST,
    MANAGER,
    NOW,
    PUBLIC,
    aarq,
    ask,
    attribute,
    guarded,
    initiate,
    meter,
    opened,
    sealed,
    session,
)
from tests.association.requests import (
    ACTION,
    BY_LOGICAL_NAME,
    BY_SHORT_NAME,
    EVERY_REQUEST,
    GET,
    SET,
    damaged,
    meter_with_profile,
    replies,
)

from dlms.apdu import decode, encode
from dlms.apdu.access import AccessResponse
from dlms.apdu.acse import Aare, Rlre, Rlrq
from dlms.apdu.action import (
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
)
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from dlms.apdu.read_write import (
    ReadRequest,
    ReadResponse,
    WriteRequest,
    WriteResponse,
)
from dlms.apdu.set import (
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms.association.server.association import State
from dlms.association.server.clients import ServedClient
from dlms.association.server.session import ServerSession
from dlms.cosem.classes import Clock, Register
from dlms.data import OctetString
from dlms.enumerations import AttributeAccessV3
from dlms.results import (
    ActionResult,
    AssociationResult,
    DataAccessResult,
    ExceptionStateError,
)

pytestmark = pytest.mark.usefixtures("no_traceback")
REFUSALS = (ExceptionResponse, ConfirmedServiceError)
SHORT_NAME_ANSWERS = (*REFUSALS, Aare, Rlre, ReadResponse, WriteResponse, GeneralBlockTransfer)
LOGICAL_NAME_ANSWERS = (
    *REFUSALS, Aare, Rlre, GeneralBlockTransfer, AccessResponse,
    GetResponseNormal, GetResponseWithDatablock, GetResponseWithList,
    SetResponseNormal, SetResponseDatablock, SetResponseLastDatablock, SetResponseLastDatablockWithList,
    SetResponseWithList,
    ActionResponseNormal, ActionResponseNextPblock, ActionResponseWithList, ActionResponseWithPblock,
)  # fmt: skip


# ---- at the wrong time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_REQUEST)
@pytest.mark.parametrize("context", [1, 2])
def test_a_request_without_an_association_is_refused_as_the_book_says(name: str, context: int) -> None:
    """Before any association, while it waits for the proof, after the release and after a wrong proof."""
    never = session(meter(), PUBLIC)
    pending = session(meter(), DIGEST)
    assert ask(pending, aarq(6, CTOS, context=context)).result == AssociationResult.ACCEPTED
    released = opened(meter(), context=context)
    assert isinstance(ask(released, Rlrq()), Rlre)
    disproved = session(meter(), DIGEST)
    ask(disproved, aarq(6, CTOS, context=context))
    ask(disproved, EVERY_REQUEST["proof" if context == 1 else "proof by short name"])
    assert disproved.state is State.NON_ASSOCIATED
    request = EVERY_REQUEST[name]
    proves = name == ("proof" if context == 1 else "proof by short name")
    for of in (never, *([] if proves else [pending]), released, disproved):
        for answer in replies(of, encode(request)):
            read, write = isinstance(request, ReadRequest), isinstance(request, WriteRequest)
            assert isinstance(answer, ConfirmedServiceError if read or write else ExceptionResponse)
            if isinstance(answer, ExceptionResponse):
                assert answer.state_error == ExceptionStateError.SERVICE_NOT_ALLOWED


def test_services_of_other_names_are_refused() -> None:
    for name, request in BY_SHORT_NAME.items():
        if name != "write unconfirmed":
            assert isinstance(ask(opened(meter(), context=1), request), REFUSALS), name
    for name, request in BY_LOGICAL_NAME.items():
        if name != "general block":
            assert isinstance(ask(opened(meter(), context=2), request), ExceptionResponse), name


def test_what_only_a_server_sends_is_refused() -> None:
    of = opened(meter())
    for message in (GetResponseNormal(0xC1, OctetString(b"")), SetResponseNormal(0xC1, DataAccessResult.SUCCESS)):
        assert ask(of, message).state_error == ExceptionStateError.SERVICE_UNKNOWN
    refused = ask(of, GET)  # an AARE would be refused too; errors are never answered
    assert isinstance(refused, GetResponseNormal)
    assert replies(of, bytes.fromhex("D80101")) == []


def test_an_association_opened_twice_begins_anew() -> None:
    """What was under way is gone; a second AARQ that is refused leaves none."""
    of = opened(meter(), user_information=initiate(size=128))
    ask(of, GetRequestNormal(0xC1, attribute(type(CLOCK)("0.0.1.0.0.255").time)))
    assert isinstance(ask(of, aarq()), Aare)
    assert ask(of, GetRequestNext(0xC1, 1)).result.result == DataAccessResult.NO_LONG_GET_IN_PROGRESS
    assert ask(of, aarq(context=9)).result == AssociationResult.REJECTED_PERMANENT
    assert isinstance(ask(of, GET), ExceptionResponse)


# ---- above the rights, and to nobody ------------------------------------------------------------------------------


def test_above_the_rights() -> None:
    """By every service: nothing is read, written or done, and each thing asked for says so itself."""
    device = meter_with_profile()
    device.serve(ServedClient(9, attributes=AttributeAccessV3.WRITE))
    done: list[int] = []
    device.on_call(Register("1.0.1.8.0.255").reset, done.append)
    denied = DataAccessResult.READ_WRITE_DENIED
    of = opened(device, PUBLIC)
    assert ask(of, SET).result == denied
    assert ask(of, BY_LOGICAL_NAME["set list"]).result == (denied,)
    assert ask(of, ACTION).single_response.result == ActionResult.READ_WRITE_DENIED
    first, last = BY_LOGICAL_NAME["set first block"], BY_LOGICAL_NAME["set block"]
    assert isinstance(ask(of, first), SetResponseDatablock)
    assert ask(of, last).result == denied
    results = ask(of, BY_LOGICAL_NAME["access"]).access_response_body.access_response_specification
    assert [item.result for item in results] == [0, 0, denied, ActionResult.READ_WRITE_DENIED]
    assert ask(opened(device, 9), GET).result == denied
    short = opened(device, PUBLIC, context=2)
    assert ask(short, BY_SHORT_NAME["write"]) == WriteResponse((denied,))
    assert replies(short, encode(BY_SHORT_NAME["write unconfirmed"])) == []
    assert device[CLOCK.time_zone] == 60
    assert done == []


@pytest.mark.parametrize(
    ("wanted", "with_protection"),
    [
        (AttributeAccessV3.AUTHENTICATED_REQUEST, True),
        (AttributeAccessV3.ENCRYPTED_REQUEST, True),
        (AttributeAccessV3(0), False),
    ],
)
def test_rights_that_want_protection(wanted: AttributeAccessV3, with_protection: bool) -> None:
    device = meter()
    device.allow(CLOCK.time, AttributeAccessV3.READ | wanted)
    expected = DataAccessResult.READ_WRITE_DENIED if with_protection else OctetString(NOW.octets)
    assert ask(opened(device), GET).result == expected
    of, context = guarded(device)
    assert decode(context.unprotect(ask(of, sealed(context, GET)))).result == OctetString(NOW.octets)


def test_unknown_objects() -> None:
    device = meter_with_profile()
    of = opened(device)
    undefined = DataAccessResult.OBJECT_UNDEFINED
    for descriptor in (
        attribute(Clock("9.9.9.9.9.9").time),
        attribute(CLOCK.attribute(-1)),
        attribute(CLOCK.attribute(127)),
    ):
        assert ask(of, GetRequestNormal(0xC1, descriptor)).result == undefined
    short = opened(device, context=2)
    for name in (0, 1, 0xFFF8, 0xFA01, 0x7FFF):
        assert ask(short, ReadRequest((name,))) == ReadResponse((undefined,))


# ---- damaged ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY_REQUEST)
@pytest.mark.parametrize("context", [1, 2])
@pytest.mark.parametrize("state", State)
def test_cut_or_turned_at_any_octet(name: str, context: int, state: State) -> None:
    """Every answer is one that a client of these names can read, and a right request is answered right after it."""
    device = meter_with_profile()
    understood = LOGICAL_NAME_ANSWERS if context == 1 else SHORT_NAME_ANSWERS
    of = in_state(state, context)
    for octets in damaged(encode(EVERY_REQUEST[name])):
        for answer in replies(of, octets):
            assert isinstance(answer, understood), octets.hex()
        if of.state is not state:  # it was an AARQ or an RLRQ by then, or a proof
            of = in_state(state, context)
    fresh = opened(device, context=context)
    right = GET if context == 1 else BY_SHORT_NAME["read"]
    value = OctetString(NOW.octets)
    assert ask(fresh, right) == (GetResponseNormal(0xC1, value) if context == 1 else ReadResponse((value,)))


def in_state(state: State, context: int) -> ServerSession:
    device = meter_with_profile()
    if state is State.NON_ASSOCIATED:
        return session(device, PUBLIC)
    if state is State.ASSOCIATED:
        return opened(device, context=context)
    of = session(device, DIGEST)
    ask(of, aarq(6, CTOS, context=context))
    return of


@pytest.mark.parametrize(
    ("client", "request_octets"),
    [
        (MANAGER, encode(aarq())),
        (MANAGER, encode(aarq(context=2))),
        (2, encode(aarq(1, b"12345678"))),
        (DIGEST, encode(aarq(6, CTOS))),
        (MANAGER, encode(Rlrq())),
        (MANAGER, encode(initiate())),
    ],
)
def test_an_opening_cut_or_turned_at_any_octet(client: int, request_octets: bytes) -> None:
    device = meter()
    for octets in damaged(request_octets):
        for answer in replies(session(device, client), octets):
            assert isinstance(answer, (Aare, *REFUSALS)), octets.hex()
            if octets[:1] == b"\x60" and isinstance(answer, Aare) and answer.result != AssociationResult.ACCEPTED:
                assert answer.result_source_diagnostic is not None
