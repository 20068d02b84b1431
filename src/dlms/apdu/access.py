"""ACCESS: several gets, sets and actions in one APDU (IEC 62056-5-3, Access-Request and Access-Response)."""

from __future__ import annotations

from typing import TypeAlias

from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    LongInvokeIdAndPriority,
    SelectiveAccessDescriptor,
)
from dlms.data import Data
from dlms.grammar import DateTimeOctets, Message, sequence
from dlms.results import ActionResult, DataAccessResult


@sequence(tag=1)
class AccessRequestGet(Message):
    """access-request-get."""

    cosem_attribute_descriptor: CosemAttributeDescriptor


@sequence(tag=2)
class AccessRequestSet(Message):
    """access-request-set."""

    cosem_attribute_descriptor: CosemAttributeDescriptor


@sequence(tag=3)
class AccessRequestAction(Message):
    """access-request-action."""

    cosem_method_descriptor: CosemMethodDescriptor


@sequence(tag=4)
class AccessRequestGetWithSelection(Message):
    """access-request-get-with-selection."""

    cosem_attribute_descriptor: CosemAttributeDescriptor
    access_selection: SelectiveAccessDescriptor


@sequence(tag=5)
class AccessRequestSetWithSelection(Message):
    """access-request-set-with-selection."""

    cosem_attribute_descriptor: CosemAttributeDescriptor
    access_selection: SelectiveAccessDescriptor


AccessRequestSpecification: TypeAlias = (
    AccessRequestGet
    | AccessRequestSet
    | AccessRequestAction
    | AccessRequestGetWithSelection
    | AccessRequestSetWithSelection
)


@sequence()
class AccessRequestBody(Message):
    """Access-Request-Body; there is one Data for each specification, null-data where it needs none."""

    access_request_specification: tuple[AccessRequestSpecification, ...]
    access_request_list_of_data: tuple[Data, ...]


@sequence(tag=0xD9)
class AccessRequest(Message):
    """access-request."""

    long_invoke_id_and_priority: LongInvokeIdAndPriority
    date_time: DateTimeOctets
    access_request_body: AccessRequestBody


@sequence(tag=1)
class AccessResponseGet(Message):
    """access-response-get."""

    result: DataAccessResult


@sequence(tag=2)
class AccessResponseSet(Message):
    """access-response-set."""

    result: DataAccessResult


@sequence(tag=3)
class AccessResponseAction(Message):
    """access-response-action."""

    result: ActionResult


AccessResponseSpecification: TypeAlias = AccessResponseGet | AccessResponseSet | AccessResponseAction


@sequence(kw_only=True)
class AccessResponseBody(Message):
    """Access-Response-Body; one Data and one result for each specification of the request."""

    access_request_specification: tuple[AccessRequestSpecification, ...] | None = None
    access_response_list_of_data: tuple[Data, ...]
    access_response_specification: tuple[AccessResponseSpecification, ...]


@sequence(tag=0xDA)
class AccessResponse(Message):
    """access-response."""

    long_invoke_id_and_priority: LongInvokeIdAndPriority
    date_time: DateTimeOctets
    access_response_body: AccessResponseBody
