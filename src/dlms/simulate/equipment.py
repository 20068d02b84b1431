"""What models have in common beyond registers and profiles: a switch, firmware, security, rows made at every read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from dlms.association.server_access import Work
from dlms.cosem.classes import Data, DisconnectControlV0, ProfileGeneric, ScriptTable, SecuritySetup
from dlms.cosem.classes.time_and_events import Script, ScriptAction
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import CaptureObjectDefinition
from dlms.data import Array, Integer, OctetString, Structure, loads
from dlms.data import Data as DataValue
from dlms.device.disconnect_control import LiveDisconnectControl
from dlms.device.image_transfer import LiveImageTransfer, TransferredImage
from dlms.device.part import DeviceItself
from dlms.device.script_table import LiveScriptTable
from dlms.device.security_setup import LiveSecuritySetup
from dlms.enumerations import ControlMode, ScriptServiceId, SortMethod
from dlms.service_errors import ScopeOfAccessViolated
from dlms.simulate.model import Happening
from dlms_core.pieces import head

if TYPE_CHECKING:
    from dlms.simulate.meter import SimulatedMeter

FIRMWARE: Final = "1.0.0.2.0.255"
DISCONNECT_SCRIPT, RECONNECT_SCRIPT = 1, 2


def add_security(meter: SimulatedMeter, client: int, name: str = "0.0.43.0.0.255") -> None:
    """A Security setup for a client; it shows the counter that the client used last in 0-0:43.1.e."""
    LiveSecuritySetup(meter.device, [client], SecuritySetup(name))


def add_disconnector(meter: SimulatedMeter, *, scripts: str = "0.0.10.0.106.255") -> LiveDisconnectControl:
    """A switch of the supply, and the script table that works it. What is switched off uses nothing."""

    def switched(on: bool) -> None:
        meter.supply.switch(on, meter.now())
        meter.happened(Happening.RECONNECTED if on else Happening.DISCONNECTED)

    of = DisconnectControlV0("0.0.96.3.10.255")
    live = LiveDisconnectControl(meter.device, of, control_mode=ControlMode.MODE_4, switched=switched)
    LiveScriptTable(
        meter.device,
        ScriptTable(scripts),
        [
            Script(
                number,
                [ScriptAction(ScriptServiceId.EXECUTE_METHOD, of.class_id, of.logical_name, number, Integer(0))],
            )
            for number in (DISCONNECT_SCRIPT, RECONNECT_SCRIPT)
        ],
    )
    return live


def add_firmware(meter: SimulatedMeter) -> LiveImageTransfer:
    """Image transfer that takes any image; activated, its identifier is that of the firmware."""

    def activate(image: TransferredImage) -> None:
        meter.device[Data(FIRMWARE).value] = OctetString(image.identifier)

    return LiveImageTransfer(meter.device, verify=lambda image: None, activate=activate)


class CurrentRow:
    """A profile of one row, the values of other attributes at the moment."""

    def __init__(self, meter: SimulatedMeter, captured: Sequence[CaptureObjectDefinition]) -> None:
        self._itself = DeviceItself(meter.device)
        self._captured = captured

    def select(self, selector: int | None, parameters: object) -> Iterator[bytes]:
        """The octets of the array; there is nothing to select."""
        if selector is not None:
            raise ScopeOfAccessViolated
        row = [
            _finished(self._itself.octets(of.class_id, of.logical_name, of.attribute_index)) for of in self._captured
        ]
        return iter([head(Array.tag, 1), head(Structure.tag, len(row)), *row])


def add_current_row(meter: SimulatedMeter, name: str, captured: Iterable[tuple[int, str, int]]) -> None:
    """A profile of one row: (class, logical name, attribute) of each column."""
    columns = [
        CaptureObjectDefinition(class_id, Data(of).logical_name, attribute, 0) for class_id, of, attribute in captured
    ]
    profile, device = ProfileGeneric(name), meter.device
    device.on_get(profile.buffer, CurrentRow(meter, columns).select)
    device[profile.capture_objects] = columns
    device[profile.capture_period] = 0
    device[profile.sort_method] = SortMethod.FIFO
    device[profile.sort_object] = columns[0]
    device[profile.entries_in_use] = 1
    device[profile.profile_entries] = 1


def value_now(meter: SimulatedMeter, ref: AttributeRef[Any]) -> DataValue:
    """The value of an attribute as a client would read it now."""
    work = DeviceItself(meter.device).octets(ref.class_id, ref.logical_name, ref.attribute_id)
    return loads(_finished(work), typed=True)


def _finished(work: Work[bytes]) -> bytes:
    """The octets of an attribute whose function is not async: nothing of a simulated meter is."""
    try:
        next(work)
    except StopIteration as done:
        octets: bytes = done.value
        return octets
    raise ScopeOfAccessViolated
