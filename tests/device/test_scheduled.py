"""What runs at times of the device's clock: once for all that a leap has passed over, found without counting them."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st
from tests.device.hands import START, World

from dlms.cosem.classes import ProfileGeneric, SingleActionSchedule
from dlms.cosem.classes.time_and_events import ExecutionTime
from dlms.cosem.types import ActionItem
from dlms.datetime import CosemDate, CosemDateTime, CosemTime, to_datetime
from dlms.device.clock import LiveClock
from dlms.device.profile_generic import LiveProfile
from dlms.device.scheduled import Scheduled
from dlms.device.single_action_schedule import LiveSingleActionSchedule
from dlms.logical_name import LogicalName

YEAR = 365 * 86400
PROFILE = ProfileGeneric("1.0.99.1.0.255")


class AtTimes(Scheduled):
    """Runs at the times of a table; counts how often that is looked into."""

    def __init__(self, world: World, times: list[float]) -> None:
        super().__init__(world.device, world.device.install(LiveClock(world.device, time=world.time)))
        self.times = times
        self.looks = 0
        self.ran: list[float] = []

    def settings(self) -> object:
        return None

    def next_after(self, own: float) -> float | None:
        self.looks += 1
        place = bisect_right(self.times, own)
        return self.times[place] if place < len(self.times) else None

    def run(self, own: float) -> None:
        self.ran.append(own)


@given(
    st.lists(st.integers(1, 200) | st.integers(1, 10 * YEAR * 100), min_size=1, max_size=40),
    st.lists(st.integers(0, 300) | st.integers(0, 10 * YEAR * 100), min_size=1, max_size=8),
)
def test_each_tick_runs_the_latest_time_that_has_passed(hundredths: list[int], ticks: list[int]) -> None:
    world = World()
    times = sorted({START + of / 100 for of in hundredths})
    part = world.device.install(AtTimes(world, times))
    expected: list[float] = []
    done = part.next_timer()  # it begins to look from here on
    assert done == times[0]
    last = START
    for now in sorted(START + of / 100 for of in ticks):
        passed = [at for at in times if last < at <= now]
        expected += passed[-1:]
        world.now = last = now
        world.device.tick(now)
        assert part.ran == expected
        assert part.next_timer() == next((at for at in times if at > now), None)


def test_a_leap_of_ten_years_takes_few_looks() -> None:
    world = World()
    part = world.device.install(AtTimes(world, [START + second for second in range(1, 100_001)]))
    part.next_timer()
    world.now += 10 * YEAR
    world.device.tick(world.now)
    assert part.ran == [START + 100_000]
    assert part.looks < 100


def test_a_profile_of_every_second_after_ten_years() -> None:
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    profile = LiveProfile(world.device, PROFILE, [clock.clock.time], clock=clock, capture_period=1, profile_entries=10)
    world.device.install(profile)
    world.device.next_timer()
    world.now += 10 * YEAR + 0.5
    world.device.tick(world.now)
    ((row,),) = world.get(PROFILE.buffer).value
    assert to_datetime(CosemDateTime.from_octets(row)).timestamp() == START + 10 * YEAR
    assert world.device.next_timer() == START + 10 * YEAR + 1


def test_a_schedule_that_has_ended_runs_for_its_last_time() -> None:
    """Every minute of two days of a year, long ago when the device is looked at again."""
    world = World()
    clock = world.device.install(LiveClock(world.device, time=world.time))
    days = [CosemDate(year=2023, month=12, day=day) for day in (24, 25)]
    schedule = LiveSingleActionSchedule(
        world.device, SingleActionSchedule("0.0.15.0.0.255"), ActionItem(LogicalName("0.0.10.0.0.255"), 1),
        [ExecutionTime(CosemTime(second=0, hundredths=0), day) for day in days], clock=clock,
    )  # fmt: skip
    ran: list[float] = []
    schedule.run = ran.append  # type: ignore[method-assign]
    world.device.install(schedule)
    assert schedule.next_timer() is not None
    world.now += 10 * YEAR
    world.device.tick(world.now)
    (at,) = ran
    assert clock.date_time(at) == CosemDateTime(
        year=2023, month=12, day=25, day_of_week=1, hour=23, minute=59, second=0, hundredths=0, deviation=0, status=0
    )
    assert schedule.next_timer() is None
