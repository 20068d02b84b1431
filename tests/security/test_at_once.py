"""What the quick ways of a security context do is what its declared APDUs do, whatever was changed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.association.meter import CLIENT_TITLE, ENERGY, SERVER_TITLE, attribute, client_context

from dlms.apdu import decode, encode
from dlms.apdu.get import GetRequestNormal, GetResponseNormal
from dlms.apdu.notification import DataNotification
from dlms.data import DoubleLongUnsigned
from dlms.grammar import Message
from dlms.security import Key, MemoryCounterStore
from dlms.security.context import SecurityContext
from dlms.security.protection import Protection

REQUEST = GetRequestNormal(0xC1, attribute(ENERGY.value))
RESPONSE = GetResponseNormal(0xC1, DoubleLongUnsigned(4711))
NONE, AUTHENTICATED, ENCRYPTED = Protection.NONE, Protection.AUTHENTICATED, Protection.ENCRYPTED
BOTH = AUTHENTICATED | ENCRYPTED


def meter_context(**changes: Any) -> SecurityContext:
    return client_context(own_title=SERVER_TITLE, peer_title=CLIENT_TITLE, **changes)


def at_once(context: SecurityContext, message: Message) -> bytes | None:
    return context.sealed_at_once(message.tags[0], encode(message))


@pytest.mark.parametrize("protection", [AUTHENTICATED, ENCRYPTED, BOTH])
def test_a_request_is_sealed_as_it_is_protected(protection: Protection) -> None:
    quick, declared = (client_context(protection=protection) for _ in range(2))
    for counter in (100, 101, 102):
        assert at_once(quick, REQUEST) == declared.protect(REQUEST, counter)


def test_without_protection_it_is_plain() -> None:
    assert at_once(client_context(protection=NONE), REQUEST) == encode(REQUEST)


def test_what_takes_more_is_not_done_at_once() -> None:
    assert at_once(client_context(general=True), REQUEST) is None
    assert at_once(client_context(trace=lambda *_: None), REQUEST) is None
    notification = DataNotification(1, None, DoubleLongUnsigned(1))  # which has no envelope of its own
    assert at_once(client_context(), notification) is None
    meter = meter_context()
    assert client_context().opened_at_once(meter.protect(RESPONSE, 5)) is None  # nothing was received before


CHANGES: list[Callable[[SecurityContext], object]] = [
    lambda context: setattr(context, "protection", ENCRYPTED),
    lambda context: setattr(context, "encryption_key", Key(bytes(range(50, 66)))),
    lambda context: setattr(context, "authentication_key", Key(bytes(range(90, 106)))),
    lambda context: context.change_keys(Key(bytes(range(50, 66))), Key(bytes(range(90, 106)))),
    lambda context: setattr(context, "dedicated_key", Key(bytes(range(16)))),
    lambda context: setattr(context, "own_title", b"ANOTHER1"),
    lambda context: setattr(context, "peer_title", b"ANOTHER2"),
    lambda context: setattr(context, "suite", 1),
    lambda context: setattr(context, "counters", MemoryCounterStore(first=1000)),
    lambda context: setattr(context, "use_dedicated", True),
]


@pytest.mark.parametrize("first", range(len(CHANGES)))
@pytest.mark.parametrize("second", range(len(CHANGES)))
def test_after_a_change_nothing_of_before_is_used(first: int, second: int) -> None:
    """One context is used between all changes, the other is made for them: they do the same."""
    used = client_context(dedicated_key=Key(bytes(range(16, 32))))
    at_once(used, REQUEST)
    used.protect(REQUEST, 1)
    for change in (CHANGES[first], CHANGES[second]):
        change(used)
        at_once(used, REQUEST)
    fresh = client_context(dedicated_key=Key(bytes(range(16, 32))))
    CHANGES[first](fresh)
    CHANGES[second](fresh)
    store, name = fresh.sending_counter
    assert used.sending_counter[1] == name
    store.advance_to(name, 5000)
    used.sending_counter[0].advance_to(name, 5000)
    sealed = at_once(used, REQUEST)
    assert sealed == at_once(fresh, REQUEST) == fresh.protect(REQUEST, 5000) == used.protect(REQUEST, 5000)


def test_what_is_opened_and_not_accepted_does_not_count() -> None:
    client, meter = client_context(), meter_context()
    client.unprotect(decode(meter.protect(RESPONSE, 5)))
    assert client.opened_at_once(meter.protect(RESPONSE, 6)) is not None
    assert client.unprotect(decode(meter.protect(RESPONSE, 6))) == encode(RESPONSE)
