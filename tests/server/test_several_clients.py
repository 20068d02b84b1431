"""Several clients at once: of different rights on one device, of several devices on one line, each as if alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.association.meter import (
    CLOCK,
    DIGEST,
    ENERGY,
    GUARDED,
    KEYS,
    LONG,
    MANAGER,
    NOW,
    PASSWORD,
    PUBLIC,
    READER,
    aarq,
    attribute,
    meter,
)
from tests.server.raw_client import RawClient
from tests.serving import serving

import dlms
from dlms.apdu import decode, encode
from dlms.apdu.get import GetRequestNormal
from dlms.data import DoubleLongUnsigned
from dlms.server import LogicalDevice, ServedClient, Server
from dlms.service_errors import ReadWriteDenied

pytestmark = pytest.mark.usefixtures("no_traceback")
TITLE = b"CLI\x00\x00\x00\x00\x01"
ROUNDS = 20
WHO: dict[int, dict[str, Any]] = {
    PUBLIC: {},
    MANAGER: {},
    READER: {"authentication": "lls", "password": PASSWORD},
    DIGEST: {"authentication": "hls-sha256", "password": PASSWORD, "client_system_title": TITLE},
    GUARDED: {"authentication": "hls-gmac", "policy": "authenticated+encrypted", "client_system_title": TITLE, **KEYS},
}


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0", "udp://127.0.0.1:0"])
def test_clients_of_different_rights_at_once(url: str) -> None:
    """Those who may write do, the public client never; long answers in small blocks do not mix."""
    device = meter()
    written: list[int] = []
    device.on_set(CLOCK.time_zone, written.append)
    with serving(Server(device), url) as (where,):

        def visit(client: int) -> int:
            done = 0
            options = {"security": dlms.Security(**WHO[client]), "max_receive_pdu_size": 100 + 10 * client}
            with dlms.connect(f"{where}?client={client}", **options) as of:
                for number in range(ROUNDS):
                    assert of.get(CLOCK.time) == NOW
                    assert of.get(LONG.value) == bytes(range(256)) * 4
                    try:
                        of.set(CLOCK.time_zone, 100 * client + number)
                        done += 1
                    except ReadWriteDenied:
                        assert client == PUBLIC
            return done

        with ThreadPoolExecutor(len(WHO)) as pool:
            done = dict(zip(WHO, pool.map(visit, WHO), strict=True))
    assert done == {client: 0 if client == PUBLIC else ROUNDS for client in WHO}
    assert sorted(written) == sorted(
        100 * client + number for client in WHO if client != PUBLIC for number in range(ROUNDS)
    )


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0"])
def test_devices_and_clients_of_one_line_in_turn(url: str) -> None:
    """One connection, two clients, three logical devices: six associations, their requests in any order."""
    devices = [meter()]
    for sap in (17, 18):
        device = LogicalDevice(f"DLM00000000000{sap}", sap=sap, clients=[ServedClient(PUBLIC), ServedClient(MANAGER)])
        device[ENERGY.value] = DoubleLongUnsigned(sap)
        devices.append(device)
    expected = {1: 4711, 17: 17, 18: 18}
    request = encode(GetRequestNormal(0xC1, attribute(ENERGY.value)))
    with serving(Server(devices), url) as (where,):
        first = RawClient(where, PUBLIC)
        lines = {(PUBLIC, 1): first}
        for client in (PUBLIC, MANAGER):
            for sap in expected:
                if (client, sap) not in lines:
                    lines[client, sap] = RawClient(where, client, sap, on=first.socket)
        for line in lines.values():
            line.connect()
        for line in lines.values():
            line.ask(encode(aarq()))
        for _ in range(3):
            for (_, sap), line in reversed(lines.items()):
                assert decode(line.ask(request)).result == DoubleLongUnsigned(expected[sap])
        first.close()
