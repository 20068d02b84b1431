"""Frames in a stream: captured ones, and synthetic lines with every fault that a line has."""

from __future__ import annotations

import json
import os
import pickle
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlms_core.fcs import fcs16
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress
from dlms_core.hdlc_parameters import HdlcParameters
from dlms_core.hdlc_reader import Discarded, FrameReader, InformationReader
from dlms_core.transparency import stuff

CORPUS = os.environ.get("DLMS_CORPUS")
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")

METER = HdlcAddress(1, 17)
CLIENT = HdlcAddress(16)
UI = 0x13

# Frames that are easily misread: flags and escapes inside, a length octet of 7E, no information, segments.
FRAMES = [
    Frame(CLIENT, METER, UI, b"\x7e\x7e\xa0\x07\x03\x21\x93\x7e" * 3),
    Frame(CLIENT, METER, 0x31),
    Frame(CLIENT, HdlcAddress(1, 17, size=4), 0x32, bytes(126 - 14)),
    Frame(CLIENT, METER, 0x03, b"first", segmented=True),
    Frame(CLIENT, METER, UI, b"last\x7d\x7e"),
    Frame(HdlcAddress(0), HdlcAddress(0, 0), 0x10, b"mixed sizes"),
    Frame(CLIENT, METER, UI, random.Random(4).randbytes(2030)),
    Frame(METER, CLIENT, 0x73),
]


def read(
    octets: bytes, size: int = 0, *, reader: FrameReader | None = None, **options: bool
) -> list[Frame | Discarded]:
    """Everything in `octets`, delivered `size` at a time (0: at once)."""
    reader = reader or FrameReader(**options)
    events = []
    size = size or len(octets) or 1
    for at in range(0, len(octets), size):
        events += reader.read(octets[at : at + size])
    events += reader.finish()
    assert reader.offset == len(octets)
    assert reader.pending == 0
    return events


def line(frames: list[Frame], between: bytes = b"", **options: bool) -> bytes:
    return between.join(frame.encode(**options) for frame in frames)


def shared(frames: list[Frame], **options: bool) -> bytes:
    """One flag between two frames."""
    return b"\x7e" + b"".join(frame.encode(**options)[1:] for frame in frames)


def damaged(frame: Frame, at: int = -3) -> bytes:
    octets = bytearray(frame.encode())
    octets[at] ^= 0x01
    return bytes(octets)


@pytest.mark.parametrize("transparency", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2, 7, 64, 1000])
@pytest.mark.parametrize("form", ["doubled", "shared", "idle"])
def test_frames_of_a_clean_line(form: str, size: int, transparency: bool) -> None:
    options = {"transparency": transparency}
    octets = shared(FRAMES, **options) if form == "shared" else line(FRAMES, b"\x7e" * 5 * (form == "idle"), **options)
    assert read(octets, size, **options) == FRAMES
    reader = InformationReader(**options)
    assert reader.read(octets) == [frame.information for frame in FRAMES]
    assert reader.finish() == []


def test_offsets_count_in_the_stream() -> None:
    octets = b"\x00\x01" + line(FRAMES[:2], b"\x7e\x7e") + b"noise" + FRAMES[4].encode()
    events = read(octets)
    first, second = len(FRAMES[0].encode()), len(FRAMES[1].encode())
    noise = 2 + first + 2 + second
    assert [event.offset for event in events] == [0, 3, 2 + first + 2 + 1, noise, noise + 5 + 1]
    for event in events:
        if isinstance(event, Frame):
            whole = event.encode()
            assert octets[event.offset - 1 :].startswith(whole)


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", []),
        (b"\x7e", []),
        (b"\x7e" * 10_000, []),
        (b"noise", [(0, 5, "flag", "no flag opens")]),
        (b"noise\x7e\x7e", [(0, 5, "flag", "no flag opens")]),
        (b"\x7enoise\x7e\x7eother\x7e", [(1, 12, "format", "got 6E")]),
        (b"\x7e\xa0", [(1, 1, "frame", "end within")]),
        (b"\x7e\xa0\x07\x03\x21\x93\x0f\x01", [(1, 7, "frame", "end within")]),
        (b"\x7e\xa0\x03\x7e", [(1, 2, "format", "cannot have 3")]),
        (b"\x7e\xa7\xff\x02\x02\x02\x02\x7e", [(1, 6, "address", "1, 2 or 4")]),
    ],
)
def test_octets_that_are_no_frame(octets: bytes, expected: list, size: int) -> None:
    events = read(octets, size)
    assert [(event.offset, event.count, event.field) for event in events] == [entry[:3] for entry in expected]
    for event, entry in zip(events, expected, strict=True):
        assert entry[3] in event.reason
        assert event.frame is None


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_faulty_frame_is_reported_when_it_ends(size: int) -> None:
    first, second = FRAMES[0], FRAMES[4]
    octets = first.encode() + damaged(second) + damaged(first) + second.encode()
    reader = FrameReader()
    before = reader.read(octets[: len(first.encode() + second.encode())])
    assert [type(event) for event in before] == [Frame, Discarded]
    events = read(octets, size)
    assert [type(event) for event in events] == [Frame, Discarded, Discarded, Frame]
    for event, sent in zip(events, (first, second, first, second), strict=True):
        if isinstance(event, Discarded):
            assert event.count == len(sent.encode()) - 2
            assert event.field == "frame-check-sequence"
            assert event.frame == sent
            assert event.frame.offset == event.offset


def test_a_truncated_frame_shows_what_came() -> None:
    octets = FRAMES[6].encode()[:500]
    (event,) = read(octets)
    assert (event.offset, event.count, event.field) == (1, 499, "frame")
    assert event.frame.information == FRAMES[6].information[: 500 - 9]


def test_finish_starts_afresh() -> None:
    reader = FrameReader()
    assert reader.read(FRAMES[0].encode()[:20]) == []
    assert reader.pending == 20
    (cut,) = reader.finish()
    assert (cut.offset, cut.count, cut.field) == (1, 19, "frame")
    assert reader.pending == 0
    (frame,) = reader.read(FRAMES[1].encode())
    assert frame == FRAMES[1]
    assert frame.offset == 21
    assert reader.finish() == []


def test_a_frame_inside_the_frame_that_lost_octets() -> None:
    """However many octets a frame loses, and wherever, those after it are found."""
    for victim in (FRAMES[0], FRAMES[2], FRAMES[4]):
        whole = victim.encode()
        for join in (line, shared):
            rest = join(FRAMES[1:])
            for lost in range(1, 5):
                for at in range(1, len(whole) - lost):
                    damaged_line = whole[:at] + whole[at + lost :]
                    damaged_line = damaged_line[:-1] + rest if join is shared else damaged_line + rest
                    events = read(damaged_line)
                    assert [event for event in events if isinstance(event, Frame)] == FRAMES[1:], (lost, at)
                    assert isinstance(events[0], Discarded)


def test_any_flipped_bit_costs_the_frames_that_it_touches_and_no_other() -> None:
    frames = [FRAMES[0], FRAMES[1], FRAMES[3], FRAMES[4], FRAMES[5]]
    octets = shared(frames)
    ends = [0]
    for frame in frames:
        ends.append(ends[-1] + len(frame.encode()) - 1)
    for bit in range(8 * len(octets)):
        at = bit // 8
        flipped = bytearray(octets)
        flipped[at] ^= 1 << bit % 8
        untouched = [frame for frame, start, end in zip(frames, ends, ends[1:], strict=False) if not start <= at <= end]
        events = read(bytes(flipped), 11)
        assert [event for event in events if isinstance(event, Frame)] == untouched, bit
        assert any(isinstance(event, Discarded) for event in events)


def test_noise_that_looks_like_the_beginning_of_a_long_frame_is_not_waited_for() -> None:
    """The header check sequence unmasks it at once, though its length field promises 2,047 octets."""
    reader = FrameReader()
    events = reader.read(b"\x7e\xa7\xff\x03\x21\x13\x00\x00" + FRAMES[4].encode())
    assert [type(event) for event in events] == [Discarded, Frame]
    assert events[0].field == "header-check-sequence"
    assert events[0].count == 7


def test_a_line_without_its_first_flag() -> None:
    octets = line(FRAMES)[1:]
    for size in (0, 1, 9):
        assert read(octets, size, reader=FrameReader(opened=True)) == FRAMES
    assert read(octets, reader=FrameReader(opened=True))[0].offset == 0
    assert read(line(FRAMES), reader=FrameReader(opened=True)) == FRAMES
    assert read(b"noise", reader=FrameReader(opened=True))[0].offset == 0
    assert FrameReader(opened=True).offset == 0
    stuffed = line(FRAMES, transparency=True)[1:]
    assert read(stuffed, 5, reader=FrameReader(opened=True, transparency=True)) == FRAMES


def test_what_is_held_is_bounded() -> None:
    header = bytes.fromhex("A7FF032113")
    promise = b"\x7e" + header + fcs16(header).to_bytes(2, "little")
    reader = FrameReader()
    most = 0
    for _ in range(400):
        reader.read(promise + bytes(40))
        most = max(most, reader.pending)
    assert 1000 < most <= 2048
    stuffed = FrameReader(transparency=True)
    assert stuffed.read(b"\x7e" + bytes(100_000)) == []
    assert stuffed.pending == 0
    (event,) = stuffed.finish()
    assert (event.offset, event.count, event.field) == (1, 100_000, "flag")


def test_noise_makes_one_record_however_long_it_is() -> None:
    assert len(read(b"\x7e\x00" * 50_000)) == 1
    assert len(read(bytes(100_000))) == 1


@pytest.mark.parametrize("size", [0, 1, 6])
@pytest.mark.parametrize(
    ("inside", "field", "count"),
    [
        (b"\xa0\x07\x7d", "flag", 3),
        (stuff(FRAMES[4].encode()[1:-1]) + b"\x00", "format", len(FRAMES[4].encode()) - 2 + 4),
        (stuff(FRAMES[4].encode()[1:-2]), "format", len(FRAMES[4].encode()) - 2 + 2),
        (stuff(damaged(FRAMES[4])[1:-1]), "frame-check-sequence", len(FRAMES[4].encode()) - 2 + 3),
        (bytes(5000), "flag", 5000),
        (b"\xa0", "format", 1),
    ],
)
def test_faults_of_a_stuffed_line(inside: bytes, field: str, count: int, size: int) -> None:
    octets = FRAMES[0].encode(transparency=True) + b"\x7e" + inside + b"\x7e" + FRAMES[1].encode(transparency=True)
    events = read(octets, size, transparency=True)
    assert [event for event in events if isinstance(event, Frame)] == FRAMES[:2]
    (discarded,) = [event for event in events if isinstance(event, Discarded)]
    assert discarded.field == field
    assert discarded.offset == len(FRAMES[0].encode(transparency=True)) + 1
    assert discarded.count == len(inside)
    assert (discarded.frame is not None) == (field == "frame-check-sequence")


def test_a_stuffed_line_that_ends_within_a_frame() -> None:
    (event,) = read(FRAMES[0].encode(transparency=True)[:-1], transparency=True)
    assert (event.offset, event.field) == (1, "frame")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_contiguous_buffer(kind: type) -> None:
    assert FrameReader().read(kind(FRAMES[0].encode())) == FRAMES[:1]
    with pytest.raises(TypeError):
        FrameReader().read("7E")  # type: ignore[arg-type]


def test_records_are_values() -> None:
    octets = damaged(FRAMES[4]) + b"noise"
    faulty, noise = read(octets)
    (outside,) = read(b"noise")
    assert [faulty, noise] == read(octets)
    assert hash(faulty) == hash(read(octets)[0])
    assert faulty != noise
    assert faulty != read(b"\x7e" + octets)[0]
    assert faulty != "record"
    assert pickle.loads(pickle.dumps(faulty)) == faulty  # noqa: S301
    assert repr(outside) == "<Discarded 5 octets at 0: no flag opens these octets>"
    assert repr(noise).endswith(": expected frame format type 3 (A0 to AF), got 6E>")
    assert repr(faulty).endswith("<Frame UI P/F to 21 from 0223, 6 octets>>")
    with pytest.raises(TypeError):
        Discarded()


def test_memory_is_in_proportion_to_the_octets() -> None:
    """Nothing but the shortest frames, good and faulty."""
    for octets in (FRAMES[1].encode()[1:], damaged(FRAMES[1])[1:], bytes(1000), b"\x7e\xa0" * 50, b"\x7e" * 100):
        stream = b"\x7e" + octets * (100_000 // len(octets))
        tracemalloc.start()
        events = FrameReader().read(stream)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept <= 16 * len(stream) + 4096, octets[:10]
        assert len(events) <= len(stream) // 7


def captures() -> Iterator[tuple[str, dict, bytes]]:
    """(name, what the corpus says of it, octets) of every capture of HDLC frames."""
    for path in sorted(Path(CORPUS or "").glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")).get("items", []):
            if not item.get("framing", "").startswith("hdlc"):
                continue
            if item.get("hex"):
                yield item["id"], item, bytes.fromhex(item["hex"])
            for number, frame in enumerate(item.get("frames", [])):
                yield f"{item['id']}[{number}]", frame, bytes.fromhex(frame["hex"])


def is_sound(capture: dict) -> bool:
    """What whoever collected the captures computed, without this library."""
    verified = capture.get("verified", {})
    return "check" not in capture and not any(str(verified.get(key, "")).startswith("BAD") for key in ("fcs", "hcs"))


@needs_corpus
def test_every_captured_frame() -> None:
    sound = faulty = 0
    for name, capture, octets in captures():
        events = read(octets)
        assert read(octets, 13) == events, name
        frames = [event for event in events if isinstance(event, Frame)]
        for frame in frames:
            whole = frame.encode()
            assert octets[frame.offset - 1 : frame.offset - 1 + len(whole)] == whole, name
            assert Frame.decode(whole) == frame, name
        if is_sound(capture):
            assert len(frames) == len(events) > 0, name
            sound += len(frames)
        else:
            assert frames == [], name
            assert [type(event) for event in events] == [Discarded], name
            faulty += 1
    assert sound > 800
    assert faulty >= 4


@needs_corpus
def test_what_the_captured_frames_are() -> None:
    """Control fields, information and parameters as the corpus states them."""
    seen = set()
    for name, capture, octets in captures():
        if "hdlc" not in capture or not is_sound(capture):
            continue
        frame = Frame.decode(octets)
        words = str(frame.kind)
        words += f" N(S)={frame.send_sequence}" if frame.send_sequence is not None else ""
        words += f" N(R)={frame.receive_sequence}" if frame.receive_sequence is not None else ""
        if frame.kind is FrameKind.I:
            words += (" P/F" if frame.poll_final else "") + (" segmented" if frame.segmented else "")
        assert words == capture["hdlc"], name
        seen.add(frame.kind)
        if "info_hex" in capture:
            assert frame.information == bytes.fromhex(capture["info_hex"]), name
        if frame.kind in (FrameKind.SNRM, FrameKind.UA):
            parameters = HdlcParameters.decode(frame.information)
            assert (parameters.max_info_field_length_receive is None) == (frame.information == b""), name
    assert seen >= {FrameKind.I, FrameKind.RR, FrameKind.SNRM, FrameKind.UA, FrameKind.DISC, FrameKind.DM}


@needs_corpus
def test_all_captures_on_one_line() -> None:
    """Cut anywhere; with noise between; the same frames."""
    sound = [octets for _, capture, octets in captures() if is_sound(capture)]
    frames = [event for octets in sound for event in read(octets)]
    assert read(b"".join(sound)) == frames
    chance = random.Random(5)
    noisy = b"".join(octets + bytes(chance.randrange(0x7D) for _ in range(chance.randrange(1, 9))) for octets in sound)
    for size in (0, 17, 4096):
        events = read(noisy, size)
        assert [event for event in events if isinstance(event, Frame)] == frames
        assert len(events) == len(frames) + len(sound)


def test_the_octets_of_a_frame_within_a_broken_one_are_its_own():
    """A long frame whose end is missing, and a whole one where it should go on: no octet is read twice."""
    long = Frame(HdlcAddress(0x10), HdlcAddress(1), 0x13, bytes(400)).encode()
    whole = Frame(HdlcAddress(0x20), HdlcAddress(1), 0x13, bytes(range(200))).encode()
    octets = long[:60] + whole
    reader = FrameReader()
    events = [*reader.read(octets), *reader.finish()]
    frames = [event if isinstance(event, Frame) else event.frame for event in events]
    assert sum(len(frame.information) for frame in frames if frame is not None) <= len(octets)
    assert bytes(range(200)) in [frame.information for frame in frames if frame is not None]
