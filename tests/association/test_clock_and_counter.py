"""Reading and setting a meter's clock; going on above the counter that it last accepted."""

from __future__ import annotations

import datetime

import pytest
from tests.association.meter_in_memory import ScriptedMeter

from dlms.association.clock import ClockReading, read_clock, synchronise_clock
from dlms.association.counters import advance_counter, read_counter
from dlms.cosem.classes import Clock
from dlms.data import (
    Boolean,
    Data,
    DoubleLongUnsigned,
    Integer,
    Long,
    Long64Unsigned,
    OctetString,
    Unsigned,
    VisibleString,
    dumps,
)
from dlms.datetime import CosemDateTime, from_datetime
from dlms.errors import ConfigurationError, ProtocolError, SecurityError
from dlms.security.counters import MemoryCounterStore, counter_name
from dlms.security.settings import Security

TIME = (8, "0.0.1.0.0.255", 2)
COUNTER = (1, "0.0.43.1.0.255", 2)
NOW = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
TITLE = bytes(range(8))


def clock(seconds: float) -> ScriptedMeter:
    moment = from_datetime(NOW + datetime.timedelta(seconds=seconds))
    return ScriptedMeter({TIME: OctetString(moment.octets)}, {(8, "0.0.1.0.0.255", 6): lambda _: None})


def test_a_clock_is_set_and_what_it_said_is_returned() -> None:
    meter = clock(-90)
    reading = meter.run(synchronise_clock(meter.association(), NOW))
    assert reading.ahead == datetime.timedelta(seconds=-90)
    assert meter.written == [(TIME, dumps(OctetString(from_datetime(NOW).octets)))]


@pytest.mark.parametrize(("ahead", "called"), [(-90, [90]), (12, [-12]), (0, [])])
def test_a_clock_is_shifted(ahead: int, called: list[int]) -> None:
    meter = clock(ahead)
    meter.run(synchronise_clock(meter.association(), NOW, shift=True))
    assert [argument for _, argument in meter.called] == [dumps(Long(seconds)) for seconds in called]
    assert not meter.written


def test_a_shift_that_just_reaches() -> None:
    meter = clock(-900)
    meter.run(synchronise_clock(meter.association(), NOW, shift=True))
    assert [argument for _, argument in meter.called] == [dumps(Long(900))]


def test_another_clock_of_a_meter_that_turns_the_deviation_round() -> None:
    another = Clock("0.1.1.0.0.255")
    shifted = (8, "0.1.1.0.0.255", 6)
    told = from_datetime(NOW, deviation_sign="reversed")
    meter = ScriptedMeter({(8, "0.1.1.0.0.255", 2): OctetString(told.octets)}, {shifted: lambda _: None})
    reading = meter.run(read_clock(meter.association(), NOW, clock=another, deviation_sign="reversed"))
    assert reading == ClockReading(told, datetime.timedelta(0))
    later = NOW + datetime.timedelta(seconds=5)
    for shift in (True, False):
        before = meter.run(
            synchronise_clock(meter.association(), later, clock=another, shift=shift, deviation_sign="reversed")
        )
        assert before.ahead == datetime.timedelta(seconds=-5)
    assert meter.called == [(shifted, dumps(Long(5)))]
    octets = from_datetime(later, deviation_sign="reversed").octets
    assert meter.written == [((8, "0.1.1.0.0.255", 2), dumps(OctetString(octets)))]


def test_a_shift_that_does_not_reach() -> None:
    meter = clock(901)
    with pytest.raises(ConfigurationError, match="900"):
        meter.run(synchronise_clock(meter.association(), NOW, shift=True))


def test_a_time_without_deviation_says_nothing_but_with_a_zone() -> None:
    local = CosemDateTime(year=2024, month=5, day=6, hour=7, minute=8, second=10)
    meter = ScriptedMeter({TIME: OctetString(local.octets)})
    assert meter.run(read_clock(meter.association(), NOW)) == ClockReading(local, None)
    assert meter.run(read_clock(meter.association(), NOW, tz=NOW.tzinfo)).ahead == datetime.timedelta(seconds=1)
    with pytest.raises(ConfigurationError, match="tz="):
        meter.run(synchronise_clock(meter.association(), NOW, shift=True))


def test_what_is_no_time_is_the_fault_of_the_meter() -> None:
    meter = ScriptedMeter({TIME: Unsigned(5)})
    with pytest.raises(ProtocolError, match="no date-time"):
        meter.run(read_clock(meter.association(), NOW))


def security(first: int = 0) -> Security:
    return Security(
        policy="encrypted", client_system_title=TITLE, encryption_key=bytes(16), counters=MemoryCounterStore(first)
    )


def following(of: Security) -> int:
    assert of.encryption_key is not None
    return of.counters.next_value(counter_name(TITLE, of.encryption_key))


def test_the_counter_that_the_meter_holds_is_read() -> None:
    meter = ScriptedMeter({COUNTER: DoubleLongUnsigned(41)})
    assert meter.run(read_counter(meter.association())) == 41


@pytest.mark.parametrize(
    "value", [VisibleString("41"), OctetString(b"\x29"), Boolean(True), Integer(-1), Long64Unsigned(1 << 32)]
)
def test_what_is_no_counter_is_refused(value: Data) -> None:
    meter = ScriptedMeter({COUNTER: value})
    with pytest.raises(SecurityError):
        meter.run(read_counter(meter.association()))


@pytest.mark.parametrize(
    ("ours", "last", "next_one"), [(0, 41, 42), (100, 41, 100), (42, 41, 42), (0, (1 << 24) - 1, 1 << 24)]
)
def test_a_counter_rises_and_is_never_lowered(ours: int, last: int, next_one: int) -> None:
    kept = security(ours)
    assert advance_counter(kept, last) == next_one == following(kept)


def test_what_keeps_no_counter() -> None:
    for of in (Security(), Security("hls-sha256", password="secret", client_system_title=TITLE)):
        with pytest.raises(ConfigurationError, match="no counter is kept"):
            advance_counter(of, 5)


def test_a_long_leap_wants_force() -> None:
    kept = security()
    with pytest.raises(SecurityError, match="force"):
        advance_counter(kept, 1 << 24)
    assert following(kept) == 0
    assert advance_counter(kept, 1 << 24, force=True) == (1 << 24) + 1


def test_a_counter_that_is_used_up_is_not_taken_over() -> None:
    kept = security()
    for last in (0xFFFF_FFFE, 0xFFFF_FFFF):
        with pytest.raises(SecurityError, match="used up"):
            advance_counter(kept, last, force=True)
    assert following(kept) == 0
    with pytest.raises(ConfigurationError):
        advance_counter(Security(), Unsigned(5).value)
