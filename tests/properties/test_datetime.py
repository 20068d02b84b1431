"""Whatever the octets, dlms.datetime gives a value or a DlmsError; and what it writes it reads back."""

from __future__ import annotations

import contextlib
import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dlms.datetime import (
    CosemDate,
    CosemDateTime,
    CosemTime,
    DeviationSign,
    clock_status,
    from_datetime,
    to_date,
    to_datetime,
    to_time,
)
from dlms.errors import DlmsError

ZONES = st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "UTC"]).map(
    ZoneInfo
)
MOMENTS = st.datetimes(datetime.datetime(1975, 1, 1), datetime.datetime(2100, 1, 1), timezones=ZONES)
SIGNS: st.SearchStrategy[DeviationSign] = st.sampled_from(["standard", "reversed"])


@given(st.binary(min_size=12, max_size=12), SIGNS, st.booleans())
def test_any_octets(octets: bytes, sign: DeviationSign, apart: bool) -> None:
    moment = CosemDateTime.from_octets(octets)
    clock_status(moment)
    with contextlib.suppress(DlmsError):
        value = to_datetime(moment, tz=datetime.UTC, deviation_sign=sign, daylight_saving_apart=apart)
        milliseconds = (value - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) / datetime.timedelta(milliseconds=1)
        assert milliseconds == moment.epoch_milliseconds(deviation_sign=sign, daylight_saving_apart=apart)
    with contextlib.suppress(DlmsError):
        to_date(CosemDate.from_octets(octets[:5]))
    with contextlib.suppress(DlmsError):
        to_time(CosemTime.from_octets(octets[:4]))


@given(MOMENTS, SIGNS, st.booleans())
def test_there_and_back(moment: datetime.datetime, sign: DeviationSign, apart: bool) -> None:
    octets = from_datetime(moment, deviation_sign=sign, daylight_saving_apart=apart)
    back = to_datetime(octets, deviation_sign=sign, daylight_saving_apart=apart)
    cut = moment.replace(microsecond=moment.microsecond // 10_000 * 10_000)
    assert back.replace(tzinfo=None) == cut.replace(tzinfo=None)
    assert back.utcoffset() == cut.utcoffset()


@given(MOMENTS)
def test_there_and_back_without_deviation(moment: datetime.datetime) -> None:
    existing = moment.astimezone(datetime.UTC).astimezone(moment.tzinfo)
    back = to_datetime(from_datetime(existing, skip=("deviation",)), tz=existing.tzinfo)
    assert back.utcoffset() == existing.utcoffset()
    assert back.replace(tzinfo=None) == existing.replace(
        tzinfo=None, fold=0, microsecond=existing.microsecond // 10_000 * 10_000
    )
