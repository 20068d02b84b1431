"""Invariant: any octets to a server session, associated or not, are answered with whole APDUs or not at all, no error
of ours is logged on the way, and the device ticks on."""

import logging

from dlms.apdu import decode
from dlms.association.logical_device import LogicalDevice
from dlms.association.server_clients import READ_AND_WRITE, ServedClient
from dlms.association.server_session import ServerSession
from dlms.cosem.classes import (
    ActivityCalendar,
    Clock,
    Data,
    DemandRegister,
    DisconnectControl,
    Limiter,
    ProfileGeneric,
    PushSetup,
    Register,
    RegisterMonitor,
    Schedule,
    ScriptTable,
    SingleActionSchedule,
    SpecialDaysTable,
)
from dlms.cosem.classes.push import SendDestinationAndMethod
from dlms.cosem.classes.time_and_events import ActionSet, LimiterActions
from dlms.cosem.types import ActionItem, ValueDefinition
from dlms.data import DoubleLongUnsigned, Long64Unsigned, OctetString
from dlms.device.activity_calendar import LiveActivityCalendar
from dlms.device.clock import LiveClock
from dlms.device.disconnect_control import LiveDisconnectControl
from dlms.device.monitors import LiveLimiter, LiveRegisterMonitor
from dlms.device.profile_generic import LiveProfile
from dlms.device.push_setup import LivePushSetup
from dlms.device.register import LiveDemandRegister, LiveRegister
from dlms.device.schedule import LiveSchedule
from dlms.device.script_table import LiveScriptTable
from dlms.device.single_action_schedule import LiveSingleActionSchedule
from dlms.device.special_days import LiveSpecialDays
from dlms.enumerations import MethodAccessV3, PushMessageType, PushTransportService
from dlms.units import ScalerUnit, Unit

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400FFFFFF0080")
AARQ_SN = bytes.fromhex("601DA109060760857405080102BE10040E01000000065F1F0400FFFFFF0080")
NOW = 1_700_000_000.0
LOGGER = logging.getLogger("dlms.server")
MANAGER = ServedClient(1, attributes=READ_AND_WRITE, methods=MethodAccessV3.ACCESS)
NOBODY = SendDestinationAndMethod(PushTransportService.TCP, b"", PushMessageType.A_XDR_ENCODED_XDLMS_APDU)


class Errors(logging.Handler):
    """Makes a failure of every error that is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage())


def check(octets: bytes) -> None:
    errors, logger = Errors(logging.ERROR), logging.getLogger("dlms.server")
    logger.addHandler(errors)
    try:
        answer_all(octets)
    finally:
        logger.removeHandler(errors)


def answer_all(octets: bytes) -> None:
    LOGGER.addFilter(failing)
    try:
        device = meter()
        for opening in (b"", AARQ, AARQ_SN):
            session = ServerSession(device, 1, random=bytes)
            for request in (opening, octets, octets):
                for answer in respond(session, request):
                    decode(answer)
        for seconds in (0, 1, 86400):
            device.tick(NOW + seconds)
    finally:
        LOGGER.removeFilter(failing)


def failing(record: logging.LogRecord) -> bool:
    """Makes a failure of what the server only logs: there it must not end the service to others."""
    if record.levelno >= logging.ERROR:
        raise AssertionError(record.getMessage()) from (record.exc_info[1] if record.exc_info else None)
    return False


def meter() -> LogicalDevice:
    """A device of which much lives."""
    device = LogicalDevice("DLM0000000000001", clients=[MANAGER])
    value = Data("0.0.96.1.0.255").value
    device[value] = OctetString(bytes(300))
    clock = device.install(LiveClock(device, time=lambda: NOW, time_zone=-60, daylight_savings_enabled=True))
    every = [Clock("0.0.1.0.0.255").time, value]
    device.install(LiveProfile(device, ProfileGeneric("1.0.99.1.0.255"), every, clock=clock, capture_period=900))
    table = ScriptTable("0.0.10.0.0.255")
    item = ActionItem(table.logical_name, 1)
    device.install(LiveScriptTable(device, table))
    device.install(LiveSingleActionSchedule(device, SingleActionSchedule("0.0.15.0.0.255"), item, clock=clock))
    special = device.install(LiveSpecialDays(device, SpecialDaysTable("0.0.11.0.0.255")))
    device.install(LiveSchedule(device, Schedule("0.0.12.0.0.255"), clock=clock, special_days=special))
    calendar = ActivityCalendar("0.0.13.0.0.255")
    device.install(LiveActivityCalendar(device, calendar, clock=clock, special_days=special))
    device.install(LiveDisconnectControl(device, DisconnectControl("0.0.96.3.10.255")))
    push = PushSetup("0.0.25.9.0.255")
    device.install(LivePushSetup(device, push, [], NOBODY, clock=clock, client=1, random=lambda: 0.5))
    power = Register("1.0.1.7.0.255")
    device.install(LiveRegister(device, power, DoubleLongUnsigned(5), ScalerUnit(0, Unit.WATT), clock=clock))
    watched = ValueDefinition(3, power.logical_name, 2)
    limit, monitor = Limiter("0.0.17.0.0.255"), RegisterMonitor("0.0.16.1.0.255")
    device.install(LiveLimiter(device, limit, watched, DoubleLongUnsigned(9), LimiterActions(item, item), clock=clock))
    device.install(LiveRegisterMonitor(device, monitor, watched, [], [ActionSet(item, item)] * 2, clock=clock))
    demand, watts = DemandRegister("1.0.1.4.0.255"), ScalerUnit(0, Unit.WATT)
    device.install(LiveDemandRegister(device, demand, lambda: NOW, watts, Long64Unsigned, clock=clock))
    return device


def respond(session: ServerSession, request: bytes) -> list[bytes]:
    work = session.respond(request, 0.0)
    try:
        next(work)
    except StopIteration as done:
        answers: list[bytes] = done.value
        return answers
    raise AssertionError("nothing here is async")
