"""Opening an association (AARQ, AARE, the two messages of HLS) and releasing it (RLRQ, RLRE), as a client."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from dlms.apdu import decode, decode_with_data_octets, encode
from dlms.apdu.acse import Aare, Aarq, Rlre, Rlrq
from dlms.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms.apdu.ciphering import CipheredContent
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.get import CosemMethodDescriptor
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.apdu.read_write import ParameterizedAccess, ReadRequest, ReadResponse
from dlms.association.effects import ANSWER, Accepting, Exchange, PassOver, Random, Reserve
from dlms.association.engine import Trace
from dlms.association.exchange import error_of, request, unprotected
from dlms.association.negotiated import ASSOCIATION_BASE_NAME, BLOCK_WINDOW, Negotiated, PreEstablished, vaa_name_of
from dlms.data import OctetString, loads
from dlms.enumerations import ApplicationContext, Conformance
from dlms.errors import (
    AssociationRejected,
    AuthenticationFailed,
    ConfigurationError,
    DecodeError,
    Downgrade,
    ProtocolError,
)
from dlms.grammar import program
from dlms.logical_name import LogicalName
from dlms.quirks import Quirks
from dlms.results import AcseServiceUserDiagnostic, ActionResult, AssociationResult, ReleaseRequestReason
from dlms.security.ciphered import CIPHERED
from dlms.security.context import SecurityContext
from dlms.security.counters import counter_name
from dlms.security.hls import Proof, check_challenges, gmac
from dlms.security.keys import TITLE_LENGTH, Key
from dlms.security.protection import Protection, SecurityControl
from dlms.security.settings import Mechanism, Security

CONTEXT_NAME = "2.16.756.5.8.1."
CIPHERED_CONTEXTS = tuple(
    f"{CONTEXT_NAME}{context.value}"
    for context in (
        ApplicationContext.LOGICAL_NAME_REFERENCING_WITH_CIPHERING,
        ApplicationContext.SHORT_NAME_REFERENCING_WITH_CIPHERING,
    )
)
MECHANISM_NAME = "2.16.756.5.8.2."
DLMS_VERSION = 6
CONTENT = program(CipheredContent)
CURRENT_ASSOCIATION = LogicalName("0.0.40.0.0.255")
REPLY_TO_HLS_OFFSET = 0x58  # of Association SN, method 8
LN_CONFORMANCE = (
    Conformance.GENERAL_PROTECTION
    | Conformance.DELTA_VALUE_ENCODING
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_SET
    | Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.DATA_NOTIFICATION
    | Conformance.ACCESS
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
)
"""What a client proposes with logical names, unless told otherwise. General-block-transfer is left to who asks for it
(`conformance=LN_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER`): once it is agreed on, meters use it in place of the
blocks of each service."""
SN_CONFORMANCE = (
    Conformance.GENERAL_PROTECTION
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.DELTA_VALUE_ENCODING
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.INFORMATION_REPORT
    | Conformance.DATA_NOTIFICATION
    | Conformance.PARAMETERIZED_ACCESS
)
"""The same with short names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a client asks for when it opens an association.

    `conformance` None proposes everything that this library can do with the kind of names. `server_system_title` is
    the meter's: another that answers is refused, and it is needed beforehand where the meter does not send it (a
    ciphered pre-established association). `user_id` is the number of the human user, where the meter keeps a list.
    With `pre_established` nothing is asked for: the association is there, and what it can do is known.
    """

    security: Security
    short_names: bool = False
    conformance: Conformance | None = None
    max_receive_pdu_size: int = 0xFFFF
    server_system_title: bytes | None = None
    user_id: int | None = None
    pre_established: PreEstablished | None = None
    quirks: Quirks = field(default_factory=Quirks)

    def __post_init__(self) -> None:
        if self.server_system_title is not None and len(self.server_system_title) != TITLE_LENGTH:
            raise ConfigurationError(f"a system title has 8 octets, not {len(self.server_system_title)}")
        if self.user_id is not None and (type(self.user_id) is not int or not 0 <= self.user_id <= 0xFF):
            raise ConfigurationError(f"a user_id is 0 to 255, not {self.user_id!r}")
        if self.pre_established is None:
            return
        if self.security.authentication is not Mechanism.NONE or self.security.dedicated_key:
            raise ConfigurationError("a pre-established association knows neither authentication nor a dedicated key")
        if self.security.ciphered and self.server_system_title is None:
            raise ConfigurationError("a pre-established association that is ciphered needs the meter's system title")

    @property
    def proposed(self) -> Conformance:
        """The conformance that is proposed."""
        if self.conformance is not None:
            return self.conformance
        return SN_CONFORMANCE if self.short_names else LN_CONFORMANCE

    @property
    def context(self) -> ApplicationContext:
        """The application context: kind of names, and whether ciphered."""
        return ApplicationContext((2 if self.short_names else 1) + (2 if self.security.ciphered else 0))


def open_association(proposal: Proposal, trace: Trace | None = None) -> Exchange[Negotiated]:
    """Open an association as proposed, up to and with HLS; whatever weakens it is refused. `trace` is told of what is
    ciphered, in plain.

    Raises AssociationRejected, Downgrade, AuthenticationFailed and the other SecurityErrors, ProtocolError.
    """
    security = proposal.security
    if proposal.pre_established is not None:
        return (yield from _pre_established(proposal, proposal.pre_established, trace))
    challenge: bytes | None = None
    if security.authentication.high_level:
        challenge = yield Random(security.challenge_length)
    context = yield from _security_context(proposal, trace)
    aarq = yield from _aarq(proposal, challenge, context)
    received = decode((yield encode(aarq)))
    if not isinstance(received, Aare):
        if isinstance(received, (ExceptionResponse, ConfirmedServiceError)):
            raise error_of(received)
        raise ProtocolError(f"expected an AARE, got {type(received).__name__}")
    _check_aare(proposal, received)
    title = _server_title(proposal, received)
    if context is not None:
        if title is None:
            raise ProtocolError("the meter did not send its system title, and none is known")
        context.peer_title = title
    initiated = yield from _initiate_response(received, context, security.initiate_protection)
    negotiated = Negotiated(
        conformance=initiated.negotiated_conformance & proposal.proposed,
        max_send_pdu_size=initiated.server_max_receive_pdu_size,
        short_names=proposal.short_names,
        vaa_name=initiated.vaa_name,
        server_system_title=title,
        security=context,
        block_window=proposal.quirks.block_window or BLOCK_WINDOW,
        quirks=proposal.quirks,
        trace=trace,
    )
    if context is not None and context.dedicated_key is not None:
        context.use_dedicated = True
    if challenge is not None:
        yield from _prove(proposal, negotiated, challenge, received)
    return negotiated


def _pre_established(proposal: Proposal, known: PreEstablished, trace: Trace | None) -> Exchange[Negotiated]:
    return Negotiated(
        conformance=known.conformance,
        max_send_pdu_size=known.max_send_pdu_size,
        short_names=proposal.short_names,
        vaa_name=vaa_name_of(short_names=proposal.short_names),
        server_system_title=proposal.server_system_title,
        security=(yield from _security_context(proposal, trace)),
        block_window=proposal.quirks.block_window or BLOCK_WINDOW,
        quirks=proposal.quirks,
        trace=trace,
    )


def _security_context(proposal: Proposal, trace: Trace | None) -> Exchange[SecurityContext | None]:
    security = proposal.security
    if not security.ciphered:
        return None
    assert security.encryption_key is not None  # noqa: S101  # Security checked it
    assert security.client_system_title is not None  # noqa: S101  # likewise
    dedicated: bytes | None = (yield Random(16)) if security.dedicated_key else None
    return SecurityContext(
        own_title=security.client_system_title,
        peer_title=proposal.server_system_title or b"",
        protection=security.policy.value,
        encryption_key=security.encryption_key,
        authentication_key=security.authentication_key,
        counters=security.counters,
        replay=security.replay,
        suite=security.suite,
        general=security.ciphering == "general",
        dedicated_key=None if dedicated is None else Key(dedicated),
        trace=trace,
    )


def _aarq(proposal: Proposal, challenge: bytes | None, context: SecurityContext | None) -> Exchange[Aarq]:
    security = proposal.security
    mechanism = security.authentication
    initiate = InitiateRequest(
        dedicated_key=None if context is None or context.dedicated_key is None else context.dedicated_key.reveal(),
        proposed_dlms_version_number=DLMS_VERSION,
        proposed_conformance=proposal.proposed,
        client_max_receive_pdu_size=proposal.max_receive_pdu_size,
    )
    user_information: object = initiate
    if context is not None and proposal.quirks.initiate_request_not_ciphered:
        if initiate.dedicated_key is not None:
            raise ConfigurationError("a dedicated key is never sent in an initiate-request that is not ciphered")
    elif context is not None:
        counter = yield Reserve(*context.sending_counter)
        # A key travels encrypted whatever the policy, and authenticated where there is a key for that.
        besides = Protection.NONE if initiate.dedicated_key is None else _wholly(context)
        besides |= security.initiate_protection
        user_information = decode(context.protect(initiate, counter, besides=besides))
    authenticated = mechanism is not Mechanism.NONE
    return Aarq(
        protocol_version=proposal.quirks.protocol_version,
        application_context_name=f"{CONTEXT_NAME}{proposal.context.value}",
        calling_ap_title=security.client_system_title,
        calling_ae_invocation_id=proposal.user_id,
        sender_acse_requirements="1" if authenticated else None,
        mechanism_name=f"{MECHANISM_NAME}{mechanism.value}" if authenticated else None,
        calling_authentication_value=(challenge or security.password) if authenticated else None,
        user_information=user_information,  # type: ignore[arg-type]  # protect made one of its alternatives
    )


def _wholly(context: SecurityContext) -> Protection:
    authenticated = Protection.NONE if context.authentication_key is None else Protection.AUTHENTICATED
    return Protection.ENCRYPTED | authenticated


def _check_aare(proposal: Proposal, aare: Aare) -> None:
    """Accepted, and in exactly the context and with the mechanism that were asked for."""
    if aare.result != AssociationResult.ACCEPTED:
        raise AssociationRejected(aare.result, aare.result_source_diagnostic, aare.user_information)
    protected = not proposal.security.ciphered or aare.application_context_name in CIPHERED_CONTEXTS
    tolerated = proposal.quirks.context_name_not_echoed and protected
    if aare.application_context_name != f"{CONTEXT_NAME}{proposal.context.value}" and not tolerated:
        raise Downgrade(f"the meter accepted another application context: {aare.application_context_name}")
    mechanism = proposal.security.authentication
    if aare.mechanism_name not in (None, f"{MECHANISM_NAME}{mechanism.value}"):
        raise Downgrade(f"the meter accepted another authentication mechanism: {aare.mechanism_name}")
    required = aare.result_source_diagnostic == AcseServiceUserDiagnostic.AUTHENTICATION_REQUIRED
    if mechanism.high_level and aare.responding_authentication_value is None:
        raise Downgrade("the meter accepted without a challenge: it does not prove itself")
    if required and not mechanism.high_level:
        raise ProtocolError("the meter asks for high level security, which was not proposed")


def _server_title(proposal: Proposal, aare: Aare) -> bytes | None:
    title, known = aare.responding_ap_title, proposal.server_system_title
    if title and known and title != known:
        raise AuthenticationFailed(f"another meter answered: system title {title.hex().upper()}")
    if title and title == proposal.security.client_system_title:
        raise AuthenticationFailed("the meter has our own system title: our APDUs could come back as its own")
    return title or known


def _initiate_response(aare: Aare, context: SecurityContext | None, besides: Protection) -> Accepting[InitiateResponse]:
    information = aare.user_information
    if context is not None:
        if not isinstance(information, CIPHERED):
            raise Downgrade("the meter's initiate-response is not ciphered")
        information = decode((yield from unprotected(context, information, besides)))  # type: ignore[assignment]  # checked next
    if isinstance(information, ConfirmedServiceError):
        raise error_of(information)
    if not isinstance(information, InitiateResponse):
        raise ProtocolError("the AARE holds no initiate-response")
    return information


def _prove(proposal: Proposal, negotiated: Negotiated, challenge: bytes, aare: Aare) -> Exchange[None]:
    """The third and fourth message of HLS: our f(StoC), and the meter's f(CtoS), which is checked."""
    security = proposal.security
    received = aare.responding_authentication_value
    if not isinstance(received, bytes):
        raise ProtocolError("the meter's challenge is not a charstring")
    check_challenges(received, challenge)
    own, peer = security.client_system_title or b"", negotiated.server_system_title or b""
    if security.authentication is Mechanism.HLS_GMAC:
        reply = yield from _gmac_reply(proposal, received)
        answer = yield from _reply_to_hls(negotiated, reply)
        _check_gmac(security, answer, challenge, peer)
        return
    ours = Proof(
        mechanism=security.authentication, challenge=received, own_challenge=challenge, title=own, peer_title=peer,
        secret=security.password or b"", manufacturer_reply=security.manufacturer_reply,
    )  # fmt: skip
    theirs = Proof(
        mechanism=security.authentication, challenge=challenge, own_challenge=received, title=peer, peer_title=own,
        secret=security.password or b"", manufacturer_reply=security.manufacturer_reply,
    )  # fmt: skip
    theirs.check_digest((yield from _reply_to_hls(negotiated, ours.digest())))


def _gmac_reply(proposal: Proposal, challenge: bytes) -> Exchange[bytes]:
    security = proposal.security
    title, encryption, authentication = _gmac_keys(security)
    counter: int = yield Reserve(security.counters, counter_name(title, encryption))
    tag = gmac(challenge, suite=security.suite, counter=counter, title=title, encryption_key=encryption,
               authentication_key=authentication)  # fmt: skip
    control = SecurityControl(security.suite, Protection.AUTHENTICATED)
    return CONTENT.encode(CipheredContent(control.octet, counter, b"", tag))


def _gmac_keys(security: Security) -> tuple[bytes, Key, Key]:
    title, encryption, authentication = (
        security.client_system_title,
        security.encryption_key,
        security.authentication_key,
    )
    assert title is not None and encryption is not None and authentication is not None  # noqa: PT018, S101  # Security did
    return title, encryption, authentication


def _check_gmac(security: Security, answer: bytes, challenge: bytes, peer: bytes) -> None:
    _, encryption, authentication = _gmac_keys(security)
    try:
        content = CONTENT.decode(answer)
    except DecodeError as error:
        raise AuthenticationFailed(f"the meter's reply is no GMAC: {error}") from None
    control = SecurityControl.of(content.security_control)
    if control != SecurityControl(security.suite, Protection.AUTHENTICATED) or content.information:
        raise AuthenticationFailed("the meter's reply is no GMAC")
    tag = gmac(challenge, suite=security.suite, counter=content.invocation_counter, title=peer,
               encryption_key=encryption, authentication_key=authentication)  # fmt: skip
    if not hmac.compare_digest(tag, content.authentication_tag):
        raise AuthenticationFailed("the meter's reply to our challenge is wrong: it does not know the keys")


def _reply_to_hls(negotiated: Negotiated, reply: bytes) -> Exchange[bytes]:
    """Association.reply_to_HLS_authentication: our reply there, the meter's back."""
    refused = "the meter refuses our reply to its challenge"
    if negotiated.short_names:
        access = ParameterizedAccess(ASSOCIATION_BASE_NAME + REPLY_TO_HLS_OFFSET, 1, OctetString(reply))
        response = yield from request(negotiated, ReadRequest((access,)), ReadResponse)
        result: object = response.read_response[0] if len(response.read_response) == 1 else None
    else:
        descriptor = CosemMethodDescriptor(15, bytes(CURRENT_ASSOCIATION), 1)
        action = ActionRequestNormal(negotiated.invoke_id_and_priority(), descriptor, OctetString(reply))
        answered = yield from request(negotiated, action, ActionResponseNormal)
        if answered.single_response.result != ActionResult.SUCCESS:
            raise AuthenticationFailed(f"{refused}: {answered.single_response.result.book_name}")
        result = answered.single_response.return_parameters
    if not isinstance(result, bytes):
        raise AuthenticationFailed(f"{refused}: it proves nothing in return")
    octets = loads(result)
    if not isinstance(octets, bytes):
        raise AuthenticationFailed(f"{refused}: its answer is no octet-string")
    return octets


def release_association(negotiated: Negotiated, proposal: Proposal) -> Exchange[None]:
    """RLRQ and RLRE. With ciphering the RLRQ carries a protected initiate-request, as meters expect it. A
    pre-established association stays as it is.
    """
    if proposal.pre_established is not None or proposal.quirks.release_omitted:
        return
    information: object = None
    context = negotiated.security
    if context is not None and not proposal.quirks.release_not_ciphered:
        initiate = InitiateRequest(
            proposed_dlms_version_number=DLMS_VERSION,
            proposed_conformance=proposal.proposed,
            client_max_receive_pdu_size=proposal.max_receive_pdu_size,
        )
        context.use_dedicated = False
        counter = yield Reserve(*context.sending_counter)
        information = decode(context.protect(initiate, counter, besides=proposal.security.initiate_protection))
    octets = yield encode(Rlrq(ReleaseRequestReason.NORMAL, information))  # type: ignore[arg-type]
    while True:
        received = decode_with_data_octets(octets)
        if isinstance(received, Rlre):
            return
        if isinstance(received, (ExceptionResponse, ConfirmedServiceError)):
            raise error_of(received)
        yield PassOver()
        octets = yield ANSWER
