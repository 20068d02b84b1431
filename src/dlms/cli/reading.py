"""Octets to messages: framing found, ciphered APDUs opened, and what could not be read kept as faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dlms import apdu, data
from dlms.data import Data
from dlms.errors import DecodeError, DlmsError
from dlms.grammar import Message
from dlms.link.framing import discover
from dlms.link.telegram import Telegram
from dlms.security import KeyRing, Plaintext, open_ciphered
from dlms.security.ciphered import CIPHERED

NESTED_MAXIMUM: Final = 4
"""How many ciphered APDUs one inside the other are opened."""


@dataclass(frozen=True, slots=True)
class Content:
    """One APDU or Data: what could be read of its octets, and what a ciphered APDU around it said."""

    octets: bytes
    value: Message | Data | None
    opened: Plaintext | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One telegram: its contents, ciphered ones before what they held, and the faults that make it incomplete."""

    where: str
    contents: tuple[Content, ...]
    faults: tuple[DlmsError, ...] = ()

    @property
    def innermost(self) -> Message | Data | None:
        return self.contents[-1].value if self.contents else None


class Reader:
    """Reads captures with the given keys."""

    def __init__(self, keys: KeyRing, *, accept_unchecked: bool = False) -> None:
        self._keys = keys
        self._accept_unchecked = accept_unchecked

    def read(self, ways: Sequence[Sequence[bytes]]) -> list[Reading]:
        """The telegrams of the first of these ways to read an input that leaves no fault, else of the first."""
        attempts = (self._captures(way) for way in ways)
        first = next(attempts)
        if any(reading.faults for reading in first):
            return next((found for found in attempts if not any(reading.faults for reading in found)), first)
        return first

    def _captures(self, captures: Sequence[bytes]) -> list[Reading]:
        return [reading for octets in captures for reading in self._capture(octets)]

    def _capture(self, octets: bytes) -> Iterator[Reading]:
        events = discover(octets)
        telegrams = [event for event in events if isinstance(event, Telegram)]
        readings = [self._reading(event) for event in events]
        if all(event.framing == "apdu" for event in telegrams) and any(reading.faults for reading in readings):
            bare = _bare_data(octets)
            if bare is not None:
                yield bare
                return
        yield from readings

    def _reading(self, event: Telegram | DecodeError) -> Reading:
        if isinstance(event, DecodeError):
            return Reading("", (), (event,))
        contents: list[Content] = []
        faults: list[DlmsError] = [] if event.complete else list(event.faults)
        try:
            contents.extend(self._contents(event.apdu))
        except ContentFault as stop:
            contents.extend(stop.contents)
            faults.append(stop.fault)
        return Reading(_where(event), tuple(contents), tuple(faults))

    def _contents(self, octets: bytes) -> list[Content]:
        contents: list[Content] = []
        opened: Plaintext | None = None
        try:
            while True:
                message, broken = apdu.decode_front(octets)
                contents.append(Content(octets, message, opened))
                if broken is not None:
                    raise broken
                if not isinstance(message, CIPHERED) or not self._keys or len(contents) > NESTED_MAXIMUM:
                    return contents
                opened = open_ciphered(message, self._keys, accept_unchecked=self._accept_unchecked)
                octets = opened.octets
        except DlmsError as fault:
            if not contents or contents[-1].octets != octets:
                contents.append(Content(octets, None, opened))
            raise ContentFault(fault, contents) from None


class ContentFault(Exception):
    """What kept the rest of a telegram from being read, and the contents up to there."""

    def __init__(self, fault: DlmsError, contents: list[Content]) -> None:
        super().__init__(fault)
        self.fault = fault
        self.contents = contents


def _bare_data(octets: bytes) -> Reading | None:
    try:
        return Reading("Data", (Content(octets, data.loads(octets, typed=True)),))
    except DecodeError:
        return None


def _where(event: Telegram) -> str:
    source, destination = event.stations
    words = [event.framing, f"at octet {event.offset}"]
    if source is not None or destination is not None:
        words.append(f"from {source} to {destination}")
    return ", ".join(words)
