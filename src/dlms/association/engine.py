"""A link as a client operation sees it: APDUs out, APDUs in, the unsolicited ones apart. No input or output here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from dlms.errors import DlmsError, LinkError
from dlms.link.base import Connected, Disconnected, Link, Noticed, Unsolicited

Trace: TypeAlias = Callable[[str, bytes], None]
"""Told of everything that passes: ("sent" or "received", octets of the transport), ("apdu sent" or "apdu received",
octets) and, of what is ciphered, ("plaintext sent" or "plaintext received", octets)."""
UNSOLICITED_MOST = 1024  # notifications kept while nobody asks for them; the oldest make room


class Engine:
    """One link and what has arrived over it.

    `octets_to_send` says what the transport has to send; `unsolicited` are the APDUs that came unasked, outside of any
    exchange; `untimed` is a link without timers. `ask` and `answer` are `send`, `octets_to_send`, `receive` and
    `next_apdu` in two steps, for what is nearly always all; who asks so sets `awaiting`.
    """

    def __init__(self, link: Link, trace: Trace | None = None) -> None:
        self.link = link
        self.untimed = link.untimed
        self.ask = link.ask if trace is None else self._traced_ask
        self.octets_to_send = link.octets_to_send if trace is None else self._traced_octets_to_send
        self.faults: deque[DlmsError] = deque(maxlen=UNSOLICITED_MOST)
        self.unsolicited: deque[bytes] = deque(maxlen=UNSOLICITED_MOST)
        self._trace = trace
        self._arrived: deque[bytes] = deque()
        self._connected = False
        self._ended: Disconnected | None = None
        self.awaiting = False
        """Whether an answer is still to come, though whoever asked may have given up."""

    def connect(self, now: float) -> None:
        """Have the link set up."""
        self._ended = None
        self.link.connect(now)
        self._look()

    def disconnect(self, now: float) -> None:
        """Have the link taken down."""
        self.link.disconnect(now)
        self._look()

    def keep_alive(self, now: float) -> bool:
        """Have the link ask for a sign of life; False where it has no way to."""
        asked = self.link.keep_alive(now)
        self._look()
        return asked

    def send(self, apdu: bytes, now: float, *, answered: bool = True) -> None:
        """Send an APDU."""
        if self._trace is not None:
            self._trace("apdu sent", apdu)
        self.awaiting = answered
        self.link.send(apdu, now, answered=answered)
        self._look()

    def _traced_ask(self, apdu: bytes, now: float) -> bytes:
        self.send(apdu, now)
        return self.octets_to_send()

    def answer(self, octets: bytes, now: float) -> bytes | None:
        """Take what the transport brought; the next APDU, None while there is none; LinkError once the link is down."""
        if self._trace is None and not self._arrived:
            apdu = self.link.answer(octets, now)
            if apdu is not None:
                self.awaiting = False
                return apdu
            self._look()
        else:
            self.receive(octets, now)
        return self.next_apdu()

    def expect(self, now: float) -> None:
        """What came was no answer: it is still awaited."""
        self.awaiting = True
        self.link.expect(now)
        self._look()

    def receive(self, octets: bytes, now: float) -> None:
        """Take what the transport brought; b"" once it has ended."""
        if octets and self._trace is not None:
            self._trace("received", octets)
        self.link.receive(octets, now)
        self._look()

    def tick(self, now: float) -> None:
        """Let the link do what its timers ask for."""
        self.link.tick(now)
        self._look()

    def next_due(self, otherwise: float) -> float:
        """When `tick` is due, or, where that is earlier, `otherwise`."""
        timer = self.link.next_timer()
        return otherwise if timer is None else min(timer, otherwise)

    def _traced_octets_to_send(self) -> bytes:
        octets = self.link.octets_to_send()
        if octets and self._trace is not None:
            self._trace("sent", octets)
        return octets

    def _look(self) -> None:
        for event in self.link.events():
            match event:
                case bytes(octets):
                    if self._trace is not None:
                        self._trace("apdu received", octets)
                    self._arrived.append(octets)
                case Unsolicited(octets):
                    if self._trace is not None:
                        self._trace("apdu received", octets)
                    # While an answer is awaited all goes one way: counters of ciphered APDUs rise in the order of
                    # arrival.
                    (self._arrived if self.awaiting else self.unsolicited).append(octets)
                case Connected():
                    self._connected = True
                case Disconnected():
                    self._connected = False
                    self._ended = event
                case Noticed(fault):
                    self.faults.append(fault)

    def is_connected(self) -> bool | None:
        """True once the link is up; None while it is being set up; raises LinkError if that failed."""
        if self._connected:
            return True
        self._check()
        return None

    def is_at_rest(self) -> bool | None:
        """True once the link waits for nothing; raises LinkError once it is down."""
        self._check()
        return self.link.at_rest or None

    def is_disconnected(self) -> bool | None:
        """True once the link is down."""
        return True if self._ended is not None or not self._connected else None

    def next_apdu(self) -> bytes | None:
        """The next APDU that arrived; None while there is none; raises LinkError once the link is down."""
        if self._arrived:
            self.awaiting = False
            return self._arrived.popleft()
        self._check()
        return None

    def _check(self) -> None:
        if self._ended is not None:
            raise self._ended.error or LinkError("the link is down")
