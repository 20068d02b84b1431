"""Any octets give None or an array that loads, of elements that are there."""

from __future__ import annotations

from dlms.data import loads
from dlms_core.elements import whole_elements


def check(octets: bytes) -> None:
    whole = whole_elements(octets)
    if whole is not None:
        assert isinstance(loads(whole, max_elements=8 * len(octets) + 1024), list)
