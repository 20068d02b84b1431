"""What clients make happen to a simulated meter is kept up to a bound: rows of a log, the hours without a supply."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.cosem.classes import ProfileGeneric
from dlms.simulate import MODELS
from dlms.simulate.events import Events
from dlms.simulate.meter import ORIGIN, SimulatedMeter
from dlms.simulate.model import Happening
from dlms.simulate.supply import MOST_OFF, Supply
from dlms.testing import simulated

START = ORIGIN + 30 * 86400
NOW = 1_780_000_000.0
ENTRIES = 5


def log(entries: int) -> Events:
    return Events(7, {1: 1, 2: 1}, gap=9, origin=ORIGIN, start=START, entries=entries)


@given(
    st.lists(st.tuples(st.integers(-100, 100), st.integers(1, 9)), max_size=30),
    st.lists(st.integers(-200, 200), min_size=1, max_size=5),
)
def test_the_newest_are_kept_as_they_were(happened: list[tuple[int, int]], asked: list[int]) -> None:
    """Beside a log that forgets nothing, whatever the clock was set to meanwhile, and is when somebody asks."""
    kept, every = log(ENTRIES), log(1000)
    for at, code in happened:
        kept.record(START + at, code)
        every.record(START + at, code)
    assert len(kept._recorded) <= ENTRIES
    for at in asked:
        count = kept.count(START + at)
        assert kept.first <= count
        assert count == max(every.count(START + at), kept.first)
        first = max(count - ENTRIES, kept.first)
        numbers = np.arange(first, count)
        assert kept.times(first, count).tolist() == every.times(first, count).tolist()
        assert kept.codes_of(numbers).tolist() == every.codes_of(numbers).tolist()
        assert kept.last_code(START + at) == (every.last_code(START + at) if count > kept.first else 0)


def test_a_log_that_overflows_is_read() -> None:
    model = MODELS["european"]
    name, code = model.happenings[Happening.RECONNECTED]
    (declared,) = (each for each in model.event_logs if each.logical_name == name)
    with simulated(time=lambda: NOW) as simulation:
        (meter,) = simulation.meters
        one: SimulatedMeter = meter.simulated

        def make_happen() -> None:
            for number in range(3 * declared.entries):
                one.happened(Happening.DISCONNECTED, NOW - 1000 + number)
            one.happened(Happening.RECONNECTED)

        meter.run(make_happen)
        assert len(one.events[name]._recorded) == declared.entries
        with meter.connect() as client:
            assert client.get(ProfileGeneric(name).entries_in_use) == declared.entries
            rows = client.read_profile(ProfileGeneric(name), access="entry")
            codes = rows.columns["0-0:96.11.2*255:2"].tolist()
            assert codes == [60] * (declared.entries - 1) + [code]
            client.call(ProfileGeneric(name).reset, 0)
            assert client.get(ProfileGeneric(name).entries_in_use) == 0


def test_a_supply_that_is_switched_for_ever() -> None:
    supply = Supply(1, origin=ORIGIN, zone=0)
    at = START
    supply.switch(False, at)
    supply.switch(True, at + 86400)  # the longest is not forgotten
    day = np.array([at, at + 86400])
    assert np.ptp(supply.energy_import(day)) == 0
    last = supply.energy_import(np.array([at + 2 * 86400]))
    for number in range(3 * MOST_OFF):
        at = START + 2 * 86400 + 60 * number
        supply.switch(False, at)
        supply.switch(True, at + 5 + number % 20)
        if number % 10 == 0:
            read = supply.energy_import(np.array([at + 5 + number % 20]))
            assert read >= last
            last = read
    assert len(supply._off) <= MOST_OFF + 1
    assert np.ptp(supply.energy_import(day)) == 0


@pytest.mark.parametrize("later", [0, -10])
def test_what_was_off_for_no_time_is_not_kept(later: int) -> None:
    """`-10`: the clock was set back meanwhile."""
    supply = Supply(1, origin=ORIGIN, zone=0)
    for _ in range(50):
        supply.switch(False, START)
        supply.switch(True, START + later)
    assert not supply._off


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 3)), max_size=8),
    st.lists(st.integers(-100, 300), max_size=6),
)
def test_what_flows_is_what_does_not_flow_while_the_supply_is_off(
    switched: list[tuple[int, int]], asked: list[int]
) -> None:
    """Beside a counter that is added up from one second to the next; the clock may be set back meanwhile."""
    supply = Supply(1, origin=ORIGIN, zone=0)
    reference = Supply(1, origin=ORIGIN, zone=0)
    now = START
    for step, length in switched:
        now += step
        supply.switch(False, now)
        now += length
        supply.switch(True, now)
    at = np.array([START + of for of in asked], np.int64)
    expected = reference.energy_import(at)
    for start, stop in supply._off:
        spent = reference.energy_import(np.clip(at, start, stop)) - reference.energy_import(np.array([start]))
        expected = expected - spent
    assert np.allclose(supply.energy_import(at), expected)
    off = [any(start <= moment < stop for start, stop in supply._off) for moment in at.tolist()]
    assert ((supply.power_import(at) == 0) >= np.array(off, np.bool_)).all()
