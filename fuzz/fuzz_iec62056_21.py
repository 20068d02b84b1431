"""Invariant: any octets give messages and faults, each message builds again, and portions do not matter."""

from __future__ import annotations

from dlms.errors import DecodeError
from dlms_core.iec62056_21 import COMMAND, DATA, Message, MessageReader, build, data_sets


def check(octets: bytes) -> None:
    reader = MessageReader()
    events = reader.read(octets) + reader.finish()
    parted = MessageReader()
    half = len(octets) // 2
    assert list(map(str, parted.read(octets[:half]) + parted.read(octets[half:]) + parted.finish())) == list(
        map(str, events)
    )
    for event in events:
        if not isinstance(event, Message) or event.fault is not None:
            continue
        if event.kind == DATA:
            assert MessageReader().read(build(DATA, event.text, partial=event.partial)) == [event]
            try:
                data_sets(event.text)
            except DecodeError:
                continue
        elif event.kind != COMMAND:
            build(event.kind, event.text)
