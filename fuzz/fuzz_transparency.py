"""Any octets unstuff to octets that stuff and unstuff to themselves, or are refused with a DecodeError."""

from dlms_core.fault import DecodeError
from dlms_core.transparency import stuff, unstuff


def check(octets: bytes) -> None:
    assert unstuff(stuff(octets)) == octets
    try:
        plain = unstuff(octets)
    except DecodeError:
        return
    assert unstuff(stuff(plain)) == plain
