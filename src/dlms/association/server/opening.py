"""Opening an association as a server: AARQ to AARE with the book's results and diagnostics, HLS, release."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from dlms.apdu import decode
from dlms.apdu.acse import Aare, Aarq, AssociateSourceDiagnostic, Rlre, Rlrq
from dlms.apdu.ciphering import CipheredContent, GeneralDedCiphering, GeneralGloCiphering
from dlms.apdu.exception import ConfirmedServiceError
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.association.negotiated import vaa_name_of
from dlms.association.server.association import LEAST_PDU_SIZE, RandomOctets, ServerAssociation, State
from dlms.association.server.clients import LN_SERVED, SN_SERVED, ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.rights import Access
from dlms.enumerations import ApplicationContext, Conformance
from dlms.errors import AuthenticationFailed, DecodeError, Downgrade, SecurityError
from dlms.grammar import program
from dlms.results import (
    AcseServiceProviderDiagnostic,
    AcseServiceUserDiagnostic,
    AssociationResult,
    ConfirmedServiceErrorChoice,
    InitiateError,
    ReleaseResponseReason,
)
from dlms.security.ciphered import CIPHERED
from dlms.security.context import SecurityContext
from dlms.security.counters import counter_name
from dlms.security.hls import CHALLENGE_LENGTHS, Proof, gmac
from dlms.security.keys import TITLE_LENGTH, Key
from dlms.security.protection import Protection, SecurityControl
from dlms.security.settings import Mechanism

CONTEXT_NAME = "2.16.756.5.8.1."
MECHANISM_NAME = "2.16.756.5.8.2."
DLMS_VERSION = 6
CIPHERED_CONTEXTS = (
    ApplicationContext.LOGICAL_NAME_REFERENCING_WITH_CIPHERING,
    ApplicationContext.SHORT_NAME_REFERENCING_WITH_CIPHERING,
)
CONTENT = program(CipheredContent)
User = AcseServiceUserDiagnostic


class Rejected(Exception):
    """The association is refused; what the AARE says of it."""

    def __init__(self, diagnostic: AssociateSourceDiagnostic, initiate_error: InitiateError | None = None) -> None:
        super().__init__(diagnostic, initiate_error)
        self.diagnostic = diagnostic
        self.initiate_error = initiate_error


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of an AARQ: the AARE, and the association unless it is refused."""

    aare: Aare
    association: ServerAssociation | None
    authentication_failed: bool = False


def open_association(device: LogicalDevice, client_sap: int, aarq: Aarq, random: RandomOctets) -> Opened:
    """Judge an AARQ. The association that it opens is still without its association object."""
    try:
        association, mechanism = _judged(device, client_sap, aarq)
        response = _initiate(association, aarq)
        return Opened(_accepted(association, mechanism, aarq, response, random), association)
    except Rejected as rejected:
        failed = rejected.diagnostic == User.AUTHENTICATION_FAILURE
        return Opened(refusal(aarq, rejected.diagnostic, rejected.initiate_error), None, failed)


def pre_established_association(device: LogicalDevice, client: ServedClient) -> ServerAssociation:
    """The association that is there without an AARQ, still without its association object."""
    ciphered = client.policy.value is not Protection.NONE
    context = ApplicationContext((2 if client.short_names else 1) + (2 if ciphered else 0))
    title = client.system_title or b""
    association = ServerAssociation(device, client, Access(device, client), context=context, client_title=title)
    association.state = State.ASSOCIATED
    association.conformance = _served(association)
    if ciphered:
        association.security = _security(device, client, title)
    return association


def _served(association: ServerAssociation) -> Conformance:
    """What a client is granted of the services of its kind of names."""
    return association.client.conformance & (SN_SERVED if association.short_names else LN_SERVED)


def refusal(
    aarq: Aarq,
    diagnostic: AssociateSourceDiagnostic = User.NO_REASON_GIVEN,
    initiate_error: InitiateError | None = None,
    *,
    transient: bool = False,
) -> Aare:
    """The AARE that refuses an association: for good, or for now."""
    error = None
    if initiate_error is not None:
        error = ConfirmedServiceError(ConfirmedServiceErrorChoice.INITIATE_ERROR, initiate_error)
    return Aare(
        application_context_name=aarq.application_context_name,
        result=AssociationResult.REJECTED_TRANSIENT if transient else AssociationResult.REJECTED_PERMANENT,
        result_source_diagnostic=diagnostic,
        user_information=error,
    )


def _judged(device: LogicalDevice, client_sap: int, aarq: Aarq) -> tuple[ServerAssociation, Mechanism]:
    """The association that an AARQ asks for, as far as ACSE sees it."""
    if not aarq.protocol_version.startswith("1"):
        raise Rejected(AcseServiceProviderDiagnostic.NO_COMMON_ACSE_VERSION)
    client = device.clients.get(client_sap)
    if client is None:
        raise Rejected(User.NO_REASON_GIVEN)
    context = _context(client, aarq.application_context_name)
    mechanism = _mechanism(client, aarq)
    title = aarq.calling_ap_title or b""
    needs_title = context in CIPHERED_CONTEXTS or mechanism in (Mechanism.HLS_GMAC, Mechanism.HLS_SHA256)
    ours = bool(title) and title == device.system_title  # it would make the client's nonces ours
    if ours or (needs_title and len(title) != TITLE_LENGTH) or client.system_title not in (None, title):
        raise Rejected(User.CALLING_AP_TITLE_NOT_RECOGNIZED)
    if client.users and aarq.calling_ae_invocation_id not in client.users:
        raise Rejected(User.CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED)
    association = ServerAssociation(device, client, Access(device, client), context=context, client_title=title)
    association.user_id = aarq.calling_ae_invocation_id
    _prove_password(association, mechanism, aarq)
    if context in CIPHERED_CONTEXTS:
        association.security = _security(device, client, title)
    return association, mechanism


def _context(client: ServedClient, name: str) -> ApplicationContext:
    prefix, _, last = name.rpartition(".")
    known = {str(context.value): context for context in ApplicationContext}
    context = known.get(last) if f"{prefix}." == CONTEXT_NAME else None
    ciphered = context in CIPHERED_CONTEXTS
    short = context in (
        ApplicationContext.SHORT_NAME_REFERENCING_NO_CIPHERING,
        ApplicationContext.SHORT_NAME_REFERENCING_WITH_CIPHERING,
    )
    refused = (
        context is None
        or client.short_names not in (None, short)
        or (ciphered and not client.can_cipher)
        or (not ciphered and client.policy.value is not Protection.NONE)
    )
    if context is None or refused:
        raise Rejected(User.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED)
    return context


def _mechanism(client: ServedClient, aarq: Aarq) -> Mechanism:
    """The mechanism of the association: the one that is set for the client, and no other."""
    name = aarq.mechanism_name
    unit = (aarq.sender_acse_requirements or "").startswith("1")  # without it the fields of authentication mean nothing
    if not unit or name is None:
        if client.authentication is not Mechanism.NONE:
            raise Rejected(User.AUTHENTICATION_MECHANISM_NAME_REQUIRED if unit else User.AUTHENTICATION_REQUIRED)
        return Mechanism.NONE
    if name != f"{MECHANISM_NAME}{client.authentication.value}":
        raise Rejected(User.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED)
    return client.authentication


def _prove_password(association: ServerAssociation, mechanism: Mechanism, aarq: Aarq) -> None:
    given = aarq.calling_authentication_value
    if mechanism is Mechanism.NONE:
        return
    if not isinstance(given, bytes):
        raise Rejected(User.AUTHENTICATION_FAILURE)
    if mechanism is Mechanism.LLS:
        if not hmac.compare_digest(given, association.client.password or b""):
            raise Rejected(User.AUTHENTICATION_FAILURE)
    elif len(given) not in CHALLENGE_LENGTHS:
        raise Rejected(User.AUTHENTICATION_FAILURE)
    else:
        association.client_challenge = given


def _security(device: LogicalDevice, client: ServedClient, title: bytes) -> SecurityContext:
    assert device.system_title is not None  # noqa: S101  # LogicalDevice.serve checked it
    assert client.encryption_key is not None  # noqa: S101  # the context is refused without
    return SecurityContext(
        own_title=device.system_title,
        peer_title=title,
        protection=client.policy.value,
        encryption_key=client.encryption_key,
        authentication_key=client.authentication_key,
        counters=device.counters,
        replay=client.replay,
    )


def _initiate(association: ServerAssociation, aarq: Aarq) -> InitiateResponse:
    """The xDLMS context: the least of what both can do."""
    request = _initiate_request(association, aarq)
    client = association.client
    agreed = _served(association) & request.proposed_conformance
    if request.proposed_dlms_version_number < DLMS_VERSION:
        raise Rejected(User.NO_REASON_GIVEN, InitiateError.DLMS_VERSION_TOO_LOW)
    services = (
        Conformance.READ | Conformance.WRITE | Conformance.UNCONFIRMED_WRITE
        if association.short_names
        else Conformance.GET | Conformance.SET | Conformance.ACTION | Conformance.ACCESS
    )
    if not agreed & services:
        raise Rejected(User.NO_REASON_GIVEN, InitiateError.INCOMPATIBLE_CONFORMANCE)
    size = request.client_max_receive_pdu_size
    if 0 < size < LEAST_PDU_SIZE:
        raise Rejected(User.NO_REASON_GIVEN, InitiateError.PDU_SIZE_TOO_SHORT)
    association.conformance = agreed
    association.max_send_pdu_size = size or 0xFFFF
    if association.security is not None and request.dedicated_key is not None:
        if len(request.dedicated_key) != len(association.security.encryption_key):
            raise Rejected(User.NO_REASON_GIVEN, InitiateError.REFUSED_BY_THE_VDE_HANDLER)
        association.security.dedicated_key = Key(request.dedicated_key)
    return InitiateResponse(
        negotiated_dlms_version_number=DLMS_VERSION,
        negotiated_conformance=agreed,
        server_max_receive_pdu_size=client.max_receive_pdu_size,
        vaa_name=vaa_name_of(short_names=association.short_names),
    )


def _initiate_request(association: ServerAssociation, aarq: Aarq) -> InitiateRequest:
    information: object = aarq.user_information
    security = association.security
    if security is not None:
        if not isinstance(information, CIPHERED):
            raise Rejected(User.NO_REASON_GIVEN, InitiateError.REFUSED_BY_THE_VDE_HANDLER)
        try:
            plain = security.unprotect(information)
            control = SecurityControl.of(information.ciphered_content.security_control)
            information = decode(plain)
        except (SecurityError, DecodeError):
            raise Rejected(User.AUTHENTICATION_FAILURE) from None
        association.proven = True
        # What the client protects its first APDU with is what both keep to from there on.
        security.protection |= control.protection
        association.access.begin(control.protection)
    if not isinstance(information, InitiateRequest):
        raise Rejected(User.NO_REASON_GIVEN, InitiateError.OTHER)
    return information


def _accepted(
    association: ServerAssociation, mechanism: Mechanism, aarq: Aarq, response: InitiateResponse, random: RandomOctets
) -> Aare:
    high = mechanism.high_level
    if high:
        association.state = State.ASSOCIATION_PENDING
        association.server_challenge = random(association.client.challenge_length)
    else:
        association.established()
    information: object = response
    security = association.security
    if security is not None:
        store, name = security.sending_counter
        security.general = False
        information = decode(security.protect(response, store.reserve(name)))
        security.use_dedicated = False
    return Aare(
        application_context_name=aarq.application_context_name,
        result=AssociationResult.ACCEPTED,
        result_source_diagnostic=User.AUTHENTICATION_REQUIRED if high else User.NULL,
        responding_ap_title=association.device.system_title if security is not None or high else None,
        responder_acse_requirements="1" if high else None,
        mechanism_name=aarq.mechanism_name if high else None,
        responding_authentication_value=association.server_challenge if high else None,
        user_information=information,  # type: ignore[arg-type]  # protect made one of its alternatives
    )


def answer_to_proof(association: ServerAssociation, reply: bytes) -> bytes:
    """f(CtoS), once the client's f(StoC) was found right; raises AuthenticationFailed."""
    client, device = association.client, association.device
    if hmac.compare_digest(association.client_challenge, association.server_challenge):
        raise AuthenticationFailed("the client sent our own challenge back")
    if client.authentication is Mechanism.HLS_GMAC:
        return _gmac_answer(association, reply)
    ours, theirs = device.system_title or b"", association.client_title
    secret = client.password or b""
    expected = Proof(
        mechanism=client.authentication, challenge=association.server_challenge,
        own_challenge=association.client_challenge, title=theirs, peer_title=ours, secret=secret,
        manufacturer_reply=client.manufacturer_reply,
    )  # fmt: skip
    expected.check_digest(reply)
    answer = Proof(
        mechanism=client.authentication, challenge=association.client_challenge,
        own_challenge=association.server_challenge, title=ours, peer_title=theirs, secret=secret,
        manufacturer_reply=client.manufacturer_reply,
    )  # fmt: skip
    return answer.digest()


def _gmac_answer(association: ServerAssociation, reply: bytes) -> bytes:
    client, device = association.client, association.device
    encryption, authentication = client.encryption_key, client.authentication_key
    assert encryption is not None and authentication is not None  # noqa: PT018, S101  # ServedClient checked it
    assert device.system_title is not None  # noqa: S101  # LogicalDevice.serve checked it
    try:
        content = CONTENT.decode(reply)
    except DecodeError as error:
        raise AuthenticationFailed(f"the client's reply is no GMAC: {error}") from None
    control = SecurityControl(0, Protection.AUTHENTICATED)
    if SecurityControl.of(content.security_control) != control or content.information:
        raise AuthenticationFailed("the client's reply is no GMAC")
    theirs = gmac(association.server_challenge, suite=0, counter=content.invocation_counter,
                  title=association.client_title, encryption_key=encryption,
                  authentication_key=authentication)  # fmt: skip
    if not hmac.compare_digest(theirs, content.authentication_tag):
        raise AuthenticationFailed("the client's reply to our challenge is wrong: it does not know the keys")
    counter = device.counters.reserve(counter_name(device.system_title, encryption))
    own = gmac(association.client_challenge, suite=0, counter=counter, title=device.system_title,
               encryption_key=encryption, authentication_key=authentication)  # fmt: skip
    return CONTENT.encode(CipheredContent(control.octet, counter, b"", own))


def release(association: ServerAssociation, rlrq: Rlrq) -> Rlre:
    """The answer to an RLRQ, protected as the request; raises Downgrade and the other SecurityErrors.

    A ciphered association is not ended by anybody who cannot cipher: the request has to be protected.
    """
    security = association.security
    if security is None:
        return Rlre(ReleaseResponseReason.NORMAL)
    information = rlrq.user_information
    if not isinstance(information, CIPHERED):
        raise Downgrade("the release request is not protected")
    plain = decode(security.unprotect(information))
    if not isinstance(plain, InitiateRequest):
        raise Downgrade("the release request holds no initiate-request")
    response = InitiateResponse(
        negotiated_dlms_version_number=DLMS_VERSION,
        negotiated_conformance=association.conformance,
        server_max_receive_pdu_size=association.client.max_receive_pdu_size,
        vaa_name=vaa_name_of(short_names=association.short_names),
    )
    security.general = isinstance(information, (GeneralGloCiphering, GeneralDedCiphering))
    security.use_dedicated = False
    store, name = security.sending_counter
    own = decode(security.protect(response, store.reserve(name)))
    return Rlre(ReleaseResponseReason.NORMAL, own)  # type: ignore[arg-type]  # protect made one of its alternatives
