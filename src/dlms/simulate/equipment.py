"""What models have in common beyond registers and profiles: a switch, firmware, security, rows made at every read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from dlms.association.server.work import Work
from dlms.cosem.classes import (
    ActivityCalendar,
    Data,
    DisconnectControlV0,
    ProfileGeneric,
    PushSetupV0,
    ScriptTable,
    SecuritySetup,
    SpecialDaysTable,
)
from dlms.cosem.classes.push import SendDestinationAndMethod
from dlms.cosem.classes.time_and_events import (
    DayProfile,
    DayProfileAction,
    Script,
    ScriptAction,
    Season,
    WeekProfile,
)
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import CaptureObjectDefinition
from dlms.data import Array, Integer, OctetString, Structure, Unsigned, loads
from dlms.data import Data as DataValue
from dlms.datetime import CosemDateTime, CosemTime
from dlms.device.activity_calendar import Calendar, LiveActivityCalendar
from dlms.device.disconnect_control import LiveDisconnectControl
from dlms.device.image_transfer import LiveImageTransfer, TransferredImage
from dlms.device.part import DeviceItself
from dlms.device.push_setup import LivePushSetup
from dlms.device.script_table import LiveScriptTable
from dlms.device.security_setup import LiveSecuritySetup
from dlms.device.special_days import LiveSpecialDays
from dlms.enumerations import ControlMode, PushMessageType, PushTransportService, ScriptServiceId, SortMethod
from dlms.service_errors import ScopeOfAccessViolated
from dlms.simulate.model import Happening
from dlms_core.pieces import head

if TYPE_CHECKING:
    from dlms.simulate.meter import SimulatedMeter

FIRMWARE: Final = "1.0.0.2.0.255"
PUSH_CLIENT: Final = 103
HIGH, LOW = 1, 2
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


def add_tariffs(meter: SimulatedMeter) -> None:
    """A calendar of two tariffs, which shows the one in force in 0-0:96.14.0, with its scripts and special days."""
    device, clock = meter.device, meter.clock
    current = Data("0.0.96.14.0.255")
    device[current.value] = Unsigned(HIGH)
    scripts = ScriptTable("0.0.10.0.100.255")
    LiveScriptTable(
        device,
        scripts,
        [
            Script(
                tariff,
                [ScriptAction(ScriptServiceId.WRITE_ATTRIBUTE, 1, current.logical_name, 2, Unsigned(tariff))],
            )
            for tariff in (HIGH, LOW)
        ],
    )
    special_days = LiveSpecialDays(device, SpecialDaysTable("0.0.11.0.0.255"))
    day = DayProfile(
        1,
        [
            DayProfileAction(CosemTime(hour=hour, minute=0, second=0, hundredths=0), scripts.logical_name, tariff)
            for hour, tariff in ((6, HIGH), (22, LOW))
        ],
    )
    calendar = Calendar(
        b"TWO", [Season(b"ALL", CosemDateTime(month=1, day=1), b"WEEK")], [WeekProfile(b"WEEK", *[1] * 7)], [day]
    )
    device.install(
        LiveActivityCalendar(
            device, ActivityCalendar("0.0.13.0.0.255"), calendar, clock=clock, special_days=special_days
        )
    )


def add_push(meter: SimulatedMeter, name: str, pushed: Iterable[tuple[int, str, int]]) -> None:
    """A push setup whose method sends (class, logical name, attribute) of each object to where clients want it."""
    setup = PushSetupV0(name)
    objects = [CaptureObjectDefinition(kind, Data(of).logical_name, attribute, 0) for kind, of, attribute in pushed]
    destination = SendDestinationAndMethod(
        PushTransportService.TCP, b"127.0.0.1:4061", PushMessageType.A_XDR_ENCODED_XDLMS_APDU
    )
    meter.device.install(
        LivePushSetup(
            meter.device, setup, objects, destination, clock=meter.clock, client=PUSH_CLIENT, random=meter.random.random
        )
    )


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
