"""Properties of the clock: any octets are kept; the epoch agrees with the standard library."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from dlms_core.clock import CosemDate, CosemDateTime, CosemTime

EPOCH = datetime.datetime(1970, 1, 1)
signs = st.sampled_from(["standard", "reversed"])
moments = st.datetimes(min_value=datetime.datetime(1, 1, 3), max_value=datetime.datetime(9999, 12, 29))


@given(st.binary(min_size=12, max_size=12), signs, st.booleans())
def test_any_octets_are_kept(octets, sign, apart):
    for kind, size in ((CosemDateTime, 12), (CosemDate, 5), (CosemTime, 4)):
        value = kind.from_octets(octets[:size])
        assert value.octets == octets[:size]
        assert str(value)
        assert repr(value)
    moment = CosemDateTime.from_octets(octets)
    milliseconds = moment.epoch_milliseconds(deviation_sign=sign, daylight_saving_apart=apart)
    if milliseconds is not None and moment.deviation is not None and abs(moment.deviation) <= 840:
        again = CosemDateTime.from_epoch_milliseconds(
            milliseconds,
            deviation=moment.deviation,
            status=moment.status,
            deviation_sign=sign,
            daylight_saving_apart=apart,
        )
        hundredths = octets[8] if octets[8] < 100 else 0
        assert again.octets[:4] + again.octets[5:] == octets[:4] + octets[5:8] + bytes([hundredths]) + octets[9:]


@given(
    moments,
    st.one_of(st.none(), st.integers(-840, 840)),
    signs,
    st.sampled_from([None, 0, 0x80]),
    st.booleans(),
)
def test_epoch_agrees_with_the_standard_library(local, deviation, sign, status, apart):
    local = local.replace(microsecond=local.microsecond // 10000 * 10000)
    moment = CosemDateTime(
        year=local.year,
        month=local.month,
        day=local.day,
        day_of_week=local.isoweekday(),
        hour=local.hour,
        minute=local.minute,
        second=local.second,
        hundredths=local.microsecond // 10000,
        deviation=deviation,
        status=status,
    )
    shift = 0
    if deviation is not None:
        shift = deviation if sign == "standard" else -deviation
        if apart and status == 0x80:
            shift -= 60
    expected = (local - EPOCH) // datetime.timedelta(milliseconds=1) + shift * 60000
    assert moment.epoch_milliseconds(deviation_sign=sign, daylight_saving_apart=apart) == expected
    again = CosemDateTime.from_epoch_milliseconds(
        expected, deviation=deviation, status=status, deviation_sign=sign, daylight_saving_apart=apart
    )
    assert again == moment
