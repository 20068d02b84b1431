"""The tree of errors. Everything that the library raises on purpose is a DlmsError."""

from __future__ import annotations

from dlms_core.fault import DecodeError, DlmsError, EncodeError

__all__ = [
    "AuthenticationFailed",
    "ConfigurationError",
    "ConnectionLost",
    "CounterExhausted",
    "DeadlineExceeded",
    "DecodeError",
    "DlmsError",
    "EncodeError",
    "LinkError",
    "MissingKey",
    "ReplayDetected",
    "SecurityError",
    "TagMismatch",
    "TransportError",
]


class ConfigurationError(DlmsError):
    """What the caller asked for cannot be: an unknown option, a key of the wrong length, a contradiction."""


class SecurityError(DlmsError):
    """Protection that is missing, wrong or weaker than it has to be."""


class MissingKey(SecurityError):
    """A key that is needed to read or to protect an APDU was not given."""


class TagMismatch(SecurityError):
    """An authentication tag does not fit its octets."""


class ReplayDetected(SecurityError):
    """A received invocation counter that was used before, or that leaps too far."""


class CounterExhausted(SecurityError):
    """An invocation counter has no values left: its key has to be changed."""


class AuthenticationFailed(SecurityError):
    """The peer did not prove itself, or did not accept our proof."""


class TransportError(DlmsError):
    """What carries the octets failed."""


class ConnectionLost(TransportError):
    """The connection could not be made, broke, or was closed by the peer."""


class DeadlineExceeded(TransportError, TimeoutError):
    """The peer did not answer in time."""


class LinkError(DlmsError):
    """The link to the peer could not be made, broke, or was misused by the peer."""
