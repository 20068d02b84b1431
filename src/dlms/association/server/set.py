"""SET as a server: normal, with a list, and in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from dlms.apdu.get import CosemAttributeDescriptorWithSelection, DataBlockSA
from dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms.association.server.association import ServerAssociation
from dlms.association.server.get import result_of
from dlms.association.server.incoming import Incoming
from dlms.association.server.work import Work, turn
from dlms.data import Data
from dlms.errors import DecodeError
from dlms.grammar import program
from dlms.results import DataAccessResult
from dlms.service_errors import ServiceError

SetResponse: TypeAlias = (
    SetResponseNormal
    | SetResponseDatablock
    | SetResponseLastDatablock
    | SetResponseLastDatablockWithList
    | SetResponseWithList
)
First: TypeAlias = SetRequestWithFirstDatablock | SetRequestWithListAndFirstDatablock
LIST_OF_VALUES: Final = program(tuple[Data, ...], data_as_octets=True)


class SetService:
    """SET within one association; one long request may be under way, of `limit` octets at the most."""

    def __init__(self, association: ServerAssociation, limit: int) -> None:
        self._association = association
        self._limit = limit
        self._incoming: Incoming | None = None

    @property
    def under_way(self) -> bool:
        """Whether blocks are to come."""
        return self._incoming is not None

    def abandon(self) -> None:
        """Forget the blocks of a long request."""
        self._incoming = None

    def normal(self, request: SetRequestNormal) -> Work[SetResponse]:
        """The answer to set-request-normal."""
        item = CosemAttributeDescriptorWithSelection(request.cosem_attribute_descriptor, request.access_selection)
        value: Any = request.value  # octets: the request was decoded so
        result = yield from self._write(item, value)
        return SetResponseNormal(request.invoke_id_and_priority, result)

    def with_list(self, request: SetRequestWithList) -> Work[SetResponse]:
        """The answer to set-request-with-list: one result for each attribute."""
        results = yield from self._write_all(request.attribute_descriptor_list, request.value_list)
        return SetResponseWithList(request.invoke_id_and_priority, results)

    def first_block(self, request: First) -> Work[SetResponse]:
        """The first block of a long request, alone or of a list."""
        self._incoming = Incoming(request, self._limit)
        return (yield from self._block(request.invoke_id_and_priority, request.datablock))

    def block(self, request: SetRequestWithDatablock) -> Work[SetResponse]:
        """A block after the first."""
        return (yield from self._block(request.invoke_id_and_priority, request.datablock))

    def _block(self, invoke: int, block: DataBlockSA) -> Work[SetResponse]:
        incoming = self._incoming
        if incoming is None:
            return SetResponseLastDatablock(invoke, DataAccessResult.NO_LONG_SET_IN_PROGRESS, block.block_number)
        try:
            incoming.add(block.block_number, block.raw_data)
        except ServiceError as error:
            self._incoming = None
            return SetResponseLastDatablock(invoke, result_of(error), block.block_number)
        if not block.last_block:
            return SetResponseDatablock(invoke, block.block_number)
        self._incoming = None
        first = incoming.of
        if isinstance(first, SetRequestWithListAndFirstDatablock):
            try:
                values = LIST_OF_VALUES.decode(incoming.octets)
            except DecodeError:
                values = ()
            results = yield from self._write_all(first.attribute_descriptor_list, values)
            return SetResponseLastDatablockWithList(invoke, results, block.block_number)
        assert isinstance(first, SetRequestWithFirstDatablock)  # noqa: S101  # nothing else begins one
        item = CosemAttributeDescriptorWithSelection(first.cosem_attribute_descriptor, first.access_selection)
        result = yield from self._write(item, incoming.octets)
        return SetResponseLastDatablock(invoke, result, block.block_number)

    def _write_all(
        self, items: Sequence[CosemAttributeDescriptorWithSelection], values: Sequence[Any]
    ) -> Work[tuple[DataAccessResult, ...]]:
        results: list[DataAccessResult] = []
        fits = len(items) == len(values)
        for at, item in enumerate(items):
            yield from turn(at)
            results.append((yield from self._write(item, values[at])) if fits else DataAccessResult.TYPE_UNMATCHED)
        return tuple(results)

    def _write(self, item: CosemAttributeDescriptorWithSelection, octets: bytes) -> Work[DataAccessResult]:
        descriptor, selection = item.cosem_attribute_descriptor, item.access_selection
        access = self._association.access
        try:
            served = access.find(descriptor.class_id, descriptor.instance_id)
            selector = None if selection is None else selection.access_selector
            yield from access.write(served, descriptor.attribute_id, octets, selector)
        except ServiceError as error:
            return result_of(error)
        return DataAccessResult.SUCCESS
