"""Openings that a meter weakens, forges or muddles: each is refused by the name of what is wrong.

The meter is ours and honest; what it says is changed on its way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from tests.association.meter import CLIENT_TITLE, EVERYTHING, KEYS, PASSWORD, SERVER_TITLE, answers, meter, session
from tests.association.scripted import Wire, negotiated, script

from dlms.apdu import decode, encode
from dlms.apdu.acse import Aare, Aarq, Rlrq
from dlms.apdu.action import ActionResponseNormal
from dlms.apdu.ciphering import CipheredContent, GeneralGloCiphering, GloInitiateRequest
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.association.negotiated import Negotiated
from dlms.association.opening import PreEstablished, Proposal, open_association, release_association
from dlms.association.server.clients import ServedClient
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.enumerations import Conformance
from dlms.errors import (
    AssociationRejected,
    AuthenticationFailed,
    ConfigurationError,
    Downgrade,
    ProtocolError,
)
from dlms.grammar import program
from dlms.quirks import Quirks
from dlms.results import AcseServiceUserDiagnostic, ActionResult, AssociationResult, DataAccessResult
from dlms.security import Security
from dlms.security.settings import MECHANISMS
from dlms.service_errors import ConfirmedServiceErrorReceived, ExceptionResponseReceived

Change = Callable[[Any], Any]
CONTENT = program(CipheredContent)
CLIENT = 7
TITLE: dict[str, Any] = {"client_system_title": CLIENT_TITLE}
SECRETS: dict[str, dict[str, Any]] = {
    "hls-2": {"password": PASSWORD, "manufacturer_reply": lambda challenge, secret: challenge[::-1] + secret},
    "hls-md5": {"password": PASSWORD},
    "hls-sha1": {"password": PASSWORD},
    "hls-gmac": KEYS,
    "hls-sha256": {"password": PASSWORD},
}
ERROR = bytes.fromhex("0E010601")


def ciphered(**changes: Any) -> Security:
    """With counters of its own."""
    return Security(policy="authenticated+encrypted", **KEYS, **TITLE, **changes)


def security_of(mechanism: str) -> Security:
    return Security(mechanism, **SECRETS[mechanism], **TITLE)


def opened(security: Security, change: Change = lambda answer: answer, **proposal: Any) -> Negotiated:
    """What a client has opened with a meter whose every answer passes through `change`: a message or octets."""
    device = meter()
    mechanism = next(name for name, member in MECHANISMS.items() if member is security.authentication)
    secrets = SECRETS.get(mechanism, KEYS if security.ciphered else {})
    device.serve(ServedClient(CLIENT, authentication=mechanism, policy=security.policy, **secrets, **EVERYTHING))
    of = session(device, CLIENT)

    def answer(octets: bytes) -> list[bytes]:
        changed = [change(decode(each)) for each in answers(of.respond(octets, 0.0))]
        return [each if isinstance(each, bytes) else encode(each) for each in changed]

    return Wire(answer).run(open_association(Proposal(security=security, **proposal)))


def aare(**changes: Any) -> Change:
    return lambda answer: dataclasses.replace(answer, **changes) if isinstance(answer, Aare) else answer


def proof(make: Callable[[bytes], bytes]) -> Change:
    """The meter's proof, altered."""

    def change(answer: Any) -> Any:
        if not isinstance(answer, ActionResponseNormal):
            return answer
        given = answer.single_response.return_parameters
        assert isinstance(given, OctetString)
        return responding(return_parameters=OctetString(make(given.value)))(answer)

    return change


def responding(**changes: Any) -> Change:
    def change(answer: Any) -> Any:
        if not isinstance(answer, ActionResponseNormal):
            return answer
        return dataclasses.replace(answer, single_response=dataclasses.replace(answer.single_response, **changes))

    return change


class TestTheProofOfTheMeter:
    @pytest.mark.parametrize("mechanism", SECRETS)
    def test_an_honest_one(self, mechanism: str) -> None:
        assert opened(security_of(mechanism)).server_system_title == SERVER_TITLE

    @pytest.mark.parametrize("mechanism", SECRETS)
    @pytest.mark.parametrize(
        "forge",
        [
            lambda honest: honest[:-1] + bytes([honest[-1] ^ 1]),
            lambda honest: honest[:-1],
            lambda honest: honest + b"\0",
            lambda honest: b"",
            lambda honest: bytes(len(honest)),
        ],
    )
    def test_a_forged_one(self, mechanism: str, forge: Callable[[bytes], bytes]) -> None:
        with pytest.raises(AuthenticationFailed):
            opened(security_of(mechanism), proof(forge))

    @pytest.mark.parametrize("mechanism", SECRETS)
    def test_our_own_sent_back(self, mechanism: str) -> None:
        device = meter()
        device.serve(ServedClient(CLIENT, authentication=mechanism, **SECRETS[mechanism], **EVERYTHING))
        of = session(device, CLIENT)

        def answer(octets: bytes) -> list[bytes]:
            (honest,) = answers(of.respond(octets, 0.0))
            asked = decode(octets)
            if isinstance(asked, Aarq):
                return [honest]
            return [encode(responding(return_parameters=asked.method_invocation_parameters)(decode(honest)))]  # type: ignore[attr-defined]

        with pytest.raises(AuthenticationFailed, match="is wrong"):
            Wire(answer).run(open_association(Proposal(security=security_of(mechanism))))

    @pytest.mark.parametrize(
        "changes",
        [{"security_control": 0x30}, {"security_control": 0x11}, {"information": b"\xc4"}],
    )
    def test_of_another_kind(self, changes: dict[str, Any]) -> None:
        def another(honest: bytes) -> bytes:
            return CONTENT.encode(dataclasses.replace(CONTENT.decode(honest), **changes))

        with pytest.raises(AuthenticationFailed, match="is no GMAC"):
            opened(security_of("hls-gmac"), proof(another))

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"result": ActionResult.READ_WRITE_DENIED}, "refuses our reply to its challenge: read-write-denied"),
            ({"return_parameters": None}, "it proves nothing"),
            ({"return_parameters": DataAccessResult.OTHER_REASON}, "it proves nothing"),
            ({"return_parameters": DoubleLongUnsigned(5)}, "no octet-string"),
        ],
    )
    def test_none(self, changes: dict[str, Any], words: str) -> None:
        with pytest.raises(AuthenticationFailed, match=words):
            opened(security_of("hls-sha256"), responding(**changes))


class TestTheAnswerToOurChallenge:
    """What comes with the challenge of the meter, or in its place."""

    @pytest.mark.parametrize(
        ("changes", "error", "words"),
        [
            ({"responding_authentication_value": None}, Downgrade, "without a challenge"),
            ({"responding_authentication_value": bytes(7)}, AuthenticationFailed, "8 to 64 octets, the peer's has 7"),
            ({"responding_authentication_value": bytes(65)}, AuthenticationFailed, "8 to 64 octets, the peer's has 65"),
            ({"responding_authentication_value": bytes(16)}, AuthenticationFailed, "our own challenge back"),
            ({"mechanism_name": "2.16.756.5.8.2.1"}, Downgrade, "another authentication mechanism"),
            ({"mechanism_name": "2.16.756.5.8.2.0"}, Downgrade, "another authentication mechanism"),
            ({"application_context_name": "2.16.756.5.8.1.2"}, Downgrade, "another application context"),
            ({"application_context_name": "2.16.756.5.8.1.3"}, Downgrade, "another application context"),
        ],
    )
    @pytest.mark.parametrize("mechanism", ["hls-gmac", "hls-sha1"])
    def test_refused(self, mechanism: str, changes: dict[str, Any], error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            opened(security_of(mechanism), aare(**changes))

    def test_the_name_of_the_mechanism_may_be_left_out(self) -> None:
        opened(security_of("hls-sha1"), aare(mechanism_name=None))


class TestAnswersToAarq:
    def test_a_rejection_says_why(self) -> None:
        changed = aare(
            result=AssociationResult.REJECTED_PERMANENT,
            result_source_diagnostic=AcseServiceUserDiagnostic.AUTHENTICATION_FAILURE,
        )
        with pytest.raises(AssociationRejected) as rejected:
            opened(Security(), changed)
        assert rejected.value.result is AssociationResult.REJECTED_PERMANENT
        assert rejected.value.diagnostic is AcseServiceUserDiagnostic.AUTHENTICATION_FAILURE

    @pytest.mark.parametrize(
        ("changes", "error", "words"),
        [
            (
                {"result_source_diagnostic": AcseServiceUserDiagnostic.AUTHENTICATION_REQUIRED},
                ProtocolError,
                "high level security, which was not proposed",
            ),
            ({"user_information": None}, ProtocolError, "no initiate-response"),
            ({"user_information": decode(ERROR)}, ConfirmedServiceErrorReceived, None),
        ],
    )
    def test_an_association_that_is_none(
        self, changes: dict[str, Any], error: type[Exception], words: str | None
    ) -> None:
        with pytest.raises(error, match=words):
            opened(Security(), aare(**changes))

    @pytest.mark.parametrize(
        ("answer", "error", "words"),
        [
            (bytes.fromhex("D80101"), ExceptionResponseReceived, None),
            (ERROR, ConfirmedServiceErrorReceived, None),
            (bytes.fromhex("C401C1001105"), ProtocolError, "expected an AARE, got GetResponseNormal"),
        ],
    )
    def test_no_aare(self, answer: bytes, error: type[Exception], words: str | None) -> None:
        with pytest.raises(error, match=words):
            opened(Security(), lambda _: answer)

    def test_nothing_counts_that_was_not_proposed(self) -> None:
        proposed = Conformance.GET | Conformance.SET

        def boasting(answer: Aare) -> Aare:
            assert isinstance(answer.user_information, InitiateResponse)
            every = dataclasses.replace(answer.user_information, negotiated_conformance=Conformance((1 << 24) - 1))
            return dataclasses.replace(answer, user_information=every)

        assert opened(Security(), boasting, conformance=proposed).conformance == proposed


class TestCiphered:
    @pytest.mark.parametrize("plain", ["0800065F1F040000501F01F40007", "0E010601"])
    def test_a_plain_answer(self, plain: str) -> None:
        with pytest.raises(Downgrade, match="initiate-response is not ciphered"):
            opened(ciphered(), aare(user_information=decode(bytes.fromhex(plain))))
        with pytest.raises(Downgrade, match="initiate-response is not ciphered"):
            opened(ciphered(), aare(user_information=None))

    def test_a_context_without_ciphering(self) -> None:
        for quirks in (Quirks(), Quirks(context_name_not_echoed=True)):
            with pytest.raises(Downgrade, match="another application context"):
                opened(ciphered(), aare(application_context_name="2.16.756.5.8.1.1"), quirks=quirks)

    def test_whose_title_is_taken(self) -> None:
        with pytest.raises(ProtocolError, match="did not send its system title"):
            opened(ciphered(), aare(responding_ap_title=None))
        known = opened(ciphered(), aare(responding_ap_title=None), server_system_title=SERVER_TITLE)
        assert known.server_system_title == SERVER_TITLE
        assert known.security is not None
        assert known.security.peer_title == SERVER_TITLE
        with pytest.raises(AuthenticationFailed, match="another meter answered: system title 5352560000000001"):
            opened(ciphered(), server_system_title=CLIENT_TITLE[::-1])
        opened(ciphered(), server_system_title=SERVER_TITLE)

    def test_without_ciphering_no_title_is_needed(self) -> None:
        assert opened(Security(), aare(responding_ap_title=None)).server_system_title is None


class TestWhatIsAsked:
    def aarq(self, **proposal: Any) -> Aarq:
        wire = script("D80101")
        with pytest.raises(ExceptionResponseReceived):
            wire.run(open_association(Proposal(**proposal)))
        sent = decode(wire.sent[0])
        assert isinstance(sent, Aarq)
        return sent

    def test_nothing_without_security(self) -> None:
        plain = self.aarq(security=Security(), quirks=Quirks(initiate_request_not_ciphered=True))
        assert isinstance(plain.user_information, InitiateRequest)
        assert (plain.mechanism_name, plain.calling_authentication_value) == (None, None)
        assert (plain.sender_acse_requirements, plain.calling_ae_invocation_id) == (None, None)

    def test_a_password_and_a_user(self) -> None:
        for user in (0, 255):
            low = self.aarq(security=Security("lls", password=PASSWORD), user_id=user)
            assert (low.calling_authentication_value, low.calling_ae_invocation_id) == (PASSWORD, user)
            assert (low.mechanism_name, low.sender_acse_requirements) == ("2.16.756.5.8.2.1", "1")

    @pytest.mark.parametrize("ciphering", ["service", "general"])
    def test_the_kind_of_ciphering(self, ciphering: Any) -> None:
        asked = self.aarq(security=ciphered(ciphering=ciphering)).user_information
        assert type(asked) is (GeneralGloCiphering if ciphering == "general" else GloInitiateRequest)

    @pytest.mark.parametrize("user", [-1, 256, "1", True])
    def test_no_such_user(self, user: Any) -> None:
        with pytest.raises(ConfigurationError, match="0 to 255"):
            Proposal(security=Security(), user_id=user)

    @pytest.mark.parametrize("title", [b"", bytes(7), bytes(9)])
    def test_no_such_title(self, title: bytes) -> None:
        with pytest.raises(ConfigurationError, match="8 octets"):
            Proposal(security=Security(), server_system_title=title)


def test_what_is_known_of_a_pre_established_association() -> None:
    heard: list[Any] = []

    def trace(*event: Any) -> None:
        heard.append(event)

    known = PreEstablished(conformance=Conformance.GET, max_send_pdu_size=100)
    wire = script()
    proposal = Proposal(security=ciphered(), pre_established=known, server_system_title=SERVER_TITLE,
                        quirks=Quirks(block_window=3))  # fmt: skip
    got = wire.run(open_association(proposal, trace))
    assert wire.sent == []
    assert (got.conformance, got.max_send_pdu_size, got.block_window, got.trace) == (Conformance.GET, 100, 3, trace)
    assert got.security is not None
    assert (got.security.peer_title, got.security.trace) == (SERVER_TITLE, trace)
    wire.run(release_association(got, proposal))
    assert wire.sent == []


def test_the_proof_by_short_names() -> None:
    """reply_to_HLS_authentication lies at FA58, and is called by reading it with a parameter (the Blue Book)."""
    device = meter()
    device.serve(ServedClient(CLIENT, authentication="hls-sha1", **SECRETS["hls-sha1"], **EVERYTHING))
    of = session(device, CLIENT)
    wire = Wire(lambda octets: answers(of.respond(octets, 0.0)))
    wire.run(open_association(Proposal(security=security_of("hls-sha1"), short_names=True)))
    assert wire.sent[1].startswith(bytes.fromhex("05 01 04 FA58 01 09 14"))


class TestRelease:
    def test_it_goes_under_the_global_key(self) -> None:
        security = ciphered(dedicated_key=True)
        known = opened(security)
        assert known.security is not None
        assert known.security.use_dedicated
        wire = script("6303800100")
        wire.run(release_association(known, Proposal(security=security)))
        released = decode(wire.sent[0])
        assert isinstance(released, Rlrq)
        assert isinstance(released.user_information, GloInitiateRequest)

    def test_what_comes_late_is_passed_over(self) -> None:
        wire = Wire(lambda _: [bytes.fromhex("C401C1001105"), bytes.fromhex("6303800100")])
        wire.run(release_association(negotiated(), Proposal(security=Security())))
        assert len(wire.sent) == 1

    @pytest.mark.parametrize(
        ("answer", "error"), [("D80101", ExceptionResponseReceived), ("0E010601", ConfirmedServiceErrorReceived)]
    )
    def test_refused(self, answer: str, error: type[Exception]) -> None:
        with pytest.raises(error):
            script(answer).run(release_association(negotiated(), Proposal(security=Security())))
