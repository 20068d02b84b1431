"""Registers that are reset, demand registers, and the switch of a supply."""

from __future__ import annotations

import pytest
from tests.device.hands import START, World

from dlms.cosem.classes import DemandRegister, DisconnectControl, DisconnectControlV0, ExtendedRegister, Register
from dlms.data import DoubleLongUnsigned, LongUnsigned
from dlms.datetime import to_datetime
from dlms.device.clock import LiveClock
from dlms.device.disconnect_control import Cause, LiveDisconnectControl
from dlms.device.register import LiveDemandRegister, LiveRegister
from dlms.enumerations import ControlMode, ControlState
from dlms.service_errors import OtherReason
from dlms.units import ScalerUnit, Unit

WATT_HOUR, WATT = ScalerUnit(0, Unit.WATT_HOUR), ScalerUnit(0, Unit.WATT)


def test_registers_are_reset_to_their_default() -> None:
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    energy, peak = Register("1.0.1.8.0.255"), ExtendedRegister("1.0.1.6.0.255")
    for register in (energy, peak):
        part = LiveRegister(world.device, register, DoubleLongUnsigned(0), WATT_HOUR, clock=clock)
        world.device.install(part).record(DoubleLongUnsigned(5))
        assert world.get(register.value) == 5
        assert world.get(register.scaler_unit) == WATT_HOUR
    world.now += 60
    world.call(energy.reset, 0)
    world.call(peak.reset, 0)
    assert world.get(energy.value) == world.get(peak.value) == 0
    assert to_datetime(world.get(peak.capture_time)).timestamp() == START + 60


@pytest.mark.parametrize("periods", [1, 3])
def test_a_demand_register_averages_over_its_periods(periods: int) -> None:
    world = World(START - START % 900)
    clock = world.device.install(LiveClock(world.device, time=world.time))
    demand = DemandRegister("1.0.1.4.0.255")
    power = 0.0
    since, joules = world.now, 0.0

    def total() -> float:
        return joules + power * (world.now - since)

    def use(watts: float) -> None:
        nonlocal power, joules, since
        joules, since, power = total(), world.now, watts

    part = LiveDemandRegister(
        world.device, demand, total, WATT, LongUnsigned, clock=clock, period=900, number_of_periods=periods
    )
    world.device.install(part)
    begun = world.now
    use(900)
    world.run(450)
    assert world.get(demand.current_average_value) == 450 // periods
    world.run(450)
    assert world.get(demand.last_average_value) == 900 // periods
    assert world.get(demand.current_average_value) == (0 if periods == 1 else 300)
    use(300)
    world.run(1800)
    assert world.get(demand.last_average_value) == (300 if periods == 1 else 500)
    assert to_datetime(world.get(demand.capture_time)).timestamp() == begun + 2700
    assert to_datetime(world.get(demand.start_time_current)).timestamp() == begun + (2700 if periods == 1 else 900)
    world.now += 300
    world.call(demand.next_period, 0)
    assert to_datetime(world.get(demand.capture_time)).timestamp() == begun + 3000
    world.call(demand.reset, 0)
    assert world.get(demand.last_average_value) == world.get(demand.current_average_value) == 0
    world.set(demand.period, 0)
    assert world.device.next_timer() is None


D, C, R = ControlState.DISCONNECTED, ControlState.CONNECTED, ControlState.READY_FOR_RECONNECTION
DENIED = None
REMOTE = {Cause.REMOTE_DISCONNECT: {C: D, R: D}}
EXPECTED = {
    ControlMode.NONE: {},
    ControlMode.MODE_1: REMOTE | {Cause.REMOTE_RECONNECT: {D: R}, Cause.MANUAL_DISCONNECT: {C: R}},
    ControlMode.MODE_2: REMOTE | {Cause.REMOTE_RECONNECT: {D: C}, Cause.MANUAL_DISCONNECT: {C: R}},
    ControlMode.MODE_3: REMOTE | {Cause.REMOTE_RECONNECT: {D: R}},
    ControlMode.MODE_4: REMOTE | {Cause.REMOTE_RECONNECT: {D: C}},
    ControlMode.MODE_5: REMOTE
    | {Cause.REMOTE_RECONNECT: {D: R}, Cause.MANUAL_DISCONNECT: {C: R}, Cause.LOCAL_RECONNECT: {R: C}},
    ControlMode.MODE_6: REMOTE | {Cause.REMOTE_RECONNECT: {D: R}, Cause.LOCAL_RECONNECT: {R: C}},
    ControlMode.MODE_7: REMOTE | {Cause.REMOTE_RECONNECT: {D: C, R: C}, Cause.LOCAL_RECONNECT: {R: C}},
}
EVERY_MODE = {Cause.MANUAL_RECONNECT: {R: C}, Cause.LOCAL_DISCONNECT: {C: R}}


@pytest.mark.parametrize("mode", ControlMode)
@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("state", ControlState)
def test_the_switch_goes_where_the_diagram_says(mode: ControlMode, cause: Cause, state: ControlState) -> None:
    world = World()
    control = DisconnectControl("0.0.96.3.10.255")
    switched: list[bool] = []
    part = world.device.install(
        LiveDisconnectControl(world.device, control, control_mode=mode, control_state=state, switched=switched.append)
    )
    known = (EXPECTED[mode] | (EVERY_MODE if mode else {})).get(cause)
    if known is None:
        with pytest.raises(OtherReason):
            part.switch(cause)
        known = {}
    else:
        part.switch(cause)
    after = known.get(state, state)
    assert world.get(control.control_state) == after
    assert world.get(control.output_state) is (after is C)
    assert switched == ([] if (after is C) is (state is C) else [after is C])


def test_a_client_switches_and_changes_the_mode() -> None:
    world = World()
    control = DisconnectControlV0("0.0.96.3.10.255")
    world.device.install(LiveDisconnectControl(world.device, control, control_mode=ControlMode.MODE_4))
    world.call(control.remote_disconnect, 0)
    assert world.get(control.output_state) is False
    world.call(control.remote_reconnect, 0)
    assert world.get(control.output_state) is True
    world.call(control.remote_disconnect, 0)
    world.set(control.control_mode, ControlMode.NONE)
    assert world.get(control.output_state) is True
    with pytest.raises(OtherReason):
        world.call(control.remote_disconnect, 0)
    with pytest.raises(OtherReason):
        world.set(control.control_mode, 99)
