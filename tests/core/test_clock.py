"""COSEM date-time, date and time: foreign octets first, then the fields, the constructor and the epoch."""

import datetime
import json
import os
import pickle
from pathlib import Path

import pytest

from dlms_core.clock import CosemDate, CosemDateTime, CosemTime
from dlms_core.fault import DecodeError, EncodeError

CORPUS = os.environ.get("DLMS_CORPUS")


def corpus_vectors():
    if CORPUS is None:
        return []
    items = json.loads((Path(CORPUS) / "test-vectors.json").read_text())["items"]
    return next(item["vectors"] for item in items if item["id"] == "tv-date-time")


def milliseconds(iso: str) -> int:
    moment = datetime.datetime.fromisoformat(iso)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return int(moment.timestamp() * 1000)


@pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set: no captured octets")
def test_corpus_vectors():
    seen = 0
    for vector in corpus_vectors():
        octets = bytes.fromhex(vector["hex"])
        if vector.get("type") == "date":
            value = CosemDate.from_octets(octets[1:])
            expected = vector["iso"] and milliseconds(vector["iso"])
            assert value.epoch_milliseconds() == expected
        elif vector.get("type") == "time":
            time = CosemTime.from_octets(octets[1:])
            assert (time.milliseconds() is None) == (vector["iso"] is None)
            if vector["iso"]:
                assert str(time) == vector["iso"]
        elif "epoch_ms" in vector:
            moment = CosemDateTime.from_octets(octets)
            assert moment.epoch_milliseconds(daylight_saving_apart=True) == vector["epoch_ms"]
            assert moment.epoch_milliseconds() == vector["epoch_ms"] + 3_600_000
        else:
            moment = CosemDateTime.from_octets(octets)
            assert moment.epoch_milliseconds() == milliseconds(vector["iso"])
            assert str(moment) == vector["iso"]
            for name in ("day_of_week", "deviation"):
                if name in vector:
                    assert getattr(moment, name) == vector[name]
        seen += 1
    assert seen == 8


@pytest.mark.parametrize(
    ("octets", "sign", "apart", "iso"),
    [
        ("07E30C1F0217000000FFC400", "standard", False, "2019-12-31T22:00:00+00:00"),
        ("07E30C1F0217000000003C00", "reversed", False, "2019-12-31T22:00:00+00:00"),
        ("07E30C1F0217000000003C00", "standard", False, "2020-01-01T00:00:00+00:00"),
        ("07E30C1F0217000000800000", "reversed", False, "2019-12-31T23:00:00+00:00"),
        # Deviation not specified: local time as sent, whatever the daylight saving bit says.
        ("07E30C1F0217000000800080", "standard", True, "2019-12-31T23:00:00+00:00"),
        # Energomera: day of week, hundredths and status not specified; deviation -180.
        ("07E8030FFF102619FFFF4CFF", "standard", True, "2024-03-15T13:38:25+00:00"),
        ("07E8021D0400000000FFC400", "standard", False, "2024-02-28T23:00:00+00:00"),
    ],
)
def test_epoch(octets, sign, apart, iso):
    moment = CosemDateTime.from_octets(bytes.fromhex(octets))
    assert moment.epoch_milliseconds(deviation_sign=sign, daylight_saving_apart=apart) == milliseconds(iso)


def test_hundredths_count():
    assert CosemDateTime.from_octets(bytes.fromhex("07B20101040000002A000000")).epoch_milliseconds() == 420
    assert CosemDateTime.from_octets(bytes.fromhex("07B2010104000000FF000000")).epoch_milliseconds() == 0


@pytest.mark.parametrize(
    "octets",
    [
        "FFFF0101FF00000000800000",  # year
        "07E8FF01FF00000000800000",  # month
        "07E8FE01FF00000000800000",  # daylight savings begin
        "07E8FD01FF00000000800000",
        "07E801FFFF00000000800000",  # day
        "07E801FEFF00000000800000",  # last day of month
        "07E801FDFF00000000800000",
        "07E80101FFFF000000800000",  # hour
        "07E80101FF00FF0000800000",
        "07E80101FF0000FF00800000",
        "07E7021DFF00000000800000",  # 29 February of a common year
        "076C021DFF00000000800000",  # and of 1900
        "07E80100FF00000000800000",
        "07E80001FF00000000800000",
        "07E80D01FF00000000800000",
        "07E80101FF18000000800000",  # 24:00
        "07E80101FF003C0000800000",
        "07E80101FF00003C00800000",
    ],
)
def test_no_point_in_time(octets):
    moment = CosemDateTime.from_octets(bytes.fromhex(octets))
    assert moment.epoch_milliseconds() is None
    assert moment.octets.hex().upper() == octets


def test_fields():
    moment = CosemDateTime.from_octets(bytes.fromhex("07E80B15040A0B0C0DFF8801"))
    assert (moment.year, moment.month, moment.day, moment.day_of_week) == (2024, 11, 21, 4)
    assert (moment.hour, moment.minute, moment.second, moment.hundredths) == (10, 11, 12, 13)
    assert (moment.deviation, moment.status) == (-120, 1)
    nothing = CosemDateTime()
    assert nothing.octets.hex() == "ffffffffffffffffff8000ff"
    assert (nothing.year, nothing.month, nothing.deviation, nothing.status) == (None, None, None, None)
    assert str(nothing) == "****-**-**T**:**:**"
    begin = CosemDate(month=0xFE, day=0xFD, day_of_week=7)
    assert (begin.daylight_savings_begin, begin.daylight_savings_end) == (True, False)
    assert (begin.last_day_of_month, begin.second_last_day_of_month) == (False, True)
    assert str(begin) == "****-daylight-savings-begin-second-last"
    assert (begin.month, begin.day) == (0xFE, 0xFD)


def test_words():
    moment = CosemDateTime(year=2024, month=11, day=21, hour=1, minute=2, second=3, hundredths=4, deviation=60)
    assert str(moment) == "2024-11-21T01:02:03.04-01:00"
    assert eval(repr(moment)) == moment  # noqa: S307
    broken = CosemDateTime.from_octets(bytes.fromhex("07E80D01FF00000000800000"))
    assert repr(broken).startswith("CosemDateTime.from_octets(")
    assert eval(repr(broken)) == broken  # noqa: S307
    assert repr(CosemTime(hour=8, minute=30)) == "CosemTime(hour=8, minute=30)"


def test_identity():
    date, time = CosemDate(year=2024), CosemTime(hour=4)
    for value in (date, time, CosemDateTime(year=2024, status=0)):
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301
        assert hash(type(value).from_octets(value.octets)) == hash(value)
        assert value != value.octets
        with pytest.raises(AttributeError):
            value.hour = 3
    assert date != CosemDate(year=2025)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (CosemDateTime, "year", 0xFFFF),
        (CosemDateTime, "year", -1),
        (CosemDateTime, "month", 13),
        (CosemDateTime, "month", 0xFF),
        (CosemDateTime, "day", 0),
        (CosemDateTime, "day_of_week", 8),
        (CosemDateTime, "hour", 24),
        (CosemDateTime, "deviation", 841),
        (CosemDateTime, "deviation", 10**30),
        (CosemDateTime, "status", 0xFF),
        (CosemDate, "day", 10**30),
        (CosemTime, "second", 60),
        (CosemTime, "hundredths", 100),
    ],
)
def test_constructor_refuses(kind, field, value):
    with pytest.raises(EncodeError) as caught:
        kind(**{field: value})
    assert caught.value.path == field


@pytest.mark.parametrize(("kind", "size"), [(CosemDateTime, 12), (CosemDate, 5), (CosemTime, 4)])
def test_other_lengths(kind, size):
    for length in {0, 4, 5, 12, 13} - {size}:
        with pytest.raises(DecodeError, match=f"expected length {size}, got {length}"):
            kind.from_octets(bytes(length))
    assert kind.from_octets(bytearray(size)) == kind.from_octets(memoryview(bytes(size)))


def test_from_epoch():
    moment = CosemDateTime.from_epoch_milliseconds(1473354805000, deviation=-60, status=0x80)
    assert str(moment) == "2016-09-08T18:13:25+01:00"
    assert moment.day_of_week == 4
    with pytest.raises(EncodeError):
        CosemDateTime.from_epoch_milliseconds(1 << 70)
    with pytest.raises(EncodeError):
        CosemDateTime.from_epoch_milliseconds(-62167219200001)
    with pytest.raises(ValueError, match="standard"):
        moment.epoch_milliseconds(deviation_sign="backwards")
