"""dlms-cosem, another Python library (25.1), reads, writes and acts on our server; each session is a process.

What dlms-cosem does of its own accord, seen here: ciphered services go in general-glo-ciphering and the release in
glo-initiate; it takes no first invocation counter of 0; its challenge for mechanism 2 is the secret itself; blocks are
asked for always, lists are counted and not read further.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB  # the peer's own way of mechanism 2
from tests.association.meter import AUTHENTICATION_KEY, ENCRYPTION_KEY, EVERYTHING, KEYS, NOW, PASSWORD
from tests.association.requests import ROWS, meter_with_profile
from tests.interop.every_class import every_class, expected
from tests.interop.peers import unavailable
from tests.serving import serving

from dlms.data import OctetString, dumps, loads
from dlms.datetime import CosemDateTime
from dlms.security.counters import MemoryCounterStore
from dlms.server import ServedClient, Server

START = 1_700_000_000
SECRET = "0123456789ABCDEF"
CLOCK, ENERGY, LONG, PROFILE = "0.0.1.0.0.255", "1.0.1.8.0.255", "0.0.96.1.0.255", "1.0.99.1.0.255"
KEYS_IN_HEX = {
    "encryption_key": ENCRYPTION_KEY.hex(), "authentication_key": AUTHENTICATION_KEY.hex(),
    "system_title": "4D4D4D0000000001", "counter": 1,
}  # fmt: skip
SESSIONS: dict[str, dict[str, Any]] = {
    "none": {"client": 1},
    "lls": {"client": 2, "password": PASSWORD.decode()},
    "hls-2": {"client": 5, "password": SECRET},
    "hls-gmac": {"client": 3, **KEYS_IN_HEX},
}
LINKS = ["wrapper", "hdlc"]


def by_aes(challenge: bytes, secret: bytes) -> bytes:
    encryptor = Cipher(AES128(secret), ECB()).encryptor()  # noqa: S305  # the peer's own way of mechanism 2
    return encryptor.update(challenge) + encryptor.finalize()


@contextmanager
def served() -> Iterator[dict[str, int]]:
    """The port of each link of a server with one client for each mechanism."""
    if importlib.util.find_spec("dlms_cosem") is None:
        unavailable("dlms-cosem is not installed")
    device = meter_with_profile()
    device.counters = MemoryCounterStore(first=1)
    device.serve(ServedClient(3, authentication="hls-gmac", policy="authenticated+encrypted",
                              replay="per_association", **KEYS, **EVERYTHING))  # fmt: skip
    device.serve(ServedClient(5, authentication="hls-2", password=SECRET, manufacturer_reply=by_aes, **EVERYTHING))
    with serving(Server(device), "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0") as urls:
        yield {link: int(url.rpartition(":")[2]) for link, url in zip(LINKS, urls, strict=True)}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    with served() as ports_of_links:
        yield ports_of_links


def run(tmp_path: Path, steps: list[Any], **plan: Any) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("dlms_cosem_client.py")
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path / "found.json")],
        input=json.dumps({"authentication": "none", "steps": steps, **plan}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def answers(tmp_path: Path, steps: list[Any], **plan: Any) -> list[str]:
    """What dlms-cosem got for each step."""
    done = run(tmp_path, steps, **plan)
    assert done.returncode == 0, done.stderr[-1500:]
    found: list[str] = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("size", [0xFFFF, 200])
@pytest.mark.parametrize("authentication", SESSIONS)
@pytest.mark.parametrize("link", LINKS)
def test_reads_writes_and_acts(
    ports: dict[str, int], tmp_path: Path, link: str, authentication: str, size: int
) -> None:
    steps = [
        ["get", 8, CLOCK, 2],
        ["get", 1, LONG, 2],
        ["get", 3, "9.9.9.9.9.9", 2],
        ["set", 8, CLOCK, 3, "10ff88"],
        ["get", 8, CLOCK, 3],
        ["set", 8, CLOCK, 3, "10003c"],
        ["set", 8, CLOCK, 3, "1101"],
        ["set", 8, CLOCK, 2, "1101"],
        ["call", 3, ENERGY, 1, "0f05"],
        ["call", 3, ENERGY, 9, "0f05"],
        ["list", [8, CLOCK, 2], [8, CLOCK, 3]],
    ]
    plan = {"link": link, "port": ports[link], "authentication": authentication, "pdu_size": size}
    assert answers(tmp_path, steps, **plan, **SESSIONS[authentication]) == [
        dumps(OctetString(NOW.octets)).hex(),
        dumps(OctetString(bytes(range(256)) * 4)).hex(),
        "Could not perform GET request: <DataAccessResult.OBJECT_UNDEFINED: 4>",
        "SUCCESS",
        "10ff88",
        "SUCCESS",
        "TYPE_UNMATCHED",
        "READ_WRITE_DENIED",
        "0f05",
        "Unsuccessful ActionRequest: OBJECT_UNDEFINED",
        "GetResponseWithList",
    ]


@pytest.mark.parametrize("authentication", ["none", "hls-gmac"])
@pytest.mark.parametrize("link", LINKS)
def test_a_profile_whole_and_by_range(ports: dict[str, int], tmp_path: Path, link: str, authentication: str) -> None:
    def row(number: int) -> tuple[bytes, int]:
        return CosemDateTime.from_epoch_milliseconds(1000 * (START + 900 * number)).octets, number

    steps = [
        ["get", 7, PROFILE, 2],
        ["range", 7, PROFILE, 2, START + 9000, START + 10_800],
        ["range", 7, PROFILE, 2, START - 9000, START - 900],
    ]
    plan = {"link": link, "port": ports[link], "authentication": authentication, "pdu_size": 256}
    found = answers(tmp_path, steps, **plan, **SESSIONS[authentication])
    whole, some, none = (loads(bytes.fromhex(octets)) for octets in found)
    assert whole == [row(number) for number in range(ROWS)]
    assert some == [row(10), row(11), row(12)]
    assert none == []


def test_wrong_secrets_open_nothing(tmp_path: Path) -> None:
    keys = {**SESSIONS["hls-gmac"], "authentication_key": bytes(16).hex()}
    with served() as ports:
        for authentication, secret, diagnostic in (
            ("lls", {"client": 2, "password": "wrong"}, "AUTHENTICATION_FAILED"),
            ("lls", {"client": 16, "password": "12345678"}, "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNIZED"),
            ("hls-gmac", keys, "AUTHENTICATION_FAILED"),
        ):
            plan = {"link": "wrapper", "port": ports["wrapper"], "authentication": authentication}
            refused = run(tmp_path, [], **plan, **secret)
            assert "REJECTED_PERMANENT" in refused.stderr
            assert diagnostic in refused.stderr
        refused = run(tmp_path, [], link="wrapper", port=ports["wrapper"], **SESSIONS["hls-2"] | {"password": "x" * 16},
                      authentication="hls-2")  # fmt: skip
        assert "HLSError" in refused.stderr


def test_every_attribute_of_every_class(tmp_path: Path) -> None:
    """As dlms-cosem takes it from the wire: the octets of each Data, whether it knows the class or not."""
    device = every_class([ServedClient(16)])
    values = expected(device)
    steps = []
    for name in values:
        class_id, _, rest = name.partition("/")
        logical_name, _, attribute_id = rest.rpartition(":")
        steps.append(["get", int(class_id), logical_name, int(attribute_id)])
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,):
        port = int(url.rpartition(":")[2])
        found = answers(tmp_path, steps, link="wrapper", port=port, client=16)
    assert dict(zip(values, found, strict=True)) == {name: octets.hex() for name, octets in values.items()}
