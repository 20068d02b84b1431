"""A wire in memory around a transport of either colour, which does to octets, frames and APDUs what a test asks for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.shells.proxy import Direction, Harm

from dlms.apdu import decode
from dlms.apdu.acse import Aarq, Rlrq
from dlms.errors import ConnectionLost
from dlms.link.framing import discover
from dlms.link.telegram import Telegram
from dlms.security.ciphered import CIPHERED
from dlms.transport.tcp import AsyncTcpTransport, TcpTransport
from dlms_core.hdlc import Frame
from dlms_core.hdlc_reader import FrameReader
from dlms_core.wrapper import Wpdu, WpduReader, build

EditFrame = Callable[[int, Frame], Sequence[Frame | bytes | None]]
EditApdu = Callable[[int, bytes], Sequence[bytes | None]]
"""(number of the frame or APDU from the meter, from 0, itself) -> what comes in its place; a None cuts the wire."""


def frames(edit: EditFrame) -> Harm:
    """Harm to the frames of the meter."""
    reader, count = FrameReader(), 0

    def harm(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        nonlocal count
        if direction == "up":
            return [octets]
        pieces: list[bytes | None] = []
        for frame in reader.read(octets):
            if isinstance(frame, Frame):
                edited = edit(count, frame)
                pieces += [each.encode() if isinstance(each, Frame) else each for each in edited]
                count += 1
        return pieces

    return harm


def apdus(edit: EditApdu) -> Harm:
    """Harm to the APDUs of the meter, over a wrapper."""
    reader, count = WpduReader(), 0

    def harm(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        nonlocal count
        if direction == "up":
            return [octets]
        pieces: list[bytes | None] = []
        for wpdu in reader.read(octets):
            if isinstance(wpdu, Wpdu):
                edited = edit(count, wpdu.apdu)
                pieces += [
                    None if each is None else build(each, source=wpdu.source, destination=wpdu.destination)
                    for each in edited
                ]
                count += 1
        return pieces

    return harm


class _Wire:
    """What both colours share."""

    def __init__(self, transport: Any, harm: Harm) -> None:
        self._transport = transport
        self._harm = harm
        self._offsets: dict[Direction, int] = {"up": 0, "down": 0}
        self._arrived: deque[bytes | None] = deque()
        self.sent = bytearray()  # by the client, whatever became of it
        self.closed = False
        self._cut = False

    def _harmed(self, direction: Direction, octets: bytes) -> list[bytes | None]:
        offset = self._offsets[direction]
        self._offsets[direction] += len(octets)
        return self._harm(direction, offset, octets)

    def _next(self) -> bytes:
        octets = self._arrived.popleft()
        self._cut |= octets is None
        return octets or b""

    def _take(self, octets: bytes | None) -> bytes | None:
        """What to make of what the transport brought; None to wait on."""
        if not octets:
            return octets
        self._arrived.extend(piece for piece in self._harmed("down", octets) if piece is None or piece)
        return self._next() if self._arrived else None


class Wire(_Wire):
    """Around a transport for threads."""

    def send(self, octets: bytes) -> None:
        if self._cut:
            raise ConnectionLost("the wire was cut")
        self.sent += octets
        for piece in self._harmed("up", octets):
            if piece is None:
                self._cut = True
                return
            self._transport.send(piece)

    def receive(self, timeout: float | None) -> bytes | None:
        if self._cut:
            return b""
        return self._next() if self._arrived else self._take(self._transport.receive(timeout))

    def close(self) -> None:
        self.closed = True
        self._transport.close()


class AsyncWire(_Wire):
    """Around a transport for asyncio."""

    async def send(self, octets: bytes) -> None:
        if self._cut:
            raise ConnectionLost("the wire was cut")
        self.sent += octets
        for piece in self._harmed("up", octets):
            if piece is None:
                self._cut = True
                return
            await self._transport.send(piece)

    async def receive(self, timeout: float | None) -> bytes | None:
        if self._cut:
            return b""
        return self._next() if self._arrived else self._take(await self._transport.receive(timeout))

    async def close(self) -> None:
        self.closed = True
        await self._transport.close()


async def bad_wire(colour: str, port: int, harm: Harm) -> Wire | AsyncWire:
    """A wire of that colour to the meter at a port."""
    if colour == "threads":
        return Wire(TcpTransport.connect("127.0.0.1", port, 5), harm)
    return AsyncWire(await AsyncTcpTransport.connect("127.0.0.1", port, 5), harm)


def ciphered_in(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """The invocation counters of the whole APDUs that a client sent over a wrapper or HDLC, and what went under them:
    more than once what a link repeats."""
    for telegram in discover(octets):
        if not isinstance(telegram, Telegram) or not telegram.complete:
            continue
        message: Any = decode(telegram.apdu)
        if isinstance(message, (Aarq, Rlrq)):
            message = message.user_information
        if isinstance(message, CIPHERED) and message.ciphered_content.invocation_counter is not None:
            yield message.ciphered_content.invocation_counter, telegram.apdu


def counters_in(octets: bytes) -> Iterator[int]:
    """The invocation counters alone."""
    return (counter for counter, _ in ciphered_in(octets))
