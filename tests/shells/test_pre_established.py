"""Associations that are there without being opened: ours on both ends, a foreign client, and what is refused."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.interop.peers import unavailable
from tests.serving import serving
from tests.shells.conftest import AK, EK

import dlms
from dlms.association.negotiated import PreEstablished
from dlms.client import Deadlines
from dlms.cosem.classes import Data
from dlms.data import OctetString
from dlms.enumerations import Conformance
from dlms.errors import AssociationRejected, AuthenticationFailed, ConfigurationError, DlmsError
from dlms.security import Security
from dlms.server import LogicalDevice, ServedClient, Server
from dlms_core.wrapper import build as wpdu

NAME = Data("0.0.96.1.0.255")
TITLE, METER_TITLE = b"HES\0\0\0\0\1", b"TST\0\0\0\0\1"
LOGICAL = PreEstablished(conformance=Conformance.GET | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
SHORT = PreEstablished(conformance=Conformance.READ | Conformance.MULTIPLE_REFERENCES)
KEYS: dict[str, Any] = {"encryption_key": EK, "authentication_key": AK, "policy": "authenticated+encrypted"}
FOREIGN = """
import socket, sys
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSData
client = GXDLMSClient(True, 20, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
data = GXDLMSData("0.0.96.1.0.255")
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as wire:
    reply, received = GXReplyData(), GXByteBuffer()
    for request in client.read(data, 2):
        wire.sendall(bytes(request))
        while not client.getData(received, reply, GXReplyData()):
            received.set(wire.recv(4096))
    print(bytes(client.updateValue(data, 2, reply.value)).decode())
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    clients = [
        ServedClient(16),
        ServedClient(20, pre_established=True),
        ServedClient(21, pre_established=True, system_title=TITLE, replay="per_association", **KEYS),
        ServedClient(22, pre_established=True, short_names=True),
        ServedClient(30, users={7: "Ada"}),
    ]
    device = LogicalDevice("TST0000000000001", system_title=METER_TITLE, clients=clients)
    device[NAME.value] = OctetString(b"a meter of ours")
    with serving(Server(device), "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0") as urls:
        yield urls[0]


def ciphered() -> Security:
    return Security(client_system_title=TITLE.hex(), replay="per_association", **KEYS)


def test_plain(url: str) -> None:
    trace: list[tuple[str, bytes]] = []
    with dlms.connect(
        f"{url}?client=20", pre_established=LOGICAL, trace=lambda what, octets: trace.append((what, octets))
    ) as meter:
        assert meter.get(NAME.value) == b"a meter of ours"
        with pytest.raises(DlmsError, match="set"):
            meter.set(NAME.value, OctetString(b"another"))
    assert [octets[0] for what, octets in trace if what == "apdu sent"] == [0xC0]


def test_with_short_names(url: str) -> None:
    with dlms.connect(f"{url}?client=22", pre_established=SHORT, short_names=True) as meter:
        assert meter.get(NAME.value) == b"a meter of ours"


def test_ciphered_under_asyncio(url: str) -> None:
    async def read() -> object:
        async with dlms.aio.connect(
            f"{url}?client=21", pre_established=LOGICAL, security=ciphered(), server_system_title=METER_TITLE
        ) as meter:
            return await meter.get(NAME.value)

    assert asyncio.run(read()) == b"a meter of ours"


def test_a_foreign_client(url: str) -> None:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    port = url.rpartition(":")[2]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FOREIGN, port], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr[-1500:]
    assert run.stdout.splitlines()[-1] == "a meter of ours"


def test_it_is_neither_opened_nor_released(url: str) -> None:
    with pytest.raises(AssociationRejected):
        dlms.connect(f"{url}?client=20")
    host, _, port = url.removeprefix("tcp://").partition(":")
    with socket.create_connection((host, int(port)), 10) as wire:
        for request, answer in (
            ("6203800100", "d8"),  # RLRQ: an exception-response
            ("C001C100010000600100FF0200", "c4"),  # GET: still there
        ):
            wire.sendall(wpdu(bytes.fromhex(request), source=20, destination=1))
            assert wire.recv(4096)[8:9].hex() == answer


def test_an_unprotected_request_in_a_ciphered_one(url: str) -> None:
    limits = Deadlines(response=2)
    with (
        dlms.connect(f"{url}?client=21", pre_established=LOGICAL, deadlines=limits) as meter,
        pytest.raises(DlmsError, match="service-not-allowed"),
    ):
        meter.get(NAME.value)


def test_what_cannot_be_asked_for() -> None:
    for options in (
        {"security": Security("lls", password="x")},
        {"security": ciphered()},
        {"security": ciphered(), "server_system_title": b"short"},
    ):
        with pytest.raises(ConfigurationError):
            dlms.connect("tcp://127.0.0.1:1", pre_established=LOGICAL, **options)
    with pytest.raises(ConfigurationError):
        ServedClient(1, pre_established=True, authentication="lls", password="x")
    with pytest.raises(ConfigurationError):
        ServedClient(1, pre_established=True, **KEYS)


def test_a_user_and_another_meter(url: str) -> None:
    with dlms.connect(f"{url}?client=30", user_id=7) as meter:
        assert meter.get(NAME.value) == b"a meter of ours"
    with dlms.connect(meter={"url": f"{url}?client=30", "user_id": 7}) as meter:
        assert meter.get(NAME.value) == b"a meter of ours"
    for wrong in (None, 8):
        with pytest.raises(AssociationRejected):
            dlms.connect(f"{url}?client=30", user_id=wrong)
    with pytest.raises(ConfigurationError):
        dlms.connect(f"{url}?client=30", user_id=256)


def test_another_meter_is_refused(url: str) -> None:
    del url
    device = LogicalDevice(
        "TST0000000000002", system_title=METER_TITLE,
        clients=[ServedClient(1, authentication="hls-gmac", encryption_key=EK, authentication_key=AK)],
    )  # fmt: skip
    security = Security("hls-gmac", client_system_title=TITLE.hex(), encryption_key=EK, authentication_key=AK)
    with serving(Server(device), "tcp://127.0.0.1:0") as (where,):
        table = {"url": f"{where}?client=1", "server_system_title": "5453540000000009"}
        with pytest.raises(AuthenticationFailed, match="another meter"):
            dlms.connect(meter=table, security=security)
