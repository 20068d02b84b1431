"""DLMS/COSEM (IEC 62056), the protocol of smart meters, in Python."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlms.apdu import decode, encode
from dlms.data import loads
from dlms.errors import ConfigurationError, DecodeError, DlmsError, EncodeError
from dlms.grammar import dumps

if TYPE_CHECKING:
    from dlms import aio
    from dlms.client import connect
    from dlms.cosem.profile import Profile, unpack_profile
    from dlms.cosem.references import AttributeRef, MethodRef
    from dlms.security.settings import Security

__all__ = [
    "AttributeRef",
    "ConfigurationError",
    "DecodeError",
    "DlmsError",
    "EncodeError",
    "MethodRef",
    "Profile",
    "Security",
    "aio",
    "connect",
    "decode",
    "dumps",
    "encode",
    "loads",
    "unpack_profile",
]

# Found when asked for: numpy and the cipher library take longer to import than all the rest, and who only decodes
# does not wait for them.
_LATER = {
    "AttributeRef": "dlms.cosem.references",
    "MethodRef": "dlms.cosem.references",
    "Profile": "dlms.cosem.profile",
    "Security": "dlms.security.settings",
    "connect": "dlms.client",
    "unpack_profile": "dlms.cosem.profile",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name == "aio":
        return import_module("dlms.aio")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
