"""ACTION (IEC 62056-5-3, Action-Request and Action-Response)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dlms.apdu.get import CosemMethodDescriptor, DataBlockSA, GetDataResult, InvokeIdAndPriority
from dlms.data import Data
from dlms.grammar import OMISSIBLE, Message, Unsigned32, sequence
from dlms.results import ActionResult


@sequence(tag=1)
class ActionRequestNormal(Message):
    """action-request-normal."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_method_descriptor: CosemMethodDescriptor
    method_invocation_parameters: Data | None = None


@sequence(tag=2)
class ActionRequestNextPblock(Message):
    """action-request-next-pblock."""

    invoke_id_and_priority: InvokeIdAndPriority
    block_number: Unsigned32


@sequence(tag=3)
class ActionRequestWithList(Message):
    """action-request-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_method_descriptor_list: tuple[CosemMethodDescriptor, ...]
    method_invocation_parameters: tuple[Data, ...]


@sequence(tag=4)
class ActionRequestWithFirstPblock(Message):
    """action-request-with-first-pblock."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_method_descriptor: CosemMethodDescriptor
    pblock: DataBlockSA


@sequence(tag=5)
class ActionRequestWithListAndFirstPblock(Message):
    """action-request-with-list-and-first-pblock."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_method_descriptor_list: tuple[CosemMethodDescriptor, ...]
    pblock: DataBlockSA


@sequence(tag=6)
class ActionRequestWithPblock(Message):
    """action-request-with-pblock."""

    invoke_id_and_priority: InvokeIdAndPriority
    pblock: DataBlockSA


@sequence()
class ActionResponseWithOptionalData(Message):
    """Action-Response-With-Optional-Data. Some meters end after the result, without the octet that says that no
    parameters return."""

    result: ActionResult
    return_parameters: Annotated[GetDataResult | None, OMISSIBLE] = None


@sequence(tag=1)
class ActionResponseNormal(Message):
    """action-response-normal."""

    invoke_id_and_priority: InvokeIdAndPriority
    single_response: ActionResponseWithOptionalData


@sequence(tag=2)
class ActionResponseWithPblock(Message):
    """action-response-with-pblock."""

    invoke_id_and_priority: InvokeIdAndPriority
    pblock: DataBlockSA


@sequence(tag=3)
class ActionResponseWithList(Message):
    """action-response-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    list_of_responses: tuple[ActionResponseWithOptionalData, ...]


@sequence(tag=4)
class ActionResponseNextPblock(Message):
    """action-response-next-pblock."""

    invoke_id_and_priority: InvokeIdAndPriority
    block_number: Unsigned32


ActionRequest: TypeAlias = (
    ActionRequestNormal
    | ActionRequestNextPblock
    | ActionRequestWithList
    | ActionRequestWithFirstPblock
    | ActionRequestWithListAndFirstPblock
    | ActionRequestWithPblock
)
ActionResponse: TypeAlias = (
    ActionResponseNormal | ActionResponseWithPblock | ActionResponseWithList | ActionResponseNextPblock
)
