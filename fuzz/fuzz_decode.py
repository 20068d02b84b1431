"""Invariant: any octets are an APDU whose encoding decodes to an equal one, or a DecodeError within the octets."""

from __future__ import annotations

import dlms
from dlms.errors import DecodeError


def check(octets: bytes) -> None:
    fault = None
    try:
        message = dlms.decode(octets)
    except DecodeError as error:
        fault = error
    if fault is not None:
        assert 0 <= fault.offset <= len(octets)
        assert fault.layer == "apdu"
    else:
        again = dlms.encode(message)
        assert dlms.decode(again) == message
        assert len(again) <= len(octets) + 16
