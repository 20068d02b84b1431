"""A meter in memory: attributes by address, answers by function, no octet of its own making."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dlms.apdu import decode_with_data_octets, encode_with_data_octets
from dlms.apdu.action import ActionRequestNormal, ActionResponseNormal, ActionResponseWithOptionalData
from dlms.apdu.get import (
    DataBlockG,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
)
from dlms.apdu.set import SetRequestNormal, SetResponseNormal
from dlms.association.client import ClientAssociation
from dlms.association.effects import Exchange, Progress, Random, Reserve, Wait
from dlms.association.negotiated import Negotiated
from dlms.association.opening import Proposal
from dlms.data import Data, dumps
from dlms.enumerations import Conformance
from dlms.errors import ConnectionLost, DlmsError
from dlms.grammar import Message
from dlms.results import ActionResult, DataAccessResult
from dlms.security.settings import Security
from dlms_core.pieces import split

T = TypeVar("T")
ALL = Conformance(0xFFFFFF)
Answer = Any


class ScriptedMeter:
    """Answers GET, SET and ACTION.

    `attributes` maps (class_id, logical name, attribute_id) to Data, to octets, to a DataAccessResult, or to a function
    of the selection (selector, octets of its parameters) or None. `methods` maps likewise to a function of the
    argument's octets that returns None, Data or an ActionResult. `block` is how many octets go into one block, and
    the connection is lost once `blocks_before_loss` blocks were sent.
    """

    def __init__(self, attributes: dict[Any, Any] | None = None, methods: dict[Any, Any] | None = None) -> None:
        self.attributes = attributes or {}
        self.methods = methods or {}
        self.requests: list[Message] = []
        self.written: list[tuple[Any, bytes]] = []
        self.called: list[tuple[Any, bytes | None]] = []
        self.progress: list[tuple[int, int | None]] = []
        self.waits: list[float] = []
        self.block: int | None = None
        self.blocks_before_loss: int | None = None
        self._blocks: list[bytes] = []

    def association(self, conformance: Conformance = ALL, **options: Any) -> ClientAssociation:
        """An open association with this meter."""
        association = ClientAssociation(Proposal(security=Security()), **options)
        association._negotiated = Negotiated(conformance, 0xFFFF, False, 7, None, None)
        return association

    def run(self, exchange: Exchange[T]) -> T:
        """Drive an operation to its end."""
        outcome: Any = None
        failure: DlmsError | None = None
        while True:
            try:
                effect = exchange.send(outcome) if failure is None else exchange.throw(failure)
            except StopIteration as stop:
                result: T = stop.value
                return result
            outcome = failure = None
            match effect:
                case bytes():
                    try:
                        outcome = encode_with_data_octets(self._answer(decode_with_data_octets(effect)))
                    except DlmsError as error:
                        failure = error
                case Wait(seconds):
                    self.waits.append(seconds)
                case Random(count):
                    outcome = bytes(range(count))
                case Reserve(store, name):
                    outcome = store.reserve(name)
                case Progress(done, total):
                    self.progress.append((done, total))

    def _answer(self, request: Message) -> Message:
        self.requests.append(request)
        match request:
            case GetRequestNormal(invoke, attribute, selection):
                result = self._value(attribute, selection)
                if self.block is not None and isinstance(result, bytes) and len(result) > self.block:
                    self._blocks = split(result, self.block)
                    return self._next_block(invoke, 1)
                return GetResponseNormal(invoke, result)
            case GetRequestNext(invoke, number):
                return self._next_block(invoke, number + 1)
            case GetRequestWithList(invoke, described):
                found = tuple(self._value(of.cosem_attribute_descriptor, of.access_selection) for of in described)
                return GetResponseWithList(invoke, found)
            case SetRequestNormal():
                invoke, attribute = request.invoke_id_and_priority, request.cosem_attribute_descriptor
                value: Any = request.value
                key = _key(attribute, attribute.attribute_id)
                known = self.attributes.get(key, DataAccessResult.OBJECT_UNDEFINED)
                if isinstance(known, DataAccessResult):
                    return SetResponseNormal(invoke, known)
                self.written.append((key, value))
                self.attributes[key] = value
                return SetResponseNormal(invoke, DataAccessResult.SUCCESS)
            case ActionRequestNormal(invoke, method, argument):
                return ActionResponseNormal(invoke, self._call(method, argument))
        raise AssertionError(f"the script has no answer to {type(request).__name__}")

    def _next_block(self, invoke: int, number: int) -> Message:
        if self.blocks_before_loss is not None and number > self.blocks_before_loss:
            raise ConnectionLost("the wire is cut")
        last = number == len(self._blocks)
        return GetResponseWithDatablock(invoke, DataBlockG(last, number, self._blocks[number - 1]))

    def _value(self, attribute: Any, selection: Any) -> Any:
        known = self.attributes.get(_key(attribute, attribute.attribute_id), DataAccessResult.OBJECT_UNDEFINED)
        if callable(known):
            chosen = None if selection is None else (selection.access_selector, selection.access_parameters)
            known = known(chosen)
        return dumps(known) if isinstance(known, Data) else known

    def _call(self, method: Any, argument: bytes | None) -> ActionResponseWithOptionalData:
        key = _key(method, method.method_id)
        self.called.append((key, argument))
        function: Callable[[bytes | None], Any] = self.methods.get(key, lambda _: ActionResult.OBJECT_UNDEFINED)
        returned = function(argument)
        if isinstance(returned, ActionResult):
            return ActionResponseWithOptionalData(returned, None)
        octets: Any = dumps(returned) if isinstance(returned, Data) else None
        return ActionResponseWithOptionalData(ActionResult.SUCCESS, octets)


def _key(descriptor: Any, number: int) -> tuple[int, str, int]:
    a, b, c, d, e, f = descriptor.instance_id
    return descriptor.class_id, f"{a}.{b}.{c}.{d}.{e}.{f}", number
