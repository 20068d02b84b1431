"""The Norwegian meter pushes its lists to whoever connects, and to a destination; gurux-dlms reads them, too."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.interop.peers import unavailable

import dlms
from dlms.cli.reading import Reader
from dlms.cosem.classes import Register
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.errors import ConfigurationError
from dlms.security import KeyRing
from dlms.simulate import MODELS, Simulation
from dlms.simulate.model import DeclaredPush
from dlms.simulate.running import RunningMeter, running

HOUR = datetime(2026, 1, 5, 18, tzinfo=UTC).timestamp()
POWER = bytes.fromhex("0100010700FF")


@contextlib.contextmanager
def pushing(link: str, moment: float, **settings: str) -> Iterator[tuple[RunningMeter, Callable[[], float]]]:
    """A meter whose time is `moment` when it begins to listen, and the time that passes for it."""
    began = time.monotonic()

    def now() -> float:
        return moment + time.monotonic() - began

    with running(Simulation("norwegian", time=now, **settings), f"{link}://127.0.0.1:0") as running_simulation:
        yield running_simulation.meters[0], now


def received(meter: RunningMeter, now: Callable[[], float], end: float) -> bytes:
    """What somebody who connects is sent until the meter's time is `end`."""
    host, _, port = meter.url.partition("://")[2].rpartition(":")
    octets = b""
    with socket.create_connection((host, int(port)), 5) as connection:
        while (left := end - now()) > 0:
            connection.settimeout(left)
            with contextlib.suppress(TimeoutError):
                octets += connection.recv(4096)
    return octets


def bodies(octets: bytes) -> list[list[tuple[object, ...]]]:
    """The plain values of each telegram."""
    readings = Reader(KeyRing({}, None)).read([[octets]])
    return [dlms.loads(dlms.dumps(reading.innermost.notification_body)) for reading in readings]


@pytest.mark.parametrize("link", ["tcp", "hdlc+tcp"])
def test_the_list_of_the_hour_and_the_power(link: str) -> None:
    with pushing(link, HOUR - 1.6) as (meter, now):
        meter[Register("1.0.1.8.0.255").value] = DoubleLongUnsigned(4711)
        long, short = bodies(received(meter, now, HOUR + 4.1))
    assert len(long) == 3 + 10 + 1 + 4
    assert dict(row[:2] for row in long)[bytes.fromhex("0100010800FF")] == 4711
    assert long[0][1] == "SIM_V0001"
    (clock,) = (row[1] for row in long if row[0] == bytes.fromhex("0000010000FF"))
    assert clock.hex().upper() == "07EA010501130000FF8000FF"
    ((name, watts, scaler_unit),) = short
    assert (name, scaler_unit) == (POWER, (0, 27))
    assert 0 <= watts < 20_000


def test_the_list_of_ten_seconds() -> None:
    with pushing("hdlc+tcp", HOUR + 8.4) as (meter, now):
        (momentary,) = bodies(received(meter, now, HOUR + 12.2))
    assert len(momentary) == 3 + 10


def test_a_destination() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pushing("hdlc+tcp", HOUR + 1.9, destination=f"hdlc+tcp://127.0.0.1:{port}"):
            listening.settimeout(5)
            connection, _ = listening.accept()
            with connection:
                octets = connection.makefile("rb").read()
    assert len(bodies(octets)[0]) == 1


def test_faults_are_seen_at_the_port() -> None:
    with pushing("hdlc+tcp", HOUR + 1.9) as (meter, now):
        meter.faults.silent = True
        assert received(meter, now, HOUR + 3.1) == b""


def test_whoever_leaves_the_telegrams_lying_is_let_go() -> None:
    model = replace(MODELS["norwegian"], pushes=(DeclaredPush(0.01, lambda meter: OctetString(bytes(60_000))),))
    with running(Simulation(model)) as simulation, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, _, port = simulation.meters[0].url.partition("://")[2].rpartition(":")
        reader.connect((host, int(port)))
        time.sleep(3.0)  # more comes in it than the system keeps
        reader.settimeout(5.0)
        while reader.recv(1 << 16):
            pass


def test_gurux_dlms_reads_a_telegram() -> None:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    gurux = importlib.import_module("gurux_dlms")
    with pushing("hdlc+tcp", HOUR - 1.6) as (meter, now):
        octets = received(meter, now, HOUR + 2.2)
    client = gurux.GXDLMSClient(True)
    client.interfaceType = gurux.enums.InterfaceType.HDLC
    buffer, notification = gurux.GXByteBuffer(octets), gurux.GXReplyData()
    client.getData(buffer, gurux.GXReplyData(), notification)
    assert len(notification.value) == 18
    rows = {bytes(row[0]): row[1] for row in notification.value}
    (ours,) = bodies(octets)
    assert rows[POWER] == dict(row[:2] for row in ours)[POWER]


def test_what_cannot_be_pushed() -> None:
    with pytest.raises(ConfigurationError, match="push nothing"):
        Simulation("european", destination="tcp://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="a push goes to"):
        Simulation("norwegian", destination="pair://bench")
    with pytest.raises(ConfigurationError, match="a port each"):
        Simulation("norwegian", meters=2, together=True)
