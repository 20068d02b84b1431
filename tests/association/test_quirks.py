"""Quirks of associations and services: what each changes, octet for octet."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from typing import Any

import pytest
from tests.association.scripted import negotiated, script

from dlms.apdu import decode
from dlms.apdu.acse import Aarq
from dlms.apdu.action import ActionRequestNormal, ActionRequestWithFirstPblock
from dlms.apdu.ciphering import GloInitiateRequest, GloInitiateResponse
from dlms.apdu.get import CosemAttributeDescriptor, CosemMethodDescriptor, DataBlockSA
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.apdu.set import SetRequestWithFirstDatablock
from dlms.association import services, short_names
from dlms.association.effects import Random, Reserve
from dlms.association.negotiated import PreEstablished
from dlms.association.opening import Proposal, open_association, release_association
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, Downgrade, ProtocolError
from dlms.meter_description import Description
from dlms.quirks import NAMED, Quirks
from dlms.security import Security
from dlms.security.context import SecurityContext

CIPHERED: dict[str, Any] = {
    "authentication": "lls",
    "password": "12345678",
    "policy": "authenticated+encrypted",
    "client_system_title": "4D4D4D0000000001",
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
}
ATTRIBUTE = CosemAttributeDescriptor(1, bytes((0, 0, 96, 1, 0, 255)), 2)
PLAIN_INITIATE = Quirks(initiate_request_not_ciphered=True)


def context(security: Security) -> SecurityContext:
    assert security.encryption_key is not None
    return SecurityContext(
        own_title=bytes.fromhex("4D4D4D0000000001"), peer_title=b"ABC\0\0\0\0\1", protection=security.policy.value,
        encryption_key=security.encryption_key, authentication_key=security.authentication_key,
        counters=security.counters, replay=security.replay,
    )  # fmt: skip


def test_initiate_request_not_ciphered() -> None:
    opening = open_association(Proposal(security=Security(**CIPHERED), quirks=PLAIN_INITIATE))
    sent = next(opening)
    assert isinstance(sent, bytes)
    aarq = decode(sent)
    assert isinstance(aarq, Aarq)
    assert isinstance(aarq.user_information, InitiateRequest)
    assert aarq.application_context_name == "2.16.756.5.8.1.3"


def test_a_dedicated_key_is_never_sent_in_the_clear() -> None:
    opening = open_association(Proposal(security=Security(**CIPHERED, dedicated_key=True), quirks=PLAIN_INITIATE))
    assert next(opening) == Random(16)
    with pytest.raises(ConfigurationError, match="never sent"):
        opening.send(bytes(16))


# ---- association ----------------------------------------------------------------------------------------------------


def first_octets(proposal: Proposal) -> bytes:
    sent = next(open_association(proposal))
    assert isinstance(sent, bytes)
    return sent


def test_protocol_version() -> None:
    """The AARQ that a Landis+Gyr meter is sent states a version of six bits."""
    plain = first_octets(Proposal(security=Security()))
    stated = first_octets(Proposal(security=Security(), quirks=Quirks(protocol_version="100001")))
    assert plain[:2] == b"\x60\x1d"
    assert stated == b"\x60\x21" + bytes.fromhex("80020284") + plain[2:]


def test_release_omitted() -> None:
    way, proposal = negotiated(), Proposal(security=Security(), quirks=Quirks(release_omitted=True))
    assert list(release_association(way, proposal)) == []


def test_pre_established_associations_have_them_too() -> None:
    known = PreEstablished(conformance=Conformance.GET)
    proposal = Proposal(security=Security(), pre_established=known, quirks=Quirks(invoke_id=9))
    with pytest.raises(StopIteration) as opened:
        next(open_association(proposal))
    assert opened.value.value.invoke_id_and_priority() == 0x49


def test_release_not_ciphered() -> None:
    security = Security(**CIPHERED)
    way = negotiated(security=context(security))
    ciphered = release_association(way, Proposal(security=security))
    assert isinstance(next(ciphered), Reserve)
    plain = next(release_association(way, Proposal(security=security, quirks=Quirks(release_not_ciphered=True))))
    assert plain == bytes.fromhex("6203800100")


def test_no_title_goes_out_unless_it_is_given() -> None:
    """Some meters want none where nothing is ciphered, others (Elgama) want one all the same."""
    aarq = decode(first_octets(Proposal(security=Security())))
    assert isinstance(aarq, Aarq)
    assert aarq.calling_ap_title is None
    aarq = decode(first_octets(Proposal(security=Security(client_system_title=b"EGM64178"))))
    assert isinstance(aarq, Aarq)
    assert aarq.calling_ap_title == b"EGM64178"


# ---- opened with more protection than everything after --------------------------------------------------------------


def test_the_initiate_request_has_a_policy_of_its_own() -> None:
    security = Security(**CIPHERED | {"policy": "none"}, initiate_policy="authenticated+encrypted")
    assert security.ciphered
    opening = open_association(Proposal(security=security))
    assert isinstance(next(opening), Reserve)
    sent = opening.send(1)
    assert isinstance(sent, bytes)
    aarq = decode(sent)
    assert isinstance(aarq, Aarq)
    assert aarq.application_context_name == "2.16.756.5.8.1.3"
    assert isinstance(aarq.user_information, GloInitiateRequest)
    assert aarq.user_information.ciphered_content.security_control == 0x30


def test_an_answer_with_less_protection_than_the_opening_is_refused() -> None:
    security = Security(**CIPHERED | {"policy": "authenticated"}, initiate_policy="authenticated+encrypted")
    own, peer = context(security), context(security)
    peer.own_title, peer.peer_title = own.peer_title, own.own_title
    answer = decode(
        peer.protect(
            InitiateResponse(
                negotiated_dlms_version_number=6,
                negotiated_conformance=Conformance.GET,
                server_max_receive_pdu_size=0,
                vaa_name=7,
            ),
            1,
        )
    )
    assert isinstance(answer, GloInitiateResponse)
    assert own.unprotect(answer)
    with pytest.raises(Downgrade, match="encrypted"):
        own.unprotect(answer, besides=security.initiate_protection)


def test_with_the_policy_none_requests_go_out_plain() -> None:
    security = Security(**CIPHERED | {"policy": "none"}, initiate_policy="authenticated")
    way = negotiated(security=context(security))
    wire = script("C401C1000600001267")
    assert wire.run(services.get(way, ATTRIBUTE, None, None, bytes)) == bytes.fromhex("0600001267")
    assert wire.sent == [bytes.fromhex("C001C100010000600100FF0200")]


def test_the_opening_is_never_weaker_than_the_policy() -> None:
    with pytest.raises(ConfigurationError, match="no less"):
        Security(**CIPHERED, initiate_policy="encrypted")


# ---- services -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quirks", "octets"),
    [
        (Quirks(), [0xC1, 0xC2, 0xC3]),
        (Quirks(invoke_id=1), [0xC1, 0xC1, 0xC1]),
        (Quirks(priority="normal"), [0x41, 0x42, 0x43]),
        (Quirks(service_class_not_set=True), [0x81, 0x82, 0x83]),
        (Quirks(priority="normal", service_class_not_set=True, invoke_id=0), [0, 0, 0]),
    ],
)
def test_invoke_id_and_priority(quirks: Quirks, octets: list[int]) -> None:
    way = negotiated(quirks=quirks)
    assert [way.invoke_id_and_priority() for _ in octets] == octets
    assert way.invoke_id_and_priority(confirmed=False) & 0x40 == 0


def test_priority_that_was_not_agreed_on() -> None:
    without = Conformance.GET
    assert negotiated(conformance=without).invoke_id_and_priority() == 0x41
    assert negotiated(conformance=without, quirks=Quirks(priority="high")).invoke_id_and_priority() == 0xC1


def test_requests_in_blocks() -> None:
    way = negotiated(quirks=Quirks(requests_in_blocks=True))
    wire = script("C503C10000000001", "C701C20000")
    wire.run(services.set_value(way, ATTRIBUTE, b"\x11\x05"))
    method = CosemMethodDescriptor(1, ATTRIBUTE.instance_id, 1)
    wire.run(services.call(way, method, b"\x11\x05"))
    first, second = map(decode, wire.sent)
    assert first == SetRequestWithFirstDatablock(
        invoke_id_and_priority=0xC1, cosem_attribute_descriptor=ATTRIBUTE,
        datablock=DataBlockSA(True, 1, b"\x11\x05"),
    )  # fmt: skip
    assert isinstance(second, ActionRequestWithFirstPblock)
    whole = next(services.call(way, method, None))
    assert isinstance(whole, bytes)
    assert isinstance(decode(whole), ActionRequestNormal)


def blocks_from(number: int) -> list[str]:
    return [f"C402C100{number:08X}000109", f"C402C101{number + 1:08X}00020141"]


@pytest.mark.parametrize("number", [0, 1, 7])
def test_block_numbers(number: int) -> None:
    way = negotiated(quirks=Quirks(invoke_id=1, block_numbers_not_reset=True))
    assert script(*blocks_from(number)).run(services.get(way, ATTRIBUTE, None, None, bytes)) == b"\x09\x01A"
    strict = negotiated(quirks=Quirks(invoke_id=1))
    if number > 1:
        with pytest.raises(ProtocolError, match="expected block 1, got block 7"):
            script(*blocks_from(number)).run(services.get(strict, ATTRIBUTE, None, None, bytes))
    else:
        assert script(*blocks_from(number)).run(services.get(strict, ATTRIBUTE, None, None, bytes)) == b"\x09\x01A"


def test_an_empty_block_does_no_harm() -> None:
    way = negotiated()
    answers = ["C402C1000000000100020901", "C402C100000000020000", "C402C10100000003000141"]
    assert script(*answers).run(services.get(way, ATTRIBUTE, None, None, bytes)) == b"\x09\x01A"


def test_a_written_value_may_be_answered_by_the_error_that_is_none() -> None:
    """An Elgama meter answers a write with data-access-error success."""
    way = negotiated(short_names=True)
    assert script("0D010100").run(short_names.write(way, [short_names.Variable(0xD908)], [b"\x0a\x00"])) == [None]


# ---- as a value -----------------------------------------------------------------------------------------------------


OTHERS: dict[str, Any] = {"protocol_version": "100001", "invoke_id": 1, "priority": "high", "block_window": 1}


@pytest.mark.parametrize("field", fields(Quirks), ids=lambda field: field.name)
def test_every_quirk_survives_a_toml_table(field: Any) -> None:
    quirks = Quirks(**{field.name: OTHERS.get(field.name, True)})
    assert quirks != Quirks()
    table = quirks.to_value()
    assert list(table) == [field.name]
    toml = "[quirks]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())
    assert Description.of(tomllib.loads(toml)).quirks == quirks


def test_every_quirk_is_explained() -> None:
    explained = [line.strip() for line in (Quirks.__doc__ or "").splitlines()]
    for field in fields(Quirks):
        assert any(line.startswith(f"{field.name}: ") for line in explained), field.name


def test_named_sets_are_tables() -> None:
    assert Quirks.from_value("none") == Quirks()
    for name in NAMED:
        named = Quirks.from_value(name)
        assert Quirks.from_value(named.to_value()) == named
        assert Description.of({"quirks": name}).quirks == named


@pytest.mark.parametrize(
    "table",
    [
        {"single_block": True},
        {"last_block_unmarked": 1},
        {"block_window": 0},
        {"block_window": 64},
        {"block_window": "1"},
        {"invoke_id": 16},
        {"invoke_id": "1"},
        {"priority": "low"},
        {"protocol_version": ""},
        {"protocol_version": "12"},
        {"protocol_version": 1},
    ],
)
def test_what_is_no_quirk(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="quirk"):
        Quirks.from_value(table)
    with pytest.raises(ConfigurationError, match="no quirks are named 'x'"):
        Quirks.from_value("x")
