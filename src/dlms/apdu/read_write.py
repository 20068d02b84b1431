"""Services with short names: read, write, unconfirmed write and information report (IEC 62056-5-3)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dlms.data import Data
from dlms.grammar import (
    Boolean,
    Message,
    NullType,
    OctetString,
    Tag,
    Unsigned8,
    Unsigned16,
    VisibleString,
    sequence,
)
from dlms.results import DataAccessResult

ObjectName: TypeAlias = Unsigned16
"""A short name. Integer16 in the book; unsigned here, as everybody writes it (FA00)."""


@sequence(tag=4)
class ParameterizedAccess(Message):
    """Parameterized-Access."""

    variable_name: ObjectName
    selector: Unsigned8
    parameter: Data


@sequence(tag=5)
class BlockNumberAccess(Message):
    """Block-Number-Access."""

    block_number: Unsigned16


@sequence(tag=6)
class ReadDataBlockAccess(Message):
    """Read-Data-Block-Access."""

    last_block: Boolean
    block_number: Unsigned16
    raw_data: OctetString


@sequence(tag=7)
class WriteDataBlockAccess(Message):
    """Write-Data-Block-Access."""

    last_block: Boolean
    block_number: Unsigned16


VariableAccessSpecification: TypeAlias = (
    Annotated[ObjectName, Tag(2, "variable-name")]
    | ParameterizedAccess
    | BlockNumberAccess
    | ReadDataBlockAccess
    | WriteDataBlockAccess
)


@sequence(tag=0x05)
class ReadRequest(Message):
    """readRequest."""

    variable_access_specification: tuple[VariableAccessSpecification, ...]


@sequence(tag=2)
class DataBlockResult(Message):
    """Data-Block-Result."""

    last_block: Boolean
    block_number: Unsigned16
    raw_data: OctetString


ReadResult: TypeAlias = (
    Annotated[Data, Tag(0, "data")]
    | Annotated[DataAccessResult, Tag(1, "data-access-error")]
    | DataBlockResult
    | Annotated[Unsigned16, Tag(3, "block-number")]
)


@sequence(tag=0x0C)
class ReadResponse(Message):
    """readResponse; one result for each specification of the request."""

    read_response: tuple[ReadResult, ...]


@sequence(tag=0x06)
class WriteRequest(Message):
    """writeRequest."""

    variable_access_specification: tuple[VariableAccessSpecification, ...]
    list_of_data: tuple[Data, ...]


WriteResult: TypeAlias = (
    Annotated[NullType, Tag(0, "success")]
    | Annotated[DataAccessResult, Tag(1, "data-access-error")]
    | Annotated[Unsigned16, Tag(2, "block-number")]
)


@sequence(tag=0x0D)
class WriteResponse(Message):
    """writeResponse; None is success."""

    write_response: tuple[WriteResult, ...]


@sequence(tag=0x16)
class UnconfirmedWriteRequest(Message):
    """unconfirmedWriteRequest."""

    variable_access_specification: tuple[VariableAccessSpecification, ...]
    list_of_data: tuple[Data, ...]


@sequence(tag=0x18, kw_only=True)
class InformationReportRequest(Message):
    """informationReportRequest; `current_time` is a GeneralizedTime ("YYYYMMDDhhmmssZ" and its like) as it stands."""

    current_time: VisibleString | None = None
    variable_access_specification: tuple[VariableAccessSpecification, ...]
    list_of_data: tuple[Data, ...]
