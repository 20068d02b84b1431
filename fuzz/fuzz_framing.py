"""Invariant: any octets, whole or octet by octet, give Telegrams and DecodeErrors of no more octets than went in."""

from dlms.errors import DecodeError
from dlms.link.framing import Discovery, discover
from dlms.link.telegram import Telegram


def check(octets: bytes) -> None:
    inspect(discover(octets), octets)
    discovery = Discovery(limit=64)
    events = [event for octet in octets for event in discovery.receive(bytes([octet]))]
    inspect(events + discovery.finish(), octets)


def inspect(events: list[Telegram | DecodeError], octets: bytes) -> None:
    carried = 0
    for event in events:
        assert isinstance(event, Telegram | DecodeError)
        if isinstance(event, Telegram):
            assert event.complete or event.faults
            carried += len(event.apdu)
        assert 0 <= event.offset <= len(octets)
    assert carried <= len(octets) + 1  # the tag that a DSMR telegram leaves out
