"""GET as a server: normal, with a list, and the blocks of a long answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from dlms.apdu.get import (
    CosemAttributeDescriptor,
    DataBlockG,
    GetDataResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    SelectiveAccessDescriptor,
)
from dlms.association.server.association import ServerAssociation
from dlms.association.server.outgoing import LONGEST_ANSWER, Outgoing, Together, short_or_long
from dlms.association.server.work import Work, turn
from dlms.enumerations import Conformance
from dlms.grammar import program
from dlms.results import DataAccessResult
from dlms.service_errors import ObjectUndefined, ScopeOfAccessViolated, ServiceError

GetResponse: TypeAlias = GetResponseNormal | GetResponseWithDatablock | GetResponseWithList
LIST_OF_RESULTS: Final = program(tuple[GetDataResult, ...], data_as_octets=True)
NORMAL_HEADER: Final = 4
"""get-response-normal before the Data: two tags, invoke-id, choice."""
BLOCK_HEADER: Final = 3 + 1 + 4 + 1 + 3
"""get-response-with-datablock before its octets: tags and invoke-id, last-block, number, choice, length."""


class GetService:
    """GET within one association; one long answer may be under way."""

    def __init__(self, association: ServerAssociation) -> None:
        self._association = association
        self._outgoing: Outgoing | None = None
        self._number = 0
        self._invoke = 0

    @property
    def under_way(self) -> bool:
        """Whether a long answer waits to be asked for."""
        return self._outgoing is not None

    def abandon(self) -> None:
        """Forget the long answer."""
        self._outgoing = None

    def normal(self, request: GetRequestNormal) -> Work[GetResponse]:
        """The answer to get-request-normal; its first block if it is long."""
        invoke = request.invoke_id_and_priority
        self._outgoing = None
        room = self._association.room - NORMAL_HEADER
        try:
            found = yield from self._read(request.cosem_attribute_descriptor, request.access_selection)
            if not self._blocks:
                in_general_blocks = self._association.allows(Conformance.GENERAL_BLOCK_TRANSFER)
                found = Together(LONGEST_ANSWER if in_general_blocks else room).whole(found)
                return GetResponseNormal(invoke, as_data(found))
            if not isinstance(found, bytes):
                found = short_or_long(found, room)
            elif len(found) > room:
                found = iter((found,))
            return GetResponseNormal(invoke, as_data(found)) if isinstance(found, bytes) else self._begin(invoke, found)
        except ServiceError as error:
            return GetResponseNormal(invoke, result_of(error))

    def with_list(self, request: GetRequestWithList) -> Work[GetResponse]:
        """The answer to get-request-with-list; its first block if it is long."""
        invoke = request.invoke_id_and_priority
        self._outgoing = None
        results: list[Any] = []
        together = Together()
        for item in request.attribute_descriptor_list:
            yield from turn(len(results))
            try:
                together.check()
                found = yield from self._read(item.cosem_attribute_descriptor, item.access_selection)
                results.append(together.whole(found))
            except ServiceError as error:
                results.append(result_of(error))
        octets = LIST_OF_RESULTS.encode(tuple(results))
        if len(octets) + NORMAL_HEADER <= self._association.room or not self._blocks:
            return GetResponseWithList(invoke, tuple(results))
        return self._begin(invoke, iter((octets,)))

    def next(self, request: GetRequestNext) -> GetResponse:
        """The next block; the number is that of the last one that came through."""
        invoke, number = request.invoke_id_and_priority, request.block_number
        if self._outgoing is None or invoke & 0x0F != self._invoke & 0x0F:
            self._outgoing = None
            refused = DataAccessResult.NO_LONG_GET_IN_PROGRESS
        elif number != self._number:
            self._outgoing = None
            refused = DataAccessResult.DATA_BLOCK_NUMBER_INVALID
        else:
            try:
                return self._block(invoke)
            except ServiceError as error:
                refused, number = result_of(error), number + 1
        return GetResponseWithDatablock(invoke, DataBlockG(True, number, refused))

    @property
    def _blocks(self) -> bool:
        return self._association.in_service_blocks(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)

    def _read(
        self, descriptor: CosemAttributeDescriptor, selection: SelectiveAccessDescriptor | None
    ) -> Work[bytes | Iterator[bytes]]:
        access = self._association.access
        served = access.find(descriptor.class_id, descriptor.instance_id)
        if descriptor.attribute_id == 0 and selection is None:
            if not self._association.allows(Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET):
                raise ObjectUndefined
            return (yield from access.read_all(served))
        if selection is None:
            return (yield from access.read(served, descriptor.attribute_id))
        if not self._association.allows(Conformance.SELECTIVE_ACCESS):
            raise ScopeOfAccessViolated
        parameters: Any = selection.access_parameters  # octets: the request was decoded so
        return (yield from access.read(served, descriptor.attribute_id, selection.access_selector, parameters))

    def _begin(self, invoke: int, pieces: Iterator[bytes]) -> GetResponse:
        self._outgoing = Outgoing(pieces, max(self._association.room - BLOCK_HEADER, 1))
        self._number = 0
        self._invoke = invoke
        return self._block(invoke)

    def _block(self, invoke: int) -> GetResponse:
        """The next block; raises ServiceError where there is none to be had, and no more of the answer then."""
        outgoing, self._outgoing = self._outgoing, None
        assert outgoing is not None  # noqa: S101  # whoever calls looked
        octets, last = outgoing.take()
        self._number += 1
        if not last:
            self._outgoing = outgoing
        return GetResponseWithDatablock(invoke, DataBlockG(last, self._number, octets))


def as_data(octets: bytes) -> Any:
    """The octets of a Data where the declaration says Data: `encode_with_data_octets` takes them so."""
    return octets


def result_of(error: ServiceError) -> DataAccessResult:
    """The data-access-result that an error stands for."""
    return DataAccessResult.OTHER_REASON if error.result is None else DataAccessResult(error.result)
