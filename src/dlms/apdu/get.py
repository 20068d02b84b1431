"""GET (IEC 62056-5-3, Get-Request and Get-Response), and the descriptors that GET, SET, ACTION and ACCESS share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dlms.data import Data
from dlms.grammar import (
    Boolean,
    Integer8,
    Message,
    OctetString,
    OctetString6,
    Tag,
    Unsigned8,
    Unsigned16,
    Unsigned32,
    sequence,
)
from dlms.logical_name import LogicalName
from dlms.results import DataAccessResult

InvokeIdAndPriority: TypeAlias = Unsigned8
"""Bits 0-3 invoke-id, bit 6 service class (1 confirmed), bit 7 priority (1 high)."""
LongInvokeIdAndPriority: TypeAlias = Unsigned32
"""Bits 0-23 long-invoke-id, bit 28 self-descriptive, 29 break on error, 30 service class, 31 priority."""


@sequence()
class CosemAttributeDescriptor(Message):
    """Cosem-Attribute-Descriptor; `instance_id` is the logical name."""

    class_id: Unsigned16
    instance_id: OctetString6
    attribute_id: Integer8

    def __str__(self) -> str:
        return f"{self.class_id}/{_named(self.instance_id)}:{self.attribute_id}"


@sequence()
class CosemMethodDescriptor(Message):
    """Cosem-Method-Descriptor."""

    class_id: Unsigned16
    instance_id: OctetString6
    method_id: Integer8

    def __str__(self) -> str:
        return f"{self.class_id}/{_named(self.instance_id)}:method {self.method_id}"


def _named(instance_id: bytes) -> str:
    return str(LogicalName(instance_id)) if len(instance_id) == 6 else instance_id.hex()


@sequence()
class SelectiveAccessDescriptor(Message):
    """Selective-Access-Descriptor."""

    access_selector: Unsigned8
    access_parameters: Data


@sequence()
class CosemAttributeDescriptorWithSelection(Message):
    """Cosem-Attribute-Descriptor-With-Selection."""

    cosem_attribute_descriptor: CosemAttributeDescriptor
    access_selection: SelectiveAccessDescriptor | None = None


GetDataResult: TypeAlias = Annotated[Data, Tag(0, "data")] | Annotated[DataAccessResult, Tag(1, "data-access-result")]


@sequence()
class DataBlockG(Message):
    """DataBlock-G: a block of a GET response."""

    last_block: Boolean
    block_number: Unsigned32
    result: Annotated[OctetString, Tag(0, "raw-data")] | Annotated[DataAccessResult, Tag(1, "data-access-result")]


@sequence()
class DataBlockSA(Message):
    """DataBlock-SA: a block of SET or ACTION."""

    last_block: Boolean
    block_number: Unsigned32
    raw_data: OctetString


@sequence(tag=1)
class GetRequestNormal(Message):
    """get-request-normal."""

    invoke_id_and_priority: InvokeIdAndPriority
    cosem_attribute_descriptor: CosemAttributeDescriptor
    access_selection: SelectiveAccessDescriptor | None = None


@sequence(tag=2)
class GetRequestNext(Message):
    """get-request-next."""

    invoke_id_and_priority: InvokeIdAndPriority
    block_number: Unsigned32


@sequence(tag=3)
class GetRequestWithList(Message):
    """get-request-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    attribute_descriptor_list: tuple[CosemAttributeDescriptorWithSelection, ...]


@sequence(tag=1)
class GetResponseNormal(Message):
    """get-response-normal."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: GetDataResult


@sequence(tag=2)
class GetResponseWithDatablock(Message):
    """get-response-with-datablock."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: DataBlockG


@sequence(tag=3)
class GetResponseWithList(Message):
    """get-response-with-list."""

    invoke_id_and_priority: InvokeIdAndPriority
    result: tuple[GetDataResult, ...]


GetRequest: TypeAlias = GetRequestNormal | GetRequestNext | GetRequestWithList
GetResponse: TypeAlias = GetResponseNormal | GetResponseWithDatablock | GetResponseWithList
