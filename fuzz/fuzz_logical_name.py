"""Invariant: any text or octets are a logical name with a meaning that prints and parses back, or an EncodeError."""

from __future__ import annotations

from dlms.errors import EncodeError
from dlms.logical_name import LogicalName, LogicalNamePattern


def check(octets: bytes) -> None:
    text = octets.decode("latin-1")
    for source in (octets, text):
        try:
            name = LogicalName(source)
        except EncodeError:
            continue
        assert LogicalName(str(name)) == LogicalName(name.dotted) == LogicalName(name.reduced) == name
        assert name.meaning()
        assert all(name.value_groups)
    try:
        pattern = LogicalNamePattern(text)
    except EncodeError:
        return
    assert LogicalNamePattern(str(pattern)) == pattern
