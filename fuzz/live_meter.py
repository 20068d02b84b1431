"""A meter of which everything lives, for the targets that need the other end of a session."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from dlms.association.server.clients import READ_AND_WRITE, ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.session import ServerSession
from dlms.association.server.work import Turn
from dlms.cosem.classes import (
    ActivityCalendar,
    Clock,
    Data,
    DemandRegister,
    DisconnectControl,
    ImageTransfer,
    Limiter,
    ProfileGeneric,
    PushSetup,
    Register,
    RegisterMonitor,
    Schedule,
    ScriptTable,
    SecuritySetup,
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
from dlms.device.image_transfer import LiveImageTransfer
from dlms.device.monitors import LiveLimiter, LiveRegisterMonitor
from dlms.device.profile_generic import LiveProfile
from dlms.device.push_setup import LivePushSetup
from dlms.device.register import LiveDemandRegister, LiveRegister
from dlms.device.schedule import LiveSchedule
from dlms.device.script_table import LiveScriptTable
from dlms.device.security_setup import LiveSecuritySetup
from dlms.device.single_action_schedule import LiveSingleActionSchedule
from dlms.device.special_days import LiveSpecialDays
from dlms.enumerations import MethodAccessV3, PushMessageType, PushTransportService
from dlms.security import Security
from dlms.security.counters import MemoryCounterStore
from dlms.units import ScalerUnit, Unit

NOW = 1_700_000_000.0
LOGGER = logging.getLogger("dlms.server")
CLIENT_TITLE, SERVER_TITLE = b"CLI\x00\x00\x00\x00\x01", b"SRV\x00\x00\x00\x00\x01"
ENCRYPTION_KEY, AUTHENTICATION_KEY, MASTER_KEY = bytes(range(16)), bytes(range(0xD0, 0xE0)), bytes(range(0x50, 0x60))
MANAGER, GUARDED = 1, 2
SERVED = (
    ServedClient(MANAGER, attributes=READ_AND_WRITE, methods=MethodAccessV3.ACCESS),
    ServedClient(
        GUARDED,
        authentication="hls-gmac",
        policy="authenticated+encrypted",
        encryption_key=ENCRYPTION_KEY,
        authentication_key=AUTHENTICATION_KEY,
        master_key=MASTER_KEY,
        attributes=READ_AND_WRITE,
        methods=MethodAccessV3.ACCESS,
    ),
)
NOBODY = SendDestinationAndMethod(PushTransportService.TCP, b"", PushMessageType.A_XDR_ENCODED_XDLMS_APDU)
LONG = Data("0.0.96.1.0.255")
CLOCK = Clock("0.0.1.0.0.255")
POWER = Register("1.0.1.7.0.255")
LOAD = ProfileGeneric("1.0.99.1.0.255")
CALENDAR = ActivityCalendar("0.0.13.0.0.255")
SWITCH = DisconnectControl("0.0.96.3.10.255")
IMAGE = ImageTransfer("0.0.44.0.0.255")
SETUP = SecuritySetup("0.0.43.0.0.255")


def meter() -> LogicalDevice:
    """A device with one part of every kind, and half a day of load behind it."""
    device = LogicalDevice("DLM0000000000001", system_title=SERVER_TITLE, clients=SERVED)
    device[LONG.value] = OctetString(bytes(300))
    clock = device.install(LiveClock(device, time=lambda: NOW, time_zone=-60, daylight_savings_enabled=True))
    every = [CLOCK.time, LONG.value]
    device.install(LiveProfile(device, LOAD, every, clock=clock, capture_period=900))
    table = ScriptTable("0.0.10.0.0.255")
    item = ActionItem(table.logical_name, 1)
    device.install(LiveScriptTable(device, table))
    device.install(LiveSingleActionSchedule(device, SingleActionSchedule("0.0.15.0.0.255"), item, clock=clock))
    special = device.install(LiveSpecialDays(device, SpecialDaysTable("0.0.11.0.0.255")))
    device.install(LiveSchedule(device, Schedule("0.0.12.0.0.255"), clock=clock, special_days=special))
    device.install(LiveActivityCalendar(device, CALENDAR, clock=clock, special_days=special))
    device.install(LiveDisconnectControl(device, SWITCH))
    push = PushSetup("0.0.25.9.0.255")
    device.install(LivePushSetup(device, push, [], NOBODY, clock=clock, client=1, random=lambda: 0.5))
    device.install(LiveRegister(device, POWER, DoubleLongUnsigned(5), ScalerUnit(0, Unit.WATT), clock=clock))
    watched = ValueDefinition(3, POWER.logical_name, 2)
    limit, monitor = Limiter("0.0.17.0.0.255"), RegisterMonitor("0.0.16.1.0.255")
    device.install(LiveLimiter(device, limit, watched, DoubleLongUnsigned(9), LimiterActions(item, item), clock=clock))
    device.install(LiveRegisterMonitor(device, monitor, watched, [], [ActionSet(item, item)] * 2, clock=clock))
    demand, watts = DemandRegister("1.0.1.4.0.255"), ScalerUnit(0, Unit.WATT)
    device.install(LiveDemandRegister(device, demand, lambda: NOW, watts, Long64Unsigned, clock=clock))
    device.install(LiveImageTransfer(device, IMAGE, verify=lambda _: None, activate=lambda _: None, block_size=64))
    device.install(LiveSecuritySetup(device, [GUARDED], SETUP))
    return device


def security() -> Security:
    """The guarded client's end of it."""
    return Security(
        "hls-gmac",
        policy="authenticated+encrypted",
        client_system_title=CLIENT_TITLE,
        encryption_key=ENCRYPTION_KEY,
        authentication_key=AUTHENTICATION_KEY,
        master_key=MASTER_KEY,
        counters=MemoryCounterStore(first=1),
        replay="per_association",
    )


def respond(session: ServerSession, request: bytes) -> list[bytes]:
    """What a request is answered with."""
    work = session.respond(request, 0.0)
    try:
        while isinstance(next(work), Turn):
            pass
    except StopIteration as done:
        answers: list[bytes] = done.value
        return answers
    raise AssertionError("nothing here is async")


@contextmanager
def errors_of_ours_fail() -> Iterator[None]:
    """Makes a failure of what the server only logs: there it must not end the service to others."""
    LOGGER.addFilter(_failing)
    try:
        yield
    finally:
        LOGGER.removeFilter(_failing)


def _failing(record: logging.LogRecord) -> bool:
    if record.levelno >= logging.ERROR:
        raise AssertionError(record.getMessage()) from (record.exc_info[1] if record.exc_info else None)
    return False
