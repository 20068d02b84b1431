"""Firmware and keys of a Gurux server (its Java port) renewed by our client, over real sockets.

The server's own Image transfer keeps blocks and their status; what it leaves to its user, verification and activation,
the peer does so that they take a while. New keys hold there from the next association on.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.association.firmware import Activation
from dlms.client import Meter
from dlms.cosem.classes import AssociationLN, ImageTransfer, SecuritySetup
from dlms.enumerations import ImageTransferStatus
from dlms.errors import DlmsError
from dlms.security import Key, Security
from dlms.shell import Deadlines

TITLE = "4D4D4D0000000001"
OLD: dict[str, Any] = {
    "encryption_key": bytes(range(16)), "authentication_key": bytes(range(0xD0, 0xE0)),
    "master_key": bytes(range(0x50, 0x60)),
}  # fmt: skip
NEW = {name: bytes([0xA0 + number]) * 16 for number, name in enumerate(OLD)}
IMAGE = bytes(range(256)) * 10 + b"the end"
BLOCKS = 26
TRANSFER = ImageTransfer("0.0.44.0.0.255")
SETUP = SecuritySetup("0.0.43.0.0.255")
LIMITS = Deadlines(link=5, response=5, release=2)


def security(**keys: Any) -> Security:
    """The server's counters begin anew with every connection."""
    values: dict[str, Any] = {"policy": "authenticated+encrypted", "replay": "per_association", **OLD, **keys}
    return Security("hls-gmac", client_system_title=TITLE, **values)


def connect(serve: Serve, of: Security, *what: str, **options: Any) -> Meter:
    """A server process of its own for each of `what`: what is changed there stays changed."""
    server = serve("gurux", "wrapper", "ln", "1024", "1", *what)
    return dlms.connect(f"tcp://127.0.0.1:{server.port}?client=1", security=of, deadlines=LIMITS, **options)


class Enough(Exception):
    """Somebody stops in the middle."""


def test_an_image_is_transferred_verified_and_activated(serve: Serve) -> None:
    seen: list[tuple[int, int | None]] = []
    with connect(serve, security(), "image", on_progress=lambda *progress: seen.append(progress)) as meter:
        update = meter.update_firmware(IMAGE, "GURUX-2", poll_interval=0.05, patience=3)
        assert meter.get(TRANSFER.image_transfer_status) is ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL
    assert (update.activation, update.blocks_sent, update.blocks) == (Activation.SUCCESSFUL, BLOCKS, BLOCKS)
    assert [(info.image_to_activate_identification, info.image_to_activate_size) for info in update.images] == [
        (b"GURUX-2", len(IMAGE))
    ]
    assert seen == [(number, BLOCKS) for number in range(1, BLOCKS + 1)]


def test_a_transfer_that_was_cut_off_is_gone_on_with(serve: Serve) -> None:
    def stop(done: int, _: int | None) -> None:
        if done == 10:
            raise Enough

    with connect(serve, security(), "cut", on_progress=stop) as meter, pytest.raises(Enough):
        meter.update_firmware(IMAGE, "GURUX-2", patience=3)
    with connect(serve, security(), "cut") as meter:
        assert meter.get(TRANSFER.image_transferred_blocks_status) == "1" * 10 + "0" * 16
        update = meter.update_firmware(IMAGE, "GURUX-2", resume=True, activate=False, poll_interval=0.05, patience=3)
    assert (update.activation, update.blocks_sent) == (Activation.NOT_ASKED, BLOCKS - 10)


def test_new_keys_hold_from_the_next_association_on(serve: Serve) -> None:
    with connect(serve, security(), "keys") as meter:
        renewed = meter.transfer_keys(**NEW)
        assert meter.get(SETUP.security_suite) == 0
    assert (renewed.encryption_key, renewed.master_key) == (Key(NEW["encryption_key"]), Key(NEW["master_key"]))
    with connect(serve, renewed, "keys") as meter:
        assert meter.get(SETUP.server_system_title) == b"GRX\0\0\0\0\x01"
        back = meter.transfer_keys(**OLD)
    with connect(serve, back, "keys") as meter:
        assert meter.get(SETUP.security_suite) == 0
    with pytest.raises(DlmsError):
        connect(serve, renewed, "keys").close()


def test_keys_under_another_master_key_change_nothing(serve: Serve) -> None:
    with connect(serve, security(master_key=bytes(16)), "refused") as meter, pytest.raises(DlmsError):
        meter.transfer_keys(encryption_key=NEW["encryption_key"])
    with connect(serve, security(), "refused") as meter:
        assert meter.get(SETUP.security_suite) == 0


def test_a_password_is_changed(serve: Serve) -> None:
    server = serve("gurux", "wrapper", "ln", "1024", "1")
    lls = Security("lls", password="Gurux")
    with dlms.connect(f"tcp://127.0.0.1:{server.port}?client=17", security=lls, deadlines=LIMITS) as meter:
        assert meter.change_lls_secret("another").password == b"another"
        assert meter.get(AssociationLN("0.0.40.0.0.255").secret) == b"another"


@pytest.mark.parametrize(("secret", "holds"), [("another", True), ("Gurux", False)])
def test_a_secret_is_changed_and_holds_from_the_next_association_on(serve: Serve, secret: str, holds: bool) -> None:
    server = serve("gurux", "wrapper", "ln", "1024", "1")
    digest = security().with_changes(authentication="hls-md5", password="Gurux")
    with dlms.connect(f"tcp://127.0.0.1:{server.port}?client=35", security=digest, deadlines=LIMITS) as meter:
        again = meter.change_hls_secret("another").with_changes(password=secret)
        if holds:
            meter.reassociate(35, again)
            assert meter.get(SETUP.security_suite) == 0
        else:
            with pytest.raises(DlmsError):
                meter.reassociate(35, again)
