"""Every captured item through the discovery of framings: what its source and its curator state."""

import json
import os
import re
from pathlib import Path

import pytest

from dlms.link.framing import Discovery, discover
from dlms.link.telegram import Telegram

CORPUS = os.environ.get("DLMS_CORPUS")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")

# What differs from the `framing` that an item states, and why.
OTHER_FRAMING = {
    "at-lgz-e450-steiermark-nokey": "hdlc+gbt",  # block 1 alone
    "pl-elgama-gama350-p1-enc-nokey": "dsmr",  # stated: other
}
TELEGRAMS = {"at-sagemcom-t210d-10telegrams": 10, "ch-lgz-e450-gbt-2msg": 2, "unit-ua-4param-client2": 0}

# Defective on the wire: octets of the readable prefix, and the faults in words.
DEFECTIVE = {
    "at-lgz-e450-steiermark-nokey": (119, ["expected block 2, got the end of the stream"]),
    "ch-lgz-e450-gbt-2msg": (220, ["expected block 3, got block 1 of a new transfer"]),
    "ch-lgz-e450-gbt-outoforder": (
        342,
        [
            "expected block 3, got block 2 again",
            "expected block 3, got block 4",
            "expected block 4, got the end of the stream",
        ],
    ),
    "hr-iskra-ie5-seg1": (151, ["expected another segment, got the end of the stream"]),
    "no-kamstrup-badfcs": (214, ["expected frame check sequence 1103, got 9FE0"]),
    "no-lgz-zmf100-embriq": (381, ["expected frame check sequence B938, got 5A45"]),
    "se-aidon-truncated": (500, ["the octets end within the frame"]),
}


def items():
    if CORPUS is None:
        return []
    paths = [path for path in sorted(Path(CORPUS).glob("*.json")) if path.name != "security-vectors.json"]
    return [item for path in paths for item in json.loads(path.read_text())["items"]]


def identifiers(found):
    return [pytest.param(item, id=item["id"]) for item in found]


CAPTURES = identifiers([item for item in items() if item.get("hex")])
SESSIONS = identifiers([item for item in items() if item.get("frames")])


def split(octets, size):
    discovery = Discovery()
    events = [event for at in range(0, len(octets), size) for event in discovery.receive(octets[at : at + size])]
    return events + discovery.finish()


def described(events):
    return [
        (
            event.apdu,
            event.framing,
            event.offset,
            event.stations,
            event.complete,
            [str(fault) for fault in event.faults],
        )
        if isinstance(event, Telegram)
        else str(event)
        for event in events
    ]


@pytest.mark.parametrize("item", CAPTURES)
def test_captures(item):
    octets = bytes.fromhex(item["hex"])
    events = discover(octets)
    assert all(isinstance(event, Telegram) for event in events), events
    assert len(events) == TELEGRAMS.get(item["id"], 1)
    for event in events:
        assert event.framing == OTHER_FRAMING.get(item["id"], item["framing"])
    whole = [event for event in events if event.complete]
    readable, reasons = DEFECTIVE.get(item["id"], (None, []))
    assert [len(event.apdu) for event in events if not event.complete] == ([] if readable is None else [readable])
    assert [fault.reason for event in events if not event.complete for fault in event.faults] == reasons
    assert described(split(octets, 7)) == described(events)
    if item["framing"] != "other":
        assert not any(event.faults for event in whole)
    if "decoded_here" in item and "plain_apdu_hex" not in item:
        assert len(events[-1].apdu) == item["decoded_here"].get("bytes_total", len(events[-1].apdu))
    if item["framing"] == "apdu":
        assert events[0].apdu == octets
    if item["framing"] == "llc+apdu":
        assert octets.endswith(events[0].apdu)
        assert len(octets) == len(events[0].apdu) + 3
    declared = re.fullmatch(r"declared (\d+), have (\d+)", item.get("verified", {}).get("glo_length", ""))
    if declared:
        assert {len(event.apdu) for event in whole} <= {int(declared[2]) + more for more in range(10, 16)}


@pytest.mark.parametrize("item", SESSIONS)
def test_sessions(item):
    """Frame by frame: one telegram for each that states an APDU, unless it is the end of a segmented one."""
    segmented = False
    for frame in item["frames"]:
        octets = bytes.fromhex(frame["hex"])
        events = discover(octets)
        assert described(split(octets, 3)) == described(events)
        if "check" in frame:
            assert [event.complete for event in events] == [False]
        elif frame.get("apdu") and not segmented:
            assert [(event.complete, event.framing) for event in events] == [(True, item["framing"])]
        if frame["dir"] == "S":
            segmented = "segmented" in frame.get("hdlc", "")


@pytest.mark.parametrize("item", SESSIONS)
def test_whole_sessions(item):
    if item["framing"] == "apdu":
        return
    octets = b"".join(bytes.fromhex(frame["hex"]) for frame in item["frames"])
    events = discover(octets)
    assert described(split(octets, 61)) == described(events)
    stated = [frame for frame in item["frames"] if frame.get("apdu") and "check" not in frame]
    assert len([event for event in events if isinstance(event, Telegram)]) >= len(stated) - 1
