"""HDLC through all that pyserial opens: a pty, socket://, spy:// and rfc2217:// against its own server."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import serial
import serial.rfc2217
from tests.shells.conftest import ENERGY, LONG, LONG_VALUE, Running, secured

import dlms
from dlms.client import converse, read_out
from dlms.errors import ConfigurationError, DlmsError
from dlms.link.iec62056_21 import Dialogue, Identification, read_register, sign_off, start_programming
from dlms_core.iec62056_21 import COMMAND, DATA, DataSet, build

OF_PYSERIAL = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


class Rfc2217Server:
    """pyserial's own server of RFC 2217 for one client, its serial port a socket to the meter."""

    def __init__(self, port: int) -> None:
        self.port = serial.serial_for_url(f"socket://127.0.0.1:{port}", timeout=0.02)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.number = self.listener.getsockname()[1]
        self.bauds: set[int] = set()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        self.listener.settimeout(10)
        self.client = self.listener.accept()[0]
        self.client.settimeout(0.02)
        with suppress(serial.SerialException):  # a meter may hang up
            self._carry(serial.rfc2217.PortManager(self.port, self))

    def _carry(self, manager: serial.rfc2217.PortManager) -> None:
        while not self.ended.is_set():
            try:
                octets = self.client.recv(4096)
            except TimeoutError:
                octets = None
            except OSError:
                return
            if octets == b"":
                return
            self.port.write(b"".join(manager.filter(octets or b"")))
            self.bauds.add(self.port.baudrate)
            arrived = self.port.read(4096) if self.port.in_waiting else b""
            self.write(b"".join(manager.escape(arrived)))

    def write(self, octets: bytes) -> None:
        """What a PortManager asks of its connection."""
        self.client.sendall(octets)

    def close(self) -> None:
        self.ended.set()
        self.thread.join(10)
        self.client.close()
        self.listener.close()
        self.port.close()


@pytest.fixture
def rfc2217(meter: Running) -> Iterator[Rfc2217Server]:
    server = Rfc2217Server(meter.port("hdlc"))
    yield server
    server.close()


def carry(one: socket.socket, other: socket.socket) -> None:
    """Octets both ways until either end closes."""
    while True:
        for readable in select.select([one, other], [], [])[0]:
            octets = readable.recv(4096)
            if not octets:
                return
            (other if readable is one else one).sendall(octets)


@contextmanager
def an_optical_head(port: int, heard: list[bytes]) -> Iterator[int]:
    """A meter that wants the sign-on of IEC 62056-21 first, behind a socket and an echo; then HDLC."""

    def sign_on() -> None:
        wire = listener.accept()[0]
        with wire, socket.create_connection(("127.0.0.1", port)) as meter:
            lines = wire.makefile("rb")
            for answer in (b"/ABC5\\2OURS\r\n", b"\x06252\r\n"):
                heard.append(lines.readline())
                wire.sendall(heard[-1] + answer)
            carry(wire, meter)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=sign_on)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@contextmanager
def a_terminal(port: int) -> Iterator[str]:
    """The device of a pty whose other end is the meter."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    wire = socket.create_connection(("127.0.0.1", port))
    ended = threading.Event()

    def carry() -> None:
        while not ended.is_set():
            for readable in select.select([ours, wire], [], [], 0.05)[0]:
                if readable is wire:
                    os.write(ours, wire.recv(4096))
                else:
                    wire.sendall(os.read(ours, 4096))

    thread = threading.Thread(target=carry)
    thread.start()
    yield os.ttyname(theirs)
    ended.set()
    thread.join(10)
    wire.close()
    os.close(ours)
    os.close(theirs)


def check(url: str) -> None:
    """A ciphered association, a value of one frame and a value of many, for threads."""
    with dlms.connect(f"{url}&client=1", security=secured()) as meter:
        assert meter.get(ENERGY.value) == 123456
        assert meter.get(LONG) == LONG_VALUE


async def check_async(url: str) -> None:
    """The same under asyncio."""
    async with dlms.aio.connect(f"{url}&client=1", security=secured()) as meter:
        assert await meter.get(ENERGY.value) == 123456
        assert await meter.get(LONG) == LONG_VALUE


@OF_PYSERIAL
def test_rfc2217(rfc2217: Rfc2217Server) -> None:
    check(f"hdlc+rfc2217://127.0.0.1:{rfc2217.number}?baud=19200")
    assert 19200 in rfc2217.bauds


@OF_PYSERIAL
def test_rfc2217_under_asyncio(rfc2217: Rfc2217Server) -> None:
    asyncio.run(check_async(f"hdlc+rfc2217://127.0.0.1:{rfc2217.number}?baud=4800"))
    assert 4800 in rfc2217.bauds


def test_a_terminal(meter: Running) -> None:
    with a_terminal(meter.port("hdlc")) as device:
        check(f"hdlc+serial://{device}?baud=38400")
    with a_terminal(meter.port("hdlc")) as device:
        asyncio.run(check_async(f"hdlc+serial://{device}?baud=38400"))


def test_socket(meter: Running) -> None:
    check(f"hdlc+socket://127.0.0.1:{meter.port('hdlc')}?server=1")
    asyncio.run(check_async(f"hdlc+socket://127.0.0.1:{meter.port('hdlc')}?server=1"))


def test_spy(meter: Running, capfd: pytest.CaptureFixture[str]) -> None:
    with a_terminal(meter.port("hdlc")) as device:
        check(f"hdlc+spy://{device}?baud=9600")
    assert "7E A0" in capfd.readouterr().err.upper()


def test_a_meter_behind_the_sign_on_of_mode_e(meter: Running) -> None:
    heard: list[bytes] = []
    with an_optical_head(meter.port("hdlc"), heard) as port:
        check(f"iec+socket://127.0.0.1:{port}?baud=19200")
    with an_optical_head(meter.port("hdlc"), heard) as port:
        asyncio.run(check_async(f"iec+socket://127.0.0.1:{port}?baud=9600"))
    with an_optical_head(meter.port("hdlc"), heard) as port:
        check(f"iec+socket://127.0.0.1:{port}?baud=9600&device=00012345")
    assert heard == [b"/?!\r\n", b"\x06252\r\n"] * 2 + [b"/?00012345!\r\n", b"\x06252\r\n"]


def test_a_line_that_only_echoes() -> None:
    limits = dlms.client.Deadlines(link=0.6, release=0.1)
    with pytest.raises(DlmsError, match=r"within|answer"):
        dlms.connect("hdlc+loop://echo?client=16", deadlines=limits)


@contextmanager
def a_meter_of_mode_c() -> Iterator[str]:
    """The URL of a meter of IEC 62056-21, mode C, behind a socket: a readout is served, then a programmer."""

    def serve() -> None:
        for answers in (
            {b"/?77!\r\n": b"/LGZ4ZMF\r\n", b"\x06040\r\n": build(DATA, "1.8.0(001234.5*kWh)\r\n!\r\n")},
            {
                b"/?!\r\n": b"/LGZ4ZMF\r\n", b"\x06041\r\n": build(COMMAND, "P0(1)"),
                build(COMMAND, "P1(secret)"): b"\x06", build(COMMAND, "R10.9.2()"): build(DATA, "0.9.2(260104)"),
                build(COMMAND, "B0"): b"",
            },
        ):  # fmt: skip
            wire = listener.accept()[0]
            with wire:
                heard = b""
                while octets := wire.recv(64):
                    heard += octets
                    if heard in answers:
                        wire.sendall(answers[heard])
                        heard = b""

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"iec+socket://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)
        assert not thread.is_alive()


def programming() -> Dialogue[str]:
    yield from start_programming("secret")
    (found,) = yield from read_register("0.9.2")
    yield from sign_off()
    return found.value


READOUT = (Identification("LGZ", "4", "ZMF"), [DataSet("1.8.0", "001234.5", "kWh")])


def test_a_readout_and_programming() -> None:
    with a_meter_of_mode_c() as url:
        assert read_out(f"{url}?device=77") == READOUT
        assert converse(url, programming()) == "260104"
    with pytest.raises(ConfigurationError, match="URLs of its own"):
        read_out("hdlc+serial:///dev/ttyUSB0")


def test_a_readout_and_programming_under_asyncio() -> None:
    async def visit(url: str) -> None:
        assert await dlms.aio.read_out(f"{url}?device=77") == READOUT
        assert await dlms.aio.converse(url, programming()) == "260104"
        with pytest.raises(ConfigurationError, match="URLs of its own"):
            await dlms.aio.read_out("tcp://127.0.0.1")

    with a_meter_of_mode_c() as url:
        asyncio.run(visit(url))
