"""The tree of errors. Everything that the library raises on purpose is a DlmsError."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlms_core.fault import DecodeError, DlmsError, EncodeError

if TYPE_CHECKING:
    from dlms.enumerations import ImageTransferStatus

__all__ = [
    "AssociationRejected",
    "AuthenticationFailed",
    "ConfigurationError",
    "ConnectionLost",
    "CounterExhausted",
    "DeadlineExceeded",
    "DecodeError",
    "DlmsError",
    "Downgrade",
    "EncodeError",
    "ImageTransferError",
    "LinkError",
    "LinkRefused",
    "MissingKey",
    "ProtocolError",
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


class LinkRefused(LinkError):
    """The other station is there, and refuses to connect (DM)."""


class Downgrade(SecurityError):
    """The peer offers or sends something weaker than was asked for."""


class ProtocolError(DlmsError):
    """The peer sent what cannot come here: another service's response, a wrong block number, another invoke-id."""


class AssociationRejected(DlmsError):
    """The peer did not accept the association; `result` and `diagnostic` say why, `information` may say more."""

    def __init__(self, result: object, diagnostic: object, information: object = None) -> None:
        super().__init__(result, diagnostic, information)
        self.result = result
        self.diagnostic = diagnostic
        self.information = information

    def __str__(self) -> str:
        words = [str(getattr(part, "book_name", part)) for part in (self.result, self.diagnostic)]
        return f"association {words[0]}: {words[1]}"


class ImageTransferError(DlmsError):
    """The meter did not take an image, found it wrong, or could not activate it; `status` is its
    image_transfer_status, None where it was not asked."""

    def __init__(self, reason: str, status: ImageTransferStatus | None = None) -> None:
        super().__init__(reason, status)
        self.status = status

    def __str__(self) -> str:
        reason = str(self.args[0])
        return reason if self.status is None else f"{reason} (image_transfer_status: {self.status.book_name})"
