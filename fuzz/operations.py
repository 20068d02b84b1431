"""Every operation of a client, and a driver that hands each request to a server of the target's own."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from fuzz.live_meter import CALENDAR, CLOCK, IMAGE, LOAD, LONG, POWER, SETUP, SWITCH

from dlms.association.access import AccessPart
from dlms.association.client import ClientAssociation
from dlms.association.clock import read_clock, synchronise_clock
from dlms.association.counters import read_counter
from dlms.association.effects import Exchange, Random, Receive, Reserve, Send
from dlms.association.firmware import FirmwareUpdating
from dlms.association.key_transfer import activate_security, transfer_keys
from dlms.association.profile_reading import ProfileReading
from dlms.data import OctetString
from dlms.errors import DeadlineExceeded, DlmsError

NOW = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
MOST_ANSWERS = 500
"""After so many the time is over: with a well-behaved meter an operation needs a tenth."""
Operation = Callable[[ClientAssociation], Exchange[Any]]

OPERATIONS: tuple[Operation, ...] = (
    ClientAssociation.objects,
    lambda of: of.get(CLOCK.time),
    lambda of: of.get(CALENDAR.day_profile_table_active),
    lambda of: of.get_several([CLOCK.time, LONG.value, POWER.scaler_unit, IMAGE.image_transferred_blocks_status]),
    lambda of: of.read(POWER),
    lambda of: of.set(LONG.value, OctetString(bytes(700))),
    lambda of: of.call(SWITCH.remote_disconnect, 0),
    lambda of: of.access([AccessPart.get(CLOCK.time), AccessPart.set(CLOCK.time_zone, 60), AccessPart.get(LONG.value)]),
    lambda of: ProfileReading(LOAD).run(of),
    lambda of: ProfileReading(LOAD, NOW - DAY, NOW).run(of),
    lambda of: ProfileReading(LOAD, NOW - DAY, NOW, access="entry", columns=[CLOCK.time]).run(of),
    lambda of: read_clock(of, NOW),
    lambda of: synchronise_clock(of, NOW),
    lambda of: synchronise_clock(of, NOW, shift=True),
    lambda of: read_counter(of),
    lambda of: FirmwareUpdating(bytes(300), b"image").run(of),
    lambda of: FirmwareUpdating(bytes(300), b"image", resume=True, activate=NOW.replace(tzinfo=None)).run(of),
    lambda of: transfer_keys(of, encryption_key=bytes(16), authentication_key=b"\xff" * 16, setup=SETUP),
    lambda of: activate_security(of, "authenticated+encrypted", setup=SETUP),
)


def chosen_by(octets: bytes) -> Operation:
    """The operation that the last octet names."""
    return OPERATIONS[(octets[-1] if octets else 0) % len(OPERATIONS)]


def driven(exchange: Exchange[Any], answer: Callable[[bytes], Iterable[bytes]]) -> DlmsError | None:
    """Drive an operation to its end; the error that it ends with. Silence is a lapsed deadline."""
    arrived: list[bytes] = []
    outcome: object = None
    failure: DlmsError | None = None
    received = 0
    while True:
        try:
            effect = exchange.send(outcome) if failure is None else exchange.throw(failure)
        except StopIteration:
            return None
        except DlmsError as error:
            return error
        outcome = failure = None
        if isinstance(effect, (bytes, Send)):
            arrived += answer(effect if isinstance(effect, bytes) else effect.octets)
        match effect:
            case bytes() | Receive():
                received += 1
                if arrived and received <= MOST_ANSWERS:
                    outcome = arrived.pop(0)
                elif not isinstance(effect, Receive) or effect.patience is None:
                    assert received <= 2 * MOST_ANSWERS, "goes on after its time was over"
                    failure = DeadlineExceeded("silence")
            case Random(count):
                outcome = b"\x5a" * count  # a challenge of its own: the servers here draw zeros
            case Reserve(store, name):
                outcome = store.reserve(name)
