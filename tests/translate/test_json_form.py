"""JSON of messages and Data, and back."""

from __future__ import annotations

import json

import pytest
from tests import captured

import dlms
from dlms import data
from dlms.translate import from_json, to_json


def test_a_message() -> None:
    message = dlms.decode(bytes.fromhex("C40181000905496E6F7661"))
    assert to_json(message) == {
        "type": "get-response-normal",
        "fields": {"invoke-id-and-priority": 0x81, "result": {"type": "octet-string", "value": "496E6F7661"}},
    }
    denied = to_json(dlms.decode(bytes.fromhex("C401810103")))
    assert denied["fields"]["result"] == {"type": "data-access-result", "value": "read-write-denied"}
    assert dlms.encode(from_json(denied)).hex() == "c401810103"


def test_bits_absent_fields_and_contents() -> None:
    aarq = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")
    plain = to_json(dlms.decode(aarq))
    information = plain["fields"]["user-information"]
    assert set(plain["fields"]) == {"protocol-version", "application-context-name", "user-information"}
    assert "dedicated-key" not in information["fields"]
    assert information["fields"]["proposed-conformance"][-1] == "action"
    assert dlms.encode(from_json(plain)) == aarq


@pytest.mark.parametrize(
    ("octets", "plain"),
    [
        ("00", {"type": "null-data", "value": None}),
        ("FF", {"type": "dont-care", "value": None}),
        ("0301", {"type": "boolean", "value": True}),
        ("0405A8", {"type": "bit-string", "value": "10101"}),
        ("0A02F841", {"type": "visible-string", "value": "\udcf8A"}),
        ("15FFFFFFFFFFFFFFFF", {"type": "long64-unsigned", "value": 2**64 - 1}),
        ("173FC00000", {"type": "float32", "value": 1.5}),
        ("177FC00001", {"type": "float32", "value": "7FC00001"}),
        ("1907E60B0C0610360000FFC400", {"type": "date-time", "value": "07E60B0C0610360000FFC400"}),
        ("0C01FF", {"type": "utf8-string", "value": "\udcff"}),
        ("0201161B", {"type": "structure", "value": [{"type": "enum", "value": 27}]}),
    ],
)  # fmt: skip
def test_data(octets: str, plain: dict[str, object]) -> None:
    assert to_json(data.loads(bytes.fromhex(octets), typed=True)) == plain
    assert dlms.dumps(from_json(json.loads(json.dumps(plain)))).hex().upper() == octets


def test_compact_array() -> None:
    value = data.CompactArray((data.LongUnsigned, [2, data.Unsigned]), [(1, [2, 3]), (4, [5, 6])])
    plain = to_json(value)
    assert plain["value"]["type-description"] == {
        "type": "structure",
        "of": [{"type": "long-unsigned"}, {"type": "array", "count": 2, "of": {"type": "unsigned"}}],
    }
    assert from_json(plain) == value


@pytest.mark.parametrize(
    ("plain", "path", "reason"),
    [
        ({"type": "get-response-abnormal", "fields": {}}, "", "expected one of"),
        ({"type": "set-response-normal", "fields": {}}, "set-response-normal", "expected the field invoke-id"),
        (
            {"type": "set-response-normal", "fields": {"invoke-id-and-priority": "1", "result": 0}},
            "set-response-normal.invoke-id-and-priority",
            "expected a whole number",
        ),
        ({"type": "unsigned", "value": True}, "unsigned", "expected the value of a unsigned"),
        ({"type": "unsigned", "value": 256}, "unsigned", ""),
        ({"type": "array", "value": [{"type": "octet-string", "value": "0"}]}, "array[0]", "hexadecimal"),
        ({"type": "structure"}, "structure", "expected an object of type and value"),
        (
            {
                "type": "compact-array",
                "value": {"type-description": {"type": "unsigned"}, "elements": [{"type": "long", "value": 3}]},
            },
            "compact-array",
            "types in the type-description",
        ),
        (
            {
                "type": "data-notification",
                "fields": {
                    "long-invoke-id-and-priority": 1,
                    "date-time": "0102",
                    "notification-body": {"type": "null-data", "value": None},
                },
            },
            "data-notification.date-time",
            "expected the 12 octets of a date-time, got 2",
        ),
        ({"type": "float32", "value": "00"}, "float32", "a float32 has 4 octets, not 1"),
        ({"type": "float64", "value": "3F800000"}, "float64", "a float64 has 8 octets, not 4"),
        ([], "", "expected an object"),
    ],
)
def test_what_is_no_message(plain: object, path: str, reason: str) -> None:
    with pytest.raises(dlms.EncodeError) as caught:
        from_json(plain)  # type: ignore[arg-type]
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_nesting_is_bounded() -> None:
    plain: dict[str, object] = {"type": "null-data", "value": None}
    for _ in range(200):
        plain = {"type": "structure", "value": [plain]}
    with pytest.raises(dlms.EncodeError, match="nested"):
        from_json(plain)


@pytest.mark.skipif(captured.CORPUS is None, reason=captured.REASON)
@pytest.mark.parametrize("item", [pytest.param(item, id=item["id"]) for item in captured.items()])
def test_captured_messages(item: dict[str, object]) -> None:
    for message in captured.messages(item):
        assert from_json(json.loads(json.dumps(to_json(message)))) == message
