"""Errors say where, in the book's words, with the octet; encoding errors name the field."""

from __future__ import annotations

import dataclasses

import pytest

import dlms
from dlms.apdu.acse import Aarq
from dlms.apdu.ciphering import CipheredContent, GloGetRequest
from dlms.apdu.exception import ExceptionResponse
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithList,
)
from dlms.apdu.notification import DataNotification
from dlms.data import DoubleLongUnsigned, Unsigned
from dlms.logical_name import LogicalName
from dlms.results import DataAccessResult, ExceptionServiceError, ExceptionStateError

octets = bytes.fromhex

DECODING = [
    ("", "apdu", "expected 1 more octets, got 0", 0),
    ("07", "apdu", "expected a known tag, got 07", 0),
    ("C4", "get-response", "expected 1 more octets, got 0", 1),
    (
        "C405C1",
        "get-response",
        "expected get-response-normal (01) or get-response-with-datablock (02) or get-response-with-list (03), got 05",
        1,
    ),
    ("C401C1", "get-response.result", "expected 1 more octets, got 0", 3),
    ("C401C102", "get-response.result", "expected data (00) or data-access-result (01), got 02", 3),
    ("C401C10006000013", "get-response.result.data", "expected 4 more octets, got 3", 5),
    ("C401C100020206000000010600", "get-response.result.data[1]", "expected 4 more octets, got 1", 12),
    (
        "C401C1000102060000000102020600000002060000",
        "get-response.result.data[1][1]",
        "expected 4 more octets, got 2",
        19,
    ),
    ("C403C1020006000000580007", "get-response.result[1].data", "expected a known tag, got tag 7", 11),
    (
        "C401C1000600001391AA",
        "apdu",
        "1 octets follow the end of the value",
        9,
    ),
    (
        "C003C10200010000600100FF020000",
        "get-request.attribute-descriptor-list[1].cosem-attribute-descriptor.class-id",
        "expected 2 more octets, got 1",
        14,
    ),
    (
        "050104FA080207",
        "read-request.variable-access-specification[0].parameterized-access.parameter",
        "expected a known tag, got tag 7",
        6,
    ),
    (
        "601DA109060760857405080101BE10040E0100000006FF1F0400007E1F04B0",
        "aarq.user-information.initiate-request.proposed-conformance",
        "expected the tag 5F 1F of conformance, got FF",
        22,
    ),
    ("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04", "aarq", "expected 29 more octets, got 28", 2),
    ("6111A109060760857405080101A203020100", "aare", "more octets", 2),
    ("6110A109060760857405080101A203020100", "aare.result-source-diagnostic", "expected its tag A3, got the end", 18),
    ("CC0430000000", "glo-get-response.ciphered-content.invocation-counter", "expected 4 more octets, got 3", 3),
    ("CC0A3000000000AABBCCDDEE", "glo-get-response.ciphered-content.information", "expected 12 more octets, got 5", 7),
    ("0D84FFFFFFFF", "write-response.write-response", "at most 0 elements", 1),
    ("C403C184FFFFFFFF00", "get-response.result", "at most 1 elements are possible here, got a count of 4294967295", 3),
]


@pytest.mark.parametrize(("source", "path", "reason", "offset"), DECODING)
def test_decoding(source, path, reason, offset):
    with pytest.raises(dlms.DecodeError) as caught:
        dlms.decode(octets(source))
    error = caught.value
    assert (error.path or error.layer, error.offset, error.layer) == (path, offset, "apdu")
    assert reason in error.reason
    assert str(error) == f"{path}: {error.reason} at octet {offset}"


CLOCK = CosemAttributeDescriptor(8, octets("0000010000FF"), 2)
ENCODING = [
    (GetRequestNormal(256, CLOCK), "get-request.invoke-id-and-priority: expected an int from 0 to 255, got 256"),
    (
        GetRequestNormal(1, CosemAttributeDescriptor(8, b"\x00", 2)),
        "get-request.cosem-attribute-descriptor.instance-id: expected 6 octets, got 1 octets",
    ),
    (
        GetRequestNormal(1, CosemAttributeDescriptor(8, octets("0000010000FF"), 128)),
        "get-request.cosem-attribute-descriptor.attribute-id: expected an int from -128 to 127, got 128",
    ),
    (GetResponseNormal(1, 5), "get-response.result: expected one of the alternatives, got 5"),
    (
        GetResponseWithList(1, (Unsigned(1), None)),
        "get-response.result[1]: expected one of the alternatives, got None",
    ),
    (DataNotification(1, None, 7), "data-notification.notification-body: expected a value of dlms.data, got 7"),
    (
        DataNotification(1, b"", Unsigned(7)),
        "data-notification.date-time: expected a CosemDateTime or None, got 0 octets",
    ),
    (
        Aarq(application_context_name="hello"),
        "aarq.application-context-name: 'hello' is no object identifier",
    ),
    (
        GloGetRequest(CipheredContent(0x20, None, b"")),
        "glo-get-request.ciphered-content.invocation-counter: expected a value, got None",
    ),
    (
        GloGetRequest(CipheredContent(0x20, 1, b"", b"A" * 12)),
        "glo-get-request.ciphered-content.authentication-tag: "
        "expected None, by what the fields before say, got 12 octets",
    ),
    (
        ExceptionResponse(ExceptionStateError.SERVICE_UNKNOWN, ExceptionServiceError.OTHER_REASON, 5),
        "exception-response.invocation-counter: expected None, by what the fields before say, got 5",
    ),
    (CLOCK, f"expected one of the alternatives, got {CLOCK!r}"),
    (7, "expected one of the alternatives, got 7"),
]


@pytest.mark.parametrize(("message", "text"), ENCODING)
def test_encoding(message, text):
    with pytest.raises(dlms.EncodeError) as caught:
        dlms.encode(message)
    assert str(caught.value) == text


def test_what_no_table_knows_is_kept():
    message = dlms.decode(octets("C401C1014D"))
    assert isinstance(message.result, DataAccessResult)
    assert message.result == 77
    assert dlms.encode(message) == octets("C401C1014D")


def test_messages_are_frozen_values():
    message = GetResponseNormal(1, DoubleLongUnsigned(5))
    assert dlms.decode(dlms.encode(message)) == message
    assert hash(dlms.decode(dlms.encode(message))) == hash(message)
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.result = None
    with pytest.raises((AttributeError, TypeError)):
        message.other = None


def test_a_class_knows_the_choices_around_it():
    assert GetResponseNormal.tags == (0xC4, 1)
    assert DataNotification.tags == (0x0F,)
    assert Aarq.tags == (0x60,)
    assert CosemAttributeDescriptor.tags == ()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_octets_of_any_kind(kind):
    assert dlms.decode(kind(octets("C401C1000600001391"))) == GetResponseNormal(0xC1, DoubleLongUnsigned(5009))


@pytest.mark.parametrize("wrong", [None, 5, "C401", ["C4"]])
def test_what_is_no_octets_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        dlms.decode(wrong)


def test_octets_of_any_kind_and_no_secret_in_an_error() -> None:
    name = LogicalName("0.0.96.1.0.255")
    for octets in (bytes(name), name, bytearray(name), memoryview(name)):
        request = GetRequestNormal(0xC1, CosemAttributeDescriptor(1, octets, 2))
        assert dlms.encode(request).hex() == "c001c100010000600100ff0200"
    with pytest.raises(dlms.EncodeError) as refused:
        dlms.encode(GetRequestNormal(0xC1, CosemAttributeDescriptor(1, b"secret" * 1000, 2)))
    assert "secret" not in str(refused.value)
    with pytest.raises(dlms.EncodeError) as refused:
        dlms.encode(GetRequestNormal(10**5000, CosemAttributeDescriptor(1, name, 2)))
    assert len(str(refused.value)) < 200
