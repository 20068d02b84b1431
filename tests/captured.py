"""The corpus of captured octets, for the tests that go through all of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlms
from dlms.link.framing import discover
from dlms.link.telegram import Telegram

CORPUS = os.environ.get("DLMS_CORPUS")
REASON = "DLMS_CORPUS is not set"


def items() -> list[dict[str, Any]]:
    """Every item; none without a corpus."""
    if CORPUS is None:
        return []
    paths = [path for path in sorted(Path(CORPUS).glob("*.json")) if path.name != "security-vectors.json"]
    return [item for path in paths for item in json.loads(path.read_text(encoding="utf-8"))["items"]]


def octets_of(item: dict[str, Any]) -> Iterator[bytes]:
    """The octets on the wire of an item, frame by frame for a session, and its plaintexts."""
    for part in [item, *item.get("frames", ())]:
        yield from (bytes.fromhex(part[key]) for key in ("hex", "plain_apdu_hex") if isinstance(part.get(key), str))


def messages(item: dict[str, Any]) -> Iterator[Any]:
    """Every message that an item's octets hold."""
    for octets in octets_of(item):
        for event in discover(octets):
            if isinstance(event, Telegram):
                try:
                    yield dlms.decode(event.apdu)
                except dlms.DecodeError:
                    continue
