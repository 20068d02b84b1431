"""Captured sessions replayed: our client, fed the meter's octets, sends octet for octet what the client sent.

`tests/association/recorded_client.py` says what is taken from the capture as a free choice of the client. Some sources
leave frames out, or print single ones: SESSIONS says for each what stands in their place, made up, so that the printed
ones fall where they belong. The captures themselves stay in the corpus.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.association.made_up_frames import Line
from tests.association.recorded_client import Replay
from tests.model import data as oracle

from dlms.apdu import decode, encode
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    DataBlockG,
    GetRequestNext,
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithDatablock,
)
from dlms.cosem.profile import unpack_profile
from dlms.data import DoubleLongUnsigned, loads
from dlms.errors import AssociationRejected, DlmsError
from dlms.link.framing import discover
from dlms.link.telegram import Telegram
from dlms.results import AcseServiceUserDiagnostic
from dlms.transport.capture import Record
from dlms_core import llc
from dlms_core.hdlc import Frame, HdlcAddress

CORPUS = os.environ.get("DLMS_CORPUS")
pytestmark = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")
Connection = list[Record]


def items() -> dict[str, Any]:
    if CORPUS is None:
        return {}
    return {item["id"]: item for item in json.loads(Path(CORPUS, "sessions.json").read_bytes())["items"]}


ITEMS = items()


def records(name: str) -> list[Record]:
    """What was captured, in its order."""
    directions: dict[str, Any] = {"C": "sent", "S": "received"}
    return [Record(directions[each["dir"]], bytes.fromhex(each["hex"])) for each in ITEMS[name]["frames"]]


def by_stations(captured: list[Record]) -> list[Connection]:
    """The connections of a capture: one for each client that speaks with a meter."""
    found: dict[frozenset[HdlcAddress], Connection] = {}
    for record in captured:
        frame = Frame.decode(record.octets)
        found.setdefault(frozenset((frame.source, frame.destination)), []).append(record)
    return list(found.values())


def whole(name: str) -> list[Connection]:
    """A session that was captured whole: what was captured and nothing else."""
    return by_stations(records(name))


def line_of(connection: Connection, **numbers: int) -> Line:
    """The line between the stations of a connection."""
    frame = Frame.decode(connection[0].octets)
    assert connection[0].direction == "sent"
    return Line(frame.source, frame.destination, **numbers)


def begun(name: str) -> list[Connection]:
    """AARQ and AARE only: SNRM and UA, with nothing but the defaults, stand before each."""
    captured = records(name)
    pairs = [captured[start : start + 2] for start in range(0, len(captured), 2)]
    return [[*line_of(pair).connection(), *pair] for pair in pairs]


def unknown_key(name: str) -> list[Connection]:
    """The same, and what the unknown key made may be any octets: the ciphertext and tag, and the frame's check."""
    ((snrm, agreed, aarq, aare),) = begun(name)
    content = decode(llc.remove(Frame.decode(aarq.octets).information)).user_information.ciphered_content
    secret = content.information + (content.authentication_tag or b"")
    start = aarq.octets.index(secret)
    check = len(aarq.octets) - 3
    free = frozenset((*range(start, start + len(secret)), check, check + 1))
    return [[snrm, agreed, Record("sent", aarq.octets, free=free), aare]]


def bare_apdus(name: str) -> list[Connection]:
    """APDUs without a link: in frames of our own."""
    request, response = records(name)
    line = Line(HdlcAddress(1), HdlcAddress(1, 17))
    return [[*line.connection(), *line.exchange(request.octets, response.octets)]]


def load_profile(name: str) -> list[Connection]:
    """Blocks 3 to 6 are not printed: they hold the 37 rows that are missing, all alike."""
    captured = records(name)
    row = bytes.fromhex("0208090c07dd0a1905021e00ff80008012000006000005000f010600000003060000000006000000000600000001")
    line = line_of(captured, sent=3, received=3)
    blocks: Connection = []
    for number, rows in ((3, 10), (4, 9), (5, 9), (6, 9)):
        block = GetResponseWithDatablock(0x81, DataBlockG(False, number, row * rows))
        blocks += line.exchange(encode(GetRequestNext(0x81, number - 1)), encode(block))
    return [[*captured[:8], *blocks, *captured[8:]]]


def one_read_missing(name: str) -> list[Connection]:
    """The exchange with N(S) 2 is not in the source: a read of another attribute stands there."""
    captured = records(name)
    asked = GetRequestNormal(2, CosemAttributeDescriptor(3, bytes((1, 1, 96, 80, 0, 255)), 3))
    made_up = line_of(captured, sent=2, received=2).exchange(
        encode(asked), encode(GetResponseNormal(2, DoubleLongUnsigned(0)))
    )
    return [[*captured[:6], *made_up, *captured[6:]]]


def clock_attributes(name: str) -> list[Connection]:
    """Two meters. Of the second one the beginning is missing: its association, made up as that of the first one, and
    a read with N(S) 1."""
    first, second = by_stations(records(name))
    line = line_of(second)
    opening = [llc.remove(Frame.decode(record.octets).information) for record in first[2:4]]
    asked = GetRequestNormal(0x81, CosemAttributeDescriptor(8, bytes((0, 0, 1, 0, 0, 255)), 1))
    answered = GetResponseNormal(0x81, DoubleLongUnsigned(0))
    return [
        first,
        [*line.connection(), *line.exchange(*opening), *line.exchange(encode(asked), encode(answered)), *second],
    ]


def elgama_opening() -> Connection:
    """The connection of client 32, in which the examples of reading stand."""
    return by_stations(records("sess-elgama-sn-open"))[1]


def examples_of_reading(name: str) -> list[Connection]:
    """Examples of one connection, which opens in another item. The second one was printed from elsewhere, with numbers
    that the third one has again: it gets a connection of its own, and, since most segments of its answer are not
    printed, the elements that are missing, all alike, in 43 segments as long as the second one: so the numbers fit."""
    captured = records(name)
    first, listed, others = captured[:2], captured[2:8], captured[8:]
    answer = [Frame.decode(record.octets).information for record in listed if record.direction == "received"]
    head, second, tail = answer
    element = bytes.fromhex("0204100060120001110009060100608500ff")
    before_elements = bytes.fromhex("e6e7000c020009060000280000ff000182013d")
    assert head.startswith(before_elements)
    missing = len(before_elements) + 317 * len(element) - len(head) - len(second) - len(tail)
    begun_with = (len(head) + len(second) - len(before_elements)) % len(element)
    filling = (element * 317)[begun_with:][:missing]
    line = line_of(listed, sent=3, received=4)
    segments: Connection = []
    while filling:
        piece, filling = filling[: len(second)], filling[len(second) :]
        segments += line.segment(piece, last=False)
    assert line.received % 8 == Frame.decode(listed[-1].octets).send_sequence
    return [
        [*elgama_opening(), *first, *others],
        [*elgama_opening(), *first, *listed[:5], *segments, *listed[5:]],
    ]


def example_of_writing(name: str) -> list[Connection]:
    """The request's printed frame check sequence is wrong, and N(S) 1, N(R) 3 are answered by N(R) 0: such frames
    never went over a line. Both APDUs in frames of our own, after an association made up as that of the reading."""
    request, response = records(name)
    answer = Frame.decode(response.octets)
    frame = next(event for event in discover(request.octets) if isinstance(event, Telegram))
    assert not frame.complete
    line = Line(answer.destination, answer.source)
    opening = [llc.remove(Frame.decode(record.octets).information) for record in elgama_opening()[2:4]]
    return [[*line.connection(), *line.exchange(*opening), *line.exchange(frame.apdu, llc.remove(answer.information))]]


@dataclass(frozen=True, slots=True)
class Session:
    """How to replay a session, and what has to come of it.

    `values` are all that is read, in its order: as the source states them or the curator of the corpus deciphered them;
    of a long one a range stands for its length. `profile` is which of them holds rows. `refusal` is the end of the last
    connection, where that is none of ours: why it has to be so.
    """

    connections: Callable[[str], list[Connection]] = whole
    values: tuple[object, ...] = ()
    profile: int | None = None
    refusal: str = ""
    notifications: int = 0


DAYLIGHT_SAVINGS = bytes.fromhex("FF4F19F3007000000000000F")
SESSIONS: dict[str, Session] = {
    "sess-electronica-authentication-and-encryption": Session(values=(88, 0, b"12000017")),
    "sess-electronica-authentication": Session(values=(78, 0, b"12000017")),
    "sess-electronica-none": Session(values=(76, 0, b"12000017")),
    "sess-electronica-low_level_sec": Session(values=(b"10339561",)),
    "sess-kamstrup-k351c-nosec": Session(values=(12345679,)),
    "sess-kamstrup-k351c-lls-loadprofile": Session(load_profile, values=(range(59),), profile=0),
    "sess-mercury234-association-view": Session(values=(range(80),)),
    "sess-vector100-sn": Session(
        values=(
            "ZIP02064178", "G1B.162".ljust(32, "\0"), "1B6Gv35c", 680, range(315),
            "220.F48.P2.C310.V1.R1.L5".ljust(32, "\0"), 0,
        ),
        notifications=2,
    ),
    "sess-elgama-sn-open": Session(),
    "sess-elgama-sn-reads": Session(
        examples_of_reading,
        values=(
            "EGM753748\0\0", range(8), 900, 1, (0, bytes(6), 0, 0), 14666, 106, range(14), (0, 27), "EGM753748\0\0",
            bytes.fromhex("0000280000FF"), range(317),
        ),
        profile=7,
    ),
    "sess-elgama-sn-write": Session(example_of_writing),
    "sess-risesun-lls": Session(one_read_missing, values=((1, 30), 0, 66619)),
    "sess-unknown-lls-right-wrong-password": Session(begun, refusal="authentication-failure"),
    "sess-nartis100": Session(),
    "sess-hpl-india-lls-enc": Session(unknown_key, refusal="the AARE cannot be opened"),
    "sess-lgz-lls-aarq-aare": Session(bare_apdus),
    "sess-jdlms-clock-attributes": Session(
        clock_attributes,
        values=(
            0, bytes.fromhex("0000010000FF"), bytes.fromhex("07D20C04030A060BFF007800"), 120, 0, DAYLIGHT_SAVINGS,
            DAYLIGHT_SAVINGS, 0, False, 1,
        ),
    ),
    "sess-india-publicclient-double-llc": Session(values=(bytes.fromhex("00002B0103FF"), 1715)),
    "sess-crystal-hls2-aarq-aare": Session(unknown_key, refusal="the AARE cannot be opened"),
}  # fmt: skip


def keys_of(name: str) -> tuple[bytes, bytes] | None:
    cipher = ITEMS[name].get("cipher", {})
    return (bytes.fromhex(cipher["ek"]), bytes.fromhex(cipher["ak"])) if "ek" in cipher else None


def replayed(name: str) -> Iterator[Replay]:
    """Every connection of a session, replayed; the last one, where it ends with a refusal, with that error."""
    session = SESSIONS[name]
    connections = session.connections(name)
    for number, connection in enumerate(connections, 1):
        replay = Replay(connection, keys_of(name))
        if session.refusal and number == len(connections):
            with pytest.raises(DlmsError) as refused:
                replay.run()
            assert replay.playback.finished
            if session.refusal == "authentication-failure":
                assert isinstance(refused.value, AssociationRejected)
                assert refused.value.diagnostic == AcseServiceUserDiagnostic.AUTHENTICATION_FAILURE
        else:
            replay.run()
        yield replay


def test_every_session_is_replayed() -> None:
    assert set(SESSIONS) == set(ITEMS)


@pytest.mark.parametrize("name", SESSIONS)
def test_replayed(name: str) -> None:
    session, item = SESSIONS[name], ITEMS[name]
    done = list(replayed(name))
    read = [octets for replay in done for octets in replay.read]
    values = [loads(octets) for octets in read]
    assert [oracle.decode(octets) for octets in read] == values
    lengths = (range(len(value)) if isinstance(value, list) else value for value in values)
    assert tuple(lengths) == session.values
    assert sum(len(replay.notifications) for replay in done) == session.notifications
    if session.profile is not None:
        rows = list(unpack_profile(read[session.profile]).rows())
        assert range(len(rows)) == session.values[session.profile]
    for joined in item.get("reassembled_here", ()):
        assert any(joined["hex"].lower().endswith(octets.hex()) for octets in read if len(octets) > 1000)
