"""ACSE: how an association is opened and released (IEC 62056-5-3, AARQ to RLRE; ISO/IEC 8650-1), in BER."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dlms.apdu.ciphering import (
    DedInitiateRequest,
    DedInitiateResponse,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GloConfirmedServiceError,
    GloInitiateRequest,
    GloInitiateResponse,
)
from dlms.apdu.exception import ConfirmedServiceError
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.grammar import (
    BER,
    IN_OCTETS,
    BitString,
    Integer32,
    Message,
    ObjectIdentifier,
    OctetString,
    Tag,
    context,
    sequence,
)
from dlms.results import (
    AcseServiceProviderDiagnostic,
    AcseServiceUserDiagnostic,
    AssociationResult,
    ReleaseRequestReason,
    ReleaseResponseReason,
)

UserInformation: TypeAlias = Annotated[
    InitiateRequest
    | InitiateResponse
    | ConfirmedServiceError
    | GloInitiateRequest
    | GloInitiateResponse
    | GloConfirmedServiceError
    | DedInitiateRequest
    | DedInitiateResponse
    | GeneralGloCiphering
    | GeneralDedCiphering
    | GeneralCiphering,
    IN_OCTETS,
]
"""Association-information: one xDLMS APDU, in A-XDR, inside an OCTET STRING."""

AuthenticationValue: TypeAlias = (
    Annotated[OctetString, context(0, "charstring")] | Annotated[BitString, context(1, "bitstring")]
)
"""A password or a challenge: charstring, of whatever octets. COSEM does not use `external` and `other`."""

AssociateSourceDiagnostic: TypeAlias = (
    Annotated[AcseServiceUserDiagnostic, context(1, "acse-service-user", explicit=True)]
    | Annotated[AcseServiceProviderDiagnostic, context(2, "acse-service-provider", explicit=True)]
)

RespondingInvocationId: TypeAlias = (
    Annotated[Integer32, Tag(0x02, "number")] | Annotated[OctetString, Tag(0x04, "title")]
)
"""A number; with HLS-SHA256 Gurux's server repeats its system title here."""


@sequence(tag=0x60, rules=BER, kw_only=True)
class Aarq(Message):
    """AARQ-apdu, [APPLICATION 0]: the client asks for an association."""

    protocol_version: Annotated[BitString, context(0)] = "1"
    application_context_name: Annotated[ObjectIdentifier, context(1, explicit=True)]
    called_ap_title: Annotated[OctetString | None, context(2, explicit=True)] = None
    called_ae_qualifier: Annotated[OctetString | None, context(3, explicit=True)] = None
    called_ap_invocation_id: Annotated[Integer32 | None, context(4, explicit=True)] = None
    called_ae_invocation_id: Annotated[Integer32 | None, context(5, explicit=True)] = None
    calling_ap_title: Annotated[OctetString | None, context(6, explicit=True)] = None
    calling_ae_qualifier: Annotated[OctetString | None, context(7, explicit=True)] = None
    calling_ap_invocation_id: Annotated[Integer32 | None, context(8, explicit=True)] = None
    calling_ae_invocation_id: Annotated[Integer32 | None, context(9, explicit=True)] = None
    sender_acse_requirements: Annotated[BitString | None, context(10)] = None
    mechanism_name: Annotated[ObjectIdentifier | None, context(11)] = None
    calling_authentication_value: Annotated[AuthenticationValue | None, context(12, explicit=True)] = None
    implementation_information: Annotated[OctetString | None, context(29)] = None
    user_information: Annotated[UserInformation | None, context(30, explicit=True)] = None


@sequence(tag=0x61, rules=BER, kw_only=True)
class Aare(Message):
    """AARE-apdu, [APPLICATION 1]: the server's answer."""

    protocol_version: Annotated[BitString, context(0)] = "1"
    application_context_name: Annotated[ObjectIdentifier, context(1, explicit=True)]
    result: Annotated[AssociationResult, context(2, explicit=True)]
    result_source_diagnostic: Annotated[AssociateSourceDiagnostic, context(3, explicit=True)]
    responding_ap_title: Annotated[OctetString | None, context(4, explicit=True)] = None
    responding_ae_qualifier: Annotated[OctetString | None, context(5, explicit=True)] = None
    responding_ap_invocation_id: Annotated[RespondingInvocationId | None, context(6, explicit=True)] = None
    responding_ae_invocation_id: Annotated[Integer32 | None, context(7, explicit=True)] = None
    responder_acse_requirements: Annotated[BitString | None, context(8)] = None
    mechanism_name: Annotated[ObjectIdentifier | None, context(9)] = None
    responding_authentication_value: Annotated[AuthenticationValue | None, context(10, explicit=True)] = None
    implementation_information: Annotated[OctetString | None, context(29)] = None
    user_information: Annotated[UserInformation | None, context(30, explicit=True)] = None


@sequence(tag=0x62, rules=BER)
class Rlrq(Message):
    """RLRQ-apdu, [APPLICATION 2]: release."""

    reason: Annotated[ReleaseRequestReason | None, context(0)] = None
    user_information: Annotated[UserInformation | None, context(30, explicit=True)] = None


@sequence(tag=0x63, rules=BER)
class Rlre(Message):
    """RLRE-apdu, [APPLICATION 3]: released. Some meters answer `63 00`, or the single octet 63."""

    reason: Annotated[ReleaseResponseReason | None, context(0)] = None
    user_information: Annotated[UserInformation | None, context(30, explicit=True)] = None
