"""The tree of errors. Everything that the library raises on purpose is a DlmsError."""

from __future__ import annotations

from dlms_core.fault import DecodeError, DlmsError, EncodeError

__all__ = ["ConfigurationError", "DecodeError", "DlmsError", "EncodeError"]


class ConfigurationError(DlmsError):
    """What the caller asked for cannot be: an unknown option, a key of the wrong length, a contradiction."""
