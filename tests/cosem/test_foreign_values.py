"""Attributes as real meters sent them, through the declarations: read, and written again to the same octets."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dlms
import dlms.cosem.classes
from dlms import data
from dlms.apdu.get import GetRequestNormal, GetResponseNormal, GetResponseWithDatablock
from dlms.cosem.declare import interface_classes
from dlms.errors import DlmsError
from dlms.grammar import decode, encode
from dlms.grammar.nodes import AnyData, DataChoice, Node
from dlms_core.hdlc import Frame

CORPUS = os.environ.get("DLMS_CORPUS")
LLC = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")


def messages(item: dict[str, Any]) -> Iterator[Any]:
    """The APDUs of a captured session that can be read, in order."""
    segments = {"C": b"", "S": b""}
    for line in item.get("frames") or []:
        apdu = bytes.fromhex(line.get("plain_apdu_hex") or "")
        if not apdu:
            try:
                frame = Frame.decode(bytes.fromhex(line["hex"]))
            except DlmsError:
                continue
            apdu = segments[line["dir"]] + frame.information
            segments[line["dir"]] = apdu if frame.segmented else b""
            if frame.segmented or apdu[:3] not in LLC:
                continue
            apdu = apdu[3:]
        try:
            yield dlms.decode(apdu)
        except DlmsError:
            continue


def answers(item: dict[str, Any]) -> Iterator[tuple[int, int, bytes]]:
    """(class_id, attribute_id, octets) of every attribute that a session reads by GET without selection."""
    request: GetRequestNormal | None = None
    blocks = b""
    for message in messages(item):
        if isinstance(message, GetRequestNormal):
            request, blocks = message, b""
        elif request is None or request.access_selection is not None:
            continue
        elif isinstance(message, GetResponseNormal) and isinstance(message.result, data.Data):
            at = request.cosem_attribute_descriptor
            yield at.class_id, at.attribute_id, data.dumps(message.result)
        elif isinstance(message, GetResponseWithDatablock):
            blocks += message.result.result if isinstance(message.result.result, bytes) else b""
            if message.result.last_block:
                at = request.cosem_attribute_descriptor
                yield at.class_id, at.attribute_id, blocks


def reads_back(node: Node, octets: bytes) -> bool:
    """Whether `octets` are a value of `node` and come out of it again."""
    try:
        value = decode(node, octets)
        return isinstance(node, (AnyData, DataChoice)) or encode(node, value) == octets
    except DlmsError:
        return False


def test_what_meters_sent_fits_some_version_of_its_class() -> None:
    read: Counter[tuple[int, int]] = Counter()
    unfit = []
    document = json.loads((Path(CORPUS or "") / "sessions.json").read_text("utf-8"))
    for item in document["items"]:
        for class_id, attribute_id, octets in answers(item):
            declared = [
                cls.attributes[attribute_id].node
                for (number, _), cls in interface_classes().items()
                if number == class_id and attribute_id in cls.attributes
            ]
            if any(reads_back(node, octets) for node in declared):
                read[class_id, attribute_id] += 1
            else:
                unfit.append((item["id"], class_id, attribute_id, octets.hex()[:60]))
    assert unfit == []
    assert {(8, attribute_id) for attribute_id in range(2, 10)} <= set(read)
    assert (15, 2) in read
    assert read.total() >= 19
