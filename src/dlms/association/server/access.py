"""ACCESS as a server: gets, sets and actions of one APDU, one after the other."""

from __future__ import annotations

from typing import Any, Final

from dlms.apdu.access import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessRequestSet,
    AccessRequestSetWithSelection,
    AccessResponse,
    AccessResponseAction,
    AccessResponseBody,
    AccessResponseGet,
    AccessResponseSet,
)
from dlms.association.server.outgoing import Together
from dlms.association.server.rights import NULL_DATA, Access
from dlms.association.server.work import Work, turn
from dlms.results import ActionResult, DataAccessResult
from dlms.service_errors import OtherReason, ServiceError

SELF_DESCRIPTIVE: Final = 1 << 28
BREAK_ON_ERROR: Final = 1 << 29
CONFIRMED: Final = 1 << 30


def answer_access(access: Access, request: AccessRequest) -> Work[AccessResponse | None]:
    """The answer to an access-request; None where it wants none.

    With break on error, what comes after the first failure is not done, and answered with other-reason.
    """
    flags = request.long_invoke_id_and_priority
    body = request.access_request_body
    specifications, given = body.access_request_specification, body.access_request_list_of_data
    data: list[Any] = []
    results: list[AccessResponseGet | AccessResponseSet | AccessResponseAction] = []
    together = Together()
    broken = len(specifications) != len(given)
    for at, item in enumerate(specifications):
        yield from turn(at)
        number, returned = 0, NULL_DATA
        try:
            if broken:
                raise OtherReason
            value: Any = given[at]  # octets: the request was decoded so
            returned = yield from _done(access, item, value, together)
        except ServiceError as error:
            number = DataAccessResult.OTHER_REASON if error.result is None else error.result
            broken |= bool(flags & BREAK_ON_ERROR)
        data.append(returned)
        results.append(_result(item, number))
    if not flags & CONFIRMED:
        return None
    answer = AccessResponseBody(
        access_request_specification=specifications if flags & SELF_DESCRIPTIVE else None,
        access_response_list_of_data=tuple(data),
        access_response_specification=tuple(results),
    )
    return AccessResponse(flags, None, answer)


def _done(access: Access, item: object, value: bytes, together: Together) -> Work[bytes]:
    match item:
        case AccessRequestAction():
            method = item.cosem_method_descriptor
            served = access.find(method.class_id, method.instance_id)
            argument = None if value == NULL_DATA else value
            returned = yield from access.invoke(served, method.method_id, argument)
            return NULL_DATA if returned is None else returned
        case AccessRequestGet() | AccessRequestGetWithSelection():
            together.check()
            attribute = item.cosem_attribute_descriptor
            served = access.find(attribute.class_id, attribute.instance_id)
            selection = getattr(item, "access_selection", None)
            if selection is None:
                found = yield from access.read(served, attribute.attribute_id)
            else:
                selector, parameters = selection.access_selector, selection.access_parameters
                found = yield from access.read(served, attribute.attribute_id, selector, parameters)
            return together.whole(found)
        case AccessRequestSet() | AccessRequestSetWithSelection():
            attribute = item.cosem_attribute_descriptor
            served = access.find(attribute.class_id, attribute.instance_id)
            selection = getattr(item, "access_selection", None)
            selector = None if selection is None else selection.access_selector
            yield from access.write(served, attribute.attribute_id, value, selector)
    return NULL_DATA


def _result(item: object, number: int) -> AccessResponseGet | AccessResponseSet | AccessResponseAction:
    if isinstance(item, AccessRequestAction):
        return AccessResponseAction(ActionResult(number))
    kind = (
        AccessResponseGet if isinstance(item, (AccessRequestGet, AccessRequestGetWithSelection)) else AccessResponseSet
    )
    return kind(DataAccessResult(number))
