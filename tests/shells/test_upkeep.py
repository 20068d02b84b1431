"""Firmware and keys of a meter of ours renewed by both clients, over sockets: lost links, a meter that starts anew."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import pytest
from tests.serving import serving
from tests.shells.proxy import Direction, Proxy

import dlms
from dlms.association.firmware import Activation, FirmwareUpdate
from dlms.cosem.classes import ImageTransfer, SecuritySetup
from dlms.device.image_transfer import LiveImageTransfer, TransferredImage
from dlms.device.security_setup import LiveSecuritySetup
from dlms.enumerations import ImageTransferStatus, MethodAccessV3
from dlms.errors import AssociationRejected, LinkError, TransportError
from dlms.security import Key, Security
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server
from dlms.shell import Deadlines
from dlms.shell.policy import Retries

TITLE, METER_TITLE = "4D4D4D0000000001", b"DLM\0\0\0\0\x01"
KEYS: dict[str, Any] = {
    "encryption_key": bytes([1]) * 16, "authentication_key": bytes([2]) * 16, "master_key": bytes([3]) * 16,
}  # fmt: skip
NEW: dict[str, Any] = {"encryption_key": bytes([0xA1]) * 16, "authentication_key": bytes([0xA2]) * 16}
IMAGE = bytes(range(256)) * 8 + b"the end"
BLOCKS = 21
TRANSFER = ImageTransfer("0.0.44.0.0.255")
SETUP = SecuritySetup("0.0.43.0.0.255")
LIMITS = Deadlines(link=2, response=2, release=0.5)


class Meter:
    """A served device; verification takes a while, and `restarts` cuts every connection when it activates."""

    def __init__(self) -> None:
        self.running = b""
        self.restarts: Proxy | None = None
        client = ServedClient(
            1, authentication="hls-gmac", policy="encrypted", attributes=READ_AND_WRITE, methods=MethodAccessV3.ACCESS,
            **KEYS,
        )  # fmt: skip
        self.device = LogicalDevice("DLM0000000000001", system_title=METER_TITLE, clients=[client])
        self.image = self.device.install(
            LiveImageTransfer(self.device, verify=self.verify, activate=self.activate, block_size=100)
        )
        self.device.install(LiveSecuritySetup(self.device, [1]))
        self.port = 0

    async def verify(self, image: TransferredImage) -> None:
        await asyncio.sleep(0.1)

    def activate(self, image: TransferredImage) -> None:
        self.running = image.octets
        if self.restarts is not None:
            self.restarts.cut()


@pytest.fixture
def meter() -> Iterator[Meter]:
    of = Meter()
    with serving(Server(of.device), "tcp://127.0.0.1:0") as (url,):
        of.port = int(url.rpartition(":")[2])
        yield of


def security(**changes: Any) -> Security:
    values: dict[str, Any] = {"policy": "authenticated+encrypted", "client_system_title": TITLE, **KEYS, **changes}
    return Security("hls-gmac", **values)


def connect(port: int, of: Security, **options: Any) -> dlms.client.Meter:
    return dlms.connect(f"tcp://127.0.0.1:{port}?client=1", security=of, deadlines=LIMITS, **options)


@pytest.mark.parametrize("shell", ["threads", "asyncio"])
def test_an_image_from_a_file(meter: Meter, shell: str) -> None:
    seen: list[int] = []

    async def updated() -> FirmwareUpdate:
        url = f"tcp://127.0.0.1:{meter.port}?client=1"
        async with dlms.aio.connect(url, security=security(), on_progress=lambda done, _: seen.append(done)) as opened:
            return await opened.update_firmware(io.BytesIO(IMAGE), "FW-2", poll_interval=0.05)

    if shell == "asyncio":
        update = asyncio.run(updated())
    else:
        with connect(meter.port, security(), on_progress=lambda done, _: seen.append(done)) as opened:
            update = opened.update_firmware(io.BytesIO(IMAGE), "FW-2", poll_interval=0.05)
    assert (update.activation, update.blocks_sent, update.blocks) == (Activation.SUCCESSFUL, BLOCKS, BLOCKS)
    assert meter.running == IMAGE
    assert seen == list(range(1, BLOCKS + 1))


class Cutting(Proxy):
    """A wire that is cut once the client has sent so many octets, one time only, or when it is told to."""

    after: int | None = None

    def cut(self) -> None:
        for open_socket in self._sockets:
            open_socket.close()

    def harmed(self, direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        if direction == "up" and self.after is not None and offset > self.after:
            self.after = None
            return [None]
        return [octets]


@pytest.fixture
def wire(meter: Meter) -> Iterator[Cutting]:
    cutting = Cutting(("127.0.0.1", meter.port))
    cutting.harm = cutting.harmed
    with cutting:
        yield cutting


def test_a_lost_link_in_the_middle(meter: Meter, wire: Cutting) -> None:
    of = security()
    wire.after = 1500
    with connect(wire.port, of) as opened, pytest.raises((TransportError, LinkError)):
        opened.update_firmware(IMAGE, "FW-2")
    assert meter.running == b""
    with connect(wire.port, of) as opened:
        got = opened.get(TRANSFER.image_transferred_blocks_status).count("1")
        assert 0 < got < BLOCKS
        update = opened.update_firmware(IMAGE, "FW-2", resume=True, poll_interval=0.05)
    assert (update.activation, update.blocks_sent) == (Activation.SUCCESSFUL, BLOCKS - got)
    assert meter.running == IMAGE


def test_a_lost_link_is_gone_over_where_that_is_allowed(meter: Meter, wire: Cutting) -> None:
    wire.after = 1500
    with connect(wire.port, security(), retries=Retries(pause=0.05)) as opened:
        update = opened.update_firmware(IMAGE, "FW-2", poll_interval=0.05, repeat_safe=True)
    assert update.activation is Activation.SUCCESSFUL
    assert wire.after is None
    assert BLOCKS <= update.blocks_sent <= BLOCKS + 1
    assert meter.running == IMAGE


def test_a_meter_that_starts_anew_with_its_firmware(meter: Meter, wire: Cutting) -> None:
    meter.restarts = wire
    of = security()
    with connect(wire.port, of) as opened:
        assert opened.update_firmware(IMAGE, "FW-2", poll_interval=0.05).activation is Activation.UNKNOWN
    assert meter.running == IMAGE
    with connect(meter.port, of) as opened:
        assert opened.get(TRANSFER.image_transfer_status) is ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL


@pytest.mark.parametrize("shell", ["threads", "asyncio"])
def test_new_keys_and_a_policy(meter: Meter, shell: str) -> None:
    of = security(policy="encrypted")

    async def renewed() -> Security:
        async with dlms.aio.connect(f"tcp://127.0.0.1:{meter.port}?client=1", security=of) as opened:
            await opened.transfer_keys(**NEW)
            return await opened.activate_security("authenticated+encrypted")

    if shell == "asyncio":
        after = asyncio.run(renewed())
    else:
        with connect(meter.port, of) as opened:
            opened.transfer_keys(**NEW)
            after = opened.activate_security("authenticated+encrypted")
    assert (after.encryption_key, after.master_key) == (Key(NEW["encryption_key"]), Key(KEYS["master_key"]))
    with connect(meter.port, after) as opened:
        assert opened.get(SETUP.server_system_title) == METER_TITLE
    with pytest.raises(AssociationRejected):
        connect(meter.port, of).close()


def test_a_link_that_is_lost_after_new_keys_is_set_up_with_them(meter: Meter, wire: Cutting) -> None:
    with connect(wire.port, security(), retries=Retries(pause=0.05)) as opened:
        opened.transfer_keys(**NEW)
        wire.cut()
        assert opened.get(SETUP.server_system_title) == METER_TITLE
    with pytest.raises(AssociationRejected):
        connect(meter.port, security()).close()
