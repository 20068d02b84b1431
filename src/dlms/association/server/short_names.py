"""READ, WRITE and unconfirmed WRITE as a server: objects by short name, methods too, and the blocks of long ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from dlms.apdu.read_write import (
    BlockNumberAccess,
    DataBlockResult,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    ReadResult,
    UnconfirmedWriteRequest,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from dlms.association.server.association import ServerAssociation
from dlms.association.server.get import result_of
from dlms.association.server.incoming import Incoming
from dlms.association.server.logical_device import ServedObject
from dlms.association.server.outgoing import Outgoing, Together
from dlms.association.server.rights import NULL_DATA
from dlms.association.server.work import Work, turn
from dlms.data import loads
from dlms.enumerations import Conformance
from dlms.errors import DecodeError
from dlms.grammar import program
from dlms.results import DataAccessResult
from dlms.service_errors import ObjectUndefined, ScopeOfAccessViolated, ServiceError, TypeUnmatched

RESULTS: Final = program(tuple[ReadResult, ...], data_as_octets=True)
READ: Final = program(ReadRequest, data_as_octets=True)
WRITE: Final = program(WriteRequest, data_as_octets=True)
BLOCKS, WRITTEN_BLOCKS = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ, Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
HEADER: Final = 1
BLOCK_HEADER: Final = 1 + 1 + 1 + 1 + 2 + 3
"""Tag, count, choice, last-block, number, length."""


class ShortNameServices:
    """READ and WRITE within one association; one long request and one long answer may be under way."""

    def __init__(self, association: ServerAssociation, limit: int) -> None:
        self._association = association
        self._limit = limit
        self.abandon()

    @property
    def under_way(self) -> bool:
        """Whether blocks are to come or to go."""
        return self._incoming is not None or self._outgoing is not None

    def abandon(self) -> None:
        """Forget what is under way."""
        self._incoming: Incoming | None = None
        self._outgoing: Outgoing | None = None
        self._number = 0

    def read(self, request: ReadRequest) -> Work[ReadResponse]:
        """The answer to a readRequest; its first block if it is long."""
        specifications = request.variable_access_specification
        match specifications:
            case [BlockNumberAccess() as asked]:
                return self._next(asked.block_number)
            case [ReadDataBlockAccess() as block] if self._association.allows(BLOCKS):
                octets = self._block(ReadRequest, block.block_number, block.raw_data, last=block.last_block)
                if not isinstance(octets, bytes):
                    return ReadResponse((octets,))
                try:
                    specifications = READ.decode(octets).variable_access_specification
                except DecodeError:
                    return ReadResponse((DataAccessResult.LONG_GET_ABORTED,))
        self._outgoing = None
        results: list[Any] = []
        together = Together()
        for item in specifications:
            yield from turn(len(results))
            try:
                self._countable(specifications)
                together.check()
                results.append(together.whole((yield from self._read(item))))
            except ServiceError as error:
                results.append(result_of(error))
        octets = RESULTS.encode(tuple(results))
        blocks = self._association.in_service_blocks(BLOCKS)
        if HEADER + len(octets) <= self._association.room or not blocks:
            fits = self._association.fits(HEADER + len(octets))
            return ReadResponse(tuple(results) if fits else (DataAccessResult.OTHER_REASON,) * len(results))
        self._outgoing = Outgoing((octets,), max(self._association.room - BLOCK_HEADER, 1))
        self._number = 0
        return self._next(0)

    def write(self, request: WriteRequest) -> Work[WriteResponse]:
        """The answer to a writeRequest, or to one of its blocks."""
        specifications = request.variable_access_specification
        values: Sequence[Any] = request.list_of_data  # octets each: the request was decoded so
        match specifications, values:
            case [WriteDataBlockAccess() as block], [bytes() as data] if self._association.allows(WRITTEN_BLOCKS):
                raw = loads(data)
                octets = self._block(
                    WriteRequest, block.block_number, raw if isinstance(raw, bytes) else b"", last=block.last_block
                )
                if not isinstance(octets, bytes):
                    return WriteResponse((octets,))
                try:
                    whole = WRITE.decode(octets)
                except DecodeError:
                    return WriteResponse((DataAccessResult.LONG_SET_ABORTED,))
                specifications, values = whole.variable_access_specification, whole.list_of_data
        return WriteResponse((yield from self._write_all(specifications, values)))

    def write_unconfirmed(self, request: UnconfirmedWriteRequest) -> Work[None]:
        """Write what an unconfirmedWriteRequest says; nobody hears how it went."""
        yield from self._write_all(request.variable_access_specification, request.list_of_data)

    def _block(self, kind: type[object], number: int, octets: bytes, *, last: bool) -> bytes | int | DataAccessResult:
        """The whole request with its last block; before, the number to acknowledge, or what is wrong."""
        if self._incoming is None or self._incoming.of is not kind or number == 1:
            self._incoming = Incoming(kind, self._limit)
        try:
            self._incoming.add(number, octets)
        except ServiceError as error:
            self._incoming = None
            return result_of(error)
        if not last:
            return number
        whole, self._incoming = self._incoming.octets, None
        return whole

    def _next(self, acknowledged: int) -> ReadResponse:
        if self._outgoing is None:
            return ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,))
        if acknowledged != self._number & 0xFFFF:
            self._outgoing = None
            return ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,))
        octets, last = self._outgoing.take()
        self._number += 1
        if last:
            self._outgoing = None
        return ReadResponse((DataBlockResult(last, self._number & 0xFFFF, octets),))

    def _countable(self, specifications: Sequence[object]) -> None:
        if len(specifications) > 1 and not self._association.allows(Conformance.MULTIPLE_REFERENCES):
            raise ScopeOfAccessViolated

    def _read(self, item: object) -> Work[bytes | Iterator[bytes]]:
        access = self._association.access
        selector: int | None = None
        parameter: Any = b""
        match item:
            case int():
                name = item
            case ParameterizedAccess() if self._association.allows(Conformance.PARAMETERIZED_ACCESS):
                name, selector, parameter = item.variable_name, item.selector, item.parameter
            case _:
                raise ScopeOfAccessViolated
        served, attribute_id, method_id = self._named(name)
        if method_id is not None:
            returned = yield from access.invoke(served, method_id, None if selector is None else parameter)
            return NULL_DATA if returned is None else returned
        return (yield from access.read(served, attribute_id, selector, parameter))

    def _write_all(
        self, specifications: Sequence[object], values: Sequence[Any]
    ) -> Work[tuple[DataAccessResult | None, ...]]:
        results: list[DataAccessResult | None] = []
        fits = len(specifications) == len(values)
        for at, item in enumerate(specifications):
            yield from turn(at)
            try:
                if not fits:
                    raise TypeUnmatched
                self._countable(specifications)
                yield from self._write(item, values[at])
            except ServiceError as error:
                results.append(result_of(error))
            else:
                results.append(None)
        return tuple(results)

    def _write(self, item: object, octets: bytes) -> Work[None]:
        if not isinstance(item, int):
            raise ScopeOfAccessViolated
        access = self._association.access
        served, attribute_id, method_id = self._named(item)
        if method_id is None:
            yield from access.write(served, attribute_id, octets)
        else:
            yield from access.invoke(served, method_id, octets)

    def _named(self, name: int) -> tuple[ServedObject, int, int | None]:
        """The object, and the attribute or the method, that a short name stands for."""
        own = self._association.access.association
        served = own if own is not None and own.reaches(name) else self._association.device.at_short_name(name)
        offset = name - served.base_name
        for method_id in {*served.object.methods, *served.calls}:
            if served.object.short_name_offset_of_method(method_id) == offset:
                return served, 0, method_id
        if offset % 8:
            raise ObjectUndefined
        return served, offset // 8 + 1, None
