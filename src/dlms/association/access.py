"""ACCESS: several gets, sets and actions in one APDU, as a client (IEC 62056-5-3).

Values go in and out as the octets of one Data. A request that the meter does not take in one APDU goes in blocks
(general-block-transfer); the service has none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from dlms.apdu.access import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessRequestSet,
    AccessRequestSetWithSelection,
    AccessRequestSpecification,
    AccessResponse,
    AccessResponseAction,
    AccessResponseGet,
    AccessResponseSet,
)
from dlms.apdu.get import CosemAttributeDescriptor, CosemMethodDescriptor, SelectiveAccessDescriptor
from dlms.association.blocks import as_data, need, same_count
from dlms.association.effects import Exchange
from dlms.association.exchange import request
from dlms.association.negotiated import Negotiated
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import NullData, dumps
from dlms.datetime import CosemDateTime
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, ProtocolError
from dlms.results import ActionResult
from dlms.service_errors import NotProcessed, ServiceError, service_error

SELF_DESCRIPTIVE: Final = 1 << 28
BREAK_ON_ERROR: Final = 1 << 29
LONG_CONFIRMED: Final = 1 << 30
LONG_HIGH_PRIORITY: Final = 1 << 31
NULL: Final = dumps(NullData())
RESPONSES: Final = {"get": AccessResponseGet, "set": AccessResponseSet, "action": AccessResponseAction}


@dataclass(frozen=True, slots=True)
class AccessPart:
    """One part of an ACCESS request: make it with `AccessPart.get`, `AccessPart.set` or `AccessPart.call`."""

    kind: Literal["get", "set", "action"]
    ref: AttributeRef[Any] | MethodRef[Any]
    value: Any = None
    selection: SelectiveAccessDescriptor | None = None

    @classmethod
    def get(cls, ref: AttributeRef[Any], selection: SelectiveAccessDescriptor | None = None) -> AccessPart:
        """Read an attribute."""
        return cls("get", ref, None, selection)

    @classmethod
    def set(cls, ref: AttributeRef[Any], value: Any, selection: SelectiveAccessDescriptor | None = None) -> AccessPart:
        """Write an attribute."""
        return cls("set", ref, value, selection)

    @classmethod
    def call(cls, ref: MethodRef[Any], argument: Any = None) -> AccessPart:
        """Invoke a method."""
        return cls("action", ref, argument)

    @property
    def specification(self) -> AccessRequestSpecification:
        """Access-Request-Specification."""
        if isinstance(self.ref, MethodRef):
            method = CosemMethodDescriptor(self.ref.class_id, bytes(self.ref.logical_name), self.ref.method_id)
            return AccessRequestAction(method)
        attribute = CosemAttributeDescriptor(self.ref.class_id, bytes(self.ref.logical_name), self.ref.attribute_id)
        if self.kind == "get":
            if self.selection is None:
                return AccessRequestGet(attribute)
            return AccessRequestGetWithSelection(attribute, self.selection)
        if self.selection is None:
            return AccessRequestSet(attribute)
        return AccessRequestSetWithSelection(attribute, self.selection)


def access(
    negotiated: Negotiated,
    parts: Sequence[tuple[AccessPart, bytes]],
    *,
    break_on_error: bool = False,
    self_descriptive: bool = False,
    date_time: CosemDateTime | None = None,
) -> Exchange[list[bytes | ServiceError]]:
    """Have all parts done, each given with the octets of its Data; what each returns, null-data for nothing.

    A ServiceError stands where the meter refuses a part, NotProcessed where it broke off before. `break_on_error` asks
    it to break off at the first error; `self_descriptive` asks it to repeat the request in its response.
    """
    need(negotiated, Conformance.ACCESS)
    if not parts:
        raise ConfigurationError("an ACCESS request has at least one part")
    options = (BREAK_ON_ERROR if break_on_error else 0) | (SELF_DESCRIPTIVE if self_descriptive else 0)
    if negotiated.high_priority:
        options |= LONG_HIGH_PRIORITY
    specifications = tuple(part.specification for part, _ in parts)
    values = tuple(as_data(octets) for _, octets in parts)
    message = AccessRequest(
        negotiated.next_long_invoke_id() | LONG_CONFIRMED | options,
        date_time,
        AccessRequestBody(specifications, values),
    )
    response = yield from request(negotiated, message, AccessResponse)
    return _outcomes(response, [part for part, _ in parts], break_on_error=break_on_error)


def _outcomes(response: AccessResponse, parts: list[AccessPart], *, break_on_error: bool) -> list[bytes | ServiceError]:
    body = response.access_response_body
    echoed = body.access_request_specification
    if echoed is not None and [_kind(part) for part in echoed] != [_kind(part.specification) for part in parts]:
        raise ProtocolError("the meter answers another ACCESS request")
    returned, results = body.access_response_list_of_data, body.access_response_specification
    same_count(returned, results)
    if len(results) > len(parts) or not break_on_error:
        same_count(results, parts)
    outcomes: list[bytes | ServiceError] = []
    for part, octets, result in zip(parts, returned, results, strict=False):
        if not isinstance(result, RESPONSES[part.kind]):
            raise ProtocolError(f"expected the result of a {part.kind}, got {type(result).__name__}")
        failed = result.result != ActionResult.SUCCESS
        outcomes.append(service_error(result.result, part.ref) if failed else octets)  # type: ignore[arg-type]
    if len(outcomes) < len(parts) and not any(isinstance(outcome, ServiceError) for outcome in outcomes):
        raise ProtocolError(f"expected {len(parts)} results, got {len(outcomes)} without an error")
    return outcomes + [NotProcessed(what=part.ref) for part in parts[len(outcomes) :]]


def _kind(specification: AccessRequestSpecification) -> AccessRequestSpecification:
    """A specification without the parameters of its selection, which may be equal in other octets."""
    if isinstance(specification, (AccessRequestGetWithSelection, AccessRequestSetWithSelection)):
        selection = SelectiveAccessDescriptor(specification.access_selection.access_selector, as_data(NULL))
        return replace(specification, access_selection=selection)
    return specification
