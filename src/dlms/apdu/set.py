"""SET (IEC 62056-5-3, Set-Request and Set-Response)."""

from __future__ import annotations

from typing import TypeAlias

from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    DataBlockSA,
    InvokeIdAndPriority,
    SelectiveAccessDescriptor,
)
from dlms.data import Data
from dlms.grammar import Message, Unsigned32, sequence
from dlms.results import DataAccessResult


@sequence(tag=1, kw_only=True)
class SetRequestNormal(Message):
    """set-request-normal."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_attribute_descriptor: CosemAttributeDescriptor
    access_selection: SelectiveAccessDescriptor | None = None
    value: Data


@sequence(tag=2, kw_only=True)
class SetRequestWithFirstDatablock(Message):
    """set-request-with-first-datablock."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_attribute_descriptor: CosemAttributeDescriptor
    access_selection: SelectiveAccessDescriptor | None = None
    datablock: DataBlockSA


@sequence(tag=3)
class SetRequestWithDatablock(Message):
    """set-request-with-datablock."""

    invoke_id_and_priority: InvokeIdAndPriority
    datablock: DataBlockSA


@sequence(tag=4)
class SetRequestWithList(Message):
    """set-request-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    attribute_descriptor_list: tuple[CosemAttributeDescriptorWithSelection, ...]
    value_list: tuple[Data, ...]


@sequence(tag=5)
class SetRequestWithListAndFirstDatablock(Message):
    """set-request-with-list-and-first-datablock."""

    invoke_id_and_priority: InvokeIdAndPriority
    attribute_descriptor_list: tuple[CosemAttributeDescriptorWithSelection, ...]
    datablock: DataBlockSA


@sequence(tag=1)
class SetResponseNormal(Message):
    """set-response-normal."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: DataAccessResult


@sequence(tag=2)
class SetResponseDatablock(Message):
    """set-response-datablock."""

    invoke_id_and_priority: InvokeIdAndPriority
    block_number: Unsigned32


@sequence(tag=3)
class SetResponseLastDatablock(Message):
    """set-response-last-datablock."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: DataAccessResult
    block_number: Unsigned32


@sequence(tag=4)
class SetResponseLastDatablockWithList(Message):
    """set-response-last-datablock-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: tuple[DataAccessResult, ...]
    block_number: Unsigned32


@sequence(tag=5)
class SetResponseWithList(Message):
    """set-response-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: tuple[DataAccessResult, ...]


SetRequest: TypeAlias = (
    SetRequestNormal
    | SetRequestWithFirstDatablock
    | SetRequestWithDatablock
    | SetRequestWithList
    | SetRequestWithListAndFirstDatablock
)
SetResponse: TypeAlias = (
    SetResponseNormal
    | SetResponseDatablock
    | SetResponseLastDatablock
    | SetResponseLastDatablockWithList
    | SetResponseWithList
)
