"""Every request that a server has to answer, right and wrong, in octets."""

from __future__ import annotations

import pytest
from tests.association.meter import (
    CLIENT_TITLE,
    CLOCK,
    CTOS,
    DIGEST,
    ENERGY,
    GUARDED,
    LONG,
    MANAGER,
    NOW,
    PASSWORD,
    PUBLIC,
    READER,
    SERVER_TITLE,
    STOC,
    aarq,
    answers,
    ask,
    attribute,
    guarded,
    initiate,
    meter,
    method,
    opened,
    proof,
    sealed,
    session,
)
from tests.association.requests import BY_SHORT_NAME

from dlms.apdu import decode, encode
from dlms.apdu.access import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    AccessRequestGet,
    AccessRequestSet,
    AccessResponse,
)
from dlms.apdu.acse import Aarq, Rlre, Rlrq
from dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithPblock,
)
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.ciphering import GeneralGloCiphering, GloGetResponse, GloInitiateResponse
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.get import (
    CosemAttributeDescriptorWithSelection,
    DataBlockSA,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from dlms.apdu.read_write import ParameterizedAccess, ReadRequest, ReadResponse, WriteRequest, WriteResponse
from dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseNormal,
)
from dlms.association.server.association import State
from dlms.association.server.session import SessionLimits
from dlms.data import DoubleLong, DoubleLongUnsigned, Integer, Long, NullData, OctetString, dumps, loads
from dlms.enumerations import Conformance
from dlms.results import (
    AcseServiceProviderDiagnostic,
    AcseServiceUserDiagnostic,
    ActionResult,
    AssociationResult,
    DataAccessResult,
    ExceptionServiceError,
    InitiateError,
)
from dlms.security.hls import Proof
from dlms.security.protection import Protection
from dlms.security.settings import Mechanism
from dlms.service_errors import HardwareFault

GET_CLOCK = GetRequestNormal(0xC1, attribute(CLOCK.time))
GET_LONG = GetRequestNormal(0xC1, attribute(LONG.value))
User = AcseServiceUserDiagnostic


# ---- associations -------------------------------------------------------------------------------------------------


def test_a_request_before_any_association_is_refused() -> None:
    of = session(meter(), PUBLIC)
    assert encode(ask(of, GET_CLOCK)) == bytes.fromhex("D80101")
    assert isinstance(ask(of, ReadRequest((0x0100,))), ConfirmedServiceError)
    assert isinstance(ask(of, Rlrq()), ExceptionResponse)


@pytest.mark.parametrize(
    ("client", "asked", "diagnostic"),
    [
        (99, aarq(), User.NO_REASON_GIVEN),
        (PUBLIC, aarq(context=9), User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
        (PUBLIC, aarq(context=3), User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
        (GUARDED, aarq(5, CTOS), User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED),
        (PUBLIC, aarq(protocol_version="01"), AcseServiceProviderDiagnostic.NO_COMMON_ACSE_VERSION),
        (READER, aarq(), User.AUTHENTICATION_REQUIRED),
        (READER, aarq(sender_acse_requirements="1"), User.AUTHENTICATION_MECHANISM_NAME_REQUIRED),
        (READER, aarq(3, CTOS), User.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED),
        (READER, aarq(1, b"wrong"), User.AUTHENTICATION_FAILURE),
        (PUBLIC, aarq(1, PASSWORD), User.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED),
        (DIGEST, aarq(6, b"short"), User.AUTHENTICATION_FAILURE),
        (DIGEST, aarq(6, CTOS, calling_ap_title=b"no"), User.CALLING_AP_TITLE_NOT_RECOGNIZED),
        (PUBLIC, aarq(user_information=None), User.NO_REASON_GIVEN),
    ],
)
def test_an_association_is_refused_with_the_diagnostic_of_the_book(client: int, asked: Aarq, diagnostic: int) -> None:
    of = session(meter(), client)
    aare = ask(of, asked)
    assert (aare.result, aare.result_source_diagnostic) == (AssociationResult.REJECTED_PERMANENT, diagnostic)
    assert of.state is State.NON_ASSOCIATED


@pytest.mark.parametrize(
    ("information", "error"),
    [
        (initiate(version=5), InitiateError.DLMS_VERSION_TOO_LOW),
        (initiate(conformance=Conformance(0)), InitiateError.INCOMPATIBLE_CONFORMANCE),
        (initiate(size=11), InitiateError.PDU_SIZE_TOO_SHORT),
    ],
)
def test_an_initiate_request_is_refused_with_an_initiate_error(information: object, error: InitiateError) -> None:
    aare = ask(session(meter(), PUBLIC), aarq(user_information=information))
    assert aare.user_information.service_error == error


def test_a_failed_authentication_closes_the_door_for_a_while() -> None:
    of = session(meter(), READER)
    ask(of, aarq(1, b"wrong"), 0.0)
    closed = ask(of, aarq(1, PASSWORD), 0.5)
    assert closed.result == AssociationResult.REJECTED_TRANSIENT
    assert ask(of, aarq(1, PASSWORD), 1.5).result == AssociationResult.ACCEPTED


def test_release_ends_it() -> None:
    of = opened(meter())
    assert isinstance(ask(of, Rlrq()), Rlre)
    assert isinstance(ask(of, GET_CLOCK), ExceptionResponse)


def test_hls_by_digest_and_what_is_refused_before_it() -> None:
    of = session(meter(), DIGEST)
    aare = ask(of, aarq(6, CTOS))
    assert aare.result_source_diagnostic == User.AUTHENTICATION_REQUIRED
    assert (aare.responding_authentication_value, aare.responding_ap_title) == (STOC, SERVER_TITLE)
    assert isinstance(ask(of, GET_CLOCK), ExceptionResponse)
    ours = {"mechanism": Mechanism.HLS_SHA256, "secret": PASSWORD}
    reply = Proof(challenge=STOC, own_challenge=CTOS, title=CLIENT_TITLE, peer_title=SERVER_TITLE, **ours).digest()
    answer = ask(of, proof(reply)).single_response
    theirs = Proof(challenge=CTOS, own_challenge=STOC, title=SERVER_TITLE, peer_title=CLIENT_TITLE, **ours).digest()
    assert answer.return_parameters == OctetString(theirs)
    assert isinstance(ask(of, GET_CLOCK), GetResponseNormal)


def test_a_wrong_proof_ends_it() -> None:
    of = session(meter(), DIGEST)
    ask(of, aarq(6, CTOS))
    assert ask(of, proof(bytes(32))).single_response.result == ActionResult.READ_WRITE_DENIED
    assert isinstance(ask(of, GET_CLOCK), ExceptionResponse)
    assert ask(of, aarq(6, CTOS), 0.5).result == AssociationResult.REJECTED_TRANSIENT


# ---- GET, SET, ACTION ---------------------------------------------------------------------------------------------


def test_get_and_its_errors() -> None:
    of = opened(meter())
    assert ask(of, GET_CLOCK) == GetResponseNormal(0xC1, OctetString(NOW.octets))
    for descriptor, result in [
        (attribute(CLOCK.status), DataAccessResult.OBJECT_UNAVAILABLE),
        (attribute(CLOCK.attribute(55)), DataAccessResult.OBJECT_UNDEFINED),
        (attribute(type(CLOCK)("9.9.9.9.9.9").time), DataAccessResult.OBJECT_UNDEFINED),
        (attribute(type(ENERGY)("0.0.1.0.0.255").value), DataAccessResult.OBJECT_CLASS_INCONSISTENT),
    ]:
        assert ask(of, GetRequestNormal(0xC1, descriptor)) == GetResponseNormal(0xC1, result)


def test_a_long_value_goes_in_blocks_and_a_wrong_number_ends_it() -> None:
    of = opened(meter(), user_information=initiate(size=128))
    block = ask(of, GET_LONG)
    assert isinstance(block, GetResponseWithDatablock)
    octets = block.result.result
    while not block.result.last_block:
        assert len(encode(block)) <= 128
        block = ask(of, GetRequestNext(0xC1, block.result.block_number))
        octets += block.result.result
    assert loads(octets) == bytes(range(256)) * 4
    again = ask(of, GetRequestNext(0xC1, block.result.block_number))
    assert again.result.result == DataAccessResult.NO_LONG_GET_IN_PROGRESS
    ask(of, GET_LONG)
    assert ask(of, GetRequestNext(0xC1, 7)).result.result == DataAccessResult.DATA_BLOCK_NUMBER_INVALID
    assert ask(of, GetRequestNext(0xC1, 1)).result.result == DataAccessResult.NO_LONG_GET_IN_PROGRESS


def test_a_list_has_one_result_for_each_and_goes_in_blocks_where_it_is_long() -> None:
    wanted = tuple(
        CosemAttributeDescriptorWithSelection(attribute(ref)) for ref in (CLOCK.time, CLOCK.status, LONG.value)
    )
    whole = ask(opened(meter()), GetRequestWithList(0xC1, wanted))
    assert isinstance(whole, GetResponseWithList)
    assert whole.result[1] == DataAccessResult.OBJECT_UNAVAILABLE
    of = opened(meter(), user_information=initiate(size=200))
    block = ask(of, GetRequestWithList(0xC1, wanted))
    octets = block.result.result
    while not block.result.last_block:
        block = ask(of, GetRequestNext(0xC1, block.result.block_number))
        octets += block.result.result
    assert encode(whole).endswith(octets)


def test_an_abandoned_transfer_is_dropped_by_a_timer() -> None:
    of = opened(meter(), limits=SessionLimits(transfer_timeout=30), user_information=initiate(size=128))
    ask(of, GET_LONG, 1.0)
    assert of.next_timer() == 31.0
    of.tick(31.0)
    assert of.next_timer() is None
    assert ask(of, GetRequestNext(0xC1, 1), 32.0).result.result == DataAccessResult.NO_LONG_GET_IN_PROGRESS


def test_set_and_its_errors() -> None:
    device = meter()
    of = opened(device)

    def set_to(ref: object, value: object) -> int:
        request = SetRequestNormal(invoke_id_and_priority=0xC1, cosem_attribute_descriptor=attribute(ref), value=value)
        return ask(of, request).result

    assert set_to(CLOCK.time_zone, Long(-60)) == DataAccessResult.SUCCESS
    assert device[CLOCK.time_zone] == -60
    assert set_to(CLOCK.time_zone, DoubleLong(1)) == DataAccessResult.TYPE_UNMATCHED
    assert set_to(CLOCK.time, OctetString(NOW.octets)) == DataAccessResult.READ_WRITE_DENIED
    taken: list[object] = []
    device.on_set(CLOCK.time, taken.append)
    assert set_to(CLOCK.time, OctetString(NOW.octets)) == DataAccessResult.SUCCESS
    assert taken == [NOW]

    def broken(value: object) -> None:
        raise HardwareFault

    device.on_set(CLOCK.time, broken)
    assert set_to(CLOCK.time, OctetString(NOW.octets)) == DataAccessResult.HARDWARE_FAULT


def test_a_long_set_in_blocks() -> None:
    device = meter()
    of = opened(device, limits=SessionLimits(longest_request=4000))
    octets = dumps(OctetString(bytes(3000)))

    def first(last: bool, number: int, piece: bytes) -> SetRequestWithFirstDatablock:
        return SetRequestWithFirstDatablock(
            invoke_id_and_priority=0xC1, cosem_attribute_descriptor=attribute(LONG.value),
            datablock=DataBlockSA(last, number, piece),
        )  # fmt: skip

    assert ask(of, first(False, 1, octets[:1000])) == SetResponseDatablock(0xC1, 1)
    second = SetRequestWithDatablock(0xC1, DataBlockSA(True, 2, octets[1000:]))
    assert ask(of, second) == SetResponseLastDatablock(0xC1, DataAccessResult.SUCCESS, 2)
    assert device[LONG.value] == OctetString(bytes(3000))
    assert ask(of, second).result == DataAccessResult.NO_LONG_SET_IN_PROGRESS
    ask(of, first(False, 1, octets))
    assert ask(of, SetRequestWithDatablock(0xC1, DataBlockSA(False, 3, b""))).result == (
        DataAccessResult.DATA_BLOCK_NUMBER_INVALID
    )
    ask(of, first(False, 1, octets))
    assert ask(of, SetRequestWithDatablock(0xC1, DataBlockSA(False, 2, octets))).result == (
        DataAccessResult.LONG_SET_ABORTED
    )


def test_action_its_errors_and_its_blocks() -> None:
    of = opened(meter())
    done = ask(of, ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(5))).single_response
    assert (done.result, done.return_parameters) == (ActionResult.SUCCESS, OctetString(b"\5"))
    assert ask(of, ActionRequestNormal(0x81, method(ENERGY.reset), Integer(5))) is None
    unknown = ask(of, ActionRequestNormal(0xC1, method(CLOCK.adjust_to_quarter), Integer(0)))
    assert unknown.single_response.result == ActionResult.OBJECT_UNAVAILABLE
    octets = dumps(Integer(7))
    first = ActionRequestWithFirstPblock(0xC1, method(ENERGY.reset), DataBlockSA(False, 1, octets[:1]))
    assert ask(of, first) == ActionResponseNextPblock(0xC1, 1)
    last = ask(of, ActionRequestWithPblock(0xC1, DataBlockSA(True, 2, octets[1:])))
    assert last.single_response.return_parameters == OctetString(b"\7")
    assert isinstance(ask(of, ActionRequestNextPblock(0xC1, 1)), ActionResponseNormal)


def test_an_action_ends_the_answer_to_the_one_before() -> None:
    device = meter()
    device.on_call(ENERGY.reset, lambda argument: OctetString(bytes(argument * 10)))
    of = opened(device, user_information=initiate(size=128))
    assert isinstance(ask(of, ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(50))), ActionResponseWithPblock)
    assert isinstance(ask(of, ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(1))), ActionResponseNormal)
    refused = ask(of, ActionRequestNextPblock(0xC1, 1))
    assert refused.single_response.result == ActionResult.NO_LONG_ACTION_IN_PROGRESS


@pytest.mark.parametrize("name", ["read in blocks", "write in blocks"])
def test_blocks_by_short_names_that_were_not_agreed_on_are_not_taken(name: str) -> None:
    information = initiate(conformance=Conformance.READ | Conformance.WRITE)
    of = opened(meter(), context=2, user_information=information)
    answer = ask(of, BY_SHORT_NAME[name])
    results = answer.write_response if isinstance(answer, WriteResponse) else answer.read_response
    assert results == (DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,)


def test_however_little_a_client_takes_it_is_told_of_its_association() -> None:
    of = opened(meter(), user_information=initiate(size=12))
    assert isinstance(ask(of, Rlrq()), Rlre)


def test_an_answer_in_more_general_blocks_than_can_be_numbered_is_refused() -> None:
    device = meter()
    device[LONG.value] = OctetString(bytes(200_000))
    information = initiate(size=12, conformance=Conformance.GET | Conformance.GENERAL_BLOCK_TRANSFER)
    refused = ask(opened(device, user_information=information), GET_LONG)
    assert refused.service_error == ExceptionServiceError.PDU_TOO_LONG


def test_rights_of_a_public_client() -> None:
    of = opened(meter(), PUBLIC)
    request = SetRequestNormal(
        invoke_id_and_priority=0xC1, cosem_attribute_descriptor=attribute(CLOCK.time_zone), value=Long(0)
    )
    assert ask(of, request) == SetResponseNormal(0xC1, DataAccessResult.READ_WRITE_DENIED)
    done = ask(of, ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(5))).single_response
    assert done.result == ActionResult.READ_WRITE_DENIED


def test_what_was_not_agreed_on_is_not_served() -> None:
    of = opened(meter(), user_information=initiate(conformance=Conformance.GET))
    request = ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(5))
    assert ask(of, request).service_error == ExceptionServiceError.SERVICE_NOT_SUPPORTED
    assert ask(of, GET_CLOCK).result == OctetString(NOW.octets)


def test_access_breaks_on_error_if_told_to() -> None:
    of = opened(meter())
    body = AccessRequestBody(
        (
            AccessRequestGet(attribute(CLOCK.time)),
            AccessRequestSet(attribute(CLOCK.time)),
            AccessRequestAction(method(ENERGY.reset)),
        ),
        (NullData(), NullData(), Integer(3)),
    )
    answer = ask(of, AccessRequest(0x40000001, None, body))
    assert isinstance(answer, AccessResponse)
    assert answer.access_response_body.access_response_list_of_data == (
        OctetString(NOW.octets), NullData(), OctetString(b"\3"),
    )  # fmt: skip
    results = [item.result for item in answer.access_response_body.access_response_specification]
    assert results == [0, DataAccessResult.READ_WRITE_DENIED, 0]
    broken = ask(of, AccessRequest(0x70000001, None, body)).access_response_body
    assert broken.access_response_specification[2].result == ActionResult.OTHER_REASON
    assert broken.access_request_specification == body.access_request_specification


# ---- short names --------------------------------------------------------------------------------------------------


def test_short_names_read_write_and_invoke() -> None:
    device = meter()
    of = opened(device, context=2)
    base = device.find(3, ENERGY.logical_name).base_name
    clock = device.find(8, CLOCK.logical_name).base_name
    assert ask(of, ReadRequest((base + 8, 0x0002))) == ReadResponse(
        (DoubleLongUnsigned(4711), DataAccessResult.OBJECT_UNDEFINED)
    )
    assert ask(of, WriteRequest((clock + 16,), (Long(5),))) == WriteResponse((None,))
    assert device[CLOCK.time_zone] == 5
    called = ask(of, ReadRequest((ParameterizedAccess(base + 0x28, 0, Integer(4)),)))
    assert called == ReadResponse((OctetString(b"\4"),))
    assert isinstance(ask(of, GET_CLOCK), ExceptionResponse)


# ---- ciphering ----------------------------------------------------------------------------------------------------


def test_a_ciphered_session_answers_as_it_is_asked() -> None:
    of, context = guarded(meter())
    answer = ask(of, sealed(context, GET_CLOCK))
    assert isinstance(answer, GloGetResponse)
    assert decode(context.unprotect(answer)) == GetResponseNormal(0xC1, OctetString(NOW.octets))
    context.general = True
    assert decode(context.unprotect(ask(of, sealed(context, GET_CLOCK)))).result == OctetString(NOW.octets)


@pytest.mark.parametrize("general", [True, False])
def test_a_release_is_answered_in_the_envelope_that_it_came_in(general: bool) -> None:
    """Whatever the services before it came in: dlms-cosem asks in general-glo and releases in glo-initiate."""
    of, context = guarded(meter())
    context.general = True
    ask(of, sealed(context, GET_CLOCK))
    context.general = general
    rlre = ask(of, Rlrq(user_information=decode(sealed(context, initiate()))))
    assert isinstance(rlre.user_information, GeneralGloCiphering if general else GloInitiateResponse)


def test_replayed_forged_and_unprotected_requests_are_refused() -> None:
    of, context = guarded(meter())
    octets = sealed(context, GET_CLOCK)
    ask(of, octets)
    replayed = ask(of, octets)
    assert replayed.service_error == ExceptionServiceError.INVOCATION_COUNTER_ERROR
    assert replayed.invocation_counter == 103
    forged = bytearray(sealed(context, GET_CLOCK))
    forged[-1] ^= 1
    assert ask(of, bytes(forged)).service_error == ExceptionServiceError.DECIPHERING_ERROR
    assert ask(of, GET_CLOCK).service_error == ExceptionServiceError.OPERATION_NOT_POSSIBLE
    context.protection = Protection.AUTHENTICATED
    assert ask(of, sealed(context, GET_CLOCK)).service_error == ExceptionServiceError.DECIPHERING_ERROR
    assert isinstance(ask(of, Rlrq()), ExceptionResponse)
    assert of.state is State.ASSOCIATED


# ---- general-block-transfer ---------------------------------------------------------------------------------------


def test_an_answer_by_general_blocks_in_windows_and_what_was_lost_again() -> None:
    conformance = Conformance.GET | Conformance.GENERAL_BLOCK_TRANSFER
    of = opened(meter(), user_information=initiate(size=128, conformance=conformance))
    blocks = [decode(octets) for octets in answers(of.respond(encode(GET_LONG), 0.0))]
    assert [(block.block_number, block.streaming) for block in blocks] == [(1, False)]

    def acknowledge(number: int, window: int) -> list[GeneralBlockTransfer]:
        octets = encode(GeneralBlockTransfer(0x80 | window, 1, number, b""))
        return [decode(octets) for octets in answers(of.respond(octets, 0.0))]

    window = acknowledge(1, 3)
    assert [(block.block_number, block.streaming) for block in window] == [(2, True), (3, True), (4, False)]
    again = acknowledge(2, 2)
    assert [block.block_number for block in again] == [3, 4]
    received = [*blocks, window[0], *again]
    while not received[-1].last_block:
        received += acknowledge(received[-1].block_number, 5)
    whole = decode(b"".join(block.block_data for block in received))
    assert whole == GetResponseNormal(0xC1, OctetString(bytes(range(256)) * 4))
    assert acknowledge(received[-1].block_number, 5) == []
    assert of.next_timer() is None


# ---- anything -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(len(encode(GET_CLOCK))))
def test_a_request_cut_short_is_answered(cut: int) -> None:
    of = opened(meter())
    assert isinstance(ask(of, encode(GET_CLOCK)[:cut]), ExceptionResponse)
    assert isinstance(ask(of, GET_CLOCK), GetResponseNormal)


def test_a_broken_function_is_other_reason_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    device = meter()
    device[CLOCK.time] = lambda: 1 / 0
    assert ask(opened(device, MANAGER), GET_CLOCK).result == DataAccessResult.OTHER_REASON
    assert "ZeroDivisionError" in caplog.text


def test_attribute_0_is_all_attributes_and_null_data_what_is_denied() -> None:
    device = meter()
    device.allow(CLOCK.time_zone, 0, client=MANAGER)
    everything = CLOCK.attribute(0)
    found = ask(opened(device), GetRequestNormal(0xC1, attribute(everything)))
    name, *values = found.result.value
    assert name == CLOCK.logical_name
    assert values == [NOW.octets, None, None, None, None, None, None, None]
    of = opened(device, user_information=initiate(conformance=Conformance.GET))
    refused = ask(of, GetRequestNormal(0xC1, attribute(everything)))
    assert refused.result == DataAccessResult.OBJECT_UNDEFINED
