"""Register monitors and limiters: values that pass thresholds run scripts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.device.hands import START, World

from dlms.cosem.classes import Data, Limiter, Register, RegisterMonitor, ScriptTable
from dlms.cosem.classes.time_and_events import ActionSet, EmergencyProfile, LimiterActions
from dlms.cosem.types import ActionItem, ValueDefinition
from dlms.data import DoubleLongUnsigned, LongUnsigned, OctetString
from dlms.datetime import CosemDateTime, from_datetime
from dlms.device.clock import LiveClock
from dlms.device.monitors import LiveLimiter, LiveRegisterMonitor

POWER, TABLE = Register("1.0.1.7.0.255"), ScriptTable("0.0.10.0.1.255")
WATCHED = ValueDefinition(3, POWER.logical_name, 2)
ITEMS = [ActionItem(TABLE.logical_name, number) for number in range(5)]


def watched() -> tuple[World, LiveClock, list[tuple[int, int]]]:
    """A world, and the list of the scripts that ran, each with the seconds since START."""
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    ran: list[tuple[int, int]] = []
    world.device.on_call(TABLE.execute, lambda script: ran.append((int(world.now - START), script)))
    world.device[POWER.value] = DoubleLongUnsigned(0)
    return world, clock, ran


def use(world: World, watts: int, seconds: float) -> None:
    world.device[POWER.value] = DoubleLongUnsigned(watts)
    world.run(seconds)


def test_a_register_monitor_tells_which_way_a_threshold_was_passed() -> None:
    world, clock, ran = watched()
    monitor = RegisterMonitor("0.0.16.1.0.255")
    thresholds = [DoubleLongUnsigned(100), DoubleLongUnsigned(200)]
    actions = [ActionSet(ITEMS[1], ITEMS[2]), ActionSet(ITEMS[3], ITEMS[4])]
    world.device.install(LiveRegisterMonitor(world.device, monitor, WATCHED, thresholds, actions, clock=clock))
    for watts in (50, 150, 150, 100, 250, 0):
        use(world, watts, 10)
    assert [script for _, script in ran] == [1, 2, 1, 3, 2, 4]
    assert [at for at, _ in ran] == [11, 31, 41, 41, 51, 51]
    ran.clear()
    world.set(monitor.thresholds, [DoubleLongUnsigned(10), OctetString(b"")])
    use(world, 50, 10)
    assert [script for _, script in ran] == [1]
    world.device[POWER.value] = lambda: OctetString(b"no number")
    world.run(10)
    world.set(monitor.monitored_value, ValueDefinition(3, Data("9.9.9.9.9.9").logical_name, 2))
    world.run(10)
    assert len(ran) == 1


def limited(**options: int) -> tuple[World, Limiter, list[tuple[int, int]]]:
    world, clock, ran = watched()
    limiter = Limiter("0.0.17.0.0.255")
    part = LiveLimiter(
        world.device,
        limiter,
        WATCHED,
        DoubleLongUnsigned(100),
        LimiterActions(ITEMS[1], ITEMS[2]),
        clock=clock,
        threshold_emergency=DoubleLongUnsigned(30),
        emergency_profile_group_ids=[7],
        **options,  # type: ignore[arg-type]
    )
    world.device.install(part)
    return world, limiter, ran


def test_a_limiter_waits_for_its_durations() -> None:
    world, _, ran = limited(min_over_threshold_duration=10, min_under_threshold_duration=5)
    for watts, seconds in ((150, 8), (50, 4), (150, 30), (50, 3), (150, 20), (50, 20)):
        use(world, watts, seconds)
    assert [script for _, script in ran] == [1, 2]
    (over, _), (under, _) = ran
    assert 12 + 10 <= over <= 12 + 12
    assert 65 + 5 <= under <= 65 + 7


@pytest.mark.parametrize(("group", "holds"), [(7, True), (8, False)])
def test_an_emergency_lowers_the_threshold_for_a_while(group: int, holds: bool) -> None:
    world, limiter, ran = limited()
    at = from_datetime(datetime.fromtimestamp(START + 60, UTC))
    world.set(limiter.emergency_profile, EmergencyProfile(group, at, 60))
    use(world, 50, 30)
    assert ran == []
    assert world.get(limiter.threshold_active) == 100
    world.run(60)
    assert [script for _, script in ran] == ([1] if holds else [])
    assert world.get(limiter.emergency_profile_active) is holds
    assert world.get(limiter.threshold_active) == (30 if holds else 100)
    world.run(60)
    assert [script for _, script in ran] == ([1, 2] if holds else [])
    for never in (CosemDateTime(), CosemDateTime(year=2024, month=0xFE, day=1, hour=0, minute=0)):
        world.set(limiter.emergency_profile, EmergencyProfile(7, never, 60))
        assert world.get(limiter.emergency_profile_active) is False
    world.set(limiter.threshold_normal, LongUnsigned(10))
    world.run(2)
    assert [script for _, script in ran][-1:] == [1]
