"""Scripts and what runs them: single actions, schedules, calendars, special days."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, time
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from tests.device.hands import START, World

from dlms.cosem.classes import (
    ActivityCalendar,
    Clock,
    Data,
    Register,
    Schedule,
    ScriptTable,
    SingleActionSchedule,
    SpecialDaysTable,
)
from dlms.cosem.classes.time_and_events import (
    DayProfile,
    DayProfileAction,
    EnableDisable,
    ExecutionTime,
    IndexRange,
    ScheduleTableEntry,
    Script,
    ScriptAction,
    Season,
    SpecialDayEntry,
    WeekProfile,
)
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.types import ActionItem
from dlms.data import Data as Value
from dlms.data import DoubleLongUnsigned, Integer, LongUnsigned, NullData, OctetString, Unsigned
from dlms.datetime import CosemDate, CosemDateTime, CosemTime, from_date, from_datetime, from_time
from dlms.device.activity_calendar import Calendar, LiveActivityCalendar
from dlms.device.clock import LiveClock
from dlms.device.schedule import MOST_ENTRIES, LiveSchedule, holds
from dlms.device.script_table import MOST_ACTIONS, MOST_SCRIPTS, LiveScriptTable
from dlms.device.single_action_schedule import LiveSingleActionSchedule
from dlms.device.special_days import LiveSpecialDays
from dlms.enumerations import ScriptServiceId
from dlms.service_errors import ObjectUndefined, OtherReason, ReadWriteDenied, TypeUnmatched

CLOCK, TABLE = Clock("0.0.1.0.0.255"), ScriptTable("0.0.10.0.100.255")
TARIFF, ENERGY = Data("0.0.96.14.0.255"), Register("1.0.1.8.0.255")
BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = CosemDate()


def write(ref: AttributeRef[object], value: Value) -> ScriptAction:
    return ScriptAction(ScriptServiceId.WRITE_ATTRIBUTE, ref.class_id, ref.logical_name, ref.attribute_id, value)


def execute(ref: MethodRef[object], argument: Value) -> ScriptAction:
    return ScriptAction(ScriptServiceId.EXECUTE_METHOD, ref.class_id, ref.logical_name, ref.method_id, argument)


SCRIPTS = [Script(tariff, [write(TARIFF.value, Unsigned(tariff))]) for tariff in (1, 2, 3)]


def scripted(now: float = START) -> tuple[World, LiveClock, list[tuple[datetime, int]]]:
    """A world in Berlin, and the list of the tariffs that were written, with the times."""
    world = World(now)
    clock = world.device.install(LiveClock(world.device, time=world.time, time_zone=-60, daylight_savings_enabled=True))
    world.device[TARIFF.value] = Unsigned(0)
    switched: list[tuple[datetime, int]] = []
    world.device.on_set(
        TARIFF.value,
        lambda value: switched.append((datetime.fromtimestamp(clock.now(), BERLIN), value.value)),
    )
    world.device.install(LiveScriptTable(world.device, TABLE, SCRIPTS))
    return world, clock, switched


def item(selector: int) -> ActionItem:
    return ActionItem(TABLE.logical_name, selector)


def at(hour: int, minute: int = 0) -> CosemTime:
    return from_time(time(hour, minute))


def local(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=BERLIN)  # type: ignore[arg-type,misc]


def test_a_method_that_needs_an_argument_is_refused_without() -> None:
    world, clock, _ = scripted()
    schedule, days = Schedule("0.0.12.0.0.255"), SpecialDaysTable("0.0.11.0.0.255")
    LiveSchedule(world.device, schedule, clock=clock)
    LiveSpecialDays(world.device, days)
    of_schedule = (schedule.insert, schedule.delete, schedule.enable_disable)
    for ref in (*of_schedule, days.insert, CLOCK.shift_time, TABLE.execute):
        with pytest.raises(TypeUnmatched):
            world.call(ref)
    world.call(CLOCK.adjust_to_minute)


def nested(count: int, times: int) -> list[Script]:
    """Scripts that each execute the next one so many times; the last one writes the tariff."""
    following = [
        Script(number, [execute(TABLE.execute, LongUnsigned(number + 1))] * times) for number in range(1, count)
    ]
    return [*following, Script(count, [write(TARIFF.value, Unsigned(count))])]


@pytest.mark.parametrize(
    "scripts",
    [
        nested(MOST_SCRIPTS + 1, 1),
        nested(MOST_SCRIPTS, 100),
        [Script(1, [write(TARIFF.value, Unsigned(1))] * (MOST_ACTIONS + 1))],
    ],
)
def test_scripts_without_end_are_ended(scripts: list[Script], caplog: pytest.LogCaptureFixture) -> None:
    world, _, switched = scripted()
    world.set(TABLE.scripts, scripts)
    with pytest.raises(OtherReason):
        world.call(TABLE.execute, 1)
    assert len(switched) <= MOST_ACTIONS
    switched.clear()
    world.set(TABLE.scripts, nested(MOST_SCRIPTS, 1))
    world.call(TABLE.execute, 1)  # what was too much is forgotten
    assert [tariff for _, tariff in switched] == [MOST_SCRIPTS]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_script_writes_and_invokes_beyond_the_rights_of_its_caller() -> None:
    world, _, _ = scripted()
    reset: list[object] = []
    world.device[ENERGY.value] = DoubleLongUnsigned(5)
    world.device.on_call(ENERGY.reset, reset.append)
    world.device.allow(TARIFF.value, 0)
    world.device.allow(ENERGY.reset, 0)
    table = ScriptTable("0.0.10.0.0.255")
    missing = Register("9.9.9.9.9.9")
    world.device.install(
        LiveScriptTable(
            world.device,
            table,
            [
                Script(
                    1,
                    [
                        write(TARIFF.value, Unsigned(7)),
                        execute(ENERGY.reset, Integer(3)),
                        execute(ENERGY.reset, NullData()),
                    ],
                ),
                Script(2, [write(missing.value, Unsigned(7)), write(TARIFF.value, Unsigned(8))]),
                Script(3, [execute(table.execute, LongUnsigned(3))]),
                Script(4, [ScriptAction(0, 0, missing.logical_name, 0, NullData())]),  # type: ignore[arg-type]
                Script(5, [execute(ENERGY.reset, OctetString(b"no integer"))]),
            ],
        )
    )
    with pytest.raises(ReadWriteDenied):
        world.set(TARIFF.value, Unsigned(1))
    world.call(table.execute, 1)
    assert world.device[TARIFF.value] == Unsigned(7)
    assert reset == [3, None]
    with pytest.raises(ObjectUndefined):
        world.call(table.execute, 2)
    assert world.device[TARIFF.value] == Unsigned(8)
    with pytest.raises(OtherReason):
        world.call(table.execute, 3)
    world.call(table.execute, 4)
    with pytest.raises(TypeUnmatched):
        world.call(table.execute, 5)
    with pytest.raises(ObjectUndefined):
        world.call(table.execute, 6)


def test_an_async_method_of_a_script_is_left_to_the_shell() -> None:
    world, clock, switched = scripted()

    async def slow(argument: int) -> None:
        await asyncio.sleep(0)
        switched.append((datetime.fromtimestamp(START, BERLIN), argument))

    world.device.on_call(ENERGY.reset, slow)
    actions = [execute(ENERGY.reset, Integer(9)), write(TARIFF.value, Unsigned(1))]
    table = ScriptTable("0.0.10.0.0.255")
    world.device.install(LiveScriptTable(world.device, table, [Script(1, actions)]))
    single = SingleActionSchedule("0.0.15.0.0.255")
    times = [ExecutionTime(at(0), EVERY_DAY)]
    wanted = ActionItem(table.logical_name, 1)
    world.device.install(LiveSingleActionSchedule(world.device, single, wanted, times, clock=clock))
    world.run(86400)
    assert switched == []
    (awaitable,) = world.device.unfinished

    async def finish() -> None:
        await awaitable

    asyncio.run(finish())
    assert [value for _, value in switched] == [9, 1]


def test_a_single_action_runs_at_its_times() -> None:
    world, clock, switched = scripted()
    single = SingleActionSchedule("0.0.15.0.0.255")
    monthly = CosemDate(day=1)
    times = [ExecutionTime(at(0), monthly), ExecutionTime(at(12, 30), from_date(local(2023, 12, 24).date()))]
    world.device.install(LiveSingleActionSchedule(world.device, single, item(2), times, clock=clock))
    world.run(80 * 86400)
    assert switched == [
        (local(2023, 12, 1), 2),
        (local(2023, 12, 24, 12, 30), 2),
        (local(2024, 1, 1), 2),
        (local(2024, 2, 1), 2),
    ]
    switched.clear()
    world.set(single.execution_time, [ExecutionTime(CosemTime(minute=0, second=0), EVERY_DAY)])
    world.run(2 * 3600)
    assert [moment.minute for moment, _ in switched] == [0, 0]
    world.set(single.execution_time, [])
    assert world.device.next_timer() is None


def test_what_runs_at_night_when_local_time_jumps() -> None:
    world, clock, switched = scripted(local(2024, 3, 30, 12).timestamp())
    single = SingleActionSchedule("0.0.15.0.0.255")
    times = [ExecutionTime(at(2, 30), EVERY_DAY)]
    world.device.install(LiveSingleActionSchedule(world.device, single, item(1), times, clock=clock))
    world.run(2 * 86400)
    assert [moment for moment, _ in switched] == [local(2024, 3, 31, 3, 30), local(2024, 4, 1, 2, 30)]
    switched.clear()
    world.run(local(2024, 10, 28, 12).timestamp() - world.now)
    assert [moment for moment, _ in switched[-3:]] == [
        local(2024, 10, 26, 2, 30), local(2024, 10, 27, 2, 30), local(2024, 10, 28, 2, 30)
    ]  # fmt: skip


def entry(index: int, hour: int, tariff: int, weekdays: str = "1111111", **fields: object) -> ScheduleTableEntry:
    values: dict[str, object] = {
        "index": index,
        "enable": True,
        "script_logical_name": TABLE.logical_name,
        "script_selector": tariff,
        "switch_time": at(hour),
        "validity_window": 0xFFFF,
        "exec_weekdays": weekdays,
        "exec_specdays": "00",
        "begin_date": CosemDate(),
        "end_date": CosemDate(),
        **fields,
    }
    return ScheduleTableEntry(**values)  # type: ignore[arg-type]


def test_a_schedule_on_weekdays_special_days_and_between_dates() -> None:
    world, clock, switched = scripted(local(2023, 12, 22, 12).timestamp())
    special = LiveSpecialDays(world.device, SpecialDaysTable("0.0.11.0.0.255"))
    world.device.install(special)
    schedule = Schedule("0.0.12.0.0.255")
    once = CosemDate(year=2023, month=12, day=27)
    entries = [
        entry(1, 6, 1, "1111100"),
        entry(2, 8, 2, "0000011", exec_specdays="01"),
        entry(3, 9, 3, begin_date=once, end_date=once),
        entry(4, 0, 3, enable=False),
    ]
    world.device.install(LiveSchedule(world.device, schedule, entries, clock=clock, special_days=special))
    world.call(special.table.insert, SpecialDayEntry(1, CosemDate(month=12, day=25), 1))
    world.call(special.table.insert, SpecialDayEntry(2, CosemDate(month=12, day=26), 0))
    world.run(6 * 86400)
    assert switched == [
        (local(2023, 12, 23, 8), 2),
        (local(2023, 12, 24, 8), 2),
        (local(2023, 12, 25, 8), 2),
        (local(2023, 12, 27, 6), 1),
        (local(2023, 12, 27, 9), 3),
        (local(2023, 12, 28, 6), 1),
    ]
    switched.clear()
    world.call(special.table.delete, 1)
    with pytest.raises(ObjectUndefined):
        world.call(special.table.delete, 1)
    world.call(schedule.enable_disable, EnableDisable(1, 2, 4, 4))
    world.run(86400)
    assert switched == [(local(2023, 12, 29), 3)]
    world.call(schedule.delete, IndexRange(2, 4))
    world.call(schedule.insert, entry(1, 7, 2))
    assert [of.index for of in world.get(schedule.entries)] == [1]
    switched.clear()
    world.run(86400)
    assert switched == [(local(2023, 12, 30, 7), 2)]


def test_an_entry_that_begins_years_from_now_is_waited_for() -> None:
    world, clock, switched = scripted(local(2023, 12, 22, 12).timestamp())
    begin, end = CosemDate(year=2026, month=11, day=3), CosemDate(year=2026, month=11, day=4)
    never = [entry(2, 6, 2, "0000000", begin_date=CosemDate(year=year)) for year in (9_998, 9_999, 20_000)]
    entries = [entry(1, 6, 1, begin_date=begin, end_date=end), *never]
    world.device.install(LiveSchedule(world.device, Schedule("0.0.12.0.0.255"), entries, clock=clock))
    assert world.device.next_timer() == local(2026, 11, 3, 6).timestamp()
    world.run(3 * 366 * 86400)
    assert switched == [(local(2026, 11, 3, 6), 1), (local(2026, 11, 4, 6), 1)]


def test_a_client_may_have_so_many_entries_and_no_more() -> None:
    world, clock, _ = scripted()
    schedule = Schedule("0.0.12.0.0.255")
    world.device.install(LiveSchedule(world.device, schedule, clock=clock))
    entries = [entry(number, 6, 1, enable=False) for number in range(MOST_ENTRIES + 1)]
    with pytest.raises(OtherReason):
        world.set(schedule.entries, entries)
    world.set(schedule.entries, entries[:-1])
    with pytest.raises(OtherReason):
        world.call(schedule.insert, entries[-1])
    world.call(schedule.insert, entries[7])
    assert len(world.get(schedule.entries)) == MOST_ENTRIES


@pytest.mark.parametrize(("window", "runs"), [(0xFFFF, True), (60, True), (10, False), (0, False)])
def test_a_clock_set_ahead_runs_what_is_still_valid(window: int, runs: bool) -> None:
    world, clock, switched = scripted(local(2023, 12, 22, 12).timestamp())
    entries = [entry(1, 13, 1, validity_window=window)]
    world.device.install(LiveSchedule(world.device, Schedule("0.0.12.0.0.255"), entries, clock=clock))
    world.set(CLOCK.time, from_datetime(local(2023, 12, 22, 13, 30)))
    assert bool(switched) is runs
    world.run(86400)
    assert switched[-1] == (local(2023, 12, 23, 13), 1)


WINTER, SUMMER = (
    Season(name, CosemDateTime(month=month, day=1), week)
    for name, month, week in ((b"winter", 10, b"W"), (b"summer", 4, b"S"))
)
WEEKS = [WeekProfile(b"W", 1, 1, 1, 1, 1, 2, 2), WeekProfile(b"S", 2, 2, 2, 2, 2, 2, 2)]
DAYS = [
    DayProfile(1, [DayProfileAction(at(6), TABLE.logical_name, 2), DayProfileAction(at(22), TABLE.logical_name, 1)]),
    DayProfile(2, [DayProfileAction(at(0), TABLE.logical_name, 1)]),
    DayProfile(3, [DayProfileAction(at(0), TABLE.logical_name, 3)]),
]


def test_a_calendar_switches_by_season_week_and_day() -> None:
    world, clock, switched = scripted(local(2024, 3, 28, 12).timestamp())
    special = LiveSpecialDays(
        world.device, SpecialDaysTable("0.0.11.0.0.255"), [SpecialDayEntry(1, CosemDate(month=4, day=2), 3)]
    )
    calendar = Calendar(b"tariff", [WINTER, SUMMER], WEEKS, DAYS)
    of = ActivityCalendar("0.0.13.0.0.255")
    part = LiveActivityCalendar(world.device, of, calendar, clock=clock, special_days=special)
    world.device.install(part)
    world.run(6 * 86400)
    assert switched == [
        (local(2024, 3, 28, 12), 2),
        (local(2024, 3, 28, 22), 1),
        (local(2024, 3, 29, 6), 2),
        (local(2024, 3, 29, 22), 1),
        (local(2024, 3, 30), 1),
        (local(2024, 3, 31), 1),
        (local(2024, 4, 1), 1),
        (local(2024, 4, 2), 3),
        (local(2024, 4, 3), 1),
    ]
    assert part.season(local(2024, 1, 1).date()) == WINTER
    assert part.season(local(2024, 9, 30).date()) == SUMMER


@pytest.mark.parametrize("how", ["method", "time", "jump"])
def test_the_passive_calendar_takes_over(how: str) -> None:
    world, clock, switched = scripted(local(2024, 1, 10, 12).timestamp())
    passive = Calendar(b"new", [WINTER], [WeekProfile(b"W", 3, 3, 3, 3, 3, 3, 3)], DAYS)
    of = ActivityCalendar("0.0.13.0.0.255")
    active = Calendar(b"old", [WINTER], WEEKS, DAYS)
    world.device.install(LiveActivityCalendar(world.device, of, active, passive, clock=clock))
    world.run(60)
    assert switched == [(local(2024, 1, 10, 12), 2)]
    if how == "method":
        world.call(of.activate_passive_calendar, 0)
    else:
        world.set(of.activate_passive_calendar_time, from_datetime(local(2024, 1, 10, 15)))
        assert world.get(of.calendar_name_active) == b"old"
        if how == "jump":
            world.set(CLOCK.time, from_datetime(local(2024, 1, 10, 23)))
    world.run(4 * 3600)
    assert world.get(of.calendar_name_active) == b"new"
    assert world.device[TARIFF.value] == Unsigned(3)
    world.run(86400)
    assert world.get(of.calendar_name_active) == b"new"
    assert world.device[TARIFF.value] == Unsigned(3)


def test_a_calendar_that_says_nothing_runs_nothing() -> None:
    world, clock, switched = scripted()
    of = ActivityCalendar("0.0.13.0.0.255")
    part = world.device.install(LiveActivityCalendar(world.device, of, clock=clock))
    world.run(86400)
    assert switched == []
    assert part.day_id(local(2024, 1, 1).date()) is None


def test_a_range_of_one_day_of_any_year() -> None:
    may_day = CosemDate(month=5, day=1)
    assert [holds(may_day, may_day, date(2024, month, day)) for month, day in ((4, 30), (5, 1), (5, 2))] == [
        False, True, False,
    ]  # fmt: skip


def test_what_a_client_makes_up_takes_no_time() -> None:
    """Hundreds of seasons, entries and special days of which none ever comes round; a search looks a year ahead."""
    world, clock, _ = scripted()
    many = range(300)
    began = perf_counter()
    never = CosemDate(month=2, day=30)
    special = [SpecialDayEntry(index, never, 1) for index in many]
    table = LiveSpecialDays(world.device, SpecialDaysTable("0.0.11.0.0.255"), special)
    seasons = [Season(b"%d" % number, CosemDateTime(month=2, day=30, hour=number % 24), b"W") for number in many]
    actions = [DayProfileAction(CosemTime(second=number % 60), TABLE.logical_name, 1) for number in many]
    calendar = Calendar(b"NEVER", seasons, [WeekProfile(b"W", *[1] * 7)], [DayProfile(1, actions)])
    at_calendar = ActivityCalendar("0.0.13.0.0.255")
    world.device.install(LiveActivityCalendar(world.device, at_calendar, calendar, clock=clock, special_days=table))
    entry = ScheduleTableEntry(1, True, TABLE.logical_name, 1, at(1), 0, "0000000", "00", EVERY_DAY, EVERY_DAY)
    entries = [replace(entry, index=index) for index in many]
    schedule = Schedule("0.0.12.0.0.255")
    world.device.install(LiveSchedule(world.device, schedule, entries, clock=clock, special_days=table))
    world.device.tick(world.now)
    assert world.device.next_timer() is None
    assert perf_counter() - began < 5  # a tenth of it, on a machine with nothing else to do
