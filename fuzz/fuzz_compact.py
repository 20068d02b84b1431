"""Invariant: any octets come apart into description and contents which mean the same together, or a DecodeError."""

from dlms_core.compact import join, split
from dlms_core.fault import DecodeError


def check(octets: bytes) -> None:
    try:
        description, contents = split(octets)
    except DecodeError:
        return
    whole = join(description, contents)
    assert len(whole) <= len(octets)
    assert split(whole) == (description, contents)
