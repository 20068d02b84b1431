"""Invariant: any octets are a Profile that gives its rows, its scaled columns and its Arrow stream, or a DlmsError."""

from __future__ import annotations

from dlms.cosem.profile import Profile, unpack_profile
from dlms.errors import DlmsError


def check(octets: bytes) -> None:
    try:
        profile = unpack_profile(octets, capture_period=900, scaler_units=[None, (-3, 30), (127, 27)])
    except DlmsError:
        return
    rows = list(profile.rows())
    assert len(rows) == len(profile)
    profile.scaled()
    profile.scaled(decimal=True)
    profile.__arrow_c_stream__()
    again = unpack_profile(octets, out=Profile.empty(profile.plan, len(profile)))
    assert repr(list(again.rows())) == repr(rows)
