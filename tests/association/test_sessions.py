"""Captured sessions replayed: our client, fed the server's octets, sends octet for octet what the client sent.

Taken from the capture, because a client is free to choose it: addresses and HDLC parameters (SNRM), what the AARQ
proposes (mechanism, password, title, conformance, PDU size), the challenge, the invocation counters, invoke-ids with
their priority and service class, and which attributes are asked for in which form. Everything else is ours: frames and
their numbers, acknowledgements, segments, LLC, AARQ, ciphering, HLS, block numbers.
"""

from __future__ import annotations

import json
import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dlms.apdu import decode, decode_with_data_octets
from dlms.apdu.acse import Aarq, Rlrq
from dlms.apdu.action import ActionRequestNormal
from dlms.apdu.get import GetRequestNormal, GetRequestWithList
from dlms.apdu.initiate import InitiateRequest
from dlms.apdu.set import SetRequestNormal
from dlms.association import services
from dlms.association.effects import Exchange, Random, Receive, Reserve, Send
from dlms.association.negotiated import Negotiated
from dlms.association.opening import Proposal, open_association
from dlms.data import loads
from dlms.enumerations import Conformance
from dlms.link.base import ApduReceived, Connected, Disconnected
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcSettings
from dlms.quirks import Quirks
from dlms.security import Security
from dlms.security.ciphered import CIPHERED, open_ciphered
from dlms.security.counters import MemoryCounterStore
from dlms.security.keys import Key, KeyRing, KeySet
from dlms.security.settings import Mechanism, Policy
from dlms_core import llc
from dlms_core.hdlc import Frame, FrameKind
from dlms_core.hdlc_parameters import HdlcParameters

CORPUS = os.environ.get("DLMS_CORPUS")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")
# The last value read, as the source states it or the curator of the corpus deciphered it; None where nobody states one.
# Left out: sessions with frames missing, and clients that protect the services otherwise than the AARQ.
SESSIONS: dict[str, object] = {
    "sess-electronica-authentication-and-encryption": b"12000017",
    "sess-electronica-low_level_sec": None,
    "sess-kamstrup-k351c-nosec": 12345679,
    "sess-mercury234-association-view": None,
}
POLICIES = {1: Policy.AUTHENTICATED, 2: Policy.ENCRYPTED, 3: Policy.AUTHENTICATED_ENCRYPTED}


def items() -> dict[str, Any]:
    octets = Path(CORPUS or "", "sessions.json").read_bytes()
    return {item["id"]: item for item in json.loads(octets)["items"]}


@dataclass
class Connection:
    """One HDLC connection of a capture, from SNRM on."""

    snrm: Frame
    frames: list[tuple[str, bytes]] = field(default_factory=list)


def connections(item: dict[str, Any]) -> list[Connection]:
    found: list[Connection] = []
    for entry in item["frames"]:
        octets = bytes.fromhex(entry["hex"])
        frame = Frame.decode(octets)
        if entry["dir"] == "C" and frame.kind is FrameKind.SNRM:
            found.append(Connection(frame))
        if found:
            found[-1].frames.append((entry["dir"], octets))
    return found


class CountersOfCapture(MemoryCounterStore):
    """Has nothing at hand, so that whoever drives the operation is asked: the counters are the captured ones."""

    def at_hand(self, name: str) -> int | None:
        return None


class Replay:
    """Our client over a captured connection."""

    def __init__(self, connection: Connection, item: dict[str, Any]) -> None:
        self.frames = deque(connection.frames)
        self.item = item
        stated = HdlcParameters.decode(connection.snrm.information)
        settings = HdlcSettings(
            information_transmit=stated.max_info_field_length_transmit or 128,
            information_receive=stated.max_info_field_length_receive or 128,
            window_transmit=stated.window_size_transmit or 1,
            window_receive=stated.window_size_receive or 1,
        )
        # Many clients state their parameters where the defaults would do.
        quirks = Quirks(hdlc_parameters_always_sent=bool(connection.snrm.information))
        self.link = HdlcLink(connection.snrm.source, connection.snrm.destination, settings, quirks)
        self.counters: deque[int] = deque()
        self.challenge = b""
        self.invoke_id_and_priority = 0
        self.events: deque[Any] = deque()
        self.link.connect(0.0)
        self.carry()
        assert any(isinstance(event, Connected) for event in self.events)

    def carry(self) -> None:
        """What we send is what the client sent; then comes what the server sent."""
        while octets := self.link.octets_to_send():
            sent = b""
            while self.frames and self.frames[0][0] == "C" and len(sent) < len(octets):
                sent += self.frames.popleft()[1]
            assert octets.hex() == sent.hex()
            while self.frames and self.frames[0][0] == "S":
                self.link.receive(self.frames.popleft()[1], 0.0)
            self.events += self.link.events()

    def next_request(self) -> bytes | None:
        """The APDU that the client sends next; None where it sends none any more."""
        joined = b""
        for direction, octets in self.frames:
            frame = Frame.decode(octets)
            if direction == "C" and frame.kind is FrameKind.I:
                joined += frame.information
                if not frame.segmented:
                    return llc.remove(joined)
        return None

    def run(self, exchange: Exchange[Any]) -> Any:
        outcome: Any = None
        while True:
            try:
                effect = exchange.send(outcome)
            except StopIteration as stop:
                return stop.value
            outcome = None
            match effect:
                case Send(octets):
                    self.link.send(octets, 0.0)
                    self.carry()
                case Receive():
                    outcome = next(self.apdus())
                case Random():
                    outcome = self.challenge
                case Reserve():
                    outcome = self.counters.popleft()

    def apdus(self) -> Any:
        while self.events:
            event = self.events.popleft()
            assert not isinstance(event, Disconnected), event.error
            if isinstance(event, ApduReceived):
                yield event.octets
        raise AssertionError("no answer in the capture")

    # ---- settings from the capture --------------------------------------------------------------------------------

    def proposal(self, aarq: Aarq) -> Proposal:
        """What the captured AARQ proposes."""
        mechanism = Mechanism(int(aarq.mechanism_name.rpartition(".")[2])) if aarq.mechanism_name else Mechanism.NONE
        secured: dict[str, Any] = {"authentication": mechanism}
        if mechanism is Mechanism.LLS:
            secured["password"] = aarq.calling_authentication_value
        elif mechanism.high_level:
            self.challenge = bytes(aarq.calling_authentication_value)  # type: ignore[arg-type]
            secured["challenge_length"] = len(self.challenge)
        cipher = self.item.get("cipher", {})
        initiate = aarq.user_information
        if isinstance(initiate, CIPHERED):
            content = initiate.ciphered_content
            self.counters.append(content.invocation_counter or 0)
            control = content.security_control >> 4
            secured["policy"] = {1: Policy.AUTHENTICATED, 2: Policy.ENCRYPTED, 3: Policy.AUTHENTICATED_ENCRYPTED}[
                control
            ]
        if isinstance(initiate, CIPHERED) or mechanism is Mechanism.HLS_GMAC:
            secured["encryption_key"], secured["authentication_key"] = cipher["ek"], cipher["ak"]
            self.keys = KeyRing(
                {},
                KeySet(
                    encryption=Key(cipher["ek"]), authentication=Key(cipher["ak"]), system_title=aarq.calling_ap_title
                ),
            )
        if isinstance(initiate, CIPHERED):
            initiate = decode(open_ciphered(initiate, self.keys).octets)  # type: ignore[assignment]
        assert isinstance(initiate, InitiateRequest)
        security = Security(client_system_title=aarq.calling_ap_title, counters=CountersOfCapture(), **secured)
        return Proposal(
            security=security,
            conformance=Conformance(initiate.proposed_conformance),
            max_receive_pdu_size=initiate.client_max_receive_pdu_size,
        )

    def plain(self, octets: bytes) -> Any:
        """A captured request, deciphered; its counters are those that ours will take."""
        message = decode_with_data_octets(octets)
        if isinstance(message, CIPHERED):
            inner = decode_with_data_octets(open_ciphered(message, self.keys).octets)
            if isinstance(inner, ActionRequestNormal) and inner.cosem_method_descriptor.class_id == 15:
                self.counters.append(int.from_bytes(loads(inner.method_invocation_parameters)[1:5], "big"))
            self.counters.append(message.ciphered_content.invocation_counter or 0)
            return inner
        return message

    def open(self) -> Negotiated:
        octets = self.next_request()
        assert octets is not None
        aarq = decode(octets)
        assert isinstance(aarq, Aarq)
        proposal = self.proposal(aarq)
        if proposal.security.authentication.high_level:
            self.second()
        negotiated: Negotiated = self.run(open_association(proposal))
        return negotiated

    def second(self) -> None:
        """The counters of the reply to the server's challenge, which follows the AARQ."""
        requests = [octets for direction, octets in self.frames if direction == "C"]
        information = [Frame.decode(octets) for octets in requests]
        self.plain(llc.remove([frame for frame in information if frame.kind is FrameKind.I][1].information))

    def ask(self, negotiated: Negotiated, message: Any) -> Any:
        """The same request again, through our services."""
        self.invoke_id_and_priority = message.invoke_id_and_priority
        match message:
            case GetRequestNormal():
                return self.run(services.get(negotiated, message.cosem_attribute_descriptor, message.access_selection))
            case GetRequestWithList():
                wanted = [(d.cosem_attribute_descriptor, d.access_selection) for d in message.attribute_descriptor_list]
                return self.run(services.get_list(negotiated, wanted))
            case SetRequestNormal():
                attribute = message.cosem_attribute_descriptor
                return self.run(services.set_value(negotiated, attribute, message.value, message.access_selection))
        raise AssertionError(f"no service for {type(message).__name__}")


@pytest.mark.parametrize("name", SESSIONS)
def test_replayed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    item = items()[name]
    read: list[object] = []
    for connection in connections(item):
        replay = Replay(connection, item)
        monkeypatch.setattr(
            Negotiated, "invoke_id_and_priority", lambda _, replay=replay: replay.invoke_id_and_priority
        )
        negotiated = replay.open()
        while (octets := replay.next_request()) is not None:
            message = replay.plain(octets)
            if isinstance(message, Rlrq):
                break
            answer = replay.ask(negotiated, message)
            read += [
                loads(octets) for octets in (answer if isinstance(answer, list) else [answer]) if octets is not None
            ]
    assert read
    assert SESSIONS[name] in (None, read[-1])
