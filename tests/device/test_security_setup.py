"""Security setup of a device, with our own client on the other end: keys and policy changed, and what is refused."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.association.meter import answers, session
from tests.association.scripted import Wire

from dlms.apdu import decode, encode
from dlms.apdu.ciphering import CipheredContent, GloGetRequest, GloGetResponse
from dlms.apdu.exception import ExceptionResponse
from dlms.association.client import ClientAssociation
from dlms.association.key_transfer import activate_security, transfer_keys
from dlms.association.opening import Proposal
from dlms.association.server.clients import READ_AND_WRITE, ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import AssociationLNV1, Data, SecuritySetup, SecuritySetupV0
from dlms.cosem.classes.access_control import KeyTransferData
from dlms.cosem.references import MethodRef
from dlms.device.security_setup import LiveSecuritySetup, Setup
from dlms.enumerations import KeyId, MethodAccessV3, SecurityPolicyV0, SecurityPolicyV1, SecuritySuite
from dlms.errors import AssociationRejected, ConfigurationError, DlmsError, SecurityError
from dlms.results import ExceptionServiceError
from dlms.security import Key, MemoryCounterStore, Policy, Security
from dlms.security.counters import counter_name
from dlms.security.key_wrap import wrap_key
from dlms.security.protection import Seal, SecurityControl
from dlms.service_errors import ExceptionResponseReceived, ObjectUnavailable, OtherReason, ServiceError, TypeUnmatched

CLIENT_TITLE, SERVER_TITLE = b"CLI\x00\x00\x00\x00\x01", b"SRV\x00\x00\x00\x00\x01"
ENCRYPTION, AUTHENTICATION, MASTER = (Key(bytes([n]) * 16) for n in (1, 2, 3))
NEW_ENCRYPTION, NEW_AUTHENTICATION, NEW_BROADCAST, NEW_MASTER = (Key(bytes([n]) * 16) for n in (0xA1, 0xA2, 0xA3, 0xA4))
SETUP, SETUP_V0 = SecuritySetup("0.0.43.0.1.255"), SecuritySetupV0("0.0.43.0.1.255")
COUNTER = Data("0.0.43.1.1.255").value
MANAGER, READER, PUBLIC = 1, 2, 16
KEYS: dict[str, Any] = {
    "encryption_key": ENCRYPTION, "authentication_key": AUTHENTICATION, "master_key": MASTER,
}  # fmt: skip


class Meter:
    """A device with a security setup of two clients, and a public one."""

    def __init__(
        self, setup: Setup = SETUP, policy: str = "encrypted", *, new_keys_at_once: bool = False, **options: Any
    ) -> None:
        rights: dict[str, Any] = {
            "attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS, "new_keys_at_once": new_keys_at_once,
        }  # fmt: skip
        self.device = LogicalDevice(
            "DLM0000000000001",
            system_title=SERVER_TITLE,
            clients=[
                ServedClient(MANAGER, policy=policy, **KEYS, **rights),
                ServedClient(READER, authentication="hls-gmac", policy=policy, **KEYS),
                ServedClient(PUBLIC),
            ],
        )
        self.part = self.device.install(LiveSecuritySetup(self.device, [MANAGER, READER], setup, **options))
        self.counters = MemoryCounterStore()

    def security(self, **changes: Any) -> Security:
        values: dict[str, Any] = {
            "policy": "authenticated+encrypted", "client_system_title": CLIENT_TITLE, "counters": self.counters, **KEYS,
        }  # fmt: skip
        return Security(**values | changes)

    def connect(self, security: Security | None = None, sap: int = MANAGER) -> tuple[ClientAssociation, Wire]:
        """A client that is associated, and its wire."""
        of = session(self.device, sap)
        wire = Wire(lambda octets: answers(of.respond(octets, 0.0)))
        association = ClientAssociation(Proposal(security=security or self.security()))
        wire.run(association.open())
        return association, wire

    def works_with(self, security: Security, sap: int = MANAGER) -> bool:
        try:
            association, wire = self.connect(security, sap)
            wire.run(association.get(SETUP.security_suite))
        except (AssociationRejected, SecurityError):
            return False
        return True


def wrapped(keys: dict[int, Key], master: Key = MASTER) -> list[KeyTransferData]:
    return [KeyTransferData(KeyId(key_id), wrap_key(master, key)) for key_id, key in keys.items()]


# ---- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setup", [SETUP, SETUP_V0], ids=["v1", "v0"])
def test_new_keys_hold_from_the_next_association_on(setup: Setup) -> None:
    meter = Meter(setup)
    association, wire = meter.connect()
    renewed = wire.run(
        transfer_keys(association, encryption_key=NEW_ENCRYPTION, authentication_key=NEW_AUTHENTICATION, setup=setup)
    )
    assert wire.run(association.get(setup.server_system_title)) == SERVER_TITLE  # still under the old keys
    wire.run(association.release())
    assert not meter.works_with(meter.security())
    assert meter.works_with(renewed)
    assert meter.works_with(renewed.with_changes(authentication="hls-gmac"), READER)


def test_the_association_adopts_what_it_will_be_opened_with_again() -> None:
    meter = Meter()
    association, wire = meter.connect()
    wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP))
    wire.run(association.release())
    wire.run(association.open())
    assert wire.run(association.get(SETUP.security_suite)) is SecuritySuite.AES_GCM_128


def test_new_keys_hold_at_once_where_both_know_it() -> None:
    meter = Meter(new_keys_at_once=True)
    association, wire = meter.connect()
    renewed = wire.run(
        transfer_keys(
            association, encryption_key=NEW_ENCRYPTION, authentication_key=NEW_AUTHENTICATION, setup=SETUP, at_once=True
        )
    )
    assert wire.run(association.get(SETUP.security_suite)) is SecuritySuite.AES_GCM_128
    assert wire.run(association.get(COUNTER)) == 1  # of the new key: the request before and this one
    wire.run(association.release())
    assert meter.works_with(renewed)


def test_a_client_that_does_not_know_it_is_not_understood() -> None:
    meter = Meter(new_keys_at_once=True)
    association, wire = meter.connect()
    wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP))
    with pytest.raises(ExceptionResponseReceived) as caught:
        wire.run(association.get(SETUP.security_suite))
    assert caught.value.service_error == ExceptionServiceError.DECIPHERING_ERROR


def test_counters_of_new_keys_begin_anew_and_old_ones_stay() -> None:
    meter = Meter()
    meter.counters.advance_to(counter_name(CLIENT_TITLE, ENCRYPTION), 5000)
    association, wire = meter.connect()
    renewed = wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP))
    assert wire.run(association.get(COUNTER)) == 0  # of the new key, which nobody has used
    wire.run(association.release())
    association, wire = meter.connect(renewed)
    assert wire.run(association.get(COUNTER)) == 1  # that of this request, after the AARQ's 0
    assert meter.counters.next_value(counter_name(CLIENT_TITLE, ENCRYPTION)) > 5000


def test_the_master_key_and_the_broadcast_key() -> None:
    meter = Meter()
    association, wire = meter.connect()
    renewed = wire.run(
        transfer_keys(association, master_key=NEW_MASTER, broadcast_encryption_key=NEW_BROADCAST, setup=SETUP)
    )
    assert meter.part.broadcast_encryption_key == NEW_BROADCAST
    association, wire = meter.connect(renewed)
    wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP))
    association, wire = meter.connect(renewed.with_changes(encryption_key=NEW_ENCRYPTION, master_key=MASTER))
    with pytest.raises(OtherReason):
        wire.run(transfer_keys(association, authentication_key=NEW_AUTHENTICATION, setup=SETUP))


@pytest.mark.parametrize("control", [0x30, 0x70], ids=["unicast", "broadcast"])
@pytest.mark.parametrize("key", [ENCRYPTION, NEW_BROADCAST], ids=["encryption", "broadcast"])
def test_nothing_is_taken_under_the_broadcast_key(control: int, key: Key) -> None:
    meter = Meter()
    association, wire = meter.connect()
    wire.run(transfer_keys(association, broadcast_encryption_key=NEW_BROADCAST, setup=SETUP))
    of = session(meter.device, MANAGER)
    connected = ClientAssociation(Proposal(security=meter.security()))
    Wire(lambda octets: answers(of.respond(octets, 0.0))).run(connected.open())
    seal = Seal(SecurityControl.of(control), CLIENT_TITLE, key, AUTHENTICATION)
    plain = bytes.fromhex("C001C1 0040 00002B0001FF 03 00")
    content = CipheredContent(control, 1000, *seal.protect(plain, 1000))
    (answer,) = answers(of.respond(encode(GloGetRequest(content)), 0.0))
    taken = (control, key) == (0x30, ENCRYPTION)
    assert isinstance(decode(answer), GloGetResponse if taken else ExceptionResponse)


ALTERED = wrap_key(MASTER, NEW_ENCRYPTION)[:-1] + b"\x00"


@pytest.mark.parametrize(
    "argument",
    [
        wrapped({0: NEW_ENCRYPTION}, NEW_MASTER),
        wrapped({2: NEW_AUTHENTICATION}) + wrapped({0: NEW_ENCRYPTION}, NEW_MASTER),
        [KeyTransferData(KeyId(0), ALTERED)],
        [KeyTransferData(KeyId(0), b"")],
        [KeyTransferData(KeyId(0), bytes(16))],
        [KeyTransferData(KeyId(0), wrap_key(Key(bytes(32)), Key(bytes(32))))],
        wrapped({0: NEW_ENCRYPTION}) * 2,
        wrapped({4: NEW_ENCRYPTION}),
        wrapped({0: NEW_ENCRYPTION, 200: NEW_BROADCAST}),
        [],
    ],
)
def test_what_is_no_set_of_keys_changes_nothing(argument: list[KeyTransferData]) -> None:
    meter = Meter()
    association, wire = meter.connect()
    with pytest.raises(OtherReason):
        wire.run(association.call(SETUP.key_transfer, argument))
    assert meter.works_with(meter.security())
    assert meter.part.broadcast_encryption_key is None
    assert meter.device.clients[MANAGER].authentication_key == AUTHENTICATION


def test_version_0_takes_no_master_key() -> None:
    meter = Meter(SETUP_V0)
    association, wire = meter.connect()
    with pytest.raises(OtherReason):
        wire.run(association.call(SETUP_V0.global_key_transfer, wrapped({3: NEW_MASTER})))
    assert meter.device.clients[MANAGER].master_key == MASTER


def test_without_a_master_key_no_key_is_taken() -> None:
    device = LogicalDevice(
        "DLM0000000000001", system_title=SERVER_TITLE,
        clients=[ServedClient(MANAGER, methods=MethodAccessV3.ACCESS, **KEYS | {"master_key": None})],
    )  # fmt: skip
    meter = Meter()
    meter.device = device
    meter.part = LiveSecuritySetup(device, [MANAGER], SETUP)
    association, wire = meter.connect()
    with pytest.raises(OtherReason):
        wire.run(association.call(SETUP.key_transfer, wrapped({0: NEW_ENCRYPTION})))


def test_no_argument() -> None:
    association, wire = Meter().connect()
    for method in (SETUP.key_transfer, SETUP.security_activate):
        with pytest.raises(TypeUnmatched):
            wire.run(association.call(MethodRef(method.class_id, method.logical_name, method.method_id)))


def test_a_recorded_transfer_does_not_bring_old_keys_back() -> None:
    meter = Meter(new_keys_at_once=True)
    association, wire = meter.connect()
    wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP, at_once=True))
    recorded = wire.sent[-1]
    back = Key(bytes([0xB1]) * 16)
    wire.run(transfer_keys(association, encryption_key=back, setup=SETUP, at_once=True))
    (answer,) = wire._answer(recorded)
    assert isinstance(decode(answer), ExceptionResponse)
    assert meter.device.clients[MANAGER].encryption_key == back


def test_a_recorded_transfer_is_a_replay_under_the_same_key() -> None:
    meter = Meter()
    association, wire = meter.connect()
    wire.run(transfer_keys(association, authentication_key=NEW_AUTHENTICATION, setup=SETUP))
    (answer,) = wire._answer(wire.sent[-1])
    decoded = decode(answer)
    assert isinstance(decoded, ExceptionResponse)
    assert decoded.service_error is ExceptionServiceError.INVOCATION_COUNTER_ERROR


def test_keys_are_put_away_before_they_hold() -> None:
    kept: list[ServedClient] = []
    meter = Meter(changed=kept.append)
    assert kept == []
    association, wire = meter.connect()
    wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP))
    assert [(client.sap, client.encryption_key) for client in kept] == [
        (MANAGER, NEW_ENCRYPTION), (READER, NEW_ENCRYPTION),
    ]  # fmt: skip


def test_keys_that_cannot_be_put_away_do_not_hold() -> None:
    def full(_: ServedClient) -> None:
        raise OSError("no room")

    meter = Meter(changed=full)
    association, wire = meter.connect()
    with pytest.raises(OtherReason):
        wire.run(transfer_keys(association, encryption_key=NEW_ENCRYPTION, setup=SETUP))
    assert meter.works_with(meter.security())


def test_no_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    meter = Meter()
    association, wire = meter.connect()
    for argument in (wrapped({0: NEW_ENCRYPTION}, NEW_MASTER), wrapped({0: NEW_ENCRYPTION})):
        try:
            wire.run(association.call(SETUP.key_transfer, argument))
        except ServiceError:
            continue
    assert "key_transfer" in caplog.text
    for key in (NEW_ENCRYPTION, NEW_MASTER, MASTER, ENCRYPTION):
        assert key.reveal().hex() not in caplog.text.lower()
        assert key.reveal().hex() not in repr(meter.device.clients[MANAGER]).lower()


# ---- policy ---------------------------------------------------------------------------------------------------------


def test_a_raised_policy_is_asked_of_later_associations() -> None:
    meter = Meter(policy="none")
    assert meter.works_with(Security())
    association, wire = meter.connect()
    assert wire.run(association.get(SETUP.security_policy)) == SecurityPolicyV1(0)
    raised = wire.run(activate_security(association, "authenticated+encrypted", setup=SETUP))
    assert wire.run(association.get(SETUP.security_policy)) == SecurityPolicyV1(0x6C)
    assert not meter.works_with(Security())
    assert not meter.works_with(meter.security(policy="encrypted"))
    assert not meter.works_with(meter.security(policy="authenticated"))
    assert meter.works_with(raised)
    assert raised.policy is Policy.AUTHENTICATED_ENCRYPTED


def test_version_0_of_the_policy() -> None:
    meter = Meter(SETUP_V0, policy="authenticated")
    association, wire = meter.connect()
    assert wire.run(association.get(SETUP_V0.security_policy)) is SecurityPolicyV0.ALL_MESSAGES_AUTHENTICATED
    wire.run(association.call(SETUP_V0.security_activate, SecurityPolicyV0(3)))
    assert meter.device.clients[READER].policy is Policy.AUTHENTICATED_ENCRYPTED


@pytest.mark.parametrize("policy", [0, 0x04, 0x20, 0x24, 0x10 | 0x48, 0x80 | 0x48, 0x01 | 0x48])
def test_policies_that_are_no_raise(policy: int) -> None:
    meter = Meter()  # encrypted both ways
    association, wire = meter.connect()
    with pytest.raises(OtherReason):
        wire.run(association.call(SETUP.security_activate, SecurityPolicyV1(policy)))
    assert wire.run(association.get(SETUP.security_policy)) == SecurityPolicyV1(0x48)
    assert meter.device.clients[MANAGER].policy is Policy.ENCRYPTED


def test_a_policy_of_one_direction_holds_for_both() -> None:
    meter = Meter(policy="none")
    association, wire = meter.connect()
    wire.run(association.call(SETUP.security_activate, SecurityPolicyV1.AUTHENTICATED_REQUEST))
    assert wire.run(association.get(SETUP.security_policy)) == SecurityPolicyV1.AUTHENTICATED_REQUEST
    assert meter.device.clients[MANAGER].policy is Policy.AUTHENTICATED


# ---- attributes -----------------------------------------------------------------------------------------------------


def test_what_the_setup_says() -> None:
    meter = Meter()
    assert meter.part.setup is SETUP
    association, wire = meter.connect()
    assert wire.run(association.get(SETUP.security_suite)) is SecuritySuite.AES_GCM_128
    assert wire.run(association.get(SETUP.server_system_title)) == SERVER_TITLE
    assert wire.run(association.get(SETUP.client_system_title)) == CLIENT_TITLE
    assert wire.run(association.get(SETUP.certificates)) == []
    assert wire.run(association.get(AssociationLNV1("0.0.40.0.0.255").security_setup_reference)) == SETUP.logical_name
    with pytest.raises(ObjectUnavailable):
        wire.run(association.call(SETUP.import_certificate, b""))


def test_the_public_client_reads_the_counter_of_the_others() -> None:
    meter = Meter()
    public, wire = meter.connect(Security(), PUBLIC)
    assert wire.run(public.get(COUNTER)) == 0
    meter.connect(meter.security(counters=MemoryCounterStore(first=4711)))
    assert wire.run(public.get(COUNTER)) == 4711


def test_who_is_not_let_in_is_not_counted() -> None:
    meter = Meter()
    public, wire = meter.connect(Security(), PUBLIC)
    stranger = meter.security(encryption_key=NEW_ENCRYPTION, client_system_title=b"STRANGER")
    assert not meter.works_with(stranger)
    assert wire.run(public.get(COUNTER)) == 0
    assert wire.run(public.get(SETUP.client_system_title)) == b""


# ---- what cannot be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clients", [[], [5], [MANAGER, PUBLIC]])
def test_clients_that_share_no_setup(clients: list[int]) -> None:
    meter = Meter()
    with pytest.raises(ConfigurationError):
        LiveSecuritySetup(meter.device, clients, SecuritySetup("0.0.43.0.2.255"))


def test_a_device_without_a_system_title() -> None:
    with pytest.raises(DlmsError, match="system_title"):
        LiveSecuritySetup(LogicalDevice("DLM0000000000001", clients=[ServedClient(PUBLIC)]), [PUBLIC])
