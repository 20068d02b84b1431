"""A profile that captures by itself: periods, sort methods, settings, selection."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.device.hands import START, World

from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import CaptureObjectDefinition, EntryDescriptor, RangeDescriptor
from dlms.data import DoubleLong, DoubleLongUnsigned, Float64, NullData, OctetString, Structure, Unsigned
from dlms.datetime import CosemDateTime, from_datetime, to_datetime
from dlms.device.clock import LiveClock
from dlms.device.profile_generic import LONGEST_ROW, LiveProfile
from dlms.enumerations import SortMethod
from dlms.service_errors import ObjectUndefined, OtherReason, ScopeOfAccessViolated, TypeUnmatched

CLOCK, PROFILE = Clock("0.0.1.0.0.255"), ProfileGeneric("1.0.99.1.0.255")
ENERGY, STATUS, PAIR = Register("1.0.1.8.0.255"), Data("0.0.96.10.1.255"), Data("0.0.96.1.4.255")
PERIOD = 900
BERLIN = ZoneInfo("Europe/Berlin")
"""START is 22:13:20 UTC: the first row is due 100 s later."""


def profiled(now: float = START, **settings: object) -> tuple[World, LiveProfile]:
    world = World(now)
    clock = world.device.install(LiveClock(world.device, time=world.time, time_zone=-60, daylight_savings_enabled=True))
    world.device[ENERGY.value] = lambda: DoubleLongUnsigned(int(world.now - START))
    world.device[STATUS.value] = Unsigned(0)
    values = {"capture_period": PERIOD, "profile_entries": 10, **settings}
    objects = [CLOCK.time, STATUS.value, ENERGY.value]
    profile = LiveProfile(world.device, PROFILE, objects, clock=clock, **values)  # type: ignore[arg-type]
    return world, world.device.install(profile)


def rows(world: World, selector: int = 0, parameters: object = None) -> list[tuple[int, ...]]:
    """The rows as a client reads them: POSIX seconds since START, and the values."""
    found = world.get(PROFILE.buffer, selector, parameters)
    return [(int(_posix(row[0]) - START), *row[1:]) for row in found.value]


def _posix(octets: bytes) -> float:
    return to_datetime(CosemDateTime.from_octets(octets)).timestamp()


@pytest.mark.parametrize("objects", [[CLOCK.status, ENERGY.value], [CLOCK.status, CLOCK.time, ENERGY.value]])
def test_another_attribute_of_a_clock_is_not_its_time(objects: list[AttributeRef[Any]]) -> None:
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    world.device[ENERGY.value] = lambda: DoubleLongUnsigned(int(world.now - START))
    profile = LiveProfile(world.device, PROFILE, objects, clock=clock, capture_period=60)
    world.device.install(profile)
    world.run(179)
    assert [row[-1] for row in world.get(PROFILE.buffer).value] == [40, 100, 160]
    by_status = RangeDescriptor(CaptureObjectDefinition(8, CLOCK.logical_name, 4, 0), Unsigned(0), Unsigned(255), [])
    assert len(world.get(PROFILE.buffer, 1, by_status).value) == 3


def test_rows_without_a_number_come_last() -> None:
    """They are kept as any other while there is room, and are the first to go."""
    world, _ = profiled(capture_period=0, profile_entries=3, sort_method=SortMethod.LARGEST, sort_object=ENERGY.value)
    for value in (NullData(), DoubleLongUnsigned(5), NullData(), DoubleLongUnsigned(9), Float64(math.nan)):
        world.device[ENERGY.value] = value
        world.call(PROFILE.capture, 0)
    found = [row[2] for row in world.get(PROFILE.buffer).value]
    assert found[:2] == [9, 5]
    assert len(found) == 3
    world.device[ENERGY.value] = DoubleLongUnsigned(1)
    world.call(PROFILE.capture, 0)
    assert [row[2] for row in world.get(PROFILE.buffer).value] == [9, 5, 1]


def test_rows_are_captured_when_the_period_is_over() -> None:
    world, _ = profiled()
    assert world.device.next_timer() == START + 100
    world.run(99)
    assert rows(world) == []
    world.run(3 * PERIOD)
    assert rows(world) == [(100 + i * PERIOD, 0, 100 + i * PERIOD) for i in range(3)]
    assert world.get(PROFILE.entries_in_use) == 3
    world.call(PROFILE.reset, 0)
    assert world.get(PROFILE.entries_in_use) == 0
    world.call(PROFILE.capture, 0)
    assert rows(world) == [(99 + 3 * PERIOD, 0, 99 + 3 * PERIOD)]


def test_a_late_tick_captures_the_row_of_the_latest_time() -> None:
    world, _ = profiled()
    world.now += 100 + 2 * PERIOD + 1.7
    world.device.tick(world.now)
    assert rows(world) == [(100 + 2 * PERIOD, 0, 101 + 2 * PERIOD)]
    assert world.device.next_timer() == START + 100 + 3 * PERIOD


def test_the_oldest_goes_when_the_buffer_is_full() -> None:
    world, _ = profiled()
    world.run(15 * PERIOD)
    assert [row[0] for row in rows(world)] == [100 + i * PERIOD for i in range(5, 15)]


@pytest.mark.parametrize(
    ("method", "kept"),
    [
        (SortMethod.FIFO, [1, -7, 5]),
        (SortMethod.LIFO, [5, -7, 1]),
        (SortMethod.LARGEST, [5, 4, 1]),
        (SortMethod.SMALLEST, [-7, -3, 1]),
        (SortMethod.NEAREST_TO_ZERO, [1, -3, 4]),
        (SortMethod.FARTHEST_FROM_ZERO, [-7, 5, 4]),
    ],
)
def test_sort_methods_say_what_is_served_and_what_goes(method: SortMethod, kept: list[int]) -> None:
    world, profile = profiled(capture_period=0, profile_entries=3, sort_method=method, sort_object=STATUS.value)
    for value in (4, -3, 1, -7, 5):
        world.device[STATUS.value] = DoubleLong(value)
        world.call(PROFILE.capture, 0)
        world.now += 60
    assert [row[1] for row in rows(world)] == kept
    assert [row[1] for row in rows(world, 2, EntryDescriptor(2, 0, 1, 0))] == kept[1:]
    assert len(profile.buffer) == 3


@pytest.mark.parametrize("method", SortMethod)
def test_selection_by_range_by_entry_and_by_column(method: SortMethod) -> None:
    world, profile = profiled(sort_method=method, sort_object=ENERGY.value)
    world.run(6 * PERIOD)
    every = rows(world)
    clock, _, energy = profile.buffer.capture_objects

    def within(first: int, last: int, *columns: CaptureObjectDefinition, aware: bool = True) -> list[tuple[int, ...]]:
        skip = [] if aware else ["deviation"]
        ends = [
            OctetString(from_datetime(datetime.fromtimestamp(START + at, BERLIN), skip=skip).octets)  # type: ignore[arg-type]
            for at in (first, last)
        ]
        return rows(world, 1, RangeDescriptor(clock, *ends, list(columns)))

    wanted = [row for row in every if 1000 <= row[0] <= 2800]
    assert len(wanted) == 3
    assert within(1000, 2800) == wanted
    assert within(1001, 2799) == [row for row in every if 1000 < row[0] < 2800]
    assert within(1000, 2800, aware=False) == wanted
    assert within(1000, 2800, clock, energy) == [(at, value) for at, _, value in wanted]
    by_value = RangeDescriptor(energy, DoubleLongUnsigned(1000), DoubleLongUnsigned(1900), [])
    assert rows(world, 1, by_value) == [row for row in every if 1000 <= row[2] <= 1900]
    assert rows(world, 2, EntryDescriptor(2, 3, 1, 2)) == [row[:2] for row in every[1:3]]
    with pytest.raises(TypeUnmatched):
        rows(world, 1, RangeDescriptor(energy, OctetString(b""), OctetString(b""), []))
    with pytest.raises(ScopeOfAccessViolated):
        rows(
            world, 1, RangeDescriptor(CaptureObjectDefinition(3, ENERGY.logical_name, 9, 0), NullData(), NullData(), [])
        )


def test_a_clock_set_back_repeats_times_and_ranges_find_them() -> None:
    world, profile = profiled()
    world.run(2 * PERIOD)
    world.set(CLOCK.time, from_datetime(datetime.fromtimestamp(START, BERLIN)))
    world.run(2 * PERIOD)
    assert [row[0] for row in rows(world)] == [100, 1000, 100, 1000]
    at = OctetString(from_datetime(datetime.fromtimestamp(START + 100, BERLIN)).octets)
    assert len(rows(world, 1, RangeDescriptor(profile.buffer.capture_objects[0], at, at, []))) == 2


def test_a_day_ends_at_midnight_whatever_the_season() -> None:
    world, _ = profiled(datetime(2024, 3, 29, 12, tzinfo=BERLIN).timestamp(), capture_period=86400)
    world.run(5 * 86400)
    found = [datetime.fromtimestamp(START + row[0], BERLIN) for row in rows(world)]
    assert found == [
        datetime(2024, month, day, tzinfo=BERLIN) for month, day in ((3, 30), (3, 31), (4, 1), (4, 2), (4, 3))
    ]


def test_writing_a_setting_empties_the_buffer_and_counts() -> None:
    world, profile = profiled()
    world.run(2 * PERIOD)
    world.set(PROFILE.capture_period, 60)
    assert rows(world) == []
    world.run(120)
    assert len(rows(world)) == 2
    energy = profile.buffer.capture_objects[2]
    world.set(PROFILE.capture_objects, [energy])
    world.run(60)
    assert len(world.get(PROFILE.buffer).value[0]) == 1
    for refused, error in (([], OtherReason), ([CaptureObjectDefinition(3, PROFILE.logical_name, 2, 0)], Exception)):
        with pytest.raises(error):
            world.set(PROFILE.capture_objects, refused)
    missing = CaptureObjectDefinition(3, Register("1.0.2.8.0.255").logical_name, 2, 0)
    with pytest.raises(ObjectUndefined):
        world.set(PROFILE.capture_objects, [missing])
    world.set(PROFILE.capture_period, 0)
    assert world.device.next_timer() is None


def test_an_element_of_a_value_and_what_cannot_be_read() -> None:
    world, _ = profiled(capture_period=0)
    world.device[PAIR.value] = Structure((Unsigned(1), OctetString(b"two")))
    world.device.add(Register("1.0.2.8.0.255"))
    unread = CaptureObjectDefinition(3, Register("1.0.2.8.0.255").logical_name, 2, 0)
    elements = [CaptureObjectDefinition(1, PAIR.logical_name, 2, index) for index in (1, 2, 3)]
    world.set(PROFILE.capture_objects, [*elements, unread])
    world.call(PROFILE.capture, 0)
    assert world.get(PROFILE.buffer).value == [(1, b"two", None, None)]


def test_a_client_cannot_have_a_profile_grow_beyond_its_room() -> None:
    """Rows of rows would double with every capture; rows without end and rows of any length would fill a memory."""
    world, profile = profiled(capture_period=0, profile_entries=10)
    buffer = CaptureObjectDefinition(7, PROFILE.logical_name, 2, 0)
    for wanted in ([buffer], [CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0), buffer]):
        with pytest.raises(OtherReason):
            world.set(PROFILE.capture_objects, wanted)
    with pytest.raises(OtherReason):
        world.set(PROFILE.profile_entries, 11)
    world.set(PROFILE.profile_entries, 9)
    world.device[PAIR.value] = OctetString(bytes(LONGEST_ROW - 4))
    world.set(PROFILE.capture_objects, [CaptureObjectDefinition(1, PAIR.logical_name, 2, 0)])
    world.call(PROFILE.capture)
    world.set(PROFILE.capture_objects, [CaptureObjectDefinition(1, PAIR.logical_name, 2, 0)] * 2)
    with pytest.raises(OtherReason):
        world.call(PROFILE.capture)
    assert len(profile.buffer) == 0
