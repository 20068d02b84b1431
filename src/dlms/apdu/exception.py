"""What a server answers in place of a response: confirmed-service-error and exception-response (IEC 62056-5-3)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dlms.enumerations import CodeTable
from dlms.grammar import OMISSIBLE, Message, Tag, Unsigned32, sequence, when
from dlms.results import (
    AccessError,
    ApplicationReferenceError,
    ConfirmedServiceErrorChoice,
    DefinitionError,
    ExceptionServiceError,
    ExceptionStateError,
    HardwareResourceError,
    InitiateError,
    LoadDataSetError,
    ServiceUnavailableError,
    TaskError,
    VdeStateError,
)


class ChangeScopeError(CodeTable):
    """change-scope of ServiceError, alternative 8: the book reserves it and lists no number. The one here is ours:
    Python has no enumeration without members."""

    RESERVED = 0


class OtherError(CodeTable):
    """other of ServiceError, alternative 10."""

    OTHER = 0


ServiceError: TypeAlias = (
    Annotated[ApplicationReferenceError, Tag(0, "application-reference")]
    | Annotated[HardwareResourceError, Tag(1, "hardware-resource")]
    | Annotated[VdeStateError, Tag(2, "vde-state-error")]
    | Annotated[ServiceUnavailableError, Tag(3, "service")]
    | Annotated[DefinitionError, Tag(4, "definition")]
    | Annotated[AccessError, Tag(5, "access")]
    | Annotated[InitiateError, Tag(6, "initiate")]
    | Annotated[LoadDataSetError, Tag(7, "load-data-set")]
    | Annotated[ChangeScopeError, Tag(8, "change-scope")]
    | Annotated[TaskError, Tag(9, "task")]
    | Annotated[OtherError, Tag(10, "other")]
)


@sequence(tag=0x0E)
class ConfirmedServiceError(Message):
    """confirmedServiceError. In the book a CHOICE of services that each hold a ServiceError: its tag is
    `confirmed_service` here. COSEM uses 1, 5 and 6 of its 19."""

    confirmed_service: ConfirmedServiceErrorChoice
    service_error: ServiceError


@sequence(tag=0xD8)
class ExceptionResponse(Message):
    """exception-response. `invocation_counter` comes with invocation-counter-error only: what the server expects."""

    state_error: ExceptionStateError
    service_error: ExceptionServiceError
    invocation_counter: Annotated[Unsigned32 | None, when("service_error", equals=6), OMISSIBLE] = None
