"""DLMS/COSEM (IEC 62056), the protocol of smart meters, in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlms.apdu import decode, encode
from dlms.data import loads
from dlms.errors import ConfigurationError, DecodeError, DlmsError, EncodeError
from dlms.grammar import dumps

if TYPE_CHECKING:
    from dlms.cosem.profile import Profile, unpack_profile

__all__ = [
    "ConfigurationError",
    "DecodeError",
    "DlmsError",
    "EncodeError",
    "Profile",
    "decode",
    "dumps",
    "encode",
    "loads",
    "unpack_profile",
]


def __getattr__(name: str) -> Any:
    # Profiles need numpy, which takes longer to import than all the rest; who reads no profile does not wait for it.
    if name in ("Profile", "unpack_profile"):
        from dlms.cosem import profile

        return getattr(profile, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
