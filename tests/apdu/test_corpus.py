"""Every APDU of the captured sessions, pushes and published examples: decoded, named as its curator names it, encoded
back to the same octets unless a deviation says why not."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

import dlms
from dlms.apdu.ciphering import AgreedKey, GeneralCiphering, GeneralSigning
from dlms.apdu.exception import ConfirmedServiceError
from dlms_core import llc
from dlms_core.hdlc import Frame

CORPUS = os.environ.get("DLMS_CORPUS")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")

CLASSES = {
    "AARQ": "Aarq",
    "AARE": "Aare",
    "RLRQ": "Rlrq",
    "RLRE": "Rlre",
    "sn-read-request": "ReadRequest",
    "sn-read-response": "ReadResponse",
    "sn-write-request": "WriteRequest",
    "sn-write-response": "WriteResponse",
    "event-notification": "EventNotificationRequest",
    "tag E6": "Aare",
}
DEVIATIONS = {
    "rlre: its tag stands alone",
    "aarq.protocol-version: 100001 is sent, the default is 1",
    "get-response.result.result.raw-data: length 92 in 3 octets",
}


def items(name: str) -> list[dict]:
    if CORPUS is None:
        return []
    return json.loads((Path(CORPUS) / name).read_text(encoding="utf-8"))["items"]


def session_apdus() -> list[tuple[str, str, bytes]]:
    found = []
    for item in items("sessions.json"):
        segments: list[Frame] = []
        for frame in item["frames"]:
            octets = bytes.fromhex(frame["hex"])
            if item["framing"] == "apdu":
                found.append((item["id"], frame["apdu"], octets))
            elif "check" not in frame:  # only frames that are bad have a check
                segments.append(Frame.decode(octets))
                if not segments[-1].information:
                    segments.pop()
                elif "apdu" in frame:
                    numbers = [segment.send_sequence for segment in segments]
                    # One answer has segments left out by its source.
                    if all((one + 1) % 8 == next_one for one, next_one in pairwise(numbers)):
                        whole = b"".join(segment.information for segment in segments)
                        found.append((item["id"], frame["apdu"], llc.remove(whole)))
                if segments and not segments[-1].segmented:
                    segments.clear()
    return found


def plain_apdus() -> list[tuple[str, bytes]]:
    if CORPUS is None:
        return []
    found = []

    def walk(value, owner):
        if isinstance(value, dict):
            owner = value.get("id", owner)
            if isinstance(plain := value.get("plain_apdu_hex"), str):
                found.append((owner, bytes.fromhex(plain)))
            for below in value.values():
                walk(below, owner)
        elif isinstance(value, list):
            for below in value:
                walk(below, owner)

    for path in sorted(Path(CORPUS).glob("*.json")):
        walk(json.loads(path.read_text(encoding="utf-8")), path.stem)
    # A telegram of Luxembourg holds the text of a P1 port in place of an APDU.
    return [(owner, octets) for owner, octets in found if not owner.startswith("lu-")]


def test_sessions():
    apdus = session_apdus()
    assert len(apdus) > 640
    for owner, name, octets in apdus:
        message = dlms.decode(octets)
        kind = "".join(part.capitalize() for part in name.split("-"))
        assert type(message).__name__ == CLASSES.get(name, kind), owner
        assert message.deviations or dlms.encode(message) == octets, owner
        assert set(message.deviations) <= DEVIATIONS, owner
        assert dlms.decode(dlms.encode(message)) == message


def test_plain_apdus():
    apdus = plain_apdus()
    assert len(apdus) > 25
    for owner, octets in apdus:
        message = dlms.decode(octets)
        if message.deviations:
            assert message.deviations == ("data-notification.date-time: 09 0C before it",), owner
        else:
            assert dlms.encode(message) == octets, owner


def vectors(item_id: str) -> dict[str, dict]:
    item = next(item for item in items("test-vectors.json") if item["id"] == item_id)
    return {vector["name"]: vector for vector in item["vectors"]}


def test_initiate_of_the_green_book():
    for name, vector in vectors("tv-initiate-ln-sn-greenbook").items():
        message = dlms.decode(bytes.fromhex(vector["hex"]))
        assert dlms.encode(message).hex().upper() == vector["hex"]
        if "request" in name:
            assert message.proposed_conformance == int(vector["conformance"], 16)
            assert message.client_max_receive_pdu_size == vector["max_pdu"]
        elif "qos" in vector:
            assert message.negotiated_quality_of_service == vector["qos"]
        else:
            assert message.negotiated_conformance == int(vector["conformance"], 16)
            assert message.server_max_receive_pdu_size == vector["max_pdu"]
            assert message.vaa_name == int(vector["vaa_name"], 16)


def test_association_of_the_green_book():
    for name, vector in vectors("tv-aarq-aare-greenbook").items():
        message = dlms.decode(bytes.fromhex(vector["hex"]))
        assert dlms.encode(message).hex().upper() == vector["hex"]
        assert message.deviations == ()
        expect = vector["expect"]
        if expect.get("mechanism"):
            assert message.mechanism_name == f"2.16.756.5.8.2.{expect['mechanism']}"
        if "result" in expect:
            assert (message.result, message.result_source_diagnostic) == (expect["result"], expect["diagnostic"])
        if "password" in expect:
            assert message.calling_authentication_value == expect["password"].encode()
        if "challenge_ascii" in expect:
            assert message.calling_authentication_value == expect["challenge_ascii"].encode()
        if "StoC_ascii" in expect:
            assert message.responding_authentication_value == expect["StoC_ascii"].encode()
        if "reason" in expect:
            assert message.reason == expect["reason"]
        assert isinstance(getattr(message, "user_information", None), ConfirmedServiceError) == ("too low" in name)


def test_access_of_the_green_book():
    found = vectors("tv-access-service-greenbook")
    request = dlms.decode(bytes.fromhex(found["access-request"]["hex"]))
    assert dlms.encode(request).hex().upper() == found["access-request"]["hex"].upper()
    specifications = request.access_request_body.access_request_specification
    assert len(request.access_request_body.access_request_list_of_data) == len(specifications) == 4
    for specification, expected in zip(specifications, found["access-request"]["specification"], strict=True):
        assert specification.tags == (expected["choice"],)
        descriptor = specification.cosem_attribute_descriptor
        name = ".".join(str(octet) for octet in descriptor.instance_id)
        assert (descriptor.class_id, name, descriptor.attribute_id) == (
            expected["class"],
            expected["obis"],
            expected["attribute"],
        )
    response = dlms.decode(bytes.fromhex(found["access-response"]["hex"]))
    results = response.access_response_body.access_response_specification
    assert [[result.tags[0], result.result] for result in results] == found["access-response"]["results"]


@pytest.mark.parametrize("source", ["tv-xdlms-apdus-u9n", "tv-axdr-openspodes-golden"])
def test_apdus_of_other_suites(source):
    services = ("get-", "set-", "action-", "data-notification", "event-", "exception-")
    found = {name: vector for name, vector in (vectors(source) if CORPUS else {}).items() if name.startswith(services)}
    assert len(found) >= 15
    for vector in found.values():
        octets = bytes.fromhex(vector["hex"])
        message = dlms.decode(octets)
        assert message.deviations == ()
        assert dlms.encode(message) == octets


def test_general_ciphering_of_the_green_book():
    item = next(i for i in items("test-vectors.json") if i["id"] == "tv-general-ciphering-onepass-dh-greenbook")
    octets, cipher = bytes.fromhex(item["hex"]), item["cipher"]
    message = dlms.decode(octets)
    assert isinstance(message, GeneralCiphering)
    assert message.transaction_id.hex() == cipher["transaction_id"]
    assert message.originator_system_title.hex().upper() == cipher["originator"]
    assert message.recipient_system_title.hex().upper() == cipher["recipient"]
    assert isinstance(message.key_info, AgreedKey)
    assert (message.key_info.key_parameters, len(message.key_info.key_ciphered_data)) == (b"\x01", 128)
    content = message.ciphered_content
    assert (content.security_control, content.invocation_counter) == (0x31, 0)
    assert content.authentication_tag.hex().upper() == "9836002AEA6E7012D2ADFAA7"
    assert len(content.information) == len(item["plain_apdu_hex"]) // 2
    assert dlms.encode(message) == octets


def test_messages_of_great_britain():
    for item in items("gbcs.json"):
        octets = bytes.fromhex(item["hex"])
        message = dlms.decode(octets)
        if "precommand" in item["id"]:
            assert message.deviations == ("general-signing.signature: left out at the end",)
        else:
            assert dlms.encode(message) == octets
        inner = dlms.decode(message.ciphered_content.information) if octets[0] == 0xDD else message
        plain = inner.content if isinstance(inner, GeneralSigning) else message.ciphered_content.information
        assert plain.hex().upper().startswith(item["plain_apdu_hex"][:20])


def test_octets_between_jdlms_client_and_server():
    for text in (
        "6042A109060760857405080101A60A04084D4D4D00000000018A0207808B0760857405080201AC0A80083132333435363738"
        "BE10040E01000000065F1F040000FE1DFFFF",
        "612D80020780A109060760857405080101A203020100A305A103020100BE10040E0800065F1F0400181E1DFFFF0007",
        "C81E30000000036338F5AB27312657692CAB4F41BC53786E74B90333E23BC1B1",
        "CC22300000000303041FD02B488217117AA14B4E313B87920B31BA1DF91D2233AF0EE1BE",
        "C40142000A0B48454C4C4F2D4A444C4D53",
        "0C01000A0B48454C4C4F2D4A444C4D53",
        "050104FA0802020212000109060000600100FF",
    ):
        message = dlms.decode(bytes.fromhex(text))
        # Its server writes the default of protocol-version out.
        assert dlms.encode(message).hex().upper() == text or message.deviations == (
            "aare.protocol-version: 1 is sent, the default is 1",
        )
