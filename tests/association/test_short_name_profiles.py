"""Profiles read with short names: from blocks into columns as they come, on behind the last row after a lost link."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.association.meter_in_memory import ALL
from tests.association.test_profile_reading import CLOCK, NAME, ProfileMeter, at, energies

from dlms.apdu.read_write import (
    BlockNumberAccess,
    DataBlockResult,
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    ReadResult,
)
from dlms.association.base_names import OBJECT_LIST
from dlms.association.client import ClientAssociation
from dlms.association.negotiated import Negotiated
from dlms.association.opening import Proposal
from dlms.association.profile_reading import ProfileReading
from dlms.cosem.profile_stream import ProfileStream
from dlms.data import Array, Long, LongUnsigned, OctetString, Structure, Unsigned, dumps, loads
from dlms.enumerations import Conformance
from dlms.errors import ConnectionLost, DecodeError, ProtocolError
from dlms.grammar import Message, program
from dlms.logical_name import LogicalName
from dlms.results import DataAccessResult
from dlms.security.settings import Security
from dlms.service_errors import DataBlockUnavailable
from dlms_core.pieces import split

RESULTS = program(tuple[ReadResult, ...], data_as_octets=True)


class ShortNameMeter(ProfileMeter):
    """The same profile with short names. `in_list` tells whether blocks hold a list with the Data or, as with Gurux,
    the Data alone; `instead` maps the number of a block to what comes in its place."""

    in_list = True

    def __init__(self, rows: int = 100, **options: Any) -> None:
        super().__init__(rows, **options)
        names = sorted({(class_id, name) for class_id, name, _ in self.attributes})
        self._base_names = {name: 0x1000 + 0x100 * place for place, name in enumerate(names)}
        self.instead: dict[int, ReadResult] = {}
        self.asked_for: list[int] = []

    def association(self, conformance: Conformance = ALL, **options: Any) -> ClientAssociation:
        association = ClientAssociation(Proposal(security=Security(), short_names=True), **options)
        association._negotiated = Negotiated(conformance, 0xFFFF, True, 0xFA00, None, None)
        return association

    def _answer(self, request: Message) -> Message:
        assert isinstance(request, ReadRequest)
        self.requests.append(request)
        specifications = request.variable_access_specification
        if isinstance(specifications[0], BlockNumberAccess):
            return self._next_block(0, specifications[0].block_number + 1)
        results = tuple(map(self._result, specifications))
        alone = not self.in_list and len(results) == 1 and isinstance(results[0], bytes)
        octets = results[0] if alone else RESULTS.encode(results)
        if self.block is None or len(octets) <= self.block:
            return ReadResponse(results)
        self._blocks = split(octets, self.block)
        return self._next_block(0, 1)

    def _result(self, asked: Any) -> Any:
        if isinstance(asked, ParameterizedAccess):
            return self._of(asked.variable_name, (asked.selector, asked.parameter))
        return self._of(asked, None)

    def _of(self, short_name: int, selection: Any) -> Any:
        if short_name == OBJECT_LIST:
            wanted = None if selection is None else tuple(loads(selection[1]))
            return dumps(Array([
                Structure([Long(base_name), LongUnsigned(class_id), Unsigned(1), OctetString(LogicalName(name))])
                for (class_id, name), base_name in self._base_names.items()
                if wanted in (None, (class_id, LogicalName(name)))
            ]))  # fmt: skip
        class_id, name = next(key for key, base in self._base_names.items() if base == short_name & 0xFF00)
        known: Any = self.attributes[class_id, name, (short_name & 0xFF) // 8 + 1]
        value = known(selection) if callable(known) else known
        return value if isinstance(value, DataAccessResult) else dumps(value)

    def _next_block(self, invoke: int, number: int) -> Message:
        if self.blocks_before_loss is not None and number > self.blocks_before_loss:
            raise ConnectionLost("the wire is cut")
        self.asked_for.append(number)
        if number in self.instead:
            return ReadResponse((self.instead[number],))
        return ReadResponse((DataBlockResult(number == len(self._blocks), number, self._blocks[number - 1]),))


class Columns(ProfileStream):
    """Tells how many octets it has when it is fed."""

    fed: list[int]

    def feed(self, octets: Any) -> int:
        self.fed.append(len(octets))
        return super().feed(octets)


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    Columns.fed = []
    monkeypatch.setattr("dlms.association.profile_reading.ProfileStream", Columns)
    return Columns.fed


@pytest.mark.parametrize("access", ["range", "entry", "all"])
@pytest.mark.parametrize("block", [None, 7, 100])
@pytest.mark.parametrize("in_list", [True, False])
def test_a_range(access: Any, block: int | None, in_list: bool) -> None:
    meter = ShortNameMeter()
    meter.block, meter.in_list = block, in_list
    reading = ProfileReading(NAME, at(10), at(20), access=access)
    assert energies(meter.run(reading.run(meter.association()))) == list(range(10, 20))
    assert (meter.asked == []) is (access == "all")


def test_rows_are_chosen_here_without_parameterized_access() -> None:
    meter = ShortNameMeter()
    meter.block = 100
    unable = meter.association(ALL & ~Conformance.PARAMETERIZED_ACCESS)
    assert energies(meter.run(ProfileReading(NAME, at(10), at(12)).run(unable))) == [10, 11]
    assert not meter.asked


@pytest.mark.parametrize("in_list", [True, False])
def test_each_block_becomes_rows_when_it_comes(fed: list[int], in_list: bool) -> None:
    meter = ShortNameMeter(1000)
    meter.block, meter.in_list = 200, in_list
    profile = meter.run(ProfileReading(NAME).run(meter.association()))
    assert energies(profile) == list(range(1000))
    buffer = [octets for octets in fed if octets > 20]
    assert set(buffer[1:-1]) == {200}
    assert buffer[0] == (198 if in_list else 200)
    told = [(done, total) for done, total in meter.progress if total == 1000]
    assert told == sorted(told)
    assert len({done for done, _ in told}) > 100
    assert told[-1] == (1000, 1000)


@pytest.mark.parametrize("blocks", [1, 2, 3, 5, 8, 13, 21])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("in_list", [True, False])
def test_a_lost_link_loses_no_row_and_repeats_none(blocks: int, newest_first: bool, in_list: bool) -> None:
    meter = ShortNameMeter(newest_first=newest_first)
    meter.block, meter.in_list = 100, in_list
    reading = ProfileReading(NAME, at(5), at(95))
    profile = None
    for attempt in range(30):
        meter.blocks_before_loss = blocks + 4 * attempt
        try:
            profile = meter.run(reading.run(meter.association()))
            break
        except ConnectionLost:
            continue
    assert profile is not None
    assert energies(profile) == list(range(5, 95))[:: -1 if newest_first else 1]
    assert np.unique(profile.columns[CLOCK]).size == 90
    rest = [(asked.to_value if newest_first else asked.from_value).octets[:8] for asked in meter.asked]
    assert rest == sorted(rest, reverse=newest_first)
    assert len(set(rest)) > 1 or blocks == 21  # what came before the loss was not asked for again


@pytest.mark.parametrize(
    ("instead", "error"),
    [
        (DataAccessResult.DATA_BLOCK_UNAVAILABLE, DataBlockUnavailable),
        (DataBlockResult(False, 7, bytes(100)), ProtocolError),
        (DataBlockResult(False, 3, bytes(100)), DecodeError),  # null-data where rows should be
        (DataBlockResult(True, 3, b""), DecodeError),  # the last one, too early
        (b"\x00", ProtocolError),
    ],
)
def test_a_block_that_breaks_the_rows(instead: Any, error: type[Exception]) -> None:
    meter = ShortNameMeter()
    meter.block, meter.instead[3] = 220, instead
    with pytest.raises(error):
        meter.run(ProfileReading(NAME).run(meter.association()))
