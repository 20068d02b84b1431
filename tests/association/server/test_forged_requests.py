"""Ciphered requests that were forged, damaged or recorded: nothing is revealed, done or used up by them."""

from __future__ import annotations

import pytest
from tests.association.meter import (
    CLOCK,
    CTOS,
    GUARDED,
    aarq,
    ask,
    guarded,
    initiate,
    meter,
    sealed,
    session,
)
from tests.association.requests import (
    BY_LOGICAL_NAME,
    GET,
    SET,
    damaged,
    meter_with_profile,
    replies,
)

from dlms.apdu import decode, encode
from dlms.apdu.ciphering import CipheredContent, GeneralGloCiphering, GlobalCiphering
from dlms.apdu.exception import ExceptionResponse
from dlms.results import (
    AssociationResult,
    ExceptionServiceError,
)
from dlms.security.context import SecurityContext
from dlms.security.protection import SecurityControl, protect

pytestmark = pytest.mark.usefixtures("no_traceback")


def sealed_octets(context: SecurityContext, octets: bytes) -> bytes:
    """What no client of ours would encode, under the protection of one."""
    store, name = context.sending_counter
    counter = store.reserve(name)
    control = SecurityControl(0, context.protection)
    information, tag = protect(
        octets, control=control, invocation_counter=counter, system_title=context.own_title,
        encryption_key=context.encryption_key, authentication_key=context.authentication_key,
    )  # fmt: skip
    return encode(GeneralGloCiphering(context.own_title, CipheredContent(control.octet, counter, information, tag)))


def test_a_ciphered_request_damaged_at_any_octet_reveals_nothing() -> None:
    of, context = guarded(meter_with_profile())
    octets = sealed(context, GET)
    for wrong in damaged(octets):
        if len(wrong) <= len(octets):
            for answer in replies(of, wrong):
                assert isinstance(answer, ExceptionResponse), wrong.hex()
    assert isinstance(ask(of, sealed(context, GET)), GlobalCiphering)


def test_a_forged_request_uses_up_no_counter() -> None:
    of, context = guarded(meter())
    octets = sealed(context, GET)
    for wrong in damaged(octets):
        if wrong[:1] == octets[:1] and len(wrong) <= len(octets):
            replies(of, wrong)
    assert isinstance(ask(of, octets), GlobalCiphering)


@pytest.mark.parametrize("name", BY_LOGICAL_NAME)
def test_a_damaged_request_under_a_right_tag(name: str) -> None:
    """A client with the key that sends nonsense is answered, and always under protection or by an exception."""
    of, context = guarded(meter_with_profile())
    for wrong in damaged(encode(BY_LOGICAL_NAME[name])):
        if not wrong or wrong[0] != encode(BY_LOGICAL_NAME[name])[0]:
            continue
        for answer in replies(of, sealed_octets(context, wrong)):
            assert isinstance(answer, (GeneralGloCiphering, ExceptionResponse)), wrong.hex()


def test_a_whole_session_played_again_opens_nothing() -> None:
    """Each of its requests by somebody who recorded them, in a session of his own on the same device."""
    device = meter_with_profile()
    recorded: list[bytes] = []
    of, context = guarded(device)
    recorded += [sealed(context, GET), sealed(context, SET)]
    for octets in recorded:
        ask(of, octets)
    device[CLOCK.time_zone] = 60
    again = session(device, GUARDED)
    for octets in recorded:
        assert isinstance(ask(again, octets), ExceptionResponse)
    opening = aarq(5, CTOS, context=3, user_information=decode(sealed(context, initiate())))
    assert ask(again, opening).result == AssociationResult.ACCEPTED
    for octets in (*recorded, recorded[0]):
        refused = ask(again, octets)
        assert refused.service_error == ExceptionServiceError.INVOCATION_COUNTER_ERROR
    assert ask(session(device, GUARDED), opening, 1000.0).result == AssociationResult.REJECTED_PERMANENT
    assert device[CLOCK.time_zone] == 60
