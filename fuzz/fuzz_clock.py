"""Invariant: 12 octets of anything make a CosemDateTime that gives them back; its epoch is an int or None."""

from dlms_core.clock import CosemDateTime
from dlms_core.fault import DecodeError


def check(octets: bytes) -> None:
    try:
        moment = CosemDateTime.from_octets(octets)
    except DecodeError:
        assert len(octets) != 12
        return
    assert moment.octets == octets
    assert len(octets) == 12
    assert isinstance(moment.epoch_milliseconds(), int | None)
    assert eval(repr(moment), {"CosemDateTime": CosemDateTime}) == moment  # noqa: S307
