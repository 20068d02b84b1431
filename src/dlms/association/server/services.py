"""Which service serves which request, and what a server answers to what it does not serve."""

from __future__ import annotations

from typing import Any, Final

from dlms.apdu import Apdu
from dlms.apdu.access import AccessRequest
from dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNormal,
    ActionResponseWithOptionalData,
)
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.get import GetRequestNext, GetRequestNormal, GetRequestWithList
from dlms.apdu.read_write import (
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
)
from dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
)
from dlms.association.negotiated import ASSOCIATION_BASE_NAME
from dlms.association.server.access import answer_access
from dlms.association.server.action import ActionService
from dlms.association.server.association import ServerAssociation
from dlms.association.server.association_object import CURRENT_ASSOCIATION
from dlms.association.server.get import GetService, as_data
from dlms.association.server.set import SetService
from dlms.association.server.short_names import ShortNameServices
from dlms.association.server.work import Work
from dlms.data import OctetString, dumps, loads
from dlms.enumerations import Conformance
from dlms.errors import DecodeError
from dlms.grammar import Message
from dlms.results import (
    ActionResult,
    ConfirmedServiceErrorChoice,
    DataAccessResult,
    ExceptionServiceError,
    ExceptionStateError,
    ServiceUnavailableError,
)

CONFIRMED: Final = 0x40
ASSOCIATION_LN: Final = 15
REPLY_TO_HLS: Final = 1
REPLY_TO_HLS_SHORT_NAME: Final = ASSOCIATION_BASE_NAME + 0x58  # method 8 of Association SN

State, Error = ExceptionStateError, ExceptionServiceError
NOT_ALLOWED: Final = ExceptionResponse(State.SERVICE_NOT_ALLOWED, Error.OPERATION_NOT_POSSIBLE)
NOT_SUPPORTED: Final = ExceptionResponse(State.SERVICE_NOT_ALLOWED, Error.SERVICE_NOT_SUPPORTED)
UNKNOWN_SERVICE: Final = ExceptionResponse(State.SERVICE_UNKNOWN, Error.SERVICE_NOT_SUPPORTED)
MALFORMED: Final = ExceptionResponse(State.SERVICE_NOT_ALLOWED, Error.OTHER_REASON)
TOO_LONG: Final = ExceptionResponse(State.SERVICE_NOT_ALLOWED, Error.PDU_TOO_LONG)
DECIPHERING_ERROR: Final = ExceptionResponse(State.SERVICE_NOT_ALLOWED, Error.DECIPHERING_ERROR)

C = Conformance
NEEDED: Final[dict[type[Any], Conformance]] = {
    GetRequestNormal: C.GET,
    GetRequestNext: C.GET | C.BLOCK_TRANSFER_WITH_GET_OR_READ,
    GetRequestWithList: C.GET | C.MULTIPLE_REFERENCES,
    SetRequestNormal: C.SET,
    SetRequestWithFirstDatablock: C.SET | C.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
    SetRequestWithDatablock: C.SET | C.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
    SetRequestWithList: C.SET | C.MULTIPLE_REFERENCES,
    SetRequestWithListAndFirstDatablock: C.SET | C.MULTIPLE_REFERENCES | C.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
    ActionRequestNormal: C.ACTION,
    ActionRequestNextPblock: C.ACTION | C.BLOCK_TRANSFER_WITH_ACTION,
    ActionRequestWithList: C.ACTION | C.MULTIPLE_REFERENCES,
    ActionRequestWithFirstPblock: C.ACTION | C.BLOCK_TRANSFER_WITH_ACTION,
    ActionRequestWithListAndFirstPblock: C.ACTION | C.MULTIPLE_REFERENCES | C.BLOCK_TRANSFER_WITH_ACTION,
    ActionRequestWithPblock: C.ACTION | C.BLOCK_TRANSFER_WITH_ACTION,
    AccessRequest: C.ACCESS,
    ReadRequest: C.READ,
    WriteRequest: C.WRITE,
    UnconfirmedWriteRequest: C.UNCONFIRMED_WRITE,
}
"""What has to be agreed on for a request."""


class Services:
    """Every service of one association. `longest_request` bounds the octets of one long request."""

    def __init__(self, association: ServerAssociation, longest_request: int) -> None:
        self._association = association
        self._short_names = ShortNameServices(association, longest_request)
        self._get = GetService(association)
        self._set = SetService(association, longest_request)
        self._action = ActionService(association, longest_request)

    @property
    def under_way(self) -> bool:
        """Whether a block transfer lies about."""
        return self._get.under_way or self._set.under_way or self._action.under_way or self._short_names.under_way

    def abandon(self) -> None:
        """Forget block transfers."""
        self._get.abandon()
        self._set.abandon()
        self._action.abandon()
        self._short_names.abandon()

    def serve(self, request: Apdu) -> Work[Message | None]:
        """The answer to a request; None where it asks for none."""
        answer = yield from self._serve(request)
        wants_none = isinstance(request, WITHOUT_ANSWER) and not request.invoke_id_and_priority & CONFIRMED
        return None if wants_none else answer

    def _serve(self, request: Apdu) -> Work[Message | None]:  # one for each request
        match request:
            case GetRequestNormal():
                return (yield from self._get.normal(request))
            case GetRequestNext():
                return self._get.next(request)
            case GetRequestWithList():
                return (yield from self._get.with_list(request))
            case SetRequestNormal():
                return (yield from self._set.normal(request))
            case SetRequestWithList():
                return (yield from self._set.with_list(request))
            case SetRequestWithFirstDatablock() | SetRequestWithListAndFirstDatablock():
                return (yield from self._set.first_block(request))
            case SetRequestWithDatablock():
                return (yield from self._set.block(request))
            case ActionRequestNormal():
                return (yield from self._action.normal(request))
            case ActionRequestWithList():
                return (yield from self._action.with_list(request))
            case ActionRequestWithFirstPblock() | ActionRequestWithListAndFirstPblock():
                return (yield from self._action.first_block(request))
            case ActionRequestWithPblock():
                return (yield from self._action.block(request))
            case ActionRequestNextPblock():
                return self._action.next(request)
            case AccessRequest():
                return (yield from answer_access(self._association.access, request))
            case ReadRequest():
                return (yield from self._short_names.read(request))
            case WriteRequest():
                return (yield from self._short_names.write(request))
            case UnconfirmedWriteRequest():
                yield from self._short_names.write_unconfirmed(request)
                return None
        return refused(request)


WITHOUT_ANSWER: Final = (SetRequestNormal, SetRequestWithList, ActionRequestNormal, ActionRequestWithList)
"""What a client may send without wanting an answer (service class unconfirmed)."""


def refused(request: Apdu) -> Message | None:
    """The answer to a request that cannot be served now, or not at all."""
    match request:
        case ReadRequest():
            return ConfirmedServiceError(ConfirmedServiceErrorChoice.READ, ServiceUnavailableError.SERVICE_UNSUPPORTED)
        case WriteRequest():
            return ConfirmedServiceError(ConfirmedServiceErrorChoice.WRITE, ServiceUnavailableError.SERVICE_UNSUPPORTED)
        case UnconfirmedWriteRequest():
            return None
    return NOT_ALLOWED if type(request) in NEEDED else UNKNOWN_SERVICE


def proof_of(request: Apdu, *, short_names: bool) -> bytes | None:
    """The octets of f(StoC), if that is what a request carries, by the names of its association."""
    if isinstance(request, ReadRequest) and short_names:
        match request.variable_access_specification:
            case [ParameterizedAccess(variable_name=name) as access] if name == REPLY_TO_HLS_SHORT_NAME:
                octets: Any = access.parameter  # octets: the request was decoded so
                return octet_string(octets)
        return None
    if not isinstance(request, ActionRequestNormal) or short_names:
        return None
    method = request.cosem_method_descriptor
    parameters: Any = request.method_invocation_parameters  # octets: the request was decoded so
    named = (method.class_id, method.instance_id, method.method_id)
    if named != (ASSOCIATION_LN, CURRENT_ASSOCIATION, REPLY_TO_HLS) or parameters is None:
        return None
    return octet_string(parameters)


def octet_string(octets: bytes) -> bytes | None:
    """What a Data holds if it is an octet-string."""
    try:
        value = loads(octets)
    except DecodeError:
        return None
    return value if isinstance(value, bytes) else None


def reply_to_proof(request: Apdu, answer: bytes | None) -> Message | None:
    """The response that carries f(CtoS), or that refuses the client."""
    if isinstance(request, ReadRequest):
        refusal = DataAccessResult.READ_WRITE_DENIED
        return ReadResponse((refusal if answer is None else as_data(dumps(OctetString(answer))),))
    if not isinstance(request, ActionRequestNormal):
        return None
    response = (
        ActionResponseWithOptionalData(ActionResult.READ_WRITE_DENIED)
        if answer is None
        else ActionResponseWithOptionalData(ActionResult.SUCCESS, as_data(dumps(OctetString(answer))))
    )
    return ActionResponseNormal(request.invoke_id_and_priority, response)
