"""ACCESS, unconfirmed services, attribute 0 and refused lists against scripted peers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.association.scripted import EVERYTHING, negotiated, script
from tests.captured import REASON, items

from dlms.apdu import decode_with_data_octets
from dlms.apdu.access import AccessRequest
from dlms.association.access import (
    BREAK_ON_ERROR,
    LONG_CONFIRMED,
    LONG_HIGH_PRIORITY,
    SELF_DESCRIPTIVE,
    AccessPart,
    access,
)
from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Integer, OctetString
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DlmsError, ProtocolError
from dlms.security import Security
from dlms.service_errors import NotProcessed, ObjectUndefined, OtherReason, ReadWriteDenied

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
RESET = MethodRef(3, "1.0.1.8.0.255", 1)
PARTS = (AccessPart.get(TEXT), AccessPart.set(ENERGY, Integer(5)), AccessPart.call(RESET, Integer(0)))
NORMAL_PRIORITY = EVERYTHING & ~Conformance.PRIORITY_MGMT_SUPPORTED
DONE = "DA40000001000003" + "09024142" + "00" + "00" + "03" + "0100" + "0200" + "0300"


def association(conformance: Conformance = NORMAL_PRIORITY, **options: Any) -> ClientAssociation:
    client = ClientAssociation(Proposal(security=Security()), **options)
    client._negotiated = negotiated(conformance=conformance)
    return client


@pytest.mark.skipif(not items(), reason=REASON)
def test_the_example_of_the_green_book() -> None:
    example = next(item for item in items() if item["id"] == "tv-access-service-greenbook")
    octets, answer = (bytes.fromhex(vector["hex"]) for vector in example["vectors"])
    message = decode_with_data_octets(octets)
    assert isinstance(message, AccessRequest)
    parts = []
    for specification, data in zip(
        message.access_request_body.access_request_specification,
        message.access_request_body.access_request_list_of_data,
        strict=True,
    ):
        descriptor = specification.cosem_attribute_descriptor
        ref = AttributeRef(descriptor.class_id, descriptor.instance_id, descriptor.attribute_id)
        parts.append((AccessPart.get(ref) if data == b"\x00" else AccessPart.set(ref, None), data))
    agreed = negotiated(conformance=NORMAL_PRIORITY)
    agreed._long_invoke_id = 0xFF_FFFF  # the next one is 0
    wire = script(answer)
    found = wire.run(access(agreed, parts))
    assert wire.sent == [octets]
    assert found == [b"\x09\x0800000001", bytes.fromhex("090C07DC030C07161E0000FF8880"), b"\x00", b"\x00"]


def test_gets_sets_and_actions_in_one_request() -> None:
    wire = script(DONE)
    assert wire.run(association().access(PARTS)) == (b"AB", None, None)
    assert wire.sent[0].hex().upper() == (
        "D9400000010003" + "0100010000600100FF02" + "0200030100010800FF02" + "0300030100010800FF01" + "03000F050F00"
    )


def test_options_are_bits_of_the_long_invoke_id() -> None:
    client = association(EVERYTHING)
    options = {"break_on_error": True, "self_descriptive": True}
    wire = script("DAF0000001" + DONE[10:])
    wire.run(client.access(PARTS, **options))
    message = decode_with_data_octets(wire.sent[0])
    assert isinstance(message, AccessRequest)
    expected = LONG_HIGH_PRIORITY | LONG_CONFIRMED | BREAK_ON_ERROR | SELF_DESCRIPTIVE | 1
    assert message.long_invoke_id_and_priority == expected


def test_errors_stand_in_their_places_or_are_raised() -> None:
    answer = "DA40000001000003" + "00" * 3 + "03" + "0104" + "02FA" + "0300"
    found = script(answer).run(association().access(PARTS, "return"))
    assert isinstance(found[0], ObjectUndefined)
    assert isinstance(found[1], OtherReason)
    assert found[2] is None
    with pytest.raises(ObjectUndefined) as caught:
        script(answer).run(association().access(PARTS))
    assert len(caught.value.results) == 3


def test_what_the_meter_did_not_come_to() -> None:
    answer = "DA60000001000001" + "00" + "01" + "0103"
    found = script(answer).run(association().access(PARTS, "return", break_on_error=True))
    assert isinstance(found[0], ReadWriteDenied)
    assert [type(outcome) for outcome in found[1:]] == [NotProcessed, NotProcessed]
    with pytest.raises(ProtocolError):
        script(answer).run(association().access(PARTS, "return"))


@pytest.mark.parametrize(
    "answer",
    [
        "DA40000001000003" + "000000" + "03" + "0200" + "0100" + "0300",  # results of others
        "DA40000001000002" + "0000" + "03" + "0100" + "0200" + "0300",
        "DA40000001000004" + "00" * 4 + "04" + "0100" + "0200" + "0300" * 2,
        "DA4000000100000100" + "010100",
        "DA4000000100" + "01" + "01" + "0100010000600100FF02" + DONE[14:],  # another request, described
        "DA40000002" + DONE[10:],  # another long-invoke-id, and then silence
        "C401C10000",
        "DA40",
        "",
    ],
)
def test_a_lying_peer_is_one_clear_error(answer: str) -> None:
    with pytest.raises(DlmsError):
        script(*[answer] if answer else []).run(association().access(PARTS))


def test_it_has_to_be_negotiated_and_to_ask_for_something() -> None:
    with pytest.raises(ConfigurationError):
        script().run(association(EVERYTHING & ~Conformance.ACCESS).access(PARTS))
    with pytest.raises(ConfigurationError):
        script().run(association().access(()))


def test_unconfirmed_requests_wait_for_nothing() -> None:
    client = association()
    wire = script()
    wire.run(client.set(TEXT, OctetString(b"AB"), confirmed=False))
    wire.run(client.call(RESET, Integer(0), confirmed=False))
    assert [octets.hex().upper() for octets in wire.sent] == [
        "C10101" + "00010000600100FF02" + "00" + "09024142",
        "C30102" + "00030100010800FF01" + "01" + "0F00",
    ]


def test_attribute_0_stands_for_all() -> None:
    everything = AttributeRef(1, "0.0.96.1.0.255", 0)
    assert script("C401410002" + "02" + "09060000600100FF" + "1105").run(association().get(everything)) == (
        bytes.fromhex("0000600100FF"), 5,
    )  # fmt: skip
    client = association(EVERYTHING & ~Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET)
    with pytest.raises(ConfigurationError):
        script().run(client.get(everything))


@pytest.mark.parametrize("refusal", ["D80202", "C4014101" + "FA", "0E0100" + "00"])
def test_lists_that_are_refused_are_not_tried_again(refusal: str) -> None:
    client = association()
    wire = script(refusal, "C4014200" + "1101", "C4014301" + "04", "C4014400" + "1103", "C4014500" + "1101")
    found = wire.run(client.get_several([TEXT, ENERGY, TEXT], errors="return"))
    assert (found[0], found[2]) == (1, 3)
    assert isinstance(found[1], ObjectUndefined)
    assert [octets[1] for octets in wire.sent] == [3, 1, 1, 1]


def test_lists_are_as_long_as_the_meter_takes() -> None:
    client = association()
    assert client._negotiated is not None
    client._negotiated.longest_apdu = client._negotiated.room = 34
    wire = script("C40341" + "03" + "001101" * 3, "C40342" + "02" + "001101" * 2)
    assert wire.run(client.get_several([TEXT] * 5)) == (1,) * 5
    assert [len(octets) for octets in wire.sent] == [34, 24]
