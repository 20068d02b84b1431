"""The wrapper of TCP and UDP (IEC 62056-47): every APDU behind eight octets that say whose and how long it is."""

from __future__ import annotations

from dlms.errors import DecodeError, DlmsError, LinkError
from dlms.link.base import Connected, Disconnected, LinkEvent, Noticed, Turns
from dlms_core.wrapper import ApduReader, Wpdu, build


class WrapperLink(Turns):
    """One pair of wrapper ports: `own` is ours, `peer` the other's.

    There is nothing to set up, to acknowledge or to repeat. A damaged WPDU is noticed and passed over; over UDP
    (`datagrams`) it ends with its datagram. `longest_apdu` bounds what a header may announce.
    """

    untimed = True

    def __init__(self, own: int, peer: int, *, datagrams: bool = False, longest_apdu: int = 65535) -> None:
        self._own = own
        self._peer = peer
        self._datagrams = datagrams
        self._longest_apdu = longest_apdu
        self._reader = ApduReader(peer, own, longest_apdu)
        self._connected = False
        self._out: list[bytes] = []
        self.happened: list[LinkEvent] = []

    @property
    def connected(self) -> bool:
        """Whether octets can go both ways."""
        return self._connected

    def connect(self, now: float) -> None:
        self._connected = True
        self.happened.append(Connected())

    def listen(self) -> None:
        self._connected = True

    def disconnect(self, now: float) -> None:
        if self._connected:
            self._connected = False
            self.happened.append(Disconnected())

    def send(self, apdu: bytes, now: float, *, answered: bool = True) -> None:
        if not self._connected:
            raise LinkError("the link is not connected")
        self._out.append(build(apdu, source=self._own, destination=self._peer))

    def ask(self, apdu: bytes, now: float) -> bytes:
        if self._out or not self._connected:
            return super().ask(apdu, now)
        return build(apdu, source=self._own, destination=self._peer)

    def answer(self, octets: bytes, now: float) -> bytes | None:
        apdu = None if self.happened else self._reader.only(octets)
        return super().answer(octets, now) if apdu is None else apdu

    def expect(self, now: float) -> None:
        """Whoever answers sends without being asked."""

    def keep_alive(self, now: float) -> bool:
        return False

    @property
    def at_rest(self) -> bool:
        return True

    def receive(self, octets: bytes, now: float) -> None:
        if not octets:
            if not self._datagrams:
                self._lost(LinkError("the other end closed"))
            return
        found = self._reader.read(octets)
        if self._datagrams:
            found += self._reader.finish()
            self._reader = ApduReader(self._peer, self._own, self._longest_apdu)
        for item in found:
            self.happened.append(item if isinstance(item, bytes) else Noticed(_fault(item)))

    def _lost(self, error: LinkError) -> None:
        if self._connected:
            self._connected = False
            self.happened.append(Disconnected(error))

    def tick(self, now: float) -> None:
        """Nothing is timed here."""

    def next_timer(self) -> float | None:
        return None

    def octets_to_send(self) -> bytes:
        if not self._out:
            return b""
        octets = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        return octets

    def events(self) -> list[LinkEvent]:
        events, self.happened = self.happened, []
        return events


def _fault(item: Wpdu | DecodeError) -> DlmsError:
    """What is wrong with a WPDU that is not whole, or not of this link."""
    if isinstance(item, DecodeError):
        return item
    return item.fault or LinkError(f"a WPDU from {item.source} to {item.destination} is not of this link")
