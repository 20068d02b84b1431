"""ACTION as a server: normal, with a list, and in blocks both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
)
from dlms.apdu.get import CosemMethodDescriptor, DataBlockSA
from dlms.association.server.association import ServerAssociation
from dlms.association.server.get import as_data
from dlms.association.server.incoming import Incoming
from dlms.association.server.outgoing import Outgoing
from dlms.association.server.rights import NULL_DATA
from dlms.association.server.set import LIST_OF_VALUES
from dlms.association.server.work import Work, turn
from dlms.enumerations import Conformance
from dlms.errors import DecodeError
from dlms.grammar import program
from dlms.results import ActionResult
from dlms.service_errors import ServiceError

ActionResponse: TypeAlias = (
    ActionResponseNormal | ActionResponseNextPblock | ActionResponseWithList | ActionResponseWithPblock
)
First: TypeAlias = ActionRequestWithFirstPblock | ActionRequestWithListAndFirstPblock
RESPONSE: Final = program(ActionResponseWithOptionalData, data_as_octets=True)
LIST_OF_RESPONSES: Final = program(tuple[ActionResponseWithOptionalData, ...], data_as_octets=True)
HEADER: Final = 3
BLOCK_HEADER: Final = 3 + 1 + 4 + 3
"""action-response-with-pblock before its octets: tags and invoke-id, last-block, number, length."""


class ActionService:
    """ACTION within one association; one long request and one long answer may be under way."""

    def __init__(self, association: ServerAssociation, limit: int) -> None:
        self._association = association
        self._limit = limit
        self._incoming: Incoming | None = None
        self._outgoing: Outgoing | None = None
        self._number = 0

    @property
    def under_way(self) -> bool:
        """Whether blocks are to come or to go."""
        return self._incoming is not None or self._outgoing is not None

    def abandon(self) -> None:
        """Forget what is under way."""
        self._incoming = self._outgoing = None

    def normal(self, request: ActionRequestNormal) -> Work[ActionResponse]:
        """The answer to action-request-normal."""
        self._outgoing = None
        parameters: Any = request.method_invocation_parameters  # octets: the request was decoded so
        answer = yield from self._invoke(request.cosem_method_descriptor, parameters)
        return self._answered(request.invoke_id_and_priority, answer)

    def with_list(self, request: ActionRequestWithList) -> Work[ActionResponse]:
        """The answer to action-request-with-list."""
        self._outgoing = None
        answers = yield from self._invoke_all(
            request.cosem_method_descriptor_list, request.method_invocation_parameters
        )
        return self._answered_all(request.invoke_id_and_priority, answers)

    def first_block(self, request: First) -> Work[ActionResponse]:
        """The first block of a long request, alone or of a list."""
        self._outgoing = None
        self._incoming = Incoming(request, self._limit)
        return (yield from self._block(request.invoke_id_and_priority, request.pblock))

    def block(self, request: ActionRequestWithPblock) -> Work[ActionResponse]:
        """A block after the first."""
        return (yield from self._block(request.invoke_id_and_priority, request.pblock))

    def next(self, request: ActionRequestNextPblock) -> ActionResponse:
        """The next block of a long answer."""
        invoke = request.invoke_id_and_priority
        if self._outgoing is None:
            return _refused(invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        if request.block_number != self._number:
            self._outgoing = None
            return _refused(invoke, ActionResult.LONG_ACTION_ABORTED)
        return self._next_block(invoke)

    def _block(self, invoke: int, block: DataBlockSA) -> Work[ActionResponse]:
        incoming = self._incoming
        if incoming is None:
            return _refused(invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
        try:
            incoming.add(block.block_number, block.raw_data)
        except ServiceError:
            self._incoming = None
            return _refused(invoke, ActionResult.LONG_ACTION_ABORTED)
        if not block.last_block:
            return ActionResponseNextPblock(invoke, block.block_number)
        self._incoming = None
        first = incoming.of
        if isinstance(first, ActionRequestWithListAndFirstPblock):
            try:
                parameters = LIST_OF_VALUES.decode(incoming.octets)
            except DecodeError:
                parameters = ()
            answers = yield from self._invoke_all(first.cosem_method_descriptor_list, parameters)
            return self._answered_all(invoke, answers)
        assert isinstance(first, ActionRequestWithFirstPblock)  # noqa: S101  # nothing else begins one
        answer = yield from self._invoke(first.cosem_method_descriptor, incoming.octets)
        return self._answered(invoke, answer)

    def _invoke_all(
        self, methods: Sequence[CosemMethodDescriptor], parameters: Sequence[Any]
    ) -> Work[tuple[ActionResponseWithOptionalData, ...]]:
        answers: list[ActionResponseWithOptionalData] = []
        fits = len(methods) == len(parameters)
        for at, method in enumerate(methods):
            yield from turn(at)
            if fits:
                argument = None if parameters[at] == NULL_DATA else parameters[at]
                answers.append((yield from self._invoke(method, argument)))
            else:
                answers.append(ActionResponseWithOptionalData(ActionResult.TYPE_UNMATCHED))
        return tuple(answers)

    def _invoke(
        self, descriptor: CosemMethodDescriptor, argument: bytes | None
    ) -> Work[ActionResponseWithOptionalData]:
        access = self._association.access
        try:
            served = access.find(descriptor.class_id, descriptor.instance_id)
            returned = yield from access.invoke(served, descriptor.method_id, argument)
        except ServiceError as error:
            number = ActionResult.OTHER_REASON if error.result is None else error.result
            return ActionResponseWithOptionalData(ActionResult(number))
        return ActionResponseWithOptionalData(ActionResult.SUCCESS, None if returned is None else as_data(returned))

    def _answered(self, invoke: int, answer: ActionResponseWithOptionalData) -> ActionResponse:
        octets = RESPONSE.encode(answer)
        if len(octets) + HEADER <= self._association.room or not self._blocks:
            return ActionResponseNormal(invoke, answer)
        return self._begin(invoke, octets)

    def _answered_all(self, invoke: int, answers: tuple[ActionResponseWithOptionalData, ...]) -> ActionResponse:
        octets = LIST_OF_RESPONSES.encode(answers)
        if len(octets) + HEADER <= self._association.room or not self._blocks:
            return ActionResponseWithList(invoke, answers)
        return self._begin(invoke, octets)

    @property
    def _blocks(self) -> bool:
        return self._association.in_service_blocks(Conformance.BLOCK_TRANSFER_WITH_ACTION)

    def _begin(self, invoke: int, octets: bytes) -> ActionResponse:
        self._outgoing = Outgoing((octets,), max(self._association.room - BLOCK_HEADER, 1))
        self._number = 0
        return self._next_block(invoke)

    def _next_block(self, invoke: int) -> ActionResponse:
        assert self._outgoing is not None  # noqa: S101  # whoever calls looked
        octets, last = self._outgoing.take()
        self._number += 1
        if last:
            self._outgoing = None
        return ActionResponseWithPblock(invoke, DataBlockSA(last, self._number, octets))


def _refused(invoke: int, result: ActionResult) -> ActionResponse:
    return ActionResponseNormal(invoke, ActionResponseWithOptionalData(result))
