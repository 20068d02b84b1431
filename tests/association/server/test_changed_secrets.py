"""A client changes its own password or secret at our server: where it may, what holds from when, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.association.meter import answers, session
from tests.association.scripted import Wire

from dlms.association.client import ClientAssociation
from dlms.association.key_transfer import change_hls_secret, change_lls_secret
from dlms.association.opening import Proposal
from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import AssociationLN, AssociationSNV2
from dlms.enumerations import AttributeAccessV3
from dlms.errors import AssociationRejected, DlmsError
from dlms.security import MemoryCounterStore, Security
from dlms.service_errors import OtherReason, ReadWriteDenied, ServiceError

CLIENT_TITLE, SERVER_TITLE = b"CLI\x00\x00\x00\x00\x01", b"SRV\x00\x00\x00\x00\x01"
KEYS: dict[str, Any] = {"encryption_key": bytes([1]) * 16, "authentication_key": bytes([2]) * 16}
LOW, DIGEST = 2, 3
OLD = "old secret"
ASSOCIATION = AssociationLN("0.0.40.0.0.255")


class Meter:
    """A client with a password, one with a secret under ciphering; `kept` is what the device was told to keep."""

    def __init__(self, *, version: int = 3, changes: bool = True) -> None:
        ours: dict[str, Any] = {"password": OLD, "association_version": version, **KEYS}
        self.device = LogicalDevice(
            "DLM0000000000001",
            system_title=SERVER_TITLE,
            clients=[ServedClient(LOW, authentication="lls", **ours), ServedClient(DIGEST, **DIGESTS, **ours)],
        )
        self.kept: list[ServedClient] = []
        self.counters = MemoryCounterStore()
        if changes:
            for sap in (LOW, DIGEST):
                self.device.on_secret(sap, self.kept.append)

    def security(self, sap: int, password: bytes | str = OLD) -> Security:
        if sap == LOW:
            return Security("lls", password=password)
        return Security(
            "hls-sha256", password=password, policy="authenticated+encrypted", client_system_title=CLIENT_TITLE,
            counters=self.counters, **KEYS,
        )  # fmt: skip

    def opened(self, sap: int, security: Security, *, short_names: bool = False) -> tuple[ClientAssociation, Wire]:
        of = session(self.device, sap)
        wire = Wire(lambda octets: answers(of.respond(octets, 0.0)))
        association = ClientAssociation(Proposal(security=security, short_names=short_names))
        wire.run(association.open())
        return association, wire

    def refuses(self, sap: int, security: Security) -> bool:
        try:
            self.opened(sap, security)
        except DlmsError:
            return True
        return False


DIGESTS: dict[str, Any] = {"authentication": "hls-sha256"}
CHANGES: dict[int, Any] = {LOW: change_lls_secret, DIGEST: change_hls_secret}


@pytest.mark.parametrize("short_names", [False, True], ids=["ln", "sn"])
@pytest.mark.parametrize("version", [0, 3])
@pytest.mark.parametrize("sap", [LOW, DIGEST], ids=["lls", "hls"])
def test_a_new_secret_holds_from_the_next_association_on(sap: int, version: int, short_names: bool) -> None:
    meter = Meter(version=version)
    association, wire = meter.opened(sap, meter.security(sap), short_names=short_names)
    renewed = wire.run(CHANGES[sap](association, "new secret"))
    assert [(client.sap, client.password) for client in meter.kept] == [(sap, b"new secret")]
    wire.run(association.release())
    assert meter.refuses(sap, meter.security(sap))
    meter.opened(sap, renewed, short_names=short_names)


@pytest.mark.parametrize("short_names", [False, True], ids=["ln", "sn"])
@pytest.mark.parametrize("sap", [LOW, DIGEST], ids=["lls", "hls"])
def test_no_secret_changes_where_the_device_does_not_let_it(sap: int, short_names: bool) -> None:
    meter = Meter(changes=False)
    association, wire = meter.opened(sap, meter.security(sap), short_names=short_names)
    with pytest.raises(ServiceError):
        wire.run(CHANGES[sap](association, "new secret"))
    meter.opened(sap, meter.security(sap))


@pytest.mark.parametrize("sap", [LOW, DIGEST], ids=["lls", "hls"])
def test_what_cannot_be_kept_does_not_change(sap: int) -> None:
    meter = Meter()

    def full(_: ServedClient) -> None:
        raise OSError("no room")

    meter.device.on_secret(sap, full)
    association, wire = meter.opened(sap, meter.security(sap))
    with pytest.raises(OtherReason):
        wire.run(CHANGES[sap](association, "new secret"))
    meter.opened(sap, meter.security(sap))


def test_an_empty_secret_is_none() -> None:
    meter = Meter()
    association, wire = meter.opened(LOW, meter.security(LOW))
    with pytest.raises(OtherReason):
        wire.run(association.set(ASSOCIATION.secret, b""))
    assert meter.device.clients[LOW].password == b"old secret"


@pytest.mark.parametrize("short_names", [False, True], ids=["ln", "sn"])
def test_a_secret_of_hls_is_not_taken_in_clear(short_names: bool) -> None:
    meter = Meter()
    security = Security("hls-sha256", password=OLD, client_system_title=CLIENT_TITLE)
    association, wire = meter.opened(DIGEST, security, short_names=short_names)
    of = AssociationSNV2("0.0.40.0.0.255") if short_names else ASSOCIATION
    with pytest.raises(ReadWriteDenied):
        wire.run(association.call(of.change_hls_secret, b"new secret"))
    assert not meter.kept


def test_the_object_list_says_that_the_secret_is_written_and_not_read() -> None:
    meter = Meter()
    association, wire = meter.opened(LOW, meter.security(LOW))
    listed = wire.run(association.get(ASSOCIATION.object_list))
    own = next(of for of in listed if of.class_id == AssociationLN.class_id)
    rights = {item.attribute_id: item.access_mode for item in own.access_rights.attribute_access}
    assert rights[7] == AttributeAccessV3.WRITE
    with pytest.raises(ReadWriteDenied):
        wire.run(association.get(ASSOCIATION.secret))
    wire.run(association.release())
    with pytest.raises(AssociationRejected):
        meter.opened(LOW, meter.security(LOW, "another"))
