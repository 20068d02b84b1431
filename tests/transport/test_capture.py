"""Capture files: written as a trace tells, read back as they were written."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import DecodeError
from dlms.transport.capture import CaptureFile, Record, read_capture, write_capture

TIMES = st.none() | st.datetimes(timezones=st.just(datetime.UTC))


@st.composite
def records(draw: st.DrawFn) -> Record:
    octets = draw(st.binary(min_size=1, max_size=40))
    free = frozenset(draw(st.sets(st.integers(0, len(octets) - 1))))
    known = bytes(0 if place in free else octet for place, octet in enumerate(octets))
    return Record(draw(st.sampled_from(["sent", "received"])), known, draw(TIMES), free)


@given(st.lists(records(), max_size=5))
def test_read_back(written: list[Record]) -> None:
    read = read_capture(write_capture(written))
    assert [(each.direction, each.octets, each.time, each.free) for each in read] == [
        (each.direction, each.octets, each.time, each.free) for each in written
    ]


def test_comments_and_blank_lines() -> None:
    (record,) = read_capture("# of a meter\n\n  - received 00ff??  \n")
    assert record == Record("received", b"\x00\xff\x00", None, frozenset([2]), line=3)


@given(st.text())
def test_any_text(text: str) -> None:
    try:
        read_capture(text)
    except DecodeError as error:
        assert error.layer == "capture"  # noqa: PT017


@pytest.mark.parametrize("line", ["- sent", "- sent 0", "- gone 00", "yesterday sent 00", "- sent 00 00", "7EA0"])
def test_refused(line: str) -> None:
    with pytest.raises(DecodeError, match="line 2"):
        read_capture(f"- sent 00\n{line}\n")


def test_a_trace_writes_what_passes_over_the_transport(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    with CaptureFile(path) as capture:
        capture("sent", b"\x01")
        capture("apdu received", b"\x02")
        capture("received", b"\x03")
        before = datetime.datetime.now(datetime.UTC)
        written = read_capture(path.read_text(encoding="ascii"))
    assert [(record.direction, record.octets) for record in written] == [("sent", b"\x01"), ("received", b"\x03")]
    assert all(record.time is not None and record.time <= before for record in written)
