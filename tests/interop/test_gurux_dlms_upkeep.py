"""gurux-dlms, the Python library, renews the firmware, the keys and the policy of our server."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.interop.peers import unavailable
from tests.serving import serving

import dlms
from dlms.device.image_transfer import LiveImageTransfer, TransferredImage
from dlms.device.security_setup import LiveSecuritySetup
from dlms.enumerations import MethodAccessV3
from dlms.security import Key, Policy
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server

TITLE = "4D4D4D0000000001"
KEYS: dict[str, Any] = {
    "encryption_key": bytes(range(16)).hex(), "authentication_key": bytes(range(0xD0, 0xE0)).hex(),
    "master_key": bytes(range(0x50, 0x60)).hex(),
}  # fmt: skip
SECRETS: dict[int, dict[str, Any]] = {
    2: {"authentication": "lls", "password": "old secret"},
    3: {"authentication": "hls-sha256", "password": "old secret", "policy": "encrypted", "replay": "per_association"},
}
"""Clients that may change their own."""
NEW: dict[str, Any] = {"encryption_key": "A1" * 16, "authentication_key": "A2" * 16}
IMAGE = bytes(range(256)) * 3 + b"the end"


class Meter:
    """A device that keeps the image it was given, and whose one client is under a security setup."""

    def __init__(self) -> None:
        self.running = b""
        rights: dict[str, Any] = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
        client = ServedClient(
            1, authentication="hls-gmac", policy="encrypted", replay="per_association", **KEYS, **rights
        )
        clients = [client, *(ServedClient(sap, **SECRETS[sap], **KEYS) for sap in SECRETS)]
        self.device = LogicalDevice("DLM0000000000001", system_title=b"DLM\0\0\0\0\x01", clients=clients)
        self.kept: dict[int, bytes | None] = {}
        for sap in SECRETS:
            self.device.on_secret(sap, self.keep)
        self.device.install(
            LiveImageTransfer(self.device, verify=lambda image: None, activate=self.activate, block_size=100)
        )
        self.device.install(LiveSecuritySetup(self.device, [1]))
        self.port = 0

    def activate(self, image: TransferredImage) -> None:
        self.running = image.octets

    def keep(self, client: ServedClient) -> None:
        self.kept[client.sap] = client.password

    def client(self, tmp_path: Path, **plan: Any) -> dict[str, Any]:
        """What gurux-dlms saw."""
        found = tmp_path / "found.json"
        script = Path(__file__).with_name("gurux_upkeep_client.py")
        common = {
            "link": "wrapper", "names": "ln", "client": 1, "authentication": "hls-gmac", "ciphered": True, "counter": 1,
            "system_title": TITLE, "port": self.port, **KEYS,
        }  # fmt: skip
        run = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), str(found)],
            input=json.dumps(common | plan), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr[-1500:]
        seen: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return seen


@pytest.fixture
def meter() -> Iterator[Meter]:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    of = Meter()
    with serving(Server(of.device), "tcp://127.0.0.1:0") as (url,):
        of.port = int(url.rpartition(":")[2])
        yield of


def test_an_image_in_any_order(meter: Meter, tmp_path: Path) -> None:
    order = [0, 1, 7, 3, 2, 4, 6, 5]
    seen = meter.client(tmp_path, do="firmware", image=IMAGE.hex(), identifier="FW-2", order=order)
    assert (seen["enabled"], seen["blocks"], seen["verified"], seen["status"]) == (True, 8, 3, 6)
    assert seen["seen"]["7"] == ["11000001", 2]
    assert seen["seen"]["5"] == ["11111111", 8]
    assert seen["images"] == [[len(IMAGE), b"FW-2".hex().upper(), ""]]
    assert meter.running == IMAGE


def test_keys_that_hold_from_the_next_association_on(meter: Meter, tmp_path: Path) -> None:
    new = {f"new_{name}": key for name, key in NEW.items()}
    seen = meter.client(tmp_path, do="keys", **new)
    assert seen == {"error": "", "title": b"DLM\0\0\0\0\x01".hex().upper(), "policy": 0x48}
    assert meter.device.clients[1].encryption_key == Key(NEW["encryption_key"])
    again = meter.client(tmp_path, do="policy", policy=0x6C, **NEW)
    assert again == {"policy": 0x6C}
    assert meter.device.clients[1].policy is Policy.AUTHENTICATED_ENCRYPTED
    security = dlms.Security(
        "hls-gmac", policy="authenticated+encrypted", client_system_title=TITLE, replay="per_association", **NEW
    )
    with dlms.connect(f"tcp://127.0.0.1:{meter.port}?client=1", security=security) as ours:
        assert ours.objects()


def test_keys_under_another_master_key(meter: Meter, tmp_path: Path) -> None:
    new = {f"new_{name}": key for name, key in NEW.items()}
    seen = meter.client(tmp_path, do="keys", **new | {"master_key": "00" * 16})
    assert "error" in seen["error"]
    assert meter.device.clients[1].encryption_key == Key(KEYS["encryption_key"])


@pytest.mark.parametrize("sap", SECRETS)
def test_a_secret_of_the_client_s_own(meter: Meter, tmp_path: Path, sap: int) -> None:
    of = {"client": sap, "authentication": SECRETS[sap]["authentication"], "do": "secret"}
    of["ciphered"] = "policy" in SECRETS[sap]
    seen = meter.client(tmp_path, **of, password="old secret", new_secret=b"new secret".hex())
    assert seen == {"name": b"DLM0000000000001".hex().upper()}
    assert meter.kept == {sap: b"new secret"}
    assert "name" in meter.client(tmp_path, **of, password="new secret", new_secret=b"third secret".hex())
    with pytest.raises(AssertionError):
        meter.client(tmp_path, **of, password="new secret", new_secret=b"none".hex())
