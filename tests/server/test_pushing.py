"""Pushes of a device over real sockets: our own listener, and gurux-dlms where it is installed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.association.meter import AUTHENTICATION_KEY, ENCRYPTION_KEY, EVERYTHING, KEYS, MANAGER
from tests.interop.peers import unavailable
from tests.serving import serving

import dlms
from dlms.apdu import decode
from dlms.apdu.notification import DataNotification
from dlms.association.server.clients import ServedClient
from dlms.association.server.parts import Push
from dlms.cosem.classes import Data, PushSetup, Register
from dlms.cosem.classes.push import RepetitionDelay, SendDestinationAndMethod
from dlms.cosem.types import RestrictedObjectDefinition, Restriction
from dlms.data import DoubleLongUnsigned, NullData, OctetString, Structure
from dlms.device.clock import LiveClock
from dlms.device.push_setup import LivePushSetup, PushTimes
from dlms.enumerations import PushMessageType, PushTransportService, RestrictionType
from dlms.errors import ConfigurationError
from dlms.link.framing import discover
from dlms.link.hdlc_settings import HdlcSettings
from dlms.link.telegram import Telegram
from dlms.security.protection import Protection
from dlms.server import LogicalDevice, Server, listening
from dlms.server.listening import MOST_PUSHES
from dlms.server.pushing import carry, destination_of

SERIAL, ENERGY, SETUP = Data("0.0.96.1.0.255"), Register("1.0.1.8.0.255"), PushSetup("0.0.25.9.0.255")
BODY = Structure((OctetString(b"DLM1"), DoubleLongUnsigned(4711)))
PUSH_CLIENT = 103
TCP, UDP, HDLC = PushTransportService.TCP, PushTransportService.UDP, PushTransportService.HDLC


def pushing_meter(service: PushTransportService, port: int, protection: Protection = Protection.NONE) -> LogicalDevice:
    device = LogicalDevice(
        "DLM0000000000001",
        system_title=b"DLM\0\0\0\0\1",
        clients=[ServedClient(MANAGER, **EVERYTHING), ServedClient(PUSH_CLIENT, **KEYS)],
    )
    device[SERIAL.value] = OctetString(b"DLM1")
    device[ENERGY.value] = DoubleLongUnsigned(4711)
    clock = device.install(LiveClock(device, time=time.time))
    none = Restriction(RestrictionType.NONE, NullData())
    objects = [RestrictedObjectDefinition(of.class_id, of.logical_name, 2, 0, none) for of in (SERIAL, ENERGY)]
    where = SendDestinationAndMethod(service, f"127.0.0.1:{port}".encode(), PushMessageType.A_XDR_ENCODED_XDLMS_APDU)
    times = PushTimes(number_of_retries=50, repetition_delay=RepetitionDelay(1, 100, 1))
    device.install(
        LivePushSetup(
            device, SETUP, objects, where,
            clock=clock, client=PUSH_CLIENT, random=lambda: 0.0, protection=protection, times=times,
        )
    )  # fmt: skip
    return device


def push(device: LogicalDevice, until: Callable[[], bytes]) -> bytes:
    """Have a client make the device push; what then comes."""
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,):
        with dlms.connect(f"{url}?client={MANAGER}") as client:
            client.call(SETUP.push, 0)
        return until()


def telegram(octets: bytes) -> Telegram:
    (found,) = discover(octets)
    assert isinstance(found, Telegram)
    return found


def check(apdu: bytes) -> None:
    message = decode(apdu)
    assert isinstance(message, DataNotification)
    assert message.notification_body == BODY


@pytest.mark.parametrize("service", [TCP, HDLC])
def test_a_push_over_a_connection(service: PushTransportService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def accepted() -> bytes:
            connection, _ = listener.accept()
            connection.settimeout(10)
            with connection:
                return b"".join(iter(lambda: connection.recv(4096), b""))

        found = telegram(push(pushing_meter(service, listener.getsockname()[1]), accepted))
    assert found.framing == ("hdlc" if service is HDLC else "wrapper")
    check(found.apdu)


def test_a_push_by_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        found = telegram(push(pushing_meter(UDP, listener.getsockname()[1]), lambda: listener.recv(4096)))
    check(found.apdu)


def test_a_push_that_nobody_takes_is_sent_again() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # nobody else gets the port, and whoever calls is refused

        def later() -> bytes:
            time.sleep(0.5)
            listener.listen()
            listener.settimeout(10)
            connection, _ = listener.accept()
            with connection:
                return b"".join(iter(lambda: connection.recv(4096), b""))

        check(telegram(push(pushing_meter(TCP, listener.getsockname()[1]), later)).apdu)


def test_pushes_to_where_nobody_answers_are_not_carried_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    carried: list[Push] = []

    async def never(push: Push, *_: object) -> bool:
        carried.append(push)
        await asyncio.sleep(60)
        return False

    async def main() -> list[bool]:
        told: list[bool] = []
        device = LogicalDevice("DLM0000000000001")
        async with Server(device) as server:
            await server.listen("tcp://127.0.0.1:0")
            for _ in range(MOST_PUSHES + 3):
                device.push(Push(b"", "tcp://192.0.2.1:4059", 1, 1, told.append))
            await asyncio.sleep(0.05)
        return told

    monkeypatch.setattr(listening, "carry", never)
    assert asyncio.run(main()) == [False] * 3
    assert len(carried) == MOST_PUSHES


@pytest.mark.parametrize("service", [TCP, HDLC])
@pytest.mark.parametrize("protection", [Protection.NONE, Protection.AUTHENTICATED | Protection.ENCRYPTED])
def test_gurux_dlms_understands_a_push(service: PushTransportService, protection: Protection, tmp_path: Path) -> None:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    script = Path(__file__).parents[1] / "interop" / "gurux_push.py"
    target = tmp_path / "push.json"
    keys = [ENCRYPTION_KEY.hex(), AUTHENTICATION_KEY.hex()] if protection else []
    link = "hdlc" if service is HDLC else "wrapper"
    command = [sys.executable, "-W", "ignore", str(script), str(target), link, *keys]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as peer:
        port = target.with_suffix(".port")
        deadline = time.monotonic() + 30
        while not port.exists() or not port.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline
            assert peer.poll() is None, peer.communicate()[1]
            time.sleep(0.05)
        device = pushing_meter(service, int(port.read_text(encoding="utf-8")), protection)
        push(device, lambda: bytes(peer.wait(30)))
        assert peer.returncode == 0, peer.communicate()[1]
    found = json.loads(target.read_text(encoding="utf-8"))
    assert found["values"] == [b"DLM1".hex(), 4711]


@pytest.mark.parametrize(
    "where", ["pair://bench", "hdlc+serial:///dev/ttyUSB0", "tcp://127.0.0.1:1?client=1", "udp://127.0.0.1:0"]
)
def test_places_that_no_push_goes_to(where: str) -> None:
    with pytest.raises(ConfigurationError, match="a push"):
        destination_of(where)
    sent = asyncio.run(carry(Push(b"", where, 1, 1, lambda sent: None), HdlcSettings(), 1.0))
    assert not sent
