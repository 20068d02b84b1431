"""The server's end of one line: octets of several clients and logical devices, told apart. No input or output here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dlms.errors import DecodeError, LinkError
from dlms.link.base import Connected, Disconnected
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcSettings
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.hdlc_reader import FrameReader
from dlms_core.wrapper import WpduReader, build


@dataclass(frozen=True, slots=True)
class Line:
    """Who talks to whom: a client SAP and the SAP of a logical device, and of HDLC the addresses as they were used."""

    client: int
    server: int
    addresses: tuple[HdlcAddress, HdlcAddress] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An APDU of a client."""

    line: Line
    octets: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """A client's link is down, or set up anew: its association is gone."""

    line: Line


class Station(Protocol):
    """One line. `now` is any steady clock in seconds."""

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets from the transport."""

    def events(self) -> list[Request | Ended]:
        """What happened since the last call."""

    def send(self, line: Line, apdus: Sequence[bytes], now: float) -> None:
        """Send APDUs to a client; nothing happens where its link is down."""

    def notify(self, line: Line, apdu: bytes, now: float) -> None:
        """Send an APDU that answers nothing, whoever's turn it is."""

    def octets_to_send(self) -> bytes:
        """What the transport has to send now."""

    def next_timer(self) -> float | None:
        """When to call `tick`."""

    def tick(self, now: float) -> None:
        """Do what the timers ask for."""


class WrapperStation:
    """WPDUs: every one says whose it is. Whatever is damaged is passed over. With `datagrams`, what one call of
    `receive` brings has nothing to do with the next one."""

    def __init__(self, longest_apdu: int = 0xFFFF, *, datagrams: bool = False) -> None:
        self._reader = WpduReader(longest_apdu)
        self._longest_apdu = longest_apdu
        self._datagrams = datagrams
        self._out = bytearray()
        self._events: list[Request | Ended] = []

    def receive(self, octets: bytes, now: float) -> None:
        if self._datagrams:
            self._reader = WpduReader(self._longest_apdu)
        for found in self._reader.read(octets):
            if not isinstance(found, DecodeError) and found.fault is None:
                self._events.append(Request(Line(found.source, found.destination), found.apdu))

    def events(self) -> list[Request | Ended]:
        events, self._events = self._events, []
        return events

    def send(self, line: Line, apdus: Sequence[bytes], now: float) -> None:
        for apdu in apdus:
            self._out += build(apdu, source=line.server, destination=line.client)

    def notify(self, line: Line, apdu: bytes, now: float) -> None:
        self.send(line, [apdu], now)

    def octets_to_send(self) -> bytes:
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def next_timer(self) -> float | None:
        return None

    def tick(self, now: float) -> None:
        """Nothing is timed here."""


class HdlcStation:
    """HDLC: one connection for each pair of addresses, `most_links` at the most; a caller beyond is told that there is
    none (DM).

    `servers` are the SAPs of the logical devices; `physical` is the lower address that is answered, None for any.
    """

    def __init__(
        self, servers: frozenset[int], settings: HdlcSettings, *, physical: int | None = None, most_links: int = 16
    ) -> None:
        self._servers = servers
        self._settings = settings
        self._physical = physical
        self._most_links = most_links
        self._reader = FrameReader(transparency=settings.transparency)
        self._links: dict[Line, HdlcLink] = {}
        self._out = bytearray()
        self._events: list[Request | Ended] = []

    @property
    def links(self) -> int:
        """How many links are up."""
        return len(self._links)

    def receive(self, octets: bytes, now: float) -> None:
        for found in self._reader.read(octets):
            if isinstance(found, Frame):
                self._take(found, now)

    def _take(self, frame: Frame, now: float) -> None:
        to, lower = frame.destination, frame.destination.lower
        if to.upper not in self._servers or (None not in (lower, self._physical) and lower != self._physical):
            return
        line = Line(frame.source.upper, to.upper, (to, frame.source))
        link = self._links.get(line)
        if link is None:
            link = HdlcLink(to, None, self._settings)
            link.listen()
            if frame.kind is FrameKind.SNRM:
                if len(self._links) >= self._most_links:
                    self._out += Frame(frame.source, to, control_octet(FrameKind.DM, poll_final=True)).encode(
                        transparency=self._settings.transparency
                    )
                    return
                self._links[line] = link
        link.receive_frame(frame, now)
        self._collect(line, link)

    def _collect(self, line: Line, link: HdlcLink) -> None:
        for event in link.events():
            if isinstance(event, bytes):
                self._events.append(Request(line, event))
            elif isinstance(event, (Connected, Disconnected)):
                self._events.append(Ended(line))
                if isinstance(event, Disconnected):
                    self._links.pop(line, None)
        self._out += link.octets_to_send()

    def events(self) -> list[Request | Ended]:
        events, self._events = self._events, []
        return events

    def send(self, line: Line, apdus: Sequence[bytes], now: float) -> None:
        link = self._links.get(line)
        if link is None:
            return
        try:
            for left, apdu in zip(range(len(apdus) - 1, -1, -1), apdus, strict=True):
                link.send(apdu, now, more=left > 0)
            if not apdus:
                link.leave_unanswered(now)
        except LinkError:
            return  # the client has gone while its answer was made
        self._collect(line, link)

    def notify(self, line: Line, apdu: bytes, now: float) -> None:
        link = self._links.get(line)
        if link is not None:
            link.send_unsolicited(apdu)
            self._collect(line, link)

    def octets_to_send(self) -> bytes:
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def next_timer(self) -> float | None:
        return min((at for link in self._links.values() if (at := link.next_timer()) is not None), default=None)

    def tick(self, now: float) -> None:
        for line, link in list(self._links.items()):
            at = link.next_timer()
            if at is not None and now >= at:
                link.tick(now)
                self._collect(line, link)
