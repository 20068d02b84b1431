"""Compact-arrays in two parts: description and contents."""

import json
import os
from pathlib import Path

import pytest

from dlms_core import columns, compact
from dlms_core.fault import DecodeError

CORPUS = os.environ.get("DLMS_CORPUS")


@pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set: no captured octets")
def test_compact_data_of_the_blue_book():
    items = json.loads((Path(CORPUS or "") / "test-vectors.json").read_text())["items"]
    vectors = next(item["vectors"] for item in items if item["id"] == "tv-compact-data-bluebook")
    for vector in vectors:
        parts = bytes.fromhex(vector["template_description"]), bytes.fromhex(vector["compact_buffer"])
        found = compact.unpack(*parts)
        expected = [value.encode() if isinstance(value, str) else value for value in vector["values"]]
        assert [array.tolist() for array in found.values] == [[value] for value in expected]
        assert compact.split(found.plan.pack(found)) == parts


def test_parts_and_whole():
    parts = bytes.fromhex("02021112"), bytes(range(150))
    whole = compact.join(*parts)
    assert whole[:7].hex() == "13020211128196"
    assert compact.split(whole) == parts
    assert columns.unpack(whole).rows == compact.unpack(*map(bytearray, parts)).rows == 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compact.join(b"\x01\x00", b""), "type-description: expected 2 more octets, got 1 at octet 1"),
        (lambda: compact.join(b"\x11\x11", b""), "type-description: 1 octets follow the end of the value at octet 1"),
        (lambda: compact.split(b""), "axdr: expected 1 more octets, got 0 at octet 0"),
        (lambda: compact.split(b"\x01\x00"), "axdr: expected compact-array (19), got array (1) at octet 0"),
        (lambda: compact.split(b"\x13\x11\x01"), "axdr: expected 1 more octets, got 0 at octet 3"),
        (lambda: compact.split(b"\x13\x11\x00\x00"), "axdr: 1 octets follow the end of the value at octet 3"),
    ],
)
def test_faults(call, message):
    with pytest.raises(DecodeError) as caught:
        call()
    assert str(caught.value) == message


def test_faults_say_in_which_part():
    with pytest.raises(DecodeError) as caught:
        compact.unpack(b"\x02\x02\x11\x12", b"\x01\x00\x02\x03\x00")
    assert (caught.value.layer, caught.value.offset, caught.value.path) == ("array-contents", 4, "[1][1]")
    with pytest.raises(DecodeError) as caught:
        compact.unpack(b"\x01\xff\xff\x11", b"")
    assert caught.value.layer == "type-description"
