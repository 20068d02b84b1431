"""Reading profiles: by range, by entry, from all rows, in parts over lost links."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.association.meter_in_memory import ALL, ScriptedMeter

from dlms.apdu.get import GetRequestNormal
from dlms.association.profile_reading import ProfileReading
from dlms.cosem.classes import ProfileGeneric, Register
from dlms.cosem.profile import Profile
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import EntryDescriptor, RangeDescriptor
from dlms.data import (
    Array,
    Data,
    DoubleLongUnsigned,
    Enum,
    Integer,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
    Unsigned,
)
from dlms.datetime import CosemDateTime
from dlms.enumerations import Conformance, SortMethod
from dlms.errors import ConfigurationError, ConnectionLost, ProtocolError
from dlms.grammar import data_node, program
from dlms.results import DataAccessResult
from dlms.service_errors import ObjectUndefined, TemporaryFailure
from dlms.units import Unit

NAME = "1.0.99.1.0.255"
UTC = datetime.UTC
FIRST = datetime.datetime(2024, 1, 1, tzinfo=UTC)
QUARTER = datetime.timedelta(minutes=15)
CLOCK, STATUS, ENERGY = "0-0:1.0.0*255:2", "0-0:96.10.1*255:2", "1-0:1.8.0*255:2"
RANGE, ENTRY = program(data_node(RangeDescriptor)), program(data_node(EntryDescriptor))
Order = Callable[[list[int]], list[int]]


def at(row: int) -> datetime.datetime:
    return FIRST + row * QUARTER


def stamp(row: int, deviation: int | None = 0) -> bytes:
    moment = at(row)
    return CosemDateTime(
        year=moment.year, month=moment.month, day=moment.day, hour=moment.hour, minute=moment.minute, second=0,
        deviation=deviation, status=0,
    ).octets  # fmt: skip


def capture(class_id: int, logical_name: list[int]) -> Data:
    return Structure([LongUnsigned(class_id), OctetString(bytes(logical_name)), Integer(2), LongUnsigned(0)])


class ProfileMeter(ScriptedMeter):
    """A profile of quarter hours. `bounds` collects the ranges and entries that were asked for."""

    def __init__(
        self, rows: int = 100, *, newest_first: bool = False, deviation: int | None = 0, obeys_columns: bool = True,
        selectors: tuple[int, ...] = (1, 2), nulls: bool = False,
    ) -> None:  # fmt: skip
        super().__init__({
            (7, NAME, 2): self._buffer,
            (7, NAME, 3): Array([
                capture(8, [0, 0, 1, 0, 0, 255]), capture(1, [0, 0, 96, 10, 1, 255]), capture(3, [1, 0, 1, 8, 0, 255]),
            ]),
            (7, NAME, 4): DoubleLongUnsigned(900),
            (7, NAME, 5): Enum(SortMethod.LIFO if newest_first else SortMethod.FIFO),
            (7, NAME, 7): DoubleLongUnsigned(rows),
            (3, "1.0.1.8.0.255", 3): Structure([Integer(-1), Enum(30)]),
        })  # fmt: skip
        self.order = list(range(rows))[:: -1 if newest_first else 1]
        self.deviation, self.obeys, self.selectors, self.nulls = deviation, obeys_columns, selectors, nulls
        self.asked: list[Any] = []

    def _row(self, row: int, first: bool) -> list[Data]:
        clock: Data = OctetString(stamp(row, self.deviation))
        return [NullData() if self.nulls and not first else clock, Unsigned(row % 8), DoubleLongUnsigned(1000 + row)]

    def _buffer(self, selection: tuple[int, bytes] | None) -> Any:
        rows, columns = self.order, [0, 1, 2]
        if selection is not None:
            selector, parameters = selection
            if selector not in self.selectors:
                return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
            if selector == 1:
                asked = RANGE.decode(parameters)
                self.asked.append(asked)
                low, high = bytes(asked.from_value), bytes(asked.to_value)
                rows = [
                    row
                    for row in rows
                    if low[:4] + low[5:8] <= stamp(row)[:4] + stamp(row)[5:8] <= high[:4] + high[5:8]
                ]
                if self.obeys and asked.selected_values:
                    columns = [{8: 0, 1: 1, 3: 2}[of.class_id] for of in asked.selected_values]
            else:
                asked = ENTRY.decode(parameters)
                self.asked.append(asked)
                rows = rows[asked.from_entry - 1 : asked.to_entry]
        made = [self._row(row, place == 0) for place, row in enumerate(rows)]
        return Array([Structure([row[column] for column in columns]) for row in made])


def read(
    meter: ProfileMeter, start: Any = None, stop: Any = None, conformance: Conformance = ALL, **options: Any
) -> Profile:
    return meter.run(ProfileReading(NAME, start, stop, **options).run(meter.association(conformance)))


def energies(profile: Profile) -> list[int]:
    values: list[int] = profile.columns[ENERGY].tolist()
    return [value - 1000 for value in values]


def test_a_range_is_half_open_and_read_with_one_period_before_it() -> None:
    meter = ProfileMeter()
    profile = read(meter, at(10), at(20))
    assert list(profile.columns) == [CLOCK, STATUS, ENERGY]
    assert energies(profile) == list(range(10, 20))
    assert profile.units == {ENERGY: Unit.WATT_HOUR}
    (asked,) = meter.asked
    assert [asked.from_value.octets[5:8], asked.to_value.octets[5:8]] == [stamp(9)[5:8], stamp(20)[5:8]]
    assert not asked.selected_values
    assert profile.columns[f"{CLOCK}.deviation"].tolist() == [0] * 10


@pytest.mark.parametrize(("start", "stop", "expected"), [
    (None, at(3), range(3)), (at(97), None, range(97, 100)), (None, None, range(100)), (at(5), at(5), []),
    (at(200), at(300), []),
])  # fmt: skip
@pytest.mark.parametrize("access", ["range", "entry", "all"])
@pytest.mark.parametrize("newest_first", [False, True])
def test_every_access_gives_the_same_rows(
    start: Any, stop: Any, expected: Any, access: str, newest_first: bool
) -> None:
    profile = read(ProfileMeter(newest_first=newest_first), start, stop, access=access)
    if len(expected):
        assert energies(profile) == list(expected)[:: -1 if newest_first else 1]
    else:
        assert len(profile) == 0


@pytest.mark.parametrize("access", ["range", "entry"])
def test_where_the_meter_refuses_rows_are_chosen_here(access: Any) -> None:
    meter = ProfileMeter(selectors=())
    assert energies(read(meter, at(10), at(12), access=access)) == [10, 11]
    unable = ProfileMeter()
    assert energies(read(unable, at(10), at(12), ALL & ~Conformance.SELECTIVE_ACCESS, access=access)) == [10, 11]
    assert not unable.asked


@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.parametrize("column", [
    "1.0.1.8.0.255", ENERGY,
    Register("1.0.1.8.0.255"), AttributeRef(3, "1.0.1.8.0.255", 2), bytes([1, 0, 1, 8, 0, 255]),
])  # fmt: skip
def test_named_columns_come_with_the_time(obeys: bool, column: Any) -> None:
    for selectors in ((1, 2), ()):
        meter = ProfileMeter(obeys_columns=obeys, selectors=selectors)
        profile = read(meter, at(10), at(12), columns=[column])
        assert list(profile.columns) == [CLOCK, ENERGY]
        assert energies(profile) == [10, 11]
        assert profile.units == {ENERGY: Unit.WATT_HOUR}
        assert profile.clock == CLOCK


def test_a_column_that_is_not_captured() -> None:
    with pytest.raises(ConfigurationError, match=r"1\.0\.2\.8\.0\.255"):
        read(ProfileMeter(), columns=["1.0.2.8.0.255"])


def test_times_without_deviation_are_compared_as_local_ones() -> None:
    berlin = datetime.timezone(datetime.timedelta(hours=1))
    local = datetime.datetime(2024, 1, 1, 2, 30, tzinfo=berlin)
    assert energies(read(ProfileMeter(deviation=None), local, local + QUARTER)) == [10]
    assert energies(read(ProfileMeter(deviation=None), CosemDateTime.from_octets(stamp(10, None)), at(12))) == [10, 11]


def test_a_date_time_without_zone_cannot_choose_among_times_in_utc() -> None:
    bound = CosemDateTime.from_octets(stamp(10, None))
    with pytest.raises(ConfigurationError, match="tz="):
        read(ProfileMeter(), bound, at(12))
    assert energies(read(ProfileMeter(), bound, at(12), tz=UTC)) == [10, 11]


@pytest.mark.parametrize(("start", "stop"), [(datetime.datetime(2024, 1, 1), None), (at(3), at(2))])
def test_ends_that_are_none(start: Any, stop: Any) -> None:
    with pytest.raises(ConfigurationError):
        ProfileReading(NAME, start, stop)


def test_what_is_captured_is_read_once() -> None:
    meter = ProfileMeter()
    association = meter.association()
    for _ in range(2):
        meter.run(ProfileReading(ProfileGeneric(NAME), at(1), at(2)).run(association))
    assert len(meter.requests) == 4
    known = association.profile_structures
    fresh = ProfileMeter()
    reading = ProfileReading(NAME, at(1), at(2), structure=next(iter(known.values())))
    assert energies(fresh.run(reading.run(fresh.association()))) == [1]
    assert [type(request) for request in fresh.requests] == [GetRequestNormal]


def test_a_passing_failure_is_no_refusal() -> None:
    meter = ProfileMeter()
    meter.attributes[7, NAME, 2] = DataAccessResult.TEMPORARY_FAILURE
    with pytest.raises(TemporaryFailure):
        read(meter, at(1), at(2))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [(3, Unsigned(5)), (3, Array([Unsigned(5)])), (3, Array([capture(8, [0])])), (7, Array([])), (7, NullData())],
)
def test_a_meter_that_says_nonsense_of_a_profile(attribute: int, value: Data) -> None:
    meter = ProfileMeter()
    meter.attributes[7, NAME, attribute] = value
    with pytest.raises(ProtocolError):
        read(meter, at(3), at(5), access="entry")


def test_an_absent_profile() -> None:
    meter = ScriptedMeter()
    with pytest.raises(ObjectUndefined):
        meter.run(ProfileReading("1.0.99.7.0.255").run(meter.association()))
    with pytest.raises(ConfigurationError):
        ProfileReading(Register("1.0.1.8.0.255"))


@pytest.mark.parametrize("blocks", range(1, 22))
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("nulls", [False, True])
def test_a_lost_link_loses_no_row_and_repeats_none(blocks: int, newest_first: bool, nulls: bool) -> None:
    meter = ProfileMeter(newest_first=newest_first, nulls=nulls)
    meter.block = 100
    meter.blocks_before_loss = blocks
    reading = ProfileReading(NAME, at(5), at(95))
    rows = 0
    for _ in range(30):
        try:
            profile = meter.run(reading.run(meter.association()))
            break
        except ConnectionLost:
            meter.blocks_before_loss = blocks + rows + 3
            rows += 3
    else:
        pytest.fail("no end")
    assert energies(profile) == list(range(5, 95))[:: -1 if newest_first else 1]
    assert np.unique(profile.columns[CLOCK]).size == 90
    assert profile.columns[f"{CLOCK}.deviation"].shape == (90,)


def test_what_came_before_the_loss_is_not_read_again() -> None:
    meter = ProfileMeter()
    meter.block, meter.blocks_before_loss = 220, 5
    reading = ProfileReading(NAME, at(0), at(100))
    with pytest.raises(ConnectionLost):
        meter.run(reading.run(meter.association()))
    meter.blocks_before_loss = None
    assert energies(meter.run(reading.run(meter.association()))) == list(range(100))
    first, second = meter.asked
    assert (first.from_value.octets[3], second.from_value.octets[3]) == (31, 1)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("ranged", [False, True])
@pytest.mark.parametrize("deviation", [0, None])
def test_going_on_where_the_link_was_lost(newest_first: bool, ranged: bool, deviation: int | None) -> None:
    """Whatever the order, with a range and without one; a row that was captured meanwhile is no matter."""
    meter = ProfileMeter(newest_first=newest_first, deviation=deviation)
    meter.block, meter.blocks_before_loss = 220, 5
    reading = ProfileReading(NAME, *((at(0), at(100)) if ranged else ()))
    with pytest.raises(ConnectionLost):
        meter.run(reading.run(meter.association()))
    meter.blocks_before_loss = None
    assert energies(meter.run(reading.run(meter.association()))) == list(range(100))[:: -1 if newest_first else 1]
    last = meter.asked[-1]
    low, high = bytes(last.from_value), bytes(last.to_value)
    assert high[:4] < b"\x07\xe8\1\2" if newest_first else low[:4] > b"\x07\xe7\x0c\x1f"


def test_progress_tells_the_rows_and_how_many_there_are() -> None:
    meter = ProfileMeter()
    meter.block = 500
    rows = len(read(meter))
    told = [(done, total) for done, total in meter.progress if total != 1]
    assert [total for _, total in told] == [rows] * len(told)
    assert told == sorted(told)
    assert told[-1] == (rows, rows)
    assert 0 < told[0][0] < told[1][0] < rows
