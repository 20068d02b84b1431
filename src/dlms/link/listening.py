"""Listeners on one kind of link each: octets of a line in, telegrams out. They never send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Protocol, TypeAlias

from dlms.errors import DecodeError
from dlms.link.assembly import LIMIT, Assembly, Stations
from dlms.link.segments import SegmentJoiner
from dlms.link.telegram import FIRST_OCTETS, Telegram, TelegramAssembler
from dlms_core import llc
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress
from dlms_core.hdlc_reader import Discarded, FrameReader
from dlms_core.mbus import MbusFrame, MbusReader
from dlms_core.wrapper import Wpdu, WpduReader

Event: TypeAlias = Telegram | DecodeError
"""A telegram, or a fault that belongs to none (it is reported, not raised)."""


class Listener(Protocol):
    """Octets in, in any portions; telegrams and faults out, in the order of the stream.

    `framing` is the name of the link. `sound` is the offset of the first unit whose checks all fit, None before it.
    """

    framing: ClassVar[str]
    sound: int | None

    def receive(self, octets: bytes) -> list[Event]: ...
    def finish(self) -> list[Event]: ...


class HdlcListener:
    """Telegrams in the I and UI frames of an HDLC line.

    The information of segmented frames is joined (Iskra AM550 sends the LLC header in the first one only). Frames
    that carry no APDU (SNRM, UA, RR, ...) pass in silence. `opened` if the opening flag of the first frame was lost,
    `transparency` if the line stuffs octets (RFC 1662).
    """

    framing: ClassVar[str] = "hdlc"
    _INFORMATION: Final = (FrameKind.I, FrameKind.UI)

    def __init__(self, limit: int = LIMIT, *, opened: bool = False, transparency: bool = False) -> None:
        self.sound: int | None = None
        self._reader = FrameReader(opened=opened, transparency=transparency)
        self._segments = SegmentJoiner(self.framing, modulus=8, limit=limit)
        self._telegrams = TelegramAssembler(self.framing, limit)

    def receive(self, octets: bytes) -> list[Event]:
        return list(self._events(self._reader.read(octets)))

    def finish(self) -> list[Event]:
        events = list(self._events(self._reader.finish()))
        events += _telegrams(self._telegrams, self._segments.finish())
        return [*events, *self._telegrams.finish()]

    def _events(self, found: Iterable[Frame | Discarded]) -> Iterator[Event]:
        for event in found:
            if isinstance(event, Frame):
                if self.sound is None:
                    self.sound = event.offset
                yield from self._frame(event)
                continue
            fault = DecodeError(event.reason, layer=self.framing, offset=event.offset, path=event.field)
            if event.frame is None or event.frame.kind not in self._INFORMATION:
                yield fault
            else:
                yield from self._frame(event.frame, fault)

    def _frame(self, frame: Frame, *faults: DecodeError) -> Iterator[Event]:
        if frame.kind not in self._INFORMATION or not frame.information:
            return
        information = frame.information
        # A later segment has no LLC header and begins anyhow; so do the blocks of general-block-transfer after the
        # first at Landis+Gyr, but each of them is an APDU.
        first = True if llc.headers(information) else None if information.startswith(FIRST_OCTETS) else False
        assembled = self._segments.receive(
            information,
            Stations(_address(frame.source), _address(frame.destination)),
            number=frame.send_sequence,
            final=not frame.segmented,
            offset=frame.offset,
            first=first,
            faults=faults,
        )
        yield from _telegrams(self._telegrams, assembled)


class MbusListener:
    """Telegrams in the DLMS segments of a wired M-Bus."""

    framing: ClassVar[str] = "mbus"

    def __init__(self, limit: int = LIMIT) -> None:
        self.sound: int | None = None
        self._reader = MbusReader()
        self._segments = SegmentJoiner(self.framing, modulus=16, limit=limit)
        self._telegrams = TelegramAssembler(self.framing, limit)

    def receive(self, octets: bytes) -> list[Event]:
        return list(self._events(self._reader.read(octets)))

    def finish(self) -> list[Event]:
        events = list(self._events(self._reader.finish()))
        events += _telegrams(self._telegrams, self._segments.finish())
        return [*events, *self._telegrams.finish()]

    def _events(self, found: Iterable[MbusFrame | DecodeError]) -> Iterator[Event]:
        for event in found:
            if isinstance(event, DecodeError):
                yield event
                continue
            if event.fault is None and self.sound is None:
                self.sound = event.offset
            if event.segment is None:
                information = event.control_information
                reason = f"control information {information:02X} carries no DLMS segment"
                yield DecodeError(reason, layer=self.framing, offset=event.offset)
                continue
            assembled = self._segments.receive(
                event.data,
                Stations(str(event.source), str(event.destination)),
                number=event.segment,
                final=event.final,
                offset=event.offset,
                first=event.segment == 0,
                faults=() if event.fault is None else (event.fault,),
            )
            yield from _telegrams(self._telegrams, assembled)


class WrapperListener:
    """Telegrams in the WPDUs of a TCP connection, a UDP datagram, or a capture of them.

    With `in_step=False` the stream may begin anywhere.
    """

    framing: ClassVar[str] = "wrapper"

    def __init__(self, limit: int = LIMIT, *, in_step: bool = True) -> None:
        self.sound: int | None = None
        self._reader = WpduReader(first_octets=b"".join(FIRST_OCTETS), in_step=in_step)
        self._telegrams = TelegramAssembler(self.framing, limit)

    @property
    def opening(self) -> bool:
        """Whether nothing was read or passed over yet: the octets so far may be the header of the first WPDU."""
        return self._reader.offset == 0

    def receive(self, octets: bytes) -> list[Event]:
        return list(self._events(self._reader.read(octets)))

    def finish(self) -> list[Event]:
        return [*self._events(self._reader.finish()), *self._telegrams.finish()]

    def _events(self, found: Iterable[Wpdu | DecodeError]) -> Iterator[Event]:
        for event in found:
            if isinstance(event, DecodeError):
                yield event
                continue
            if event.fault is None and self.sound is None:
                self.sound = event.offset
            yield from self._telegrams.receive(
                Assembly(
                    event.apdu,
                    event.offset,
                    Stations(str(event.source), str(event.destination)),
                    complete=event.fault is None,
                    faults=() if event.fault is None else (event.fault,),
                )
            )


def _telegrams(assembler: TelegramAssembler, events: Iterable[Assembly | DecodeError]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, DecodeError):
            yield event
        else:
            yield from assembler.receive(event)


def _address(address: HdlcAddress) -> str:
    return str(address.upper) if address.lower is None else f"{address.upper}/{address.lower}"
