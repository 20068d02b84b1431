"""What every link does, whatever its protocol: octets in, events out; APDUs in, octets out; time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from dlms.errors import DlmsError


@dataclass(frozen=True, slots=True)
class Connected:
    """The link is up. `parameters` are those in force (HDLC), None where there is nothing to negotiate."""

    parameters: Any = None


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A whole APDU arrived that is no part of the exchange (a UI frame)."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link is down; `error` says why where it was not asked for."""

    error: DlmsError | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something was wrong with received octets and was dealt with: for logs and traces."""

    fault: DlmsError


LinkEvent = bytes | Connected | Unsolicited | Disconnected | Noticed
"""What happens on a link. Octets are a whole APDU that arrived."""


class Link(Protocol):
    """One link between two stations. `now` is any steady clock in seconds; no method waits.

    `happened` is what `events` will hand out; `untimed` says that `next_timer` never has anything.
    """

    happened: list[LinkEvent]
    untimed: bool

    def connect(self, now: float) -> None:
        """Set the link up, as the one who calls. Connected or Disconnected follows."""

    def listen(self) -> None:
        """Answer whoever sets the link up."""

    def disconnect(self, now: float) -> None:
        """Take the link down. Disconnected follows."""

    def send(self, apdu: bytes, now: float, *, answered: bool = True) -> None:
        """Send an APDU as soon as the link allows; `answered` says that an answer is to come. Raises LinkError where
        there is no link."""

    def ask(self, apdu: bytes, now: float) -> bytes:
        """`send` and `octets_to_send` in one."""

    def answer(self, octets: bytes, now: float) -> bytes | None:
        """`receive`, and the APDU where all that happened is that one arrived; else None, and `events` has it."""

    def expect(self, now: float) -> None:
        """What came was not the answer: it is still to come, and is asked for where the link has a way to."""

    def keep_alive(self, now: float) -> bool:
        """Ask the other station for a sign of life, where nothing else is under way; False where the link has no way
        to ask. `at_rest` says when it was given."""

    @property
    def at_rest(self) -> bool:
        """Whether the link waits for nothing from the other station."""

    def receive(self, octets: bytes, now: float) -> None:
        """Take octets from the transport."""

    def tick(self, now: float) -> None:
        """Do what the timers ask for; to be called once `next_timer` has come."""

    def next_timer(self) -> float | None:
        """When to call `tick`; None while no timer runs."""

    def octets_to_send(self) -> bytes:
        """What the transport has to send now; handed out once."""

    def events(self) -> list[LinkEvent]:
        """What happened since the last call."""


class Turns(Link, Protocol):
    """A request and its answer as the other methods of a link have them."""

    def ask(self, apdu: bytes, now: float) -> bytes:
        self.send(apdu, now)
        return self.octets_to_send()

    def answer(self, octets: bytes, now: float) -> bytes | None:
        self.receive(octets, now)
        if len(self.happened) != 1 or not isinstance(apdu := self.happened[0], bytes):
            return None
        self.happened.clear()
        return apdu
