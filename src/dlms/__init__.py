"""DLMS/COSEM (IEC 62056), the protocol of smart meters, in Python."""

from __future__ import annotations

from dlms.apdu import decode, encode
from dlms.data import loads
from dlms.errors import ConfigurationError, DecodeError, DlmsError, EncodeError
from dlms.grammar import dumps

__all__ = ["ConfigurationError", "DecodeError", "DlmsError", "EncodeError", "decode", "dumps", "encode", "loads"]
