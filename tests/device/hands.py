"""A client's hands on a device, without any link, and a world whose time is set by hand."""

from __future__ import annotations

from typing import Any

from tests.association.meter import EVERYTHING, MANAGER, ask, attribute, method, opened

from dlms.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms.apdu.get import GetRequestNormal, GetResponseNormal, SelectiveAccessDescriptor
from dlms.apdu.set import SetRequestNormal, SetResponseNormal
from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.session import ServerSession
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Data, dumps, loads
from dlms.grammar.programs import data_program
from dlms.results import ActionResult, DataAccessResult
from dlms.service_errors import service_error

START = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC, a Tuesday."""


class World:
    """A device, a manager associated with it, and the time."""

    def __init__(self, now: float = START) -> None:
        self.now = now
        self.device = LogicalDevice(
            "DLM0000000000001", system_title=b"DLM\0\0\0\0\1", clients=[ServedClient(MANAGER, **EVERYTHING)]
        )
        self.session: ServerSession = opened(self.device)

    def time(self) -> float:
        """POSIX seconds."""
        return self.now

    def run(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        while (at := self.device.next_timer()) is not None and at <= end:
            self.now = max(self.now, at)
            self.device.tick(self.now)
            later = self.device.next_timer()
            assert later is None or later > self.now, "a timer is left in the past"
        self.now = end

    def get(self, ref: AttributeRef[Any], selector: int = 0, parameters: object = None) -> Any:
        """Read an attribute; raises the ServiceError of what else comes."""
        selection = None
        if selector:
            assert ref.declaration is not None
            octets = data_program(ref.declaration.selectors[selector]).encode(parameters)
            selection = SelectiveAccessDescriptor(selector, loads(octets, typed=True))
        answer = ask(self.session, GetRequestNormal(0xC1, attribute(ref), selection))
        assert isinstance(answer, GetResponseNormal)
        if isinstance(answer.result, DataAccessResult):
            raise service_error(answer.result)
        return _decoded(ref, answer.result)

    def set(self, ref: AttributeRef[Any], value: object) -> None:
        """Write an attribute."""
        request = SetRequestNormal(
            invoke_id_and_priority=0xC1, cosem_attribute_descriptor=attribute(ref), value=_typed(ref, value)
        )
        answer = ask(self.session, request)
        assert isinstance(answer, SetResponseNormal)
        if answer.result:
            raise service_error(answer.result)

    def call(self, ref: MethodRef[Any], argument: object = None) -> Any:
        """Invoke a method; what it returns."""
        typed = None if argument is None else _typed(ref, argument)
        answer = ask(self.session, ActionRequestNormal(0xC1, method(ref), typed))
        assert isinstance(answer, ActionResponseNormal)
        response = answer.single_response
        if response.result is not ActionResult.SUCCESS:
            raise service_error(response.result)
        returned = response.return_parameters
        return returned.value if isinstance(returned, Data) else returned


def _typed(ref: AttributeRef[Any] | MethodRef[Any], value: object) -> Data:
    if isinstance(value, Data):
        return value
    assert ref.node is not None
    typed = loads(data_program(ref.node).encode(value), typed=True)
    assert isinstance(typed, Data)
    return typed


def _decoded(ref: AttributeRef[Any], value: Data) -> Any:
    return value.value if ref.node is None else data_program(ref.node).decode(dumps(value))
