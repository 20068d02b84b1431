"""New keys, secrets and policies for a meter, as a client sends them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.association.meter import client_context
from tests.association.meter_in_memory import ALL, ScriptedMeter

from dlms.association.client import ClientAssociation
from dlms.association.key_transfer import activate_security, change_hls_secret, change_lls_secret, transfer_keys
from dlms.association.negotiated import Negotiated
from dlms.association.opening import Proposal
from dlms.cosem.classes import SecuritySetup, SecuritySetupV0
from dlms.data import Data, Enum, OctetString, loads
from dlms.enumerations import SecurityPolicyV1
from dlms.errors import ConfigurationError, ConnectionLost, DlmsError, MissingKey, ProtocolError
from dlms.results import ActionResult
from dlms.security import Key, MemoryCounterStore, Security
from dlms.security.counters import counter_name
from dlms.security.key_wrap import unwrap_key
from dlms.security.protection import Protection
from dlms.service_errors import OtherReason

TITLE = b"CLI\x00\x00\x00\x00\x01"
ENCRYPTION, AUTHENTICATION, MASTER = bytes(range(16)), bytes(range(0xD0, 0xE0)), bytes(range(0x50, 0x60))
NEW_ENCRYPTION, NEW_AUTHENTICATION, NEW_BROADCAST, NEW_MASTER = (bytes([n]) * 16 for n in (0xA1, 0xA2, 0xA3, 0xA4))
SETUP = "0.0.43.0.0.255"
TRANSFER, ACTIVATE = (64, SETUP, 2), (64, SETUP, 1)


def security(**changes: Any) -> Security:
    values: dict[str, Any] = {
        "policy": "authenticated+encrypted",
        "client_system_title": TITLE,
        "encryption_key": ENCRYPTION,
        "authentication_key": AUTHENTICATION,
        "master_key": MASTER,
        "counters": MemoryCounterStore(first=1000),
    }
    return Security(**values | changes)


def association(of: Security | None = None) -> ClientAssociation:
    """An open association; its APDUs go as they are, whatever the policy."""
    opened = ClientAssociation(Proposal(security=of or security()))
    opened._negotiated = Negotiated(ALL, 0xFFFF, False, 7, None, None)
    return opened


def meter(**methods: Any) -> ScriptedMeter:
    return ScriptedMeter({(64, SETUP, 2): Enum(0)}, {TRANSFER: lambda _: None, ACTIVATE: lambda _: None} | methods)


def test_every_key_is_wrapped_under_the_master_key() -> None:
    of = meter()
    before = security()
    renewed = of.run(
        transfer_keys(
            association(before),
            encryption_key=NEW_ENCRYPTION,
            authentication_key=NEW_AUTHENTICATION.hex(),
            broadcast_encryption_key=Key(NEW_BROADCAST),
            master_key=NEW_MASTER,
        )
    )
    ((key, argument),) = of.called
    assert key == TRANSFER
    unwrapped = {key_id: unwrap_key(Key(MASTER), wrapped).reveal() for key_id, wrapped in loads(argument or b"")}
    assert unwrapped == {0: NEW_ENCRYPTION, 1: NEW_BROADCAST, 2: NEW_AUTHENTICATION, 3: NEW_MASTER}
    assert (renewed.encryption_key, renewed.authentication_key, renewed.master_key) == (
        Key(NEW_ENCRYPTION), Key(NEW_AUTHENTICATION), Key(NEW_MASTER),
    )  # fmt: skip
    assert (renewed.policy, renewed.client_system_title, renewed.counters) == (
        before.policy, before.client_system_title, before.counters,
    )  # fmt: skip
    assert before.encryption_key == Key(ENCRYPTION)


def test_keys_that_are_not_given_stay() -> None:
    renewed = meter().run(transfer_keys(association(), authentication_key=NEW_AUTHENTICATION))
    assert (renewed.encryption_key, renewed.master_key) == (Key(ENCRYPTION), Key(MASTER))


def test_the_counter_of_a_new_key_begins_anew() -> None:
    before = security(counters=MemoryCounterStore())
    store = before.counters
    store.advance_to(counter_name(TITLE, Key(ENCRYPTION)), 4711)
    renewed = meter().run(transfer_keys(association(before), encryption_key=NEW_ENCRYPTION))
    assert renewed.counters is store
    assert store.next_value(counter_name(TITLE, Key(NEW_ENCRYPTION))) == 0
    assert store.next_value(counter_name(TITLE, Key(ENCRYPTION))) == 4711


@pytest.mark.parametrize("at_once", [False, True])
def test_which_keys_the_association_goes_on_with(at_once: bool) -> None:
    before = security()
    opened = association(before)
    context = client_context(own_title=TITLE, protection=Protection.NONE, encryption_key=Key(ENCRYPTION))
    opened.negotiated.security = context
    renewed = meter().run(transfer_keys(opened, encryption_key=NEW_ENCRYPTION, at_once=at_once))
    assert opened.proposal.security is renewed  # for the next association, whatever this one goes on with
    expected = Key(NEW_ENCRYPTION if at_once else ENCRYPTION)
    assert context.encryption_key == expected
    assert context.authentication_key == Key(AUTHENTICATION)
    assert context.sending_counter[1] == counter_name(TITLE, expected)


def test_a_plain_association_has_no_keys_to_go_on_with() -> None:
    renewed = meter().run(transfer_keys(association(), encryption_key=NEW_ENCRYPTION, at_once=True))
    assert renewed.encryption_key == Key(NEW_ENCRYPTION)


def test_version_0_has_the_method_under_its_old_name() -> None:
    of = meter()
    setup = SecuritySetupV0(SETUP)
    of.run(transfer_keys(association(), encryption_key=NEW_ENCRYPTION, setup=setup))
    assert [key for key, _ in of.called] == [TRANSFER]
    with pytest.raises(ConfigurationError, match="version 0"):
        of.run(transfer_keys(association(), master_key=NEW_MASTER, setup=setup))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"encryption_key": ENCRYPTION},
        {"authentication_key": ENCRYPTION},
        {"encryption_key": MASTER},
        {"encryption_key": NEW_ENCRYPTION, "authentication_key": NEW_ENCRYPTION},
        {"encryption_key": bytes(32)},
        {"encryption_key": bytes(15)},
        {"encryption_key": "not hexadecimal"},
    ],
)
def test_keys_that_cannot_be(keys: dict[str, Any]) -> None:
    of = meter()
    with pytest.raises(ConfigurationError):
        of.run(transfer_keys(association(), **keys))
    assert of.called == []


def test_without_a_master_key() -> None:
    with pytest.raises(MissingKey):
        meter().run(transfer_keys(association(security(master_key=None)), encryption_key=NEW_ENCRYPTION))


def test_a_meter_that_refuses() -> None:
    of = ScriptedMeter(methods={TRANSFER: lambda _: ActionResult.OTHER_REASON})
    with pytest.raises(OtherReason):
        of.run(transfer_keys(association(), encryption_key=NEW_ENCRYPTION))


def test_a_lost_answer_leaves_it_unknown_and_says_so() -> None:
    def lost(_: bytes | None) -> Data:
        raise ConnectionLost("the wire is cut")

    of = ScriptedMeter(methods={TRANSFER: lost})
    with pytest.raises(ConnectionLost) as caught:
        of.run(transfer_keys(association(), encryption_key=NEW_ENCRYPTION))
    assert "not known" in caught.value.__notes__[0]


def test_no_key_shows(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    renewed = meter().run(transfer_keys(association(), encryption_key=NEW_ENCRYPTION))
    shown += [repr(renewed), str(renewed), repr(association(renewed).proposal)]
    for keys in ({"encryption_key": NEW_ENCRYPTION + b"\x00"}, {"encryption_key": ENCRYPTION}):
        with pytest.raises(DlmsError) as caught:
            meter().run(transfer_keys(association(), **keys))
        shown += [repr(caught.value), str(caught.value)]
    text = " ".join([*shown, caplog.text]).lower()
    for secret in (NEW_ENCRYPTION, ENCRYPTION, AUTHENTICATION, MASTER):
        assert secret.hex() not in text
        assert repr(secret).lower() not in text


# ---- policy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "version_0", "version_1"),
    [("authenticated", 1, 0x24), ("encrypted", 2, 0x48), ("authenticated+encrypted", 3, 0x6C)],
)
def test_a_policy_is_raised(policy: str, version_0: int, version_1: int) -> None:
    for setup, number in ((SecuritySetupV0(SETUP), version_0), (SecuritySetup(SETUP), version_1)):
        of = meter()
        raised = of.run(activate_security(association(security(policy="none", **HLS)), policy, setup=setup))
        assert of.called == [(ACTIVATE, bytes((22, number)))]
        assert raised.policy.value == Security(policy=policy, **KEYS).policy.value


HLS: dict[str, Any] = {"authentication": "hls-gmac"}
KEYS: dict[str, Any] = {
    "client_system_title": TITLE, "encryption_key": ENCRYPTION, "authentication_key": AUTHENTICATION,
}  # fmt: skip


def test_a_policy_is_never_lowered() -> None:
    of = meter()
    of.attributes[64, SETUP, 2] = Enum(int(SecurityPolicyV1.ENCRYPTED_REQUEST))
    with pytest.raises(ConfigurationError, match="never lowered"):
        of.run(activate_security(association(), "authenticated"))
    assert of.called == []


def test_a_policy_without_keys_for_it() -> None:
    of = meter()
    with pytest.raises(ConfigurationError):
        of.run(activate_security(association(Security()), "encrypted"))
    assert of.requests == []


def test_a_policy_that_is_none() -> None:
    of = meter()
    of.attributes[64, SETUP, 2] = OctetString(b"?")
    with pytest.raises(ProtocolError):
        of.run(activate_security(association(), "encrypted"))


# ---- secrets --------------------------------------------------------------------------------------------------------


def test_a_password_is_changed() -> None:
    key = (15, "0.0.40.0.0.255", 7)
    of = ScriptedMeter({key: OctetString(b"")})
    opened = association(Security("lls", password="old secret"))
    changed = of.run(change_lls_secret(opened, "new secret"))
    assert of.written == [(key, b"\x09\x0anew secret")]
    assert changed.password == b"new secret"
    assert opened.proposal.security is changed
    assert "secret" not in repr(changed)


def test_the_secret_of_hls_travels_encrypted_only() -> None:
    method = (15, "0.0.40.0.0.255", 2)
    of = ScriptedMeter(methods={method: lambda _: None})
    with pytest.raises(ConfigurationError, match="in clear"):
        of.run(change_hls_secret(association(Security("hls-sha1", password="old secret")), b"new secret"))
    assert of.called == []


@pytest.mark.parametrize(
    ("change", "of"),
    [
        (change_lls_secret, Security()),
        (change_lls_secret, Security("hls-md5", password="old secret")),
        (change_hls_secret, Security("lls", password="old secret")),
        (change_hls_secret, Security("hls-gmac", **KEYS)),
    ],
)
def test_mechanisms_without_that_secret(change: Any, of: Security) -> None:
    with pytest.raises(ConfigurationError, match="no such secret"):
        ScriptedMeter().run(change(association(of), b"new secret"))


def test_a_secret_that_is_no_ascii_does_not_show() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ScriptedMeter().run(change_lls_secret(association(Security("lls", password="old")), "gehe\u00efm"))
    assert "gehe" not in str(caught.value)
