"""gurux-dlms, the Python library, walks our server's object list, reads every attribute of every object, writes, acts.

What gurux-dlms does of its own accord, seen here: it leaves the envelope of ciphering out when it counts how long its
requests may be; once it may send general blocks, its own code fails at the second one, so that none are proposed.
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
from tests.association.meter import (
    AUTHENTICATION_KEY,
    ENCRYPTION_KEY,
    EVERYTHING,
    KEYS,
    NOW,
    PASSWORD,
)
from tests.association.requests import ROWS, meter_with_profile
from tests.interop.every_class import every_class, expected
from tests.interop.peers import unavailable
from tests.serving import serving

from dlms.data import OctetString, dumps
from dlms.datetime import CosemDateTime
from dlms.results import DataAccessResult
from dlms.server import ServedClient, Server

TITLE = "4D4D4D0000000001"
MECHANISMS = {"hls-md5": 5, "hls-sha1": 6, "hls-sha256": 4, "hls-gmac": 7}
START = 1_700_000_000
CIPHERED: dict[str, Any] = {
    "client": 3, "authentication": "hls-gmac", "encryption_key": ENCRYPTION_KEY.hex(),
    "authentication_key": AUTHENTICATION_KEY.hex(), "counter": 1, "ciphered": True, "system_title": TITLE,
}  # fmt: skip
# Attributes that its objects of these classes, whatever the version, take apart and put together again octet for octet.
UNDERSTOOD = {
    "9": [2], "11": [2], "18": [7], "20": [3, 4, 5, 7, 8, 9], "21": [3], "22": [2, 4], "28": [3, 6], "29": [5],
    "40": [4], "47": [6, 7], "71": [8, 9, 11], "85": [2, 3, 4, 5, 6], "91": [5, 11], "92": [6, 8, 10, 11, 12],
    "111": [2, 9, 10, 12], "115": [4, 6],
}  # fmt: skip


@contextmanager
def served() -> Iterator[dict[str, int]]:
    """The port of each link of a server with clients of every mechanism; the PDUs that client 8 may send are small."""
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    device = meter_with_profile()
    device.serve(ServedClient(8, max_receive_pdu_size=200, **EVERYTHING))
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


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    with served() as ports_of_links:
        yield ports_of_links


def run(tmp_path: Path, **plan: Any) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("gurux_client.py")
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path / "found.json")],
        input=json.dumps({"names": "ln", "authentication": "none", "client": 1, **plan}),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def found_by(tmp_path: Path, **plan: Any) -> Any:
    """What gurux-dlms found: the answers to the steps, or values by class, name and attribute."""
    done = run(tmp_path, **plan)
    assert done.returncode == 0, done.stderr[-1500:]
    return json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))


def check(found: dict[str, Any]) -> None:
    assert found["8/0.0.1.0.0.255:3"] == 60
    assert found["8/0.0.1.0.0.255:2"] == NOW.octets.hex().upper()
    assert found["3/1.0.1.8.0.255:2"] == 4711
    assert found["1/0.0.96.1.0.255:2"] == (bytes(range(256)) * 4).hex().upper()
    assert found["1/0.0.42.0.0.255:2"] == b"DLM0000000000001".hex().upper()


@pytest.mark.parametrize("size", [0xFFFF, 256])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_walks_without_security(ports: dict[str, int], tmp_path: Path, link: str, size: int) -> None:
    check(found_by(tmp_path, link=link, port=ports[link], pdu_size=size))


@pytest.mark.parametrize("authentication", ["lls", "hls-md5", "hls-sha1", "hls-sha256", "hls-gmac"])
def test_walks_with_every_mechanism(ports: dict[str, int], tmp_path: Path, authentication: str) -> None:
    client = MECHANISMS.get(authentication, 2)
    plan: dict[str, Any] = {"password": PASSWORD.decode(), "system_title": TITLE}
    if authentication == "hls-gmac":
        plan |= {
            "encryption_key": ENCRYPTION_KEY.hex(), "authentication_key": AUTHENTICATION_KEY.hex(),
            "counter": 1, "ciphered": False,
        }  # fmt: skip
    check(
        found_by(tmp_path, link="wrapper", port=ports["wrapper"], client=client, authentication=authentication, **plan)
    )


@pytest.mark.parametrize("size", [0xFFFF, 256])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_walks_ciphered(ports: dict[str, int], tmp_path: Path, link: str, size: int) -> None:
    check(found_by(tmp_path, link=link, port=ports[link], pdu_size=size, **CIPHERED))


def test_walks_by_short_names(ports: dict[str, int], tmp_path: Path) -> None:
    check(found_by(tmp_path, link="wrapper", port=ports["wrapper"], names="sn"))


@pytest.mark.parametrize("session", [{"client": 1}, {"client": 8}, CIPHERED], ids=["none", "small PDUs", "ciphered"])
@pytest.mark.parametrize("size", [0xFFFF, 256])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_profiles_writes_and_calls(
    ports: dict[str, int], tmp_path: Path, link: str, size: int, session: dict[str, Any]
) -> None:
    """Rows by entry and by range; what is written in blocks and not; what may not be written."""

    def row(number: int) -> list[Any]:
        at = CosemDateTime.from_epoch_milliseconds(1000 * (START + 900 * number))
        return [at.octets.hex().upper(), number]

    clock, profile, long = "0.0.1.0.0.255", "1.0.99.1.0.255", "0.0.96.1.0.255"
    value = bytes(range(256)) * 4
    steps = [
        ["entries", profile, 3, 2],
        ["entries", profile, 1, 0],
        ["range", profile, START + 9000, START + 10_800],
        ["set", 8, clock, 3, "INT16", -60],
        ["octets", 8, clock, 3],
        ["set", 8, clock, 3, "INT16", 60],
        ["set", 1, long, 2, "OCTET_STRING", value.hex()],
        ["octets", 1, long, 2],
        ["call", 3, "1.0.1.8.0.255", 1, "INT8", 5],
        ["set", 8, clock, 2, "UINT8", 1],
        ["set", 8, clock, 3, "UINT8", 1],
        ["octets", 8, "9.9.9.9.9.9", 2],
    ]
    assert found_by(tmp_path, link=link, port=ports[link], pdu_size=size, steps=steps, **session) == [
        [row(2), row(3)],
        [row(number) for number in range(ROWS)],
        [row(10), row(11), row(12)],
        "",
        "10ffc4",
        "",
        "",
        dumps(OctetString(value)).hex(),
        "",
        f"error {DataAccessResult.READ_WRITE_DENIED.value}",
        f"error {DataAccessResult.TYPE_UNMATCHED.value}",
        f"error {DataAccessResult.OBJECT_UNDEFINED.value}",
    ]


def test_wrong_secrets_open_nothing(tmp_path: Path) -> None:
    with served() as ports:
        for plan in (
            {"client": 2, "authentication": "lls", "password": "wrong"},
            {"client": 5, "authentication": "hls-md5", "password": "wrong", "system_title": TITLE},
            {"client": 6, "authentication": "hls-sha1", "password": "wrong", "system_title": TITLE},
            {"client": 4, "authentication": "hls-sha256", "password": "wrong", "system_title": TITLE},
            {**CIPHERED, "authentication_key": bytes(16).hex()},
            {"client": 1, "authentication": "lls", "password": "12345678"},
        ):
            refused = run(tmp_path, link="wrapper", port=ports["wrapper"], steps=[], **plan)
            assert refused.returncode != 0, plan


def test_every_attribute_of_every_class(tmp_path: Path) -> None:
    """The octets of each Data as gurux-dlms takes them from the wire; and what its own objects make of them."""
    device = every_class([ServedClient(16)])
    values = expected(device)
    versions = {bytes(of.object.logical_name): of.object.version for of in device.objects}
    steps, answers = [], []
    for name, octets in values.items():
        class_id, _, rest = name.partition("/")
        logical_name, _, attribute_id = rest.rpartition(":")
        steps.append(["octets", int(class_id), logical_name, int(attribute_id)])
        answers.append(octets.hex())
        if int(attribute_id) in UNDERSTOOD.get(class_id, ()):
            version = versions[bytes(map(int, logical_name.split(".")))]
            steps.append(["object", int(class_id), version, logical_name, int(attribute_id)])
            answers.append(octets.hex())
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,):
        port = int(url.rpartition(":")[2])
        found = found_by(tmp_path, link="wrapper", port=port, client=16, steps=steps)
    wrong = {
        tuple(step): (got, wanted) for step, got, wanted in zip(steps, found, answers, strict=True) if got != wanted
    }
    assert wrong == {}
