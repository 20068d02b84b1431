"""gurux-dlms at a meter that lives: every attribute of its objects, and values that change by themselves."""

from __future__ import annotations

import importlib.util
import time
from itertools import pairwise
from pathlib import Path

import pytest
from tests.interop.peers import unavailable
from tests.interop.test_gurux_dlms_client import found_by
from tests.serving import serving

from dlms.association.server.clients import READ_AND_WRITE, ServedClient
from dlms.cosem.classes import Clock, DisconnectControl, ProfileGeneric, PushSetup, Register
from dlms.cosem.classes.push import SendDestinationAndMethod
from dlms.cosem.types import RestrictedObjectDefinition, Restriction
from dlms.data import DoubleLongUnsigned, NullData
from dlms.datetime import CosemDateTime, to_datetime
from dlms.device.clock import LiveClock
from dlms.device.disconnect_control import Cause, LiveDisconnectControl
from dlms.device.profile_generic import LiveProfile
from dlms.device.push_setup import LivePushSetup
from dlms.device.register import LiveRegister
from dlms.enumerations import ControlState, PushMessageType, PushTransportService, RestrictionType
from dlms.server import LogicalDevice, Server
from dlms.units import ScalerUnit, Unit

ENERGY, CLOCK = Register("1.0.1.8.0.255"), Clock("0.0.1.0.0.255")
PROFILE, SWITCH, PUSH = (
    ProfileGeneric("1.0.99.1.0.255"),
    DisconnectControl("0.0.96.3.10.255"),
    PushSetup("0.0.25.9.0.255"),
)


def living_meter() -> LogicalDevice:
    device = LogicalDevice("DLM0000000000001", clients=[ServedClient(1, attributes=READ_AND_WRITE)])
    clock = device.install(LiveClock(device, time=time.time, time_zone=-60, daylight_savings_enabled=True))
    unit = ScalerUnit(0, Unit.WATT_HOUR)
    device.install(LiveRegister(device, ENERGY, DoubleLongUnsigned(4711), unit, clock=clock))
    objects = [CLOCK.time, ENERGY.value]
    device.install(LiveProfile(device, PROFILE, objects, clock=clock, capture_period=1, profile_entries=50))
    switch = device.install(LiveDisconnectControl(device, SWITCH))
    switch.switch(Cause.LOCAL_DISCONNECT)
    none = Restriction(RestrictionType.NONE, NullData())
    where = SendDestinationAndMethod(
        PushTransportService.TCP, b"192.0.2.1:4059", PushMessageType.A_XDR_ENCODED_XDLMS_APDU
    )
    pushed = [RestrictedObjectDefinition(3, ENERGY.logical_name, 2, 0, none)]
    device.install(LivePushSetup(device, PUSH, pushed, where, clock=clock, client=103, random=lambda: 0.0))
    return device


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_walk_over_a_living_meter(link: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    device = living_meter()
    url = "tcp://127.0.0.1:0" if link == "wrapper" else "hdlc+tcp://127.0.0.1:0"
    with serving(Server(device), url) as (where,):
        time.sleep(2.5)
        found = found_by(tmp_path, port=int(where.rpartition(":")[2]), link=link)
    errors = {name: value for name, value in found.items() if str(value).startswith("error")}
    assert list(errors) == ["15/0.0.40.0.0.255:7"], "the secret of the association, and nothing else, is denied"
    moment = to_datetime(CosemDateTime.from_octets(bytes.fromhex(found[f"8/{CLOCK.logical_name.dotted}:2"])))
    assert abs(moment.timestamp() - time.time()) < 10
    assert found[f"70/{SWITCH.logical_name.dotted}:3"] == ControlState.READY_FOR_RECONNECTION
    rows = found[f"7/{PROFILE.logical_name.dotted}:2"]
    assert len(rows) >= 2
    times = [to_datetime(CosemDateTime.from_octets(bytes.fromhex(row[0]))).timestamp() for row in rows]
    assert {after - before for before, after in pairwise(times)} == {1.0}
    assert {row[1] for row in rows} == {4711}
    assert found[f"40/{PUSH.logical_name.dotted}:3"] == [0, b"192.0.2.1:4059".hex().upper(), 0]
