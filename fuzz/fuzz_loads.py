"""Invariant: octets are Data for both forms of loads and for the oracle, or for none; typed values give them back."""

from tests.model import data as model

from dlms_core.axdr import dumps, loads
from dlms_core.fault import DecodeError


def check(octets: bytes) -> None:
    faults = []
    for typed in (False, True):
        try:
            value = loads(octets, typed)
        except DecodeError as error:
            faults.append((str(error), error.offset))
    try:
        model.decode(octets)
    except model.Refused:
        assert len(faults) == 2
        assert faults[0] == faults[1]
        assert 0 <= faults[0][1] <= len(octets)
        return
    assert not faults
    assert repr(value.value) == repr(loads(octets))
    again = dumps(value)
    assert loads(again, typed=True) == value
    assert dumps(loads(again, typed=True)) == again
