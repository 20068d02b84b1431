"""The framing of arbitrary octets, found by itself: telegrams out of a stream, a datagram or a capture.

What decides, in this order: a stream that begins with the header of a WPDU whose APDU begins like one is the
wrapper's; the first HDLC frame or M-Bus long frame whose checks all fit makes the stream theirs. What shows neither
until its end is looked at as a whole: damaged frames, an APDU behind an LLC header, an APDU alone, a DSMR telegram,
an HDLC frame whose opening flag is lost, WPDUs behind something else; so that whatever was readable comes out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from dlms.apdu.ciphering import GeneralGloCiphering
from dlms.errors import DecodeError
from dlms.link.assembly import LIMIT, Assembly
from dlms.link.listening import Event, HdlcListener, Listener, MbusListener, WrapperListener
from dlms.link.telegram import FIRST_OCTETS, Telegram, TelegramAssembler
from dlms_core import llc
from dlms_core.wrapper import VERSION

EVENTS_MAXIMUM: Final = 256
"""How many events of each listener wait for the same; the last ones are kept."""
NO_FRAMING: Final = "no HDLC, M-Bus, wrapper or LLC is found here, and no APDU begins like this"


class Discovery:
    """Octets in, in any portions; telegrams and faults out, in the order of the stream.

    `limit` bounds the octets of an APDU that arrives in pieces, and those that wait for a framing to show.
    `transparency` says that HDLC stuffs octets, which cannot be found out: without it they are octets as any other.
    """

    def __init__(self, limit: int = LIMIT, *, transparency: bool = False) -> None:
        self._limit = limit
        self._transparency = transparency
        self._begin()

    def _begin(self) -> None:
        self._decided: Listener | None = None
        self._hdlc = HdlcListener(self._limit, transparency=self._transparency)
        self._mbus = MbusListener(self._limit)
        self._wrapper: WrapperListener | None = WrapperListener(self._limit, in_step=False)
        self._events: dict[Listener, deque[Event]] = {
            listener: deque(maxlen=EVENTS_MAXIMUM) for listener in (self._hdlc, self._mbus, self._wrapper)
        }
        self._octets = bytearray()
        self._overflowed = False

    @property
    def framing(self) -> str | None:
        """The name of the link, as soon as it is known."""
        return None if self._decided is None else self._decided.framing

    def receive(self, octets: bytes) -> list[Event]:
        """What these octets complete; nothing until the framing is known."""
        if self._decided is not None:
            return self._decided.receive(octets)
        if not self._overflowed:
            self._octets += octets
        if self._wrapper is not None and not self._may_be_wrapped(self._wrapper):
            del self._events[self._wrapper]
            self._wrapper = None
        latest = {listener: listener.receive(octets) for listener in self._events}
        self._decided = self._sound()
        if self._decided is not None:
            earlier = self._events[self._decided]
            self._events.clear()
            self._octets.clear()
            return [*earlier, *latest[self._decided]]
        for listener, events in latest.items():
            self._events[listener].extend(events)
        if not self._overflowed and len(self._octets) > self._limit:
            self._overflowed = True
            self._octets.clear()
            return [_fault(f"no framing is found in the first {self._limit} octets")]
        return []

    def finish(self) -> list[Event]:
        """No more octets follow: what is left. Discovery then begins anew."""
        events = self._finish_undecided() if self._decided is None else self._decided.finish()
        self._begin()
        return events

    def _may_be_wrapped(self, wrapper: WrapperListener) -> bool:
        beginning = self._octets.startswith(VERSION) or VERSION.startswith(self._octets)
        return wrapper.opening and beginning

    def _sound(self) -> Listener | None:
        if self._wrapper is not None:
            if self._wrapper.sound == 0:
                return self._wrapper
            if self._wrapper.opening:
                return None
        sound = [(listener.sound, listener) for listener in (self._hdlc, self._mbus) if listener.sound is not None]
        return min(sound, key=lambda found: found[0])[1] if sound else None

    def _finish_undecided(self) -> list[Event]:
        for listener, events in self._events.items():
            events.extend(listener.finish())
        octets = bytes(self._octets)
        attempts: list[Iterable[Event]] = [self._events[self._hdlc], self._events[self._mbus]]
        if octets:
            attempts += [
                _alone(octets, self._limit),
                _dsmr(octets),
                _read(HdlcListener(self._limit, opened=True), octets),
                _read(WrapperListener(self._limit), octets),
            ]
        for attempt in attempts:
            found = list(attempt)
            if any(isinstance(event, Telegram) for event in found):
                return found
        return [_fault(NO_FRAMING)] if octets else []


def discover(octets: bytes, *, transparency: bool = False) -> list[Event]:
    """The telegrams of a whole capture or datagram, and the faults met on the way."""
    discovery = Discovery(max(LIMIT, len(octets)), transparency=transparency)
    return discovery.receive(octets) + discovery.finish()


def _read(listener: Listener, octets: bytes) -> Iterator[Event]:
    yield from listener.receive(octets)
    yield from listener.finish()


def _alone(octets: bytes, limit: int) -> Iterator[Event]:
    """An APDU, or LLC headers with an APDU behind each, and nothing around."""
    if llc.headers(octets):
        assembler = TelegramAssembler("llc+apdu", limit)
    elif octets.startswith(FIRST_OCTETS):
        assembler = TelegramAssembler("apdu", limit)
    else:
        return
    yield from assembler.receive(Assembly(octets, 0))
    yield from assembler.finish()


def _dsmr(octets: bytes) -> Iterator[Event]:
    """A DSMR telegram whose body is general-glo-ciphering without its tag and system title (Elgama GAMA 350).

    Whoever has the key has to know the system title too.
    """
    identification, blank_line, telegram = octets.partition(b"\r\n\r\n")
    body, exclamation_mark, _check = telegram.rpartition(b"!")
    if not identification.startswith(b"/") or not exclamation_mark or body.isascii():
        return
    offset = len(identification) + len(blank_line)
    reason = "expected general-glo-ciphering (DB), got what follows its tag"
    fault = DecodeError(reason, layer="dsmr", offset=offset)
    yield Telegram(bytes(GeneralGloCiphering.tags) + body, "dsmr", offset, faults=(fault,))


def _fault(reason: str) -> DecodeError:
    return DecodeError(reason, layer="framing", offset=0)
