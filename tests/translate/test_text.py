"""Text for people."""

from __future__ import annotations

import pytest
from tests import captured

import dlms
from dlms.data import CompactArray, NullData, OctetString, Unsigned, Utf8String
from dlms.demo import fixtures
from dlms.translate import to_text

FIXTURES = {telegram.name: telegram for telegram in fixtures.telegrams()}


def text(name: str) -> str:
    return to_text(dlms.decode(FIXTURES[name].apdu))


def test_registers_of_their_own_scaler_and_unit() -> None:
    for name in ("hdlc", "mbus-segmented"):
        lines = text(name).splitlines()
        assert "    1-0:31.7.0*255  Current L1, instantaneous                          9.05 A" in lines
        assert "    1-0:1.8.0*255   Active energy import (+A), total, current value    12345678 Wh" in lines


def test_the_push_object_list_names_what_follows() -> None:
    lines = text("hdlc-segmented").splitlines()
    assert "  date-time: 2024-05-17T18:30:10+02:00, daylight saving active" in lines
    assert '    0-0:96.1.0*255  Device ID 1 (manufacturing / serial number)        "MMM0000000000001"' in lines
    assert "    1-0:1.8.0*255   Active energy import (+A), total, current value    12345678" in lines
    assert any(line.endswith("class 3 (Register)") for line in lines)


def test_values_by_position() -> None:
    lines = text("mbus").splitlines()
    assert '    octet-string "MMM_001"' in lines
    assert "    double-long-unsigned 12345678" in lines


def test_a_request_names_what_it_asks_for() -> None:
    lines = to_text(dlms.decode(bytes.fromhex("C001C100080000010000FF0200"))).splitlines()
    assert "    class-id: 8 (Clock)" in lines
    assert "  invoke-id-and-priority: 193 (invoke-id 1, confirmed, high priority)" in lines


def test_rows_are_a_table() -> None:
    value = dlms.loads(bytes.fromhex("0102" + "0202120001060000000A" + "020212000206000003E8"), typed=True)
    assert to_text(value).splitlines() == ["array of 2", "  1  10", "  2  1000"]


@pytest.mark.parametrize(("octets", "shown"), [("FF", "dont-care"), ("00", "null-data"), ("1101", "unsigned 1")])
def test_a_type_without_a_value_is_named_once(octets: str, shown: str) -> None:
    assert to_text(dlms.loads(bytes.fromhex(octets), typed=True)) == shown


def test_text_cannot_steer_a_terminal() -> None:
    value = dlms.loads(b"\x0a\x07\x1b[2J\x9b\x07A", typed=True)
    assert to_text(value) == 'visible-string "\\x1b[2J\\x9b\\x07A"'
    rows = CompactArray((Unsigned, Utf8String, [1, OctetString], NullData), [(1, "\x1b[2J", [b"\x1b"], None)])
    assert to_text(rows).splitlines() == ["compact-array of 1", "  1  \"\\x1b[2J\"  [b'\\x1b']  null-data"]


@pytest.mark.skipif(captured.CORPUS is None, reason=captured.REASON)
@pytest.mark.parametrize("item", [pytest.param(item, id=item["id"]) for item in captured.items()])
def test_captured_messages(item: dict[str, object]) -> None:
    for message in captured.messages(item):
        lines = to_text(message).splitlines()
        assert lines
        assert all(line.isprintable() for line in lines)
