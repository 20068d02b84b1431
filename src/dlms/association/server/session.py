"""What a server does with each APDU of one client: the state table, protection, and the way to the services.

    session = ServerSession(device, client_sap, random=os.urandom)
    answers = session.respond(octets, now)       # a generator: yields awaitables, returns APDUs

`respond` never raises, whatever the octets are: the book has an answer for everything, if only an exception-response.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from dlms.apdu import Apdu, decode_with_data_octets, encode_with_data_octets
from dlms.apdu.acse import Aare, Aarq, Rlre, Rlrq
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.ciphering import DedicatedCiphering, GeneralDedCiphering, GeneralGloCiphering
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.notification import DataNotification, EventNotificationRequest
from dlms.apdu.read_write import InformationReportRequest
from dlms.association.server.association import CIPHERED_OVERHEAD, RandomOctets, ServerAssociation, State
from dlms.association.server.association_object import association_object
from dlms.association.server.back_off import BackOff
from dlms.association.server.general_block_transfer import GeneralBlocks
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.opening import (
    answer_to_proof,
    open_association,
    pre_established_association,
    refusal,
    release,
)
from dlms.association.server.services import (
    DECIPHERING_ERROR,
    MALFORMED,
    NEEDED,
    NOT_ALLOWED,
    NOT_SUPPORTED,
    TOO_LONG,
    UNKNOWN_SERVICE,
    Services,
    proof_of,
    refused,
    reply_to_proof,
)
from dlms.association.server.work import LOGGER, Work
from dlms.enumerations import Conformance
from dlms.errors import DecodeError, EncodeError, ReplayDetected, SecurityError
from dlms.grammar import Message
from dlms.results import ExceptionServiceError
from dlms.security.ciphered import CIPHERED
from dlms.security.context import DEDICATED, GLOBAL
from dlms.security.protection import Protection, SecurityControl


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What one client may take. Octets; seconds.

    `longest_request`: the octets of one long SET or ACTION. `transfer_timeout`: a block transfer that the client
    leaves lying for so long is dropped. `window`: the blocks of a general-block-transfer that may come in a row.
    """

    longest_request: int = 1 << 20
    transfer_timeout: float = 30.0
    window: int = 8


class Kind(Enum):
    """What an APDU is to the state table."""

    OPENING = auto()
    RELEASE = auto()
    PROOF = auto()
    SERVICE = auto()


class Does(Enum):
    OPEN = auto()
    RELEASE = auto()
    PROVE = auto()
    SERVE = auto()
    REFUSE = auto()


TABLE: Final[dict[tuple[State, Kind], Does]] = {
    (State.NON_ASSOCIATED, Kind.OPENING): Does.OPEN,
    (State.ASSOCIATION_PENDING, Kind.OPENING): Does.OPEN,
    (State.ASSOCIATED, Kind.OPENING): Does.OPEN,
    (State.NON_ASSOCIATED, Kind.RELEASE): Does.REFUSE,
    (State.ASSOCIATION_PENDING, Kind.RELEASE): Does.RELEASE,
    (State.ASSOCIATED, Kind.RELEASE): Does.RELEASE,
    (State.NON_ASSOCIATED, Kind.PROOF): Does.REFUSE,
    (State.ASSOCIATION_PENDING, Kind.PROOF): Does.PROVE,
    (State.ASSOCIATED, Kind.PROOF): Does.SERVE,
    (State.NON_ASSOCIATED, Kind.SERVICE): Does.REFUSE,
    (State.ASSOCIATION_PENDING, Kind.SERVICE): Does.REFUSE,
    (State.ASSOCIATED, Kind.SERVICE): Does.SERVE,
}
"""An AARQ always begins anew: a client that lost its association has no other way back."""

OPENINGS: Final = {Aarq: Kind.OPENING, Rlrq: Kind.RELEASE}
NOTIFICATIONS: Final[dict[type[Message], Conformance]] = {
    EventNotificationRequest: Conformance.EVENT_NOTIFICATION,
    DataNotification: Conformance.DATA_NOTIFICATION,
    InformationReportRequest: Conformance.INFORMATION_REPORT,
}
"""What has to be agreed on for a notification."""
COUNTER_ERROR: Final = ExceptionServiceError.INVOCATION_COUNTER_ERROR
SILENT: Final = (ExceptionResponse, ConfirmedServiceError)
"""What is never answered: an error for an error would go on for ever."""


class ServerSession:
    """One client of one device on one link: at most one association. `now` is any steady clock in seconds."""

    def __init__(
        self,
        device: LogicalDevice,
        client_sap: int,
        *,
        random: RandomOctets,
        limits: SessionLimits | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self._device = device
        self._client_sap = client_sap
        self._random = random
        self._limits = limits or SessionLimits()
        self._back_off = back_off or BackOff()
        self._association: ServerAssociation | None = None
        self._blocks = GeneralBlocks(self._limits.longest_request, self._limits.window)
        self._services: Services | None = None
        self._last = 0.0

    @property
    def state(self) -> State:
        """Where the association stands."""
        return State.NON_ASSOCIATED if self._association is None else self._association.state

    @property
    def association(self) -> ServerAssociation | None:
        """The association, pending or open."""
        return self._association

    def close(self) -> None:
        """The link is gone, and the association with it."""
        self._association = self._services = None
        self._blocks.abandon()

    def next_timer(self) -> float | None:
        """When to call `tick`; None while no transfer lies about."""
        busy = self._blocks.under_way or (self._services is not None and self._services.under_way)
        return self._last + self._limits.transfer_timeout if busy else None

    def tick(self, now: float) -> None:
        """Drop a block transfer that was left lying."""
        timer = self.next_timer()
        if timer is not None and now >= timer:
            self._blocks.abandon()
            if self._services is not None:
                self._services.abandon()

    def takes(self, message: Message) -> bool:
        """Whether the client is associated, and agreed to notifications of this kind."""
        association = self._association
        if association is None or association.state is not State.ASSOCIATED:
            return False
        needed = NOTIFICATIONS.get(type(message))
        return needed is not None and association.allows(needed)

    def notification(self, message: Message) -> bytes:
        """The octets of a notification, protected as the association is; they may be sent at any time. EncodeError for
        one that is longer than what the client takes."""
        association = self._association
        if association is None:
            return encode_with_data_octets(message)
        plain = association.security is None
        octets = encode_with_data_octets(message) if plain else self._protected(association, message, Protection.NONE)
        most = association.max_send_pdu_size
        if len(octets) > most:
            raise EncodeError(f"a notification of {len(octets)} octets, where the client takes {most}")
        return octets

    def respond(self, octets: bytes, now: float) -> Work[list[bytes]]:
        """The APDUs that answer an APDU of the client: one, none, or the blocks of a window."""
        self.tick(now)
        self._last = now
        client = self._device.clients.get(self._client_sap)
        if self._association is None and client is not None and client.pre_established:
            self._begin(pre_established_association(self._device, client))
        association = self._association
        # Some clients leave the envelope out when they count (Gurux: that of ciphering, and an octet of a block's).
        if association is not None and len(octets) > association.client.max_receive_pdu_size + CIPHERED_OVERHEAD:
            return [encode_with_data_octets(TOO_LONG)]
        try:
            message = decode_with_data_octets(octets)
            if not isinstance(message, GeneralBlockTransfer):
                self._blocks.abandon()  # whoever asks anew has the answer before, or wants no more of it
                answer = yield from self._answer(message, now)
                # What opens and ends an association is no xDLMS APDU, whose size is agreed on.
                return self._fitting(None if type(message) in OPENINGS else self._association, answer)
            if association is None or not association.allows(Conformance.GENERAL_BLOCK_TRANSFER):
                return [encode_with_data_octets(NOT_ALLOWED)]
            whole, answers = self._blocks.receive(message)
            if whole is None:
                return answers
            association.by_general_blocks = True
            answer = yield from self._answer(decode_with_data_octets(whole), now)
            return self._fitting(association, answer, by_blocks=True)
        except DecodeError as error:
            LOGGER.debug("client %d sent what is no APDU: %s", self._client_sap, error)
            return [encode_with_data_octets(UNKNOWN_SERVICE if error.offset == 0 else MALFORMED)]
        except Exception:
            LOGGER.exception("a request of client %d failed", self._client_sap)
            return [encode_with_data_octets(MALFORMED)]
        finally:
            if association is not None:
                association.by_general_blocks = False

    def _fitting(
        self, association: ServerAssociation | None, octets: bytes | None, *, by_blocks: bool = False
    ) -> list[bytes]:
        """An answer as it is, or in blocks where it is too long for the client."""
        if octets is None:
            return []
        most = 0xFFFF if association is None else association.max_send_pdu_size
        if not by_blocks and len(octets) <= most:
            return [octets]
        if association is None or not association.allows(Conformance.GENERAL_BLOCK_TRANSFER):
            return [encode_with_data_octets(TOO_LONG)]
        return self._blocks.send(octets, most) or [encode_with_data_octets(TOO_LONG)]

    def _answer(self, message: Apdu, now: float) -> Work[bytes | None]:
        """The octets that answer a message; None for nothing."""
        association = self._association
        if not isinstance(message, CIPHERED):
            if association is not None:
                association.access.begin(Protection.NONE)
            kind = OPENINGS.get(type(message))
            if kind is None and association is not None and association.security is not None:
                LOGGER.warning("client %d sent an unprotected %s", self._client_sap, type(message).__name__)
                return encode_with_data_octets(NOT_ALLOWED)
            answer = yield from self._do(message, kind, now)
            return None if answer is None else encode_with_data_octets(answer)
        if association is None or association.security is None:
            return encode_with_data_octets(NOT_ALLOWED if association is None else DECIPHERING_ERROR)
        security = association.security
        try:
            plain = security.unprotect(message)
        except ReplayDetected as error:
            LOGGER.warning("client %d: %s", self._client_sap, error)
            expected = security.lowest_acceptable(type(message))
            return encode_with_data_octets(ExceptionResponse(NOT_ALLOWED.state_error, COUNTER_ERROR, expected))
        except (SecurityError, DecodeError) as error:
            LOGGER.warning("client %d: %s", self._client_sap, error)
            return encode_with_data_octets(DECIPHERING_ERROR)
        association.proven = True
        security.general = isinstance(message, (GeneralGloCiphering, GeneralDedCiphering))
        security.use_dedicated = isinstance(message, (DedicatedCiphering, GeneralDedCiphering))
        control = SecurityControl.of(message.ciphered_content.security_control)
        association.access.begin(control.protection, further=self._services is not None and self._services.under_way)
        inner = decode_with_data_octets(plain)
        named = None if isinstance(message, (GeneralGloCiphering, GeneralDedCiphering)) else type(message)
        if named not in (None, GLOBAL.get(inner.tags[0]), DEDICATED.get(inner.tags[0])):
            return encode_with_data_octets(DECIPHERING_ERROR)  # the envelope of one service around another
        if isinstance(inner, (*CIPHERED, GeneralBlockTransfer)) or type(inner) in OPENINGS:
            return self._protected(association, NOT_ALLOWED, control.protection)
        answer = yield from self._do(inner, None, now)
        besides = SecurityControl.of(association.access.answer).protection
        protected = None if answer is None else self._protected(association, answer, besides)
        association.renew_keys()
        return protected

    def _protected(self, association: ServerAssociation, message: Message, besides: Protection) -> bytes:
        security = association.security
        assert security is not None  # noqa: S101  # whoever calls looked
        store, name = security.sending_counter
        counter = store.at_hand(name)
        if counter is None:
            counter = store.reserve(name)
        return security.protect(message, counter, besides=besides)

    # ---- the table ------------------------------------------------------------------------------------------------

    def _do(self, message: Apdu, kind: Kind | None, now: float) -> Work[Message | None]:
        if isinstance(message, SILENT):
            return None
        association = self._association
        proof = None
        if kind is None and association is not None:
            proof = proof_of(message, short_names=association.short_names)
        does = TABLE[self.state, kind or (Kind.SERVICE if proof is None else Kind.PROOF)]
        match does, message:
            case Does.OPEN, Aarq():
                return self._open(message, now)
            case Does.RELEASE, Rlrq():
                return self._release(message)
            case Does.PROVE, _ if proof is not None:
                return self._prove(message, proof, now)
            case Does.SERVE, _:
                return (yield from self._serve(message))
        return refused(message)

    def _open(self, aarq: Aarq, now: float) -> Aare:
        if self._association is not None and self._association.client.pre_established:
            return refusal(aarq)
        self.close()
        if self._back_off.closed(now):
            return refusal(aarq, transient=True)
        opened = open_association(self._device, self._client_sap, aarq, self._random)
        if opened.authentication_failed:
            self._back_off.failed(now)
        if opened.association is not None:
            self._begin(opened.association)
            if opened.association.state is State.ASSOCIATED:
                self._back_off.succeeded()
        return opened.aare

    def _begin(self, association: ServerAssociation) -> None:
        association.access.association = association_object(association)
        self._association = association
        self._services = Services(association, self._limits.longest_request)

    def _release(self, rlrq: Rlrq) -> Rlre | ExceptionResponse:
        association = self._association
        assert association is not None  # noqa: S101  # the table says so
        if association.client.pre_established:
            return NOT_ALLOWED
        try:
            answer = release(association, rlrq)
        except (SecurityError, DecodeError) as error:
            LOGGER.warning("client %d: %s", self._client_sap, error)
            return NOT_ALLOWED
        self.close()
        return answer

    def _prove(self, message: Apdu, proof: bytes, now: float) -> Message | None:
        association = self._association
        assert association is not None  # noqa: S101  # the table says so
        if self._back_off.closed(now):  # somebody else, who began at the same time, has failed since
            self.close()
            return reply_to_proof(message, None)
        try:
            answer = answer_to_proof(association, proof)
        except SecurityError as error:
            LOGGER.warning("client %d: %s", self._client_sap, error)
            self._back_off.failed(now)
            self.close()
            return reply_to_proof(message, None)
        self._back_off.succeeded()
        association.established()
        return reply_to_proof(message, answer)

    def _serve(self, message: Apdu) -> Work[Message | None]:
        association, services = self._association, self._services
        assert association is not None and services is not None  # noqa: PT018, S101  # the table says so
        needed = NEEDED.get(type(message))
        if needed is None:
            return refused(message)
        if not association.allows(needed):
            return NOT_SUPPORTED
        return (yield from services.serve(message))
