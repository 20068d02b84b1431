"""DLMS/COSEM (IEC 62056), the protocol of smart meters, in Python."""

from __future__ import annotations

from dlms.data import dumps, loads
from dlms.errors import ConfigurationError, DecodeError, DlmsError, EncodeError

__all__ = ["ConfigurationError", "DecodeError", "DlmsError", "EncodeError", "dumps", "loads"]
