"""dlms.data and the front door: what it exports, and the captured octets of the corpus."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import dlms
import dlms.data
from dlms import DecodeError
from dlms_core.fault import TAG_NAMES

CORPUS = os.environ.get("DLMS_CORPUS")
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set: no captured octets")


def items():
    if CORPUS is None:
        return []
    files = sorted(Path(CORPUS).glob("*.json"))
    return [item for file in files for item in json.loads(file.read_text()).get("items", [])]


def vectors(name):
    return next(item["vectors"] for item in items() if item["id"] == name)


def golden():
    return [(each["name"], bytes.fromhex(each["hex"])) for each in vectors("tv-axdr-openspodes-golden")]


def round_trip(octets):
    """The plain value of octets that are canonical: typed values give them back."""
    assert dlms.dumps(dlms.loads(octets, typed=True)) == octets
    return dlms.loads(octets)


def test_front_door():
    assert dlms.loads is dlms.data.loads
    assert dlms.loads(b"\x02\x02\x11\x05\x00") == (5, None)
    row = dlms.loads(b"\x02\x02\x11\x05\x00", typed=True)
    assert row == dlms.data.Structure([dlms.data.Unsigned(5), dlms.data.NullData()])
    assert dlms.dumps(row) == b"\x02\x02\x11\x05\x00"
    with pytest.raises(dlms.EncodeError):
        dlms.dumps(5)


def test_every_type_is_exported():
    kinds = {name for name in dlms.data.__all__ if isinstance(getattr(dlms.data, name), type)}
    assert len(kinds) == 32
    for name in kinds - {"Data"}:
        assert issubclass(getattr(dlms.data, name), dlms.data.Data)
    assert len({getattr(dlms.data, name).tag for name in kinds - {"Data"}}) == 31


@needs_corpus
def test_golden_vectors():
    seen = 0
    for name, octets in golden():
        if octets[0] in TAG_NAMES and name.startswith(TAG_NAMES[octets[0]]):
            assert dlms.loads(octets, typed=True).tag == octets[0]
            round_trip(octets)
            seen += 1
    assert seen == 25


@needs_corpus
def test_golden_lengths():
    lengths = {name: octets for name, octets in golden() if name.startswith("len ")}
    assert len(lengths) == 9
    for name, octets in lengths.items():
        if name == "len indefinite (BER only)":
            with pytest.raises(DecodeError, match="impossible length octet 80 at octet 1"):
                dlms.loads(b"\x09" + octets)
        elif (length := int(name.removeprefix("len "), 0)) <= 65536:
            assert round_trip(b"\x09" + octets + bytes(length)) == bytes(length)
        else:
            with pytest.raises(DecodeError, match=f"expected {length} more octets, got 0 at octet 6"):
                dlms.loads(b"\x09" + octets)


def nested(value):
    """A plain value in the notation of the corpus."""
    if isinstance(value, list | tuple):
        return [nested(element) for element in value]
    if isinstance(value, bytes):
        if len(value) == 6 and value[-1] == 0xFF:
            return {"obis": ".".join(map(str, value))}
        return {"os": value.hex()}
    return value


@needs_corpus
def test_attribute_values():
    for vector in vectors("unit-spodes-kpz-attribute-values"):
        value = round_trip(bytes.fromhex(vector["hex"]))
        assert nested(value) == vector["decoded"], vector["name"]


@needs_corpus
def test_profile_buffer_with_null_data():
    vector = vectors("unit-profile-buffer-nulldata")[0]
    rows = round_trip(bytes.fromhex(vector["hex"]))
    assert [row[1:] for row in rows] == [(6, 0x5ED, 0x654)] * 4
    assert [row[0] for row in rows] == [bytes.fromhex("07E30C1F0217000000FFC400"), None, None, None]


@needs_corpus
def test_compact_data():
    for vector in vectors("tv-compact-data-bluebook"):
        buffer = bytes.fromhex(vector["compact_buffer"])
        octets = b"\x13" + bytes.fromhex(vector["template_description"]) + bytes([len(buffer)]) + buffer
        values = tuple(value.encode() if isinstance(value, str) else value for value in vector["values"])
        assert round_trip(octets) == [values]
        if "profile_generic_buffer" in vector:
            assert round_trip(bytes.fromhex(vector["profile_generic_buffer"])) == [values[1:]]
        else:
            # All but the template's own number, and one choice octet (0, data) in front of each.
            results = bytes.fromhex(vector["get_with_list_results"])
            at = 1
            for value in values[1:]:
                assert results[at] == 0
                end = next(end for end in range(at + 2, len(results) + 1) if is_data(results[at + 1 : end]))
                assert dlms.loads(results[at + 1 : end]) == value
                at = end
            assert at == len(results)


def is_data(octets):
    try:
        dlms.loads(octets)
    except DecodeError:
        return False
    return True


@needs_corpus
def test_dates():
    for vector in vectors("tv-date-time"):
        octets = bytes.fromhex(vector["hex"])
        value = round_trip(octets if "type" in vector else b"\x19" + octets)
        assert value.octets == (octets[1:] if "type" in vector else octets)


@needs_corpus
def test_bodies_of_notifications():
    seen = 0
    for item in items():
        octets = bytes.fromhex(item.get("plain_apdu_hex") or "")
        told = item.get("decoded_here")
        if not octets or octets[0] != 0x0F or not told:
            continue
        value = round_trip(octets[6 + octets[5] :])
        assert len(octets) == told["bytes_total"] == told["bytes_consumed"]
        assert isinstance(value, {"structure": tuple, "array": list}[told["body_type"]])
        assert len(value) == told["body_count"]
        shown = repr(value)
        for entry in told.get("values", []):
            raw = entry["raw"]
            if isinstance(raw, int | float):
                assert repr(raw) in shown, (item["id"], entry)
        seen += 1
    assert seen == 9


@needs_corpus
def test_reassembled_object_lists():
    seen = 0
    for item in items():
        for block in item.get("reassembled_here", []):
            octets = bytes.fromhex(block["hex"])
            if octets[:2] == b"\x01\x00":  # a read response of one result: its count and choice come first
                octets = octets[2:]
            value = round_trip(octets)
            assert isinstance(value, list)
            assert len(value) == block["elements"]
            seen += 1
    assert seen == 2
