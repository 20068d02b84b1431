"""The client of a captured connection: what it was set to, what it chose, and the same done again by ours.

Taken from the capture, because a client is free to choose it: addresses and HDLC parameters (SNRM), what the AARQ
proposes (mechanism, password, title, conformance, PDU size, protection), the challenge, the invocation counters,
invoke-ids with their priority and service class, DISC before SNRM, whether it releases, and which attributes are asked
for in which form. Everything else is ours: frames and their numbers, acknowledgements, segments, LLC, AARQ, ciphering,
HLS, block numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from dlms.apdu import decode, decode_with_data_octets
from dlms.apdu.acse import Aarq, Rlrq
from dlms.apdu.action import ActionRequestNormal
from dlms.apdu.get import GetRequestNext, GetRequestNormal, GetRequestWithList
from dlms.apdu.initiate import InitiateRequest
from dlms.apdu.read_write import BlockNumberAccess, ParameterizedAccess, ReadRequest, WriteRequest
from dlms.apdu.set import SetRequestNormal
from dlms.association import services, short_names
from dlms.association.effects import Exchange, Random, Receive, Reserve, SetAside
from dlms.association.engine import Engine
from dlms.association.negotiated import Negotiated
from dlms.association.opening import Proposal, open_association, release_association
from dlms.association.short_names import Variable
from dlms.data import loads
from dlms.enumerations import Conformance
from dlms.grammar import Message
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcSettings
from dlms.quirks import Quirks
from dlms.security import Security
from dlms.security.ciphered import CIPHERED, open_ciphered
from dlms.security.counters import MemoryCounterStore
from dlms.security.keys import Key, KeyRing, KeySet
from dlms.security.protection import SecurityControl
from dlms.security.settings import Mechanism, Policy
from dlms.testing.playback import Playback
from dlms.transport.capture import Record
from dlms_core import llc
from dlms_core.hdlc import Frame, FrameKind
from dlms_core.hdlc_parameters import HdlcParameters

ANY_CONFORMANCE = Conformance.GET | Conformance.SET | Conformance.SELECTIVE_ACCESS


class CountersOfCapture(MemoryCounterStore):
    """Has nothing at hand, so that whoever drives the operation is asked: the counters are the captured ones."""

    def at_hand(self, name: str) -> int | None:
        return None


class RecordedClient:
    """The client of one captured connection. `keys` are (encryption key, authentication key), None where unknown."""

    def __init__(self, records: Sequence[Record], keys: tuple[bytes, bytes] | None) -> None:
        self.frames = [Frame.decode(record.octets) for record in records if record.direction == "sent"]
        self.keys = keys
        self.snrm = next(frame for frame in self.frames if frame.kind is FrameKind.SNRM)
        self.apdus = list(self._apdus())
        aarq = decode(self.apdus[0]) if self.apdus else None
        self.aarq = aarq if isinstance(aarq, Aarq) else None
        self.counters: list[int] = []
        self.requests = [self._plain(octets) for octets in self.apdus] if self._readable else self.apdus[:1]
        if not self._readable:
            assert self.aarq is not None
            assert isinstance(self.aarq.user_information, CIPHERED)
            self.counters.append(self.aarq.user_information.ciphered_content.invocation_counter or 0)

    @property
    def _readable(self) -> bool:
        return self.keys is not None or self.aarq is None or not isinstance(self.aarq.user_information, CIPHERED)

    def _apdus(self) -> Iterator[bytes]:
        joined = b""
        for frame in self.frames:
            if frame.kind is FrameKind.I:
                joined += frame.information
                if not frame.segmented:
                    yield llc.remove(joined)
                    joined = b""

    def _open(self, message: Any) -> Message:
        assert self.keys is not None
        assert self.aarq is not None
        own = KeySet(encryption=Key(self.keys[0]), authentication=Key(self.keys[1]),
                     system_title=self.aarq.calling_ap_title)  # fmt: skip
        return decode_with_data_octets(open_ciphered(message, KeyRing({}, own)).octets)

    def _plain(self, octets: bytes) -> Message:
        """A request, deciphered; its counters are those that ours will take, in their order."""
        message = outer = decode_with_data_octets(octets)
        if isinstance(message, CIPHERED):
            message = self._open(message)
        if isinstance(message, ActionRequestNormal) and message.cosem_method_descriptor.class_id == 15:
            reply = loads(message.method_invocation_parameters)
            self.counters.append(int.from_bytes(reply[1:5], "big"))
        ciphered = outer if isinstance(outer, CIPHERED) else getattr(outer, "user_information", None)
        if isinstance(ciphered, CIPHERED):
            self.counters.append(ciphered.ciphered_content.invocation_counter or 0)
        return message

    # ---- settings -------------------------------------------------------------------------------------------------

    @property
    def hdlc(self) -> HdlcSettings:
        """What SNRM offers."""
        stated = HdlcParameters.decode(self.snrm.information)
        return HdlcSettings(
            information_transmit=stated.max_info_field_length_transmit or 128,
            information_receive=stated.max_info_field_length_receive or 128,
            window_transmit=stated.window_size_transmit or 1,
            window_receive=stated.window_size_receive or 1,
        )

    @property
    def quirks(self) -> Quirks:
        """How it speaks, where that is a choice."""
        invoked = [octet for message in self.requests if (octet := _invoke_octet(message)) is not None]
        ids, flags = [octet & 0x0F for octet in invoked], {octet & 0xF0 for octet in invoked} or {0x40}
        assert len(flags) == 1
        counted = ids == [number & 0x0F for number in range(1, len(ids) + 1)]
        assert counted or len(set(ids)) == 1
        return Quirks(
            hdlc_parameters_always_sent=bool(self.snrm.information),
            hdlc_disconnected_first=self.frames[0].kind is FrameKind.DISC,
            protocol_version="1" if self.aarq is None else self.aarq.protocol_version,
            release_omitted=not any(isinstance(message, Rlrq) for message in self.requests),
            invoke_id=None if counted else ids[0],
            priority="high" if flags & {0x80, 0xC0} else "normal",
            service_class_not_set=not flags & {0x40, 0xC0},
        )

    @property
    def challenge(self) -> bytes:
        """The challenge of HLS, which is drawn, and with an unknown dedicated key stands for that, too."""
        value = self.aarq.calling_authentication_value if self.aarq is not None else b""
        return value if isinstance(value, bytes) else b""

    @property
    def proposal(self) -> Proposal:
        """What the AARQ proposes."""
        aarq = self.aarq
        assert aarq is not None
        mechanism = Mechanism(int(aarq.mechanism_name.rpartition(".")[2])) if aarq.mechanism_name else Mechanism.NONE
        secured: dict[str, Any] = {"authentication": mechanism}
        if mechanism is Mechanism.LLS:
            secured["password"] = aarq.calling_authentication_value
        elif mechanism.high_level:
            secured["challenge_length"] = len(self.challenge)
        if mechanism is Mechanism.HLS:
            secured |= {"password": b"unknown", "manufacturer_reply": lambda challenge, _: challenge}
        initiate = aarq.user_information
        conformance, longest = ANY_CONFORMANCE, 0xFFFF
        if isinstance(initiate, CIPHERED):
            secured |= self._protection(initiate)
            initiate = self._open(initiate) if self.keys is not None else None
        if isinstance(initiate, InitiateRequest):
            conformance = Conformance(initiate.proposed_conformance)
            longest = initiate.client_max_receive_pdu_size
        return Proposal(
            security=Security(client_system_title=aarq.calling_ap_title, counters=CountersOfCapture(), **secured),
            short_names=aarq.application_context_name.endswith((".2", ".4")),
            conformance=conformance,
            max_receive_pdu_size=longest,
            quirks=self.quirks,
        )

    def _protection(self, initiate: Any) -> dict[str, Any]:
        content = initiate.ciphered_content
        opening = Policy(SecurityControl.of(content.security_control).protection)
        later = [message for octets in self.apdus[1:] if isinstance(message := decode(octets), CIPHERED)]
        policies = {SecurityControl.of(message.ciphered_content.security_control).protection for message in later}
        assert len(policies) <= 1
        policy = Policy(policies.pop()) if policies else opening if len(self.apdus) == 1 else Policy.NONE
        encryption, authentication = self.keys or (bytes(16), bytes(16))
        return {
            "policy": policy,
            "initiate_policy": opening,
            "encryption_key": encryption,
            "authentication_key": authentication,
            "dedicated_key": self.keys is None and len(content.information) == LENGTH_WITH_DEDICATED_KEY,
        }


LENGTH_WITH_DEDICATED_KEY = 31
"""Octets of an initiate-request with a key of 16 octets; without one it has 14."""


def _invoke_octet(message: object) -> int | None:
    """Invoke-Id-And-Priority of what begins an exchange."""
    return None if isinstance(message, GetRequestNext) else getattr(message, "invoke_id_and_priority", None)


class Replay:
    """Our client in the place of the recorded one, before the recorded meter."""

    def __init__(self, records: Sequence[Record], keys: tuple[bytes, bytes] | None) -> None:
        self.client = RecordedClient(records, keys)
        self.playback = Playback(records)
        snrm = self.client.snrm
        self.link = HdlcLink(snrm.source, snrm.destination, self.client.hdlc, self.client.quirks)
        self.engine = Engine(self.link)
        self.counters = deque(self.client.counters)
        self.notifications: list[Message] = []
        self.read: list[Any] = []

    def run(self) -> None:
        """Everything that the recorded client did; `read` has what came of it."""
        self.engine.connect(0.0)
        self._carry()
        assert self.engine.is_connected()
        if self.client.aarq is not None:
            self._associate()
        if self._next_kind() is FrameKind.DISC:
            self.engine.disconnect(0.0)
            self._carry()
        self.notifications += map(decode, self.engine.unsolicited)
        assert self.playback.finished
        assert not self.counters

    def _associate(self) -> None:
        proposal = self.client.proposal
        negotiated: Negotiated = self._run(open_association(proposal))
        first = 2 if proposal.security.authentication.high_level else 1
        for message in self.client.requests[first:]:
            while self._next_kind() is FrameKind.RR:
                self.link.keep_alive(0.0)
                self._carry()
            if isinstance(message, Rlrq):
                self._run(release_association(negotiated, proposal))
            elif not _continues(message):
                self.read += self._ask(negotiated, message)

    def _next_kind(self) -> FrameKind | None:
        record = self.playback.expected
        return None if record is None else Frame.decode(record.octets).kind

    def _carry(self) -> None:
        while octets := self.engine.octets_to_send():
            answer = self.playback.receive(octets)
            if answer:
                self.engine.receive(answer, 0.0)

    def _run(self, exchange: Exchange[Any]) -> Any:
        outcome: Any = None
        while True:
            try:
                effect = exchange.send(outcome)
            except StopIteration as stop:
                return stop.value
            outcome = None
            match effect:
                case bytes() | Receive():
                    if isinstance(effect, bytes):
                        self.engine.send(effect, 0.0)
                        self._carry()
                    outcome = self.engine.next_apdu()
                    assert outcome is not None, "no answer in the capture"
                case Random():
                    outcome = self.client.challenge
                case Reserve():
                    outcome = self.counters.popleft()
                case SetAside(message):
                    self.notifications.append(message)

    def _ask(self, negotiated: Negotiated, message: Any) -> list[Any]:
        """The same request again, through our services: the values that it gives."""
        match message:
            case GetRequestNormal():
                wanted = (message.cosem_attribute_descriptor, message.access_selection)
                answers = [self._run(services.get(negotiated, *wanted, None, bytes))]
            case GetRequestWithList():
                listed = [(d.cosem_attribute_descriptor, d.access_selection) for d in message.attribute_descriptor_list]
                answers = self._run(services.get_list(negotiated, listed))
            case SetRequestNormal():
                attribute = message.cosem_attribute_descriptor
                self._run(services.set_value(negotiated, attribute, message.value, message.access_selection))
                answers = []
            case ReadRequest():
                variables = [_variable(each) for each in message.variable_access_specification]
                answers = self._run(short_names.read(negotiated, variables))
            case WriteRequest():
                variables = [_variable(each) for each in message.variable_access_specification]
                assert self._run(short_names.write(negotiated, variables, message.list_of_data)) == [None]
                answers = []
            case _:
                raise AssertionError(f"no service for {type(message).__name__}")
        return answers


def _continues(message: Message) -> bool:
    """Whether a request goes on with one before: our services send it by themselves."""
    if isinstance(message, ReadRequest):
        return isinstance(message.variable_access_specification[0], BlockNumberAccess)
    return isinstance(message, GetRequestNext)


def _variable(specification: object) -> Variable:
    if isinstance(specification, ParameterizedAccess):
        return Variable(specification.variable_name, specification.selector, specification.parameter)
    assert isinstance(specification, int)
    return Variable(specification)
