"""Dialogues of IEC 62056-21 driven over a serial port, for threads and for asyncio."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Protocol, TypeVar

from dlms.errors import ConnectionLost, DeadlineExceeded
from dlms.link.iec62056_21 import Await, Dialogue, Pause, SetLine, Transmit
from dlms.transport.base import AsyncTransport, Transport
from dlms.transport.serial import Parity
from dlms_core.iec62056_21 import Message, MessageReader

T = TypeVar("T")


class SerialLine(Transport, Protocol):
    """A transport whose speed and characters can be changed."""

    def reconfigure(self, baud: int, data_bits: int, parity: Parity) -> None:
        """Change them, once all that was sent has left."""


class AsyncSerialLine(AsyncTransport, Protocol):
    """The same under asyncio."""

    async def reconfigure(self, baud: int, data_bits: int, parity: Parity) -> None:
        """Change them, once all that was sent has left."""


class _Messages:
    """Messages that have arrived, at the meter's end option select messages too; noise between them is passed over."""

    def __init__(self, *, at_meter: bool = False) -> None:
        self._reader = MessageReader(option_select=at_meter)
        self._ready: list[Message] = []

    def take(self, octets: bytes) -> None:
        if not octets:
            raise ConnectionLost("the line is closed")
        self._ready += [event for event in self._reader.read(octets) if isinstance(event, Message)]

    def next(self) -> Message | None:
        return self._ready.pop(0) if self._ready else None


class TimeLimit:
    """So many seconds from now on for `what`, as an error calls it; no end to them unless given."""

    def __init__(self, what: str = "the dialogue", seconds: float = math.inf) -> None:
        self._what = what
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def cut(self, seconds: float) -> float:
        """`seconds`, or as many as are left."""
        return max(0.0, min(seconds, self._end - time.monotonic()))

    def check(self) -> None:
        """DeadlineExceeded where none are left."""
        if time.monotonic() >= self._end:
            raise DeadlineExceeded(f"{self._what} did not come to its end within {self._seconds:g} s")


def run(dialogue: Dialogue[T], line: SerialLine, limit: TimeLimit | None = None) -> T:
    """Drive a dialogue by blocking calls and return its result; DeadlineExceeded where `limit` is over before.

    No waiting goes beyond the limit. What the port does by itself has limits of its own.
    """
    messages = _Messages()
    limit = limit or TimeLimit()
    outcome: Any = None
    while True:
        try:
            effect = dialogue.send(outcome)
        except StopIteration as stop:
            result: T = stop.value
            return result
        outcome = None
        match effect:
            case Transmit(octets):
                line.send(octets)
            case Await(timeout):
                deadline = time.monotonic() + limit.cut(timeout)
                while (outcome := messages.next()) is None and (left := deadline - time.monotonic()) > 0:
                    arrived = line.receive(left)
                    if arrived is not None:
                        messages.take(arrived)
            case SetLine(baud, data_bits, parity):
                line.reconfigure(baud, data_bits, parity)
            case Pause(seconds):
                time.sleep(limit.cut(seconds))
        limit.check()


async def run_async(
    dialogue: Dialogue[T], line: AsyncSerialLine, limit: TimeLimit | None = None, *, at_meter: bool = False
) -> T:
    """The same under asyncio; `at_meter` for the dialogue of a meter."""
    messages = _Messages(at_meter=at_meter)
    limit = limit or TimeLimit()
    outcome: Any = None
    while True:
        try:
            effect = dialogue.send(outcome)
        except StopIteration as stop:
            result: T = stop.value
            return result
        outcome = None
        match effect:
            case Transmit(octets):
                await line.send(octets)
            case Await(timeout):
                deadline = time.monotonic() + limit.cut(timeout)
                while (outcome := messages.next()) is None and (left := deadline - time.monotonic()) > 0:
                    arrived = await line.receive(left)
                    if arrived is not None:
                        messages.take(arrived)
            case SetLine(baud, data_bits, parity):
                await line.reconfigure(baud, data_bits, parity)
            case Pause(seconds):
                await asyncio.sleep(limit.cut(seconds))
        limit.check()
