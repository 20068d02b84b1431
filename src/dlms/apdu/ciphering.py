"""Ciphered and signed APDUs (IEC 62056-5-3): service-specific with the global or the dedicated key, and general."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from dlms.enumerations import CodeTable, KeyId
from dlms.grammar import (
    IN_OCTETS,
    OMISSIBLE,
    Message,
    OctetString,
    OctetString12,
    RemainingOctets,
    Unsigned8,
    Unsigned32,
    sequence,
    when,
)

SUITE: Final = 0x0F
AUTHENTICATED: Final = 0x10
ENCRYPTED: Final = 0x20
BROADCAST_KEY: Final = 0x40


@sequence()
class CipheredContent(Message):
    """What a ciphered APDU holds; also f(StoC) and f(CtoS) of HLS mechanism 5, with empty `information`.

    `security_control`: bits 0-3 suite, 4 authenticated, 5 encrypted, 6 broadcast key, 7 compressed. Only protected
    content has an `invocation_counter`, only authenticated content a tag. `information` is ciphertext where encrypted.
    """

    security_control: Unsigned8
    invocation_counter: Annotated[Unsigned32 | None, when("security_control", mask=AUTHENTICATED | ENCRYPTED)]
    information: RemainingOctets
    authentication_tag: Annotated[OctetString12 | None, when("security_control", mask=AUTHENTICATED)] = None


CipheredOctets: TypeAlias = Annotated[CipheredContent, IN_OCTETS]


@sequence()
class GlobalCiphering(Message):
    """What every glo- APDU is: ciphered with the global key."""

    ciphered_content: CipheredOctets


@sequence()
class DedicatedCiphering(Message):
    """What every ded- APDU is: ciphered with the dedicated key of the association."""

    ciphered_content: CipheredOctets


@sequence(tag=0x21, trailing=True)
class GloInitiateRequest(GlobalCiphering):
    """glo-initiate-request."""


@sequence(tag=0x25, trailing=True)
class GloReadRequest(GlobalCiphering):
    """glo-read-request."""


@sequence(tag=0x26, trailing=True)
class GloWriteRequest(GlobalCiphering):
    """glo-write-request."""


@sequence(tag=0x28, trailing=True)
class GloInitiateResponse(GlobalCiphering):
    """glo-initiate-response."""


@sequence(tag=0x2C, trailing=True)
class GloReadResponse(GlobalCiphering):
    """glo-read-response."""


@sequence(tag=0x2D, trailing=True)
class GloWriteResponse(GlobalCiphering):
    """glo-write-response."""


@sequence(tag=0x2E, trailing=True)
class GloConfirmedServiceError(GlobalCiphering):
    """glo-confirmed-service-error."""


@sequence(tag=0x36, trailing=True)
class GloUnconfirmedWriteRequest(GlobalCiphering):
    """glo-unconfirmed-write-request."""


@sequence(tag=0x38, trailing=True)
class GloInformationReportRequest(GlobalCiphering):
    """glo-information-report-request."""


@sequence(tag=0xC8, trailing=True)
class GloGetRequest(GlobalCiphering):
    """glo-get-request."""


@sequence(tag=0xC9, trailing=True)
class GloSetRequest(GlobalCiphering):
    """glo-set-request."""


@sequence(tag=0xCA, trailing=True)
class GloEventNotificationRequest(GlobalCiphering):
    """glo-event-notification-request."""


@sequence(tag=0xCB, trailing=True)
class GloActionRequest(GlobalCiphering):
    """glo-action-request."""


@sequence(tag=0xCC, trailing=True)
class GloGetResponse(GlobalCiphering):
    """glo-get-response."""


@sequence(tag=0xCD, trailing=True)
class GloSetResponse(GlobalCiphering):
    """glo-set-response."""


@sequence(tag=0xCF, trailing=True)
class GloActionResponse(GlobalCiphering):
    """glo-action-response."""


@sequence(tag=0x41, trailing=True)
class DedInitiateRequest(DedicatedCiphering):
    """ded-initiate-request."""


@sequence(tag=0x45, trailing=True)
class DedReadRequest(DedicatedCiphering):
    """ded-read-request."""


@sequence(tag=0x46, trailing=True)
class DedWriteRequest(DedicatedCiphering):
    """ded-write-request."""


@sequence(tag=0x48, trailing=True)
class DedInitiateResponse(DedicatedCiphering):
    """ded-initiate-response."""


@sequence(tag=0x4C, trailing=True)
class DedReadResponse(DedicatedCiphering):
    """ded-read-response."""


@sequence(tag=0x4D, trailing=True)
class DedWriteResponse(DedicatedCiphering):
    """ded-write-response."""


@sequence(tag=0x4E, trailing=True)
class DedConfirmedServiceError(DedicatedCiphering):
    """ded-confirmed-service-error."""


@sequence(tag=0x56, trailing=True)
class DedUnconfirmedWriteRequest(DedicatedCiphering):
    """ded-unconfirmed-write-request."""


@sequence(tag=0x58, trailing=True)
class DedInformationReportRequest(DedicatedCiphering):
    """ded-information-report-request."""


@sequence(tag=0xD0, trailing=True)
class DedGetRequest(DedicatedCiphering):
    """ded-get-request."""


@sequence(tag=0xD1, trailing=True)
class DedSetRequest(DedicatedCiphering):
    """ded-set-request."""


@sequence(tag=0xD2, trailing=True)
class DedEventNotificationRequest(DedicatedCiphering):
    """ded-event-notification-request."""


@sequence(tag=0xD3, trailing=True)
class DedActionRequest(DedicatedCiphering):
    """ded-action-request."""


@sequence(tag=0xD4, trailing=True)
class DedGetResponse(DedicatedCiphering):
    """ded-get-response."""


@sequence(tag=0xD5, trailing=True)
class DedSetResponse(DedicatedCiphering):
    """ded-set-response."""


@sequence(tag=0xD7, trailing=True)
class DedActionResponse(DedicatedCiphering):
    """ded-action-response."""


GlobalCiphered: TypeAlias = (
    GloInitiateRequest
    | GloReadRequest
    | GloWriteRequest
    | GloInitiateResponse
    | GloReadResponse
    | GloWriteResponse
    | GloConfirmedServiceError
    | GloUnconfirmedWriteRequest
    | GloInformationReportRequest
    | GloGetRequest
    | GloSetRequest
    | GloEventNotificationRequest
    | GloActionRequest
    | GloGetResponse
    | GloSetResponse
    | GloActionResponse
)

DedicatedCiphered: TypeAlias = (
    DedInitiateRequest
    | DedReadRequest
    | DedWriteRequest
    | DedInitiateResponse
    | DedReadResponse
    | DedWriteResponse
    | DedConfirmedServiceError
    | DedUnconfirmedWriteRequest
    | DedInformationReportRequest
    | DedGetRequest
    | DedSetRequest
    | DedEventNotificationRequest
    | DedActionRequest
    | DedGetResponse
    | DedSetResponse
    | DedActionResponse
)


@sequence(tag=0xDB, trailing=True)
class GeneralGloCiphering(Message):
    """general-glo-ciphering; `system_title` is the originator's, empty where the peer knows it."""

    system_title: OctetString
    ciphered_content: CipheredOctets


@sequence(tag=0xDC, trailing=True)
class GeneralDedCiphering(Message):
    """general-ded-ciphering."""

    system_title: OctetString
    ciphered_content: CipheredOctets


@sequence(tag=0)
class IdentifiedKey(Message):
    """identified-key: the global unicast or broadcast encryption key."""

    key_id: KeyId


class KekId(CodeTable):
    """kek-id of wrapped-key."""

    MASTER_KEY = 0


@sequence(tag=1)
class WrappedKey(Message):
    """wrapped-key: a key wrapped (RFC 3394) with the key encryption key."""

    kek_id: KekId
    key_ciphered_data: OctetString


@sequence(tag=2)
class AgreedKey(Message):
    """agreed-key. `key_parameters`: 01 one-pass Diffie-Hellman C(1e,1s), 02 static unified model C(0e,2s)."""

    key_parameters: OctetString
    key_ciphered_data: OctetString


KeyInfo: TypeAlias = IdentifiedKey | WrappedKey | AgreedKey


@sequence()
class ProtectionHeader(Message):
    """The fields that general-ciphering and general-signing begin with. Encoded by itself it is what they authenticate
    of themselves: every field with its length, without the tag of the APDU. `date_time` may be empty."""

    transaction_id: OctetString
    originator_system_title: OctetString
    recipient_system_title: OctetString
    date_time: OctetString
    other_information: OctetString


@sequence(tag=0xDD, trailing=True)
class GeneralCiphering(ProtectionHeader):
    """general-ciphering: for a third party, with a key of any origin."""

    key_info: KeyInfo | None
    ciphered_content: CipheredOctets

    @property
    def header(self) -> ProtectionHeader:
        return _header(self)


@sequence()
class SignedContent(ProtectionHeader):
    """What general-signing signs, encoded by itself: the header and the content with its length."""

    content: OctetString


@sequence(tag=0xDF, trailing=True)
class GeneralSigning(SignedContent):
    """general-signing; `signature` is r and s side by side, empty in a message yet to be signed (a GBCS pre-command
    ends before it)."""

    signature: Annotated[OctetString, OMISSIBLE] = b""

    @property
    def header(self) -> ProtectionHeader:
        return _header(self)

    @property
    def signed_content(self) -> SignedContent:
        return SignedContent(
            self.transaction_id,
            self.originator_system_title,
            self.recipient_system_title,
            self.date_time,
            self.other_information,
            self.content,
        )


def _header(message: ProtectionHeader) -> ProtectionHeader:
    return ProtectionHeader(
        message.transaction_id,
        message.originator_system_title,
        message.recipient_system_title,
        message.date_time,
        message.other_information,
    )
