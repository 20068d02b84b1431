"""Octets to messages: framing found, ciphered APDUs opened, and what could not be read kept as faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from dlms import apdu, data
from dlms.apdu.acse import Aare, Aarq, Rlre, Rlrq
from dlms.apdu.ciphering import DedicatedCiphering, GeneralDedCiphering
from dlms.apdu.initiate import InitiateRequest
from dlms.association.overheard import Overheard
from dlms.data import Data
from dlms.errors import DecodeError, DlmsError
from dlms.grammar import Message
from dlms.link.assembly import Stations
from dlms.link.framing import Discovery, discover
from dlms.link.telegram import Telegram
from dlms.security import Key, KeyRing, Plaintext, open_ciphered
from dlms.security.ciphered import OPENABLE
from dlms.security.keys import KEY_LENGTHS, TITLE_LENGTH
from dlms.transport.capture import Direction, Record

NESTED_MAXIMUM: Final = 4
"""How many ciphered APDUs one inside the other are opened."""

Sender: TypeAlias = tuple[Direction | None, Stations]
"""Who sends: both stations of a link may have the same address."""


@dataclass(frozen=True, slots=True)
class Content:
    """One APDU or Data: what could be read of its octets, and what a ciphered APDU around it said."""

    octets: bytes
    value: Message | Data | None
    opened: Plaintext | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One telegram: its contents, ciphered ones before what they held, and the faults that make it incomplete.

    `conversation` are its two stations, the same for both directions. Blocks of a service are followed by a reading of
    what they hold together, an ACSE-APDU with ciphered user-information by one of what that holds.
    """

    where: str
    contents: tuple[Content, ...]
    faults: tuple[DlmsError, ...] = ()
    conversation: object = None

    @property
    def innermost(self) -> Message | Data | None:
        return self.contents[-1].value if self.contents else None


class Reader:
    """Reads captures with the given keys."""

    def __init__(self, keys: KeyRing, *, accept_unchecked: bool = False) -> None:
        self._keys = keys
        self._accept_unchecked = accept_unchecked
        self._titles: dict[Sender, bytes] = {}  # as AARQ and AARE state them
        self._dedicated: dict[frozenset[object], Key] = {}  # by conversation, as its initiate-request states it

    def read(self, ways: Sequence[Sequence[bytes]]) -> list[Reading]:
        """The telegrams of the first of these ways to read an input that leaves no fault, else of the first.

        HDLC with octet stuffing is one way more.
        """
        stuffed = any(_may_be_stuffed(octets) for way in ways for octets in way)
        return _first_without_faults(
            self._captures(way, transparency=transparency)
            for transparency in ((False, True) if stuffed else (False,))
            for way in ways
        )

    def read_records(self, records: Sequence[Record]) -> list[Reading]:
        """The telegrams of a capture file, in the order in which they were complete; HDLC with octet stuffing too."""
        ways = (False, True) if any(_may_be_stuffed(record.octets) for record in records) else (False,)
        return _first_without_faults(self._recorded(records, transparency=transparency) for transparency in ways)

    def _recorded(self, records: Sequence[Record], *, transparency: bool) -> list[Reading]:
        directions: dict[Direction, Discovery] = {
            "sent": Discovery(transparency=transparency),
            "received": Discovery(transparency=transparency),
        }
        readings: list[Reading] = []
        for record in records:
            events = directions[record.direction].receive(record.octets)
            readings += [reading for event in events for reading in self._readings(event, record.direction)]
        for direction, discovery in directions.items():
            readings += [reading for event in discovery.finish() for reading in self._readings(event, direction)]
        return list(_with_joined(readings))

    def _captures(self, captures: Sequence[bytes], *, transparency: bool) -> list[Reading]:
        found = (reading for octets in captures for reading in self._capture(octets, transparency=transparency))
        return list(_with_joined(found))

    def _capture(self, octets: bytes, *, transparency: bool) -> Iterator[Reading]:
        events = discover(octets, transparency=transparency)
        telegrams = [event for event in events if isinstance(event, Telegram)]
        readings = [reading for event in events for reading in self._readings(event)]
        if all(event.framing == "apdu" for event in telegrams) and any(reading.faults for reading in readings):
            bare = _bare_data(octets)
            if bare is not None:
                yield bare
                return
        yield from readings

    def _readings(self, event: Telegram | DecodeError, direction: Direction | None = None) -> Iterator[Reading]:
        if isinstance(event, DecodeError):
            yield Reading("", (), (event,))
            return
        sender = (direction, event.stations)
        faults = () if event.complete else tuple(event.faults)
        reading = self._reading(event.apdu, sender, _where(event, direction), faults)
        yield reading
        match reading.innermost:
            case (
                Aarq(user_information=information)
                | Aare(user_information=information)
                | Rlrq(user_information=information)
                | Rlre(user_information=information)
            ) if isinstance(information, OPENABLE) and self._keys:
                yield self._reading(apdu.encode(information), sender, "its user-information")

    def _reading(self, octets: bytes, sender: Sender, where: str, faults: tuple[DlmsError, ...] = ()) -> Reading:
        conversation = frozenset(sender[1])
        try:
            contents = self._contents(octets, sender)
        except ContentFault as stop:
            return Reading(where, tuple(stop.contents), (*faults, stop.fault), conversation)
        return Reading(where, tuple(contents), faults, conversation)

    def _contents(self, octets: bytes, sender: Sender) -> list[Content]:
        contents: list[Content] = []
        opened: Plaintext | None = None
        try:
            while True:
                message, broken = apdu.decode_front(octets)
                contents.append(Content(octets, message, opened))
                if broken is not None:
                    raise broken
                self._note(message, sender)
                if not isinstance(message, OPENABLE) or not self._keys or len(contents) > NESTED_MAXIMUM:
                    return contents
                title = self._titles.get(sender)
                keys = self._keys
                if isinstance(message, (DedicatedCiphering, GeneralDedCiphering)):
                    keys = keys.with_dedicated(self._dedicated.get(frozenset(sender[1])))
                opened = open_ciphered(message, keys, sender=title, accept_unchecked=self._accept_unchecked)
                octets = opened.octets
        except DlmsError as fault:
            if not contents or contents[-1].octets != octets:
                contents.append(Content(octets, None, opened))
            raise ContentFault(fault, contents) from None

    def _note(self, message: Message, sender: Sender) -> None:
        """Keep what opens what comes later: a system title, a dedicated key."""
        match message:
            case Aarq(calling_ap_title=bytes(title)) | Aare(responding_ap_title=bytes(title)):
                if len(title) == TITLE_LENGTH:
                    self._titles[sender] = title
        initiate = message.user_information if isinstance(message, Aarq) else message
        if isinstance(initiate, InitiateRequest) and len(initiate.dedicated_key or b"") in KEY_LENGTHS:
            self._dedicated[frozenset(sender[1])] = Key(initiate.dedicated_key or b"")


class ContentFault(Exception):
    """What kept the rest of a telegram from being read, and the contents up to there."""

    def __init__(self, fault: DlmsError, contents: list[Content]) -> None:
        super().__init__(fault)
        self.fault = fault
        self.contents = contents


def _first_without_faults(attempts: Iterator[list[Reading]]) -> list[Reading]:
    first = next(attempts)
    if any(reading.faults for reading in first):
        return next((found for found in attempts if not any(reading.faults for reading in found)), first)
    return first


def _may_be_stuffed(octets: bytes) -> bool:
    return b"\x7d\x5e" in octets or b"\x7d\x5d" in octets


def _bare_data(octets: bytes) -> Reading | None:
    try:
        return Reading("Data", (Content(octets, data.loads(octets, typed=True)),))
    except DecodeError:
        return None


def _with_joined(readings: Iterable[Reading]) -> Iterator[Reading]:
    """The readings, and behind the last of the blocks of a service what they hold together."""
    overheard = Overheard()
    for reading in readings:
        joined: Message | None = None
        if isinstance(reading.innermost, Message):
            try:
                joined = overheard.receive(reading.innermost, reading.conversation)
            except DecodeError as fault:
                reading = replace(reading, faults=(*reading.faults, fault))  # the same, and its fault
        yield reading
        if joined is not None:
            yield Reading("joined from its blocks", (Content(apdu.encode(joined), joined),))


def _where(event: Telegram, direction: Direction | None) -> str:
    source, destination = event.stations
    words = [event.framing, f"at octet {event.offset}"]
    if direction is not None:
        words.insert(0, direction)
    if source is not None or destination is not None:
        words.append(f"from {source} to {destination}")
    return ", ".join(words)
