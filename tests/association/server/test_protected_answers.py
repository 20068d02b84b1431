"""How an answer is protected: as its request is, and as the rights want; what cannot be protected so is denied."""

from __future__ import annotations

import pytest
from tests.association.meter import (
    CLIENT_TITLE,
    ENERGY,
    EVERYTHING,
    KEYS,
    LONG,
    MANAGER,
    SERVER_TITLE,
    aarq,
    ask,
    attribute,
    client_context,
    guarded,
    initiate,
    meter,
    method,
    opened,
    sealed,
    session,
)

from dlms.apdu import decode
from dlms.apdu.action import ActionRequestNormal
from dlms.apdu.exception import ExceptionResponse
from dlms.apdu.get import GetRequestNext, GetRequestNormal
from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.session import ServerSession
from dlms.data import Integer
from dlms.enumerations import AttributeAccessV3, MethodAccessV3
from dlms.grammar import Message
from dlms.results import ActionResult, DataAccessResult
from dlms.security.context import SecurityContext
from dlms.security.keys import Key
from dlms.security.protection import Protection

A, E = Protection.AUTHENTICATED, Protection.ENCRYPTED
Rights = AttributeAccessV3
AUTHENTICATING = 7
READ_ENERGY = GetRequestNormal(0xC1, attribute(ENERGY.value))
READ_LONG = GetRequestNormal(0xC1, attribute(LONG.value))


def authenticating(device: LogicalDevice, size: int = 0xFFFF) -> tuple[ServerSession, SecurityContext]:
    """An association whose APDUs need no encryption, and the client's end of it."""
    device.serve(ServedClient(AUTHENTICATING, policy="authenticated", **KEYS, **EVERYTHING))
    of, context = session(device, AUTHENTICATING), client_context(protection=A)
    aare = ask(of, aarq(context=3, user_information=decode(sealed(context, initiate(size=size)))))
    context.unprotect(aare.user_information)
    return of, context


def asked(of: ServerSession, context: SecurityContext, request: Message, protection: Protection) -> tuple[int, Message]:
    """How the answer to a request that is protected so is protected, and the answer."""
    context.protection = protection
    answer = ask(of, sealed(context, request))
    context.protection = Protection.NONE
    return answer.ciphered_content.security_control, decode(context.unprotect(answer))


@pytest.mark.parametrize(("protection", "answered"), [(A, A), (A | E, A | E)])
def test_an_answer_is_protected_as_its_request_is(protection: Protection, answered: Protection) -> None:
    of, context = authenticating(meter())
    control, answer = asked(of, context, READ_ENERGY, protection)
    assert control == answered.value
    assert answer.result.value == 4711


@pytest.mark.parametrize("wanted", [Rights.ENCRYPTED_RESPONSE, Rights.AUTHENTICATED_RESPONSE])
def test_rights_that_want_a_protected_answer(wanted: AttributeAccessV3) -> None:
    device = meter()
    device.allow(ENERGY.value, Rights.READ | wanted)
    device.allow(ENERGY.reset, int(MethodAccessV3.ACCESS | MethodAccessV3(wanted)))
    invoke = ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(5))
    plain = opened(device)
    assert ask(plain, READ_ENERGY).result == DataAccessResult.READ_WRITE_DENIED
    assert ask(plain, invoke).single_response.result == ActionResult.READ_WRITE_DENIED
    of, context = authenticating(device)
    for request in (READ_ENERGY, invoke):
        control, _ = asked(of, context, request, A)
        assert control == (A | E if wanted == Rights.ENCRYPTED_RESPONSE else A).value
    assert asked(of, context, READ_LONG, A)[0] == A.value, "that of another is none of its"


def test_an_answer_that_nobody_can_authenticate_is_denied() -> None:
    """Its client has no authentication key."""
    device = meter()
    device.serve(ServedClient(9, policy="encrypted", encryption_key=KEYS["encryption_key"], **EVERYTHING))
    of, context = session(device, 9), client_context(protection=E, authentication_key=None)
    context.unprotect(ask(of, aarq(context=3, user_information=decode(sealed(context, initiate())))).user_information)
    device.allow(ENERGY.value, Rights.READ | Rights.AUTHENTICATED_RESPONSE)
    _, answer = asked(of, context, READ_ENERGY, E)
    assert answer.result == DataAccessResult.READ_WRITE_DENIED


def test_all_blocks_of_an_answer_are_protected_alike() -> None:
    device = meter()
    device.allow(LONG.value, Rights.READ | Rights.ENCRYPTED_RESPONSE)
    of, context = authenticating(device, size=300)
    control, block = asked(of, context, READ_LONG, A)
    controls = [control]
    while not block.result.last_block:
        control, block = asked(of, context, GetRequestNext(0xC1, block.result.block_number), A)
        controls.append(control)
    assert len(controls) > 2
    assert set(controls) == {(A | E).value}


@pytest.mark.parametrize("signed", [Rights.DIGITALLY_SIGNED_REQUEST, Rights.DIGITALLY_SIGNED_RESPONSE])
def test_what_wants_a_signature_is_denied(signed: AttributeAccessV3) -> None:
    """There is none in security suite 0."""
    device = meter()
    device.allow(ENERGY.value, Rights.READ | signed)
    of, context = guarded(device)
    answer = decode(context.unprotect(ask(of, sealed(context, READ_ENERGY))))
    assert answer.result == DataAccessResult.READ_WRITE_DENIED


def test_a_replay_under_a_dedicated_key_is_told_the_counter_of_that_key() -> None:
    device = meter()
    device.serve(ServedClient(8, policy="authenticated+encrypted", replay="per_association", **KEYS, **EVERYTHING))
    key = bytes(range(0x60, 0x70))
    of, context = session(device, 8), client_context()
    information = decode(sealed(context, initiate(dedicated_key=key)))
    context.unprotect(ask(of, aarq(context=3, user_information=information)).user_information)
    context.dedicated_key, context.use_dedicated = Key(key), True
    for number in range(3):
        octets = sealed(context, READ_ENERGY)
        context.unprotect(ask(of, octets))
        refused = ask(of, octets)
        assert isinstance(refused, ExceptionResponse)
        assert refused.invocation_counter == number + 1
    context.use_dedicated = False
    octets = sealed(context, READ_ENERGY)
    context.unprotect(ask(of, octets))
    assert ask(of, octets).invocation_counter == 102, "that of the global key"


def test_what_an_association_shows_of_itself_is_no_secret() -> None:
    of = session(meter(), MANAGER)
    ask(of, aarq())
    assert repr(of.association)
    of = session(device := meter(), 2)
    ask(of, aarq(1, (device.clients[2].password or b"")))
    shown = repr(of.association)
    assert "12345678" not in shown
    of, context = guarded(meter())
    shown = repr(of.association)
    for secret in (*KEYS.values(), context.encryption_key.reveal()):
        assert repr(secret) not in shown
    assert repr(SERVER_TITLE) in shown
    assert repr(CLIENT_TITLE) in shown
