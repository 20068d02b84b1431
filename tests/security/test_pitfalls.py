"""What goes wrong in implementations of this security, once for each way: none of it here."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.association.meter import (
    AUTHENTICATION_KEY,
    CLIENT_TITLE,
    ENCRYPTION_KEY,
    ENERGY,
    GUARDED,
    READER,
    SERVER_TITLE,
    aarq,
    ask,
    attribute,
    client_context,
    initiate,
    meter,
    sealed,
    session,
)
from tests.association.scripted import Wire

from dlms.apdu import decode, encode
from dlms.apdu.acse import Aare
from dlms.apdu.ciphering import GlobalCiphering
from dlms.apdu.exception import ExceptionResponse
from dlms.apdu.get import GetRequestNormal
from dlms.association.client import ClientAssociation
from dlms.association.effects import Random
from dlms.association.opening import Proposal
from dlms.association.server.clients import ServedClient
from dlms.errors import (
    AuthenticationFailed,
    ConfigurationError,
    DecodeError,
    DlmsError,
    Downgrade,
    ReplayDetected,
    SecurityError,
    TagMismatch,
)
from dlms.results import AcseServiceUserDiagnostic, ExceptionServiceError
from dlms.security import Key, MemoryCounterStore, ReplayRule, Security, SqliteCounterStore
from dlms.security.context import SecurityContext
from dlms.security.counters import CounterStore, ReceivedCounter, counter_name
from dlms.security.protection import Protection, Seal, SecurityControl

CIPHERED = 5
REQUEST = GetRequestNormal(0xC1, attribute(ENERGY.value))
STRICT = ReplayRule()
ENCRYPTED, AUTHENTICATED = Protection.ENCRYPTED, Protection.AUTHENTICATED


def served(**changes: Any) -> Any:
    """A device with a client that ciphers without HLS."""
    device = meter()
    values: dict[str, Any] = {"policy": "authenticated+encrypted", "encryption_key": ENCRYPTION_KEY,
                              "authentication_key": AUTHENTICATION_KEY}  # fmt: skip
    device.serve(ServedClient(CIPHERED, **values | changes))
    return device


def associated(device: Any, context: SecurityContext) -> Any:
    of = session(device, CIPHERED)
    aare = ask(of, aarq(context=3, user_information=decode(sealed(context, initiate()))))
    assert isinstance(aare, Aare)
    assert aare.user_information is not None
    return of


def meter_context(**changes: Any) -> SecurityContext:
    """The other end of `client_context`, for octets that a meter would send."""
    return client_context(own_title=SERVER_TITLE, peer_title=CLIENT_TITLE, **changes)


# ---- replay ---------------------------------------------------------------------------------------------------------


def test_a_recorded_request_is_refused_in_an_association_that_is_open_besides() -> None:
    device, context = served(), client_context(replay=STRICT)
    first, second = associated(device, context), associated(device, context)
    recorded = sealed(context, REQUEST)
    assert isinstance(ask(first, recorded), GlobalCiphering)
    refused = ask(second, recorded)
    assert isinstance(refused, ExceptionResponse)
    assert refused.service_error is ExceptionServiceError.INVOCATION_COUNTER_ERROR
    assert isinstance(ask(second, sealed(context, REQUEST)), GlobalCiphering)


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[CounterStore, CounterStore]]:
    """What two associations keep their counters in: the same store, or two of one file."""
    if request.param == "memory":
        memory = MemoryCounterStore()
        yield memory, memory
        return
    path = tmp_path / "counters.sqlite"
    with SqliteCounterStore(path) as one, SqliteCounterStore(path) as two:
        yield one, two


def test_of_two_who_received_the_same_one_takes_it(stores: tuple[CounterStore, CounterStore]) -> None:
    one, two = stores
    first, second = ReceivedCounter(STRICT, one, "meter"), ReceivedCounter(STRICT, two, "meter")
    first.accept(5)
    with pytest.raises(ReplayDetected):
        second.accept(5)
    assert second.last == 5
    second.accept(6)
    with pytest.raises(ReplayDetected):
        first.accept(6)
    assert not two.put_received("meter", 6)
    assert one.put_received("meter", 7)


def test_a_refused_apdu_does_not_count() -> None:
    store = MemoryCounterStore()
    client = client_context(replay=STRICT, counters=store)
    meter_side = meter_context()
    good = decode(sealed(meter_side, REQUEST))
    assert isinstance(good, GlobalCiphering)
    content = good.ciphered_content
    forged = dataclasses.replace(good, ciphered_content=dataclasses.replace(content, invocation_counter=1_000_000))
    with pytest.raises(TagMismatch):
        client.unprotect(forged)
    assert client.unprotect(good) == encode(REQUEST)


def test_without_a_tag_made_up_octets_do_not_count() -> None:
    """Else one forged APDU with the last counter would shut the client out for the life of the key."""
    client = client_context(replay=STRICT, protection=ENCRYPTED, authentication_key=None)
    meter_side = meter_context(protection=ENCRYPTED, authentication_key=None)
    for number in range(50):
        good = decode(sealed(meter_side, REQUEST))
        assert isinstance(good, GlobalCiphering)
        made_up = dataclasses.replace(good.ciphered_content, invocation_counter=0xFFFF_FF00 + number)
        with pytest.raises(SecurityError):
            client.unprotect(dataclasses.replace(good, ciphered_content=made_up))
        assert client.unprotect(good) == encode(REQUEST)


# ---- nonces ---------------------------------------------------------------------------------------------------------


def test_a_counter_goes_on_over_associations() -> None:
    device, context = served(), client_context(replay=STRICT)
    seen: set[bytes] = set()
    for _ in range(3):
        of = associated(device, context)
        for _ in range(3):
            answer = ask(of, sealed(context, REQUEST))
            nonce = answer.ciphered_content.invocation_counter
            assert nonce not in seen
            seen.add(nonce)
    assert len(seen) == 9


def test_every_key_and_title_has_a_counter_of_its_own() -> None:
    dedicated = Key(bytes([7]) * 16)
    context = client_context(dedicated_key=dedicated)
    context.use_dedicated = True
    store, name = context.sending_counter
    store.reserve(name, 10)
    context.use_dedicated = False
    assert context.sending_counter[0].next_value(context.sending_counter[1]) == 100
    names = {counter_name(title, key) for title in (CLIENT_TITLE, SERVER_TITLE)
             for key in (Key(ENCRYPTION_KEY), dedicated, Key(bytes([8]) * 16))}  # fmt: skip
    assert len(names) == 6


def test_the_last_counter_is_never_used_and_never_taken() -> None:
    store = MemoryCounterStore()
    store.advance_to("key", 0xFFFF_FFFF)
    with pytest.raises(DlmsError, match="used up"):
        store.reserve("key")
    with pytest.raises(ReplayDetected):
        ReceivedCounter(STRICT, store, "key").accept(0xFFFF_FFFF)


def test_nobody_has_the_system_title_of_the_other() -> None:
    """Both would make their nonces of one title under one key, and an APDU could be sent back to who made it."""
    device = served()
    context = client_context(own_title=SERVER_TITLE)
    refused = ask(
        session(device, CIPHERED),
        aarq(context=3, calling_ap_title=SERVER_TITLE, user_information=decode(sealed(context, initiate()))),
    )
    assert refused.result_source_diagnostic is AcseServiceUserDiagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED

    def with_our_title(octets: bytes) -> list[bytes]:
        asked = decode(octets)
        return [encode(Aare(application_context_name=asked.application_context_name, result=0,
                            result_source_diagnostic=AcseServiceUserDiagnostic.NULL, responding_ap_title=CLIENT_TITLE,
                            user_information=asked.user_information))]  # fmt: skip

    security = Security(
        policy="authenticated+encrypted", client_system_title=CLIENT_TITLE, encryption_key=ENCRYPTION_KEY,
        authentication_key=AUTHENTICATION_KEY,
    )  # fmt: skip
    with pytest.raises(AuthenticationFailed, match="our own system title"):
        Wire(with_our_title).run(ClientAssociation(Proposal(security=security)).open())


# ---- tags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 4, 8, 11, 13, 16])
def test_a_tag_has_twelve_octets(length: int) -> None:
    seal = Seal(
        SecurityControl(0, ENCRYPTED | AUTHENTICATED), CLIENT_TITLE, Key(ENCRYPTION_KEY), Key(AUTHENTICATION_KEY)
    )
    sealed_octets, tag = seal.protect(b"plaintext", 1)
    with pytest.raises(DecodeError):
        seal.unprotect(sealed_octets, (tag + bytes(4))[:length], 1)


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: Any, two: Any) -> bool:
        compared.append((one, two))
        return bool(one == two)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    context = client_context(replay=STRICT)
    device = served()
    assert isinstance(ask(associated(device, context), sealed(context, REQUEST)), GlobalCiphering)
    tags = [pair for pair in compared if len(pair[1]) == 12]
    assert len(tags) == 2  # of the AARQ and the request
    ask(session(device, READER), aarq(1, b"a wrong one"))
    assert (b"a wrong one", b"12345678") in compared


# ---- randomness -----------------------------------------------------------------------------------------------------


def test_no_randomness_no_association() -> None:
    def fail(count: int) -> bytes:
        raise OSError("no entropy")

    of = session(meter(), GUARDED)
    of._random = fail
    initiated = decode(sealed(client_context(), initiate()))
    assert not isinstance(ask(of, aarq(5, bytes(16), context=3, user_information=initiated)), Aare)
    assert of.association is None
    keys: dict[str, Any] = {"encryption_key": ENCRYPTION_KEY, "authentication_key": AUTHENTICATION_KEY}
    opening = ClientAssociation(
        Proposal(security=Security("hls-gmac", client_system_title=CLIENT_TITLE, **keys))
    ).open()
    assert next(opening) == Random(16)
    with pytest.raises(OSError, match="no entropy"):
        opening.throw(OSError("no entropy"))


@pytest.mark.parametrize("length", [0, 7, 65])
def test_challenges_are_not_short(length: int) -> None:
    with pytest.raises(ConfigurationError):
        Security("hls-md5", password="secret", challenge_length=length)
    with pytest.raises(ConfigurationError):
        ServedClient(1, authentication="hls-md5", password="secret", challenge_length=length)
    assert Security("hls-md5", password="secret").challenge_length == 16


# ---- downgrades -----------------------------------------------------------------------------------------------------


def test_a_response_that_is_not_protected_is_refused() -> None:
    nothing = decode(bytes((0xC8, 1 + len(encode(REQUEST)), 0)) + encode(REQUEST))
    with pytest.raises(Downgrade):
        client_context(replay=STRICT).unprotect(nothing)


@pytest.mark.parametrize("less", [ENCRYPTED, AUTHENTICATED])
def test_a_response_that_is_less_protected_is_refused(less: Protection) -> None:
    client = client_context(replay=STRICT)
    meter_side = meter_context(protection=less)
    with pytest.raises(Downgrade):
        client.unprotect(decode(sealed(meter_side, REQUEST)))


@pytest.mark.parametrize("flag", [Protection.BROADCAST_KEY, Protection.COMPRESSED])
def test_flags_that_nobody_asked_for_are_refused(flag: Protection) -> None:
    client = client_context(replay=STRICT)
    good = decode(sealed(meter_context(), REQUEST))
    assert isinstance(good, GlobalCiphering)
    content = good.ciphered_content
    flagged = dataclasses.replace(content, security_control=content.security_control | flag.value)
    with pytest.raises((SecurityError, DecodeError)):
        client.unprotect(dataclasses.replace(good, ciphered_content=flagged))
    assert client.unprotect(good) == encode(REQUEST)


@pytest.mark.parametrize("suite", [1, 2, 15])
def test_another_suite_is_refused(suite: int) -> None:
    client = client_context(replay=STRICT)
    good = decode(sealed(meter_context(), REQUEST))
    content = dataclasses.replace(good.ciphered_content, security_control=0x30 | suite)
    with pytest.raises(SecurityError, match="suite"):
        client.unprotect(dataclasses.replace(good, ciphered_content=content))


# ---- what shows -----------------------------------------------------------------------------------------------------


def test_no_secret_shows_in_any_object() -> None:
    secrets = {
        "password": b"the password",
        "encryption_key": bytes([0xE5]) * 16,
        "authentication_key": bytes([0xA7]) * 16,
    }
    security = Security("lls", policy="authenticated+encrypted", client_system_title=CLIENT_TITLE, **secrets)
    client = ServedClient(1, authentication="lls", policy="authenticated+encrypted", **secrets)
    context = client_context(
        encryption_key=Key(secrets["encryption_key"]), dedicated_key=Key(secrets["authentication_key"])
    )
    shown = " ".join(map(repr, (security, client, context, Proposal(security=security), security.encryption_key)))
    for secret in secrets.values():
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown.lower()
        assert str(list(secret)) not in shown
