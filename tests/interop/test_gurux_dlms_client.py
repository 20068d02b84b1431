"""gurux-dlms, the Python library, walks our server's object list and reads every attribute of every object."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.association.meter import AUTHENTICATION_KEY, ENCRYPTION_KEY, EVERYTHING, KEYS, NOW, PASSWORD, meter
from tests.interop.peers import unavailable
from tests.serving import serving

from dlms.server import ServedClient, Server

TITLE = "4D4D4D0000000001"
MECHANISMS = {"hls-md5": 5, "hls-sha1": 6, "hls-sha256": 4, "hls-gmac": 7}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    device = meter()
    for mechanism in ("hls-md5", "hls-sha1"):
        client = ServedClient(MECHANISMS[mechanism], authentication=mechanism, password=PASSWORD, **EVERYTHING)
        device.serve(client)
    device.serve(ServedClient(7, authentication="hls-gmac", replay="per_association", **KEYS, **EVERYTHING))
    device.serve(
        ServedClient(3, authentication="hls-gmac", policy="authenticated+encrypted", replay="per_association",
                     **KEYS, **EVERYTHING)
    )  # fmt: skip
    with serving(Server(device), "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0") as urls:
        yield {link: int(url.rpartition(":")[2]) for link, url in zip(("wrapper", "hdlc"), urls, strict=True)}


def walk(tmp_path: Path, **plan: Any) -> dict[str, Any]:
    """What gurux-dlms read, by class, name and attribute."""
    found = tmp_path / "found.json"
    script = Path(__file__).with_name("gurux_client.py")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(found)],
        input=json.dumps({"names": "ln", "authentication": "none", "client": 1, **plan}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-1500:]
    values: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return values


def check(found: dict[str, Any]) -> None:
    assert found["8/0.0.1.0.0.255:3"] == 60
    assert found["8/0.0.1.0.0.255:2"] == NOW.octets.hex().upper()
    assert found["3/1.0.1.8.0.255:2"] == 4711
    assert found["1/0.0.96.1.0.255:2"] == (bytes(range(256)) * 4).hex().upper()
    assert found["1/0.0.42.0.0.255:2"] == b"DLM0000000000001".hex().upper()


@pytest.mark.parametrize("size", [0xFFFF, 256])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_walks_without_security(ports: dict[str, int], tmp_path: Path, link: str, size: int) -> None:
    check(walk(tmp_path, link=link, port=ports[link], pdu_size=size))


@pytest.mark.parametrize("authentication", ["lls", "hls-md5", "hls-sha1", "hls-sha256", "hls-gmac"])
def test_walks_with_every_mechanism(ports: dict[str, int], tmp_path: Path, authentication: str) -> None:
    client = MECHANISMS.get(authentication, 2)
    plan: dict[str, Any] = {"password": PASSWORD.decode(), "system_title": TITLE}
    if authentication == "hls-gmac":
        plan |= {
            "encryption_key": ENCRYPTION_KEY.hex(), "authentication_key": AUTHENTICATION_KEY.hex(),
            "counter": 1, "ciphered": False,
        }  # fmt: skip
    check(walk(tmp_path, link="wrapper", port=ports["wrapper"], client=client, authentication=authentication, **plan))


@pytest.mark.parametrize("size", [0xFFFF, 256])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_walks_ciphered(ports: dict[str, int], tmp_path: Path, link: str, size: int) -> None:
    plan = {
        "encryption_key": ENCRYPTION_KEY.hex(), "authentication_key": AUTHENTICATION_KEY.hex(),
        "counter": 1, "ciphered": True, "system_title": TITLE, "pdu_size": size,
    }  # fmt: skip
    check(walk(tmp_path, link=link, port=ports[link], client=3, authentication="hls-gmac", **plan))


def test_walks_by_short_names(ports: dict[str, int], tmp_path: Path) -> None:
    check(walk(tmp_path, link="wrapper", port=ports["wrapper"], names="sn"))
