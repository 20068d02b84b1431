"""Dialogues of IEC 62056-21 driven over a serial port, for threads and for asyncio."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol, TypeVar

from dlms.errors import ConnectionLost
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


def run(dialogue: Dialogue[T], line: SerialLine) -> T:
    """Drive a dialogue by blocking calls and return its result."""
    messages = _Messages()
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
                deadline = time.monotonic() + timeout
                while (outcome := messages.next()) is None and (left := deadline - time.monotonic()) > 0:
                    arrived = line.receive(left)
                    if arrived is not None:
                        messages.take(arrived)
            case SetLine(baud, data_bits, parity):
                line.reconfigure(baud, data_bits, parity)
            case Pause(seconds):
                time.sleep(seconds)


async def run_async(dialogue: Dialogue[T], line: AsyncSerialLine, *, at_meter: bool = False) -> T:
    """The same under asyncio; `at_meter` for the dialogue of a meter."""
    messages = _Messages(at_meter=at_meter)
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
                deadline = time.monotonic() + timeout
                while (outcome := messages.next()) is None and (left := deadline - time.monotonic()) > 0:
                    arrived = await line.receive(left)
                    if arrived is not None:
                        messages.take(arrived)
            case SetLine(baud, data_bits, parity):
                await line.reconfigure(baud, data_bits, parity)
            case Pause(seconds):
                await asyncio.sleep(seconds)
