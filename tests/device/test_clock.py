"""The clock of a device: daylight saving, setting, shifting. Python's zoneinfo is the witness of local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.device.hands import START, World

from dlms.cosem.classes import Clock
from dlms.cosem.classes.time_and_events import PresetTime
from dlms.datetime import ClockStatus, CosemDateTime, from_datetime, to_datetime
from dlms.device.clock import LAST_SUNDAY_OF_MARCH, LAST_SUNDAY_OF_OCTOBER, LiveClock
from dlms.device.daylight_saving import LocalTime
from dlms.service_errors import OtherReason, ReadWriteDenied

CLOCK = Clock("0.0.1.0.0.255")
FIRST_SUNDAY = {"day_of_week": 7, "second": 0, "minute": 0, "hundredths": 0}
ZONES = {
    "Europe/Berlin": LocalTime(-60, LAST_SUNDAY_OF_MARCH, LAST_SUNDAY_OF_OCTOBER, 60, True),
    # With the deviations that meters write into the rules: they say the same.
    "Europe/Helsinki": LocalTime(
        -120,
        CosemDateTime.from_octets(bytes.fromhex("FFFF03FE0703000000FF8800")),
        CosemDateTime.from_octets(bytes.fromhex("FFFF0AFE0704000000FF4C80")),
        60,
        True,
    ),
    # From the second Sunday of March to the first of November.
    "America/New_York": LocalTime(
        300,
        CosemDateTime(month=3, day=8, hour=2, **FIRST_SUNDAY),
        CosemDateTime(month=11, day=1, hour=2, **FIRST_SUNDAY),
        60,
        True,
    ),
    # A southern summer: from the first Sunday of October to that of April.
    "Australia/Melbourne": LocalTime(
        -600,
        CosemDateTime(month=10, day=1, hour=2, **FIRST_SUNDAY),
        CosemDateTime(month=4, day=1, hour=3, **FIRST_SUNDAY),
        60,
        True,
    ),
    # Half an hour of daylight saving.
    "Australia/Lord_Howe": LocalTime(
        -630,
        CosemDateTime(month=10, day=1, hour=2, **FIRST_SUNDAY),
        CosemDateTime(month=4, day=1, hour=2, **FIRST_SUNDAY),
        30,
        True,
    ),
    "Asia/Kolkata": LocalTime(-330, LAST_SUNDAY_OF_MARCH, LAST_SUNDAY_OF_OCTOBER, 60, False),
}


@pytest.mark.parametrize("zone", ZONES)
@given(at=st.integers(int(datetime(2010, 1, 1).timestamp()), int(datetime(2035, 1, 1).timestamp())))
def test_local_time_is_that_of_the_zone(zone: str, at: int) -> None:
    witness = datetime.fromtimestamp(at, ZoneInfo(zone))
    local_time = ZONES[zone]
    assert local_time.local(at) == witness.replace(tzinfo=None)
    assert local_time.saving(at) is bool(witness.dst())
    assert local_time.moment(witness.replace(tzinfo=None), saving=not witness.fold) == at


@pytest.mark.parametrize("zone", ZONES)
def test_every_switch_of_a_zone_to_the_second(zone: str) -> None:
    local_time = ZONES[zone]
    at = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
    for quarter in range(0, 3 * 366 * 86400, 900):
        for second in (quarter - 1, quarter):
            witness = datetime.fromtimestamp(at + second, ZoneInfo(zone))
            assert local_time.local(at + second) == witness.replace(tzinfo=None)


def test_a_rule_of_one_year_holds_in_that_year_only() -> None:
    begin = CosemDateTime(year=2024, month=3, day=31, hour=2, minute=0, second=0)
    end = CosemDateTime(year=2024, month=10, day=27, hour=3, minute=0, second=0)
    once = LocalTime(-60, begin, end, 60, True)
    for year, saving in ((2023, False), (2024, True), (2025, False)):
        assert once.saving(datetime(year, 7, 1, tzinfo=UTC).timestamp()) is saving
    never = LocalTime(-60, CosemDateTime(month=0xFE), end, 60, True)
    assert not never.saving(datetime(2024, 7, 1, tzinfo=UTC).timestamp())


@pytest.fixture
def world() -> World:
    world = World()
    world.device.install(LiveClock(world.device, time=world.time, time_zone=-60, daylight_savings_enabled=True))
    return world


def test_the_time_runs_with_deviation_and_status(world: World) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert to_datetime(world.get(CLOCK.time)) == datetime.fromtimestamp(START, UTC)
    assert world.get(CLOCK.time) == from_datetime(datetime.fromtimestamp(START, berlin))
    assert world.get(CLOCK.status) == 0
    world.now = datetime(2024, 7, 1, 12, tzinfo=UTC).timestamp()
    assert world.get(CLOCK.time) == from_datetime(datetime.fromtimestamp(world.now, berlin))
    assert world.get(CLOCK.time).deviation == -120
    assert world.get(CLOCK.status) == ClockStatus.DAYLIGHT_SAVING_ACTIVE
    world.set(CLOCK.daylight_savings_enabled, False)
    assert world.get(CLOCK.time).deviation == -60
    world.set(CLOCK.time_zone, 0)
    assert world.get(CLOCK.time).hour == 12


@pytest.mark.parametrize("hour", range(24))
def test_a_time_set_by_local_time_in_the_night_that_has_an_hour_twice(world: World, hour: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for fold in (0, 1):
        wanted = datetime(2024, 10, 27, hour, 30, tzinfo=berlin, fold=fold)
        world.set(CLOCK.time, from_datetime(wanted))
        assert to_datetime(world.get(CLOCK.time)).timestamp() == wanted.timestamp()
        world.set(CLOCK.time, from_datetime(wanted, skip=["deviation", "day_of_week", "hundredths"]))
        assert to_datetime(world.get(CLOCK.time)).timestamp() == wanted.timestamp()


def test_what_is_not_specified_stays_as_it_is(world: World) -> None:
    world.set(CLOCK.time, CosemDateTime(hour=8, minute=0, second=5))
    assert to_datetime(world.get(CLOCK.time)) == datetime(2023, 11, 14, 7, 0, 5, tzinfo=UTC)
    world.now += 60
    assert to_datetime(world.get(CLOCK.time)) == datetime(2023, 11, 14, 7, 1, 5, tzinfo=UTC)
    world.set(CLOCK.time, CosemDateTime(year=2024, month=2, day=29))
    assert to_datetime(world.get(CLOCK.time)) == datetime(2024, 2, 29, 7, 1, 5, tzinfo=UTC)
    for impossible in (CosemDateTime(month=2, day=30), CosemDateTime(day=0xFE), CosemDateTime(month=0xFD)):
        with pytest.raises(OtherReason):
            world.set(CLOCK.time, impossible)
    with pytest.raises(ReadWriteDenied):
        world.set(CLOCK.status, 0)


def test_setting_ends_doubt_and_is_told() -> None:
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    told: list[tuple[float, float]] = []
    clock.adjusted.append(lambda before, after: told.append((before, after)))
    clock.status = ClockStatus.DOUBTFUL_VALUE
    assert world.get(CLOCK.time).status == ClockStatus.DOUBTFUL_VALUE
    world.call(CLOCK.shift_time, -30)
    assert world.get(CLOCK.time).status == 0
    assert told == [(START, START - 30)]
    assert (clock.own(START), clock.world(START - 30)) == (START - 30, START)


@pytest.mark.parametrize(
    ("method", "shown", "becomes"),
    [
        (CLOCK.adjust_to_quarter, "12:07:29", "12:00:00"),
        (CLOCK.adjust_to_quarter, "12:07:30", "12:15:00"),
        (CLOCK.adjust_to_quarter, "12:52:31", "13:00:00"),
        (CLOCK.adjust_to_minute, "12:07:29", "12:07:00"),
        (CLOCK.adjust_to_minute, "12:59:30", "13:00:00"),
        (CLOCK.adjust_to_measuring_period, "12:31:00", "13:00:00"),
        (CLOCK.adjust_to_measuring_period, "12:29:00", "12:00:00"),
    ],
)
def test_adjusting_goes_to_the_nearest(method: object, shown: str, becomes: str) -> None:
    world = World()
    world.device.install(LiveClock(world.device, time=world.time, time_zone=-330, measuring_period=3600))
    hour, minute, second = map(int, shown.split(":"))
    world.set(CLOCK.time, CosemDateTime(hour=hour, minute=minute, second=second))
    world.call(method, 0)  # type: ignore[arg-type]
    found = world.get(CLOCK.time)
    assert f"{found.hour:02}:{found.minute:02}:{found.second:02}" == becomes


def test_a_preset_time_is_taken_within_its_interval(world: World) -> None:
    now = datetime.fromtimestamp(START, UTC)
    with pytest.raises(OtherReason):
        world.call(CLOCK.adjust_to_preset_time, 0)
    preset, start, end = (from_datetime(now + timedelta(minutes=minutes)) for minutes in (5, 1, 10))
    world.call(CLOCK.preset_adjusting_time, PresetTime(preset, start, end))
    with pytest.raises(OtherReason):
        world.call(CLOCK.adjust_to_preset_time, 0)
    world.now += 120
    world.call(CLOCK.adjust_to_preset_time, 0)
    assert to_datetime(world.get(CLOCK.time)) == now + timedelta(minutes=5)
    for seconds in (-901, 901):
        with pytest.raises(OtherReason):
            world.call(CLOCK.shift_time, seconds)


def test_a_zone_beyond_the_book_is_refused(world: World) -> None:
    for ref, most in ((CLOCK.time_zone, 720), (CLOCK.daylight_savings_deviation, 120)):
        for minutes in (most, -most):
            world.set(ref, minutes)
            assert world.get(CLOCK.time) is not None
        for minutes in (most + 1, -most - 1):
            with pytest.raises(OtherReason):
                world.set(ref, minutes)
