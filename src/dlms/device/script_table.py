"""Scripts (class 9): lists of attributes to write and methods to invoke, by the device at itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.work import LOGGER, Work
from dlms.cosem.classes import ScriptTable
from dlms.cosem.classes.time_and_events import Script, ScriptAction
from dlms.cosem.types import ActionItem
from dlms.data import LongUnsigned, NullData, dumps
from dlms.device.part import DeviceItself, Untimed, outcome
from dlms.enumerations import ScriptServiceId
from dlms.logical_name import LogicalName
from dlms.service_errors import ObjectUndefined, OtherReason, ServiceError

EXECUTE: Final = 1
NO_SCRIPT: Final = LogicalName("0.0.0.0.0.0")
MOST_SCRIPTS: Final = 8
"""Executed one by the other, over all tables of a device."""
MOST_ACTIONS: Final = 1000
"""Of a script and those that it has executed: each executing the next one twice, thirty scripts would not end."""


class LiveScriptTable(Untimed):
    """Executes its scripts: each action in turn, whatever a client may do; one that fails keeps none of the others.

    A parameter of null-data invokes a method without an argument. A script that comes to execute itself fails there,
    and so does what goes beyond MOST_SCRIPTS and MOST_ACTIONS.
    """

    def __init__(self, device: LogicalDevice, table: ScriptTable, scripts: Iterable[Script] = ()) -> None:
        self.table = table
        self._device = device
        self._itself = DeviceItself(device)
        self._running: set[int] = set()
        device[table.scripts] = list(scripts)
        device.on_call(table.execute, lambda identifier: outcome(self.execute(identifier)))

    def execute(self, identifier: int) -> Work[None]:
        """Execute a script; raises ObjectUndefined where there is none, and the first ServiceError of its actions."""
        script = next((of for of in self._device[self.table.scripts] if of.script_identifier == identifier), None)
        if script is None:
            raise ObjectUndefined(what=f"script {identifier}")
        if identifier in self._running:
            raise OtherReason(what=f"script {identifier} executes itself")
        under_way = self._device.scripts_under_way
        if under_way.scripts == MOST_SCRIPTS:
            raise OtherReason(what=f"script {identifier} is one too many")
        self._running.add(identifier)
        under_way.scripts += 1
        try:
            yield from self._act_all(identifier, script.actions)
        finally:
            self._running.discard(identifier)
            under_way.scripts -= 1
            if not under_way.scripts:
                under_way.actions = 0

    def _act_all(self, identifier: int, actions: Iterable[ScriptAction]) -> Work[None]:
        failure: ServiceError | None = None
        under_way = self._device.scripts_under_way
        for action in actions:
            if under_way.actions == MOST_ACTIONS:
                raise OtherReason(what=f"script {identifier} goes on for too long")
            under_way.actions += 1
            try:
                yield from self._act(action)
            except ServiceError as error:
                LOGGER.warning("%s, script %d: %s", self.table.logical_name, identifier, error)
                failure = failure or error
        if failure is not None:
            raise failure

    def _act(self, action: ScriptAction) -> Work[None]:
        find = self._itself.find
        octets = dumps(action.parameter)
        match int(action.service_id):
            case ScriptServiceId.WRITE_ATTRIBUTE:
                served = find(action.class_id, action.logical_name)
                yield from self._itself.write(served, action.index, octets)
            case ScriptServiceId.EXECUTE_METHOD:
                argument = None if isinstance(action.parameter, NullData) else octets
                served = find(action.class_id, action.logical_name)
                yield from self._itself.invoke(served, action.index, argument)
            case _:
                pass  # a dummy, such as 0


def run_script(itself: DeviceItself, item: ActionItem) -> Work[None]:
    """Execute the script that an object names; a name of zeros is none. Raises ServiceError."""
    if item.script_logical_name == NO_SCRIPT:
        return
    served = itself.find(ScriptTable.class_id, item.script_logical_name)
    yield from itself.invoke(served, EXECUTE, dumps(LongUnsigned(item.script_selector)))
