"""Every transport over real sockets and a pty: octets both ways, time limits, a peer that goes away."""

from __future__ import annotations

import asyncio
import datetime
import os
import socket
import ssl
import struct
import threading
import time
import tty
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from dlms.errors import ConfigurationError, ConnectionLost, DeadlineExceeded
from dlms.transport import loopback, stream, tcp
from dlms.transport import serial as serial_transport
from dlms.transport.base import Transport
from dlms.transport.serial import AsyncSerialTransport, SerialTransport
from dlms.transport.tcp import AsyncTcpTransport, TcpTransport
from dlms.transport.udp import AsyncUdpTransport, UdpTransport


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(5)
        yield made


@pytest.fixture
def datagrams() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(5)
        yield made


def check_waiting(transport: Transport) -> None:
    started = time.monotonic()
    assert transport.receive(0.05) is None
    assert transport.receive(0) is None
    assert 0.04 < time.monotonic() - started < 5


def test_tcp(listener: socket.socket) -> None:
    transport = TcpTransport.connect(*listener.getsockname()[:2], 5)
    peer = listener.accept()[0]
    with peer:
        transport.send(b"\x7e\xa0")
        assert peer.recv(10) == b"\x7e\xa0"
        check_waiting(transport)
        peer.sendall(b"abc")
        assert transport.receive(5) == b"abc"
    assert transport.receive(None) == b""
    transport.close()
    transport.close()
    with pytest.raises(ConnectionLost):
        transport.send(b"x")
    with pytest.raises(ConnectionLost):
        transport.receive(0.1)


def test_a_socket_without_a_timeout_of_its_own(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "HAVE_TIMEOUT", False)
    transport = TcpTransport.connect(*listener.getsockname()[:2], 5)
    with listener.accept()[0] as peer:
        check_waiting(transport)
        peer.sendall(b"abc")
        assert transport.receive(5) == b"abc"
    assert transport.receive(5) == b""
    transport.close()


def test_tls(listener: socket.socket, certificate: Path) -> None:
    """Octets that TLS has read already do not make the socket readable."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(certificate))
    server.load_cert_chain(certificate)
    with ThreadPoolExecutor(1) as other:
        accepted = other.submit(lambda: server.wrap_socket(listener.accept()[0], server_side=True))
        plain = socket.create_connection(listener.getsockname()[:2], 5)
        transport = TcpTransport(client.wrap_socket(plain, server_hostname="localhost"))  # which takes it over
        with accepted.result(10) as peer:
            check_waiting(transport)
            peer.sendall(bytes(9000))
            octets = b""
            while len(octets) < 9000:
                piece = transport.receive(5)
                assert piece
                octets += piece
            assert octets == bytes(9000)
            transport.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of localhost and its key, in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "localhost.pem"
    octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    path.write_bytes(octets)
    return path


def test_tcp_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()[:2]
    with pytest.raises(ConnectionLost):
        TcpTransport.connect(*address, 5)
    with pytest.raises(ConnectionLost):
        asyncio.run(AsyncTcpTransport.connect(*address, 5))


def test_tcp_under_asyncio(listener: socket.socket) -> None:
    async def run() -> None:
        transport = await AsyncTcpTransport.connect(*listener.getsockname()[:2], 5)
        peer = listener.accept()[0]
        with peer:
            await transport.send(b"\x7e\xa0")
            assert peer.recv(10) == b"\x7e\xa0"
            assert await transport.receive(0.02) is None
            peer.sendall(b"abc")
            assert await transport.receive(5) == b"abc"
            waiting = asyncio.create_task(transport.receive(None))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            big = bytes(1_000_000)
            sending = asyncio.get_running_loop().run_in_executor(None, peer.sendall, big)
            got = 0
            while got < len(big):
                got += len(await transport.receive(5) or b"")
            await sending
        assert await transport.receive(None) == b""
        await transport.close()
        with pytest.raises(ConnectionLost):
            await transport.send(b"x")

    asyncio.run(run())


def test_udp(datagrams: socket.socket) -> None:
    transport = UdpTransport.connect(*datagrams.getsockname())
    transport.send(b"one")
    octets, address = datagrams.recvfrom(100)
    assert octets == b"one"
    check_waiting(transport)
    datagrams.sendto(b"two", address)
    assert transport.receive(5) == b"two"
    transport.close()
    with pytest.raises(ConnectionLost):
        transport.send(b"x")
    with pytest.raises(ConnectionLost):
        UdpTransport.connect("no.such.host.invalid", 1)


def test_a_name_that_takes_time_to_look_up_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    looking, known = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        looking.set()
        known.wait(10)
        raise socket.gaierror("no such name")

    async def main() -> None:
        connecting = asyncio.create_task(AsyncUdpTransport.connect("slow.invalid", 1))
        while not looking.is_set():
            await asyncio.sleep(0.01)
        known.set()  # by the loop, which goes on
        with pytest.raises(ConnectionLost, match="no such name"):
            await connecting

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    asyncio.run(asyncio.wait_for(main(), 5))


def test_udp_under_asyncio(datagrams: socket.socket) -> None:
    async def run() -> None:
        transport = await AsyncUdpTransport.connect(*datagrams.getsockname())
        await transport.send(b"one")
        octets, address = datagrams.recvfrom(100)
        assert octets == b"one"
        assert await transport.receive(0.02) is None
        datagrams.sendto(b"two", address)
        datagrams.sendto(b"three", address)
        assert await transport.receive(5) == b"two"
        assert await transport.receive(5) == b"three"
        await transport.close()
        with pytest.raises(ConnectionLost):
            await transport.send(b"x")

    asyncio.run(run())


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_serial(terminal: tuple[int, str]) -> None:
    peer, device = terminal
    transport = SerialTransport.open(device, 9600)
    transport.send(b"/?!\r\n")
    assert os.read(peer, 10) == b"/?!\r\n"
    check_waiting(transport)
    os.write(peer, b"abc")
    time.sleep(0.05)
    assert transport.receive(5) == b"abc"
    transport.reconfigure(19200, 8, "none")
    with pytest.raises(ConnectionLost, match="300 baud"):  # a pty has no parity
        transport.reconfigure(300, 7, "even")
    transport.close()
    with pytest.raises(ConnectionLost):
        transport.receive(0.1)
    with pytest.raises(ConnectionLost):
        SerialTransport.open("/dev/no-such-port", 9600)


def test_serial_under_asyncio(terminal: tuple[int, str]) -> None:
    peer, device = terminal

    async def run() -> None:
        transport = await AsyncSerialTransport.open(device, 9600)
        await transport.send(b"/?!\r\n")
        assert os.read(peer, 10) == b"/?!\r\n"
        assert await transport.receive(0.02) is None
        os.write(peer, b"abc")
        got = b""
        while len(got) < 3:
            got += await transport.receive(5) or b""
        assert got == b"abc"
        await transport.reconfigure(19200, 8, "none")
        await transport.close()
        with pytest.raises(ConnectionLost):
            await transport.receive(5)

    asyncio.run(run())


def test_a_port_that_takes_nothing_is_lost(terminal: tuple[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads at the other end: what a terminal keeps for him is soon full."""
    monkeypatch.setattr(serial_transport, "TAKEN_WITHIN", 0.1)
    transport = SerialTransport.open(terminal[1], 9600)
    with pytest.raises(ConnectionLost, match="sending failed"):
        transport.send(bytes(100_000))
    transport.close()

    async def scenario() -> None:
        same = await AsyncSerialTransport.open(terminal[1], 9600)
        with pytest.raises(ConnectionLost, match="sending failed"):
            await same.send(bytes(100_000))
        await same.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_no_more_is_read_from_a_port_than_somebody_asks_for(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_transport, "MOST_ARRIVED", 1000)

    async def scenario() -> None:
        transport = await AsyncSerialTransport.open(f"socket://127.0.0.1:{listener.getsockname()[1]}", 9600)
        with listener.accept()[0] as peer:
            peer.sendall(bytes(5_000))
            await asyncio.sleep(0.3)
            assert 1000 < len(transport._arrived) < 4_000
            got = 0
            while got < 5_000:
                got += len(await transport.receive(5) or b"")
            await transport.close()

    asyncio.run(asyncio.wait_for(scenario(), 10))


def test_the_socket_behind_a_port_is_closed_though_its_peer_has_gone(listener: socket.socket) -> None:
    """pyserial drops one that it cannot shut down, and leaves it to the garbage collector."""
    transport = SerialTransport.open(f"socket://127.0.0.1:{listener.getsockname()[1]}", 9600)
    peer = listener.accept()[0]
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
    peer.close()
    connected = transport._port._socket
    with pytest.raises(ConnectionLost):
        transport.receive(5)
    transport.close()
    assert connected.fileno() == -1


class SlowPort:
    """A port that opens when it may, or fails then."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.may_open, self.closed = threading.Event(), threading.Event()

    def open(self) -> None:
        self.may_open.wait(10)
        if self.fault is not None:
            raise self.fault

    def close(self) -> None:
        self.closed.set()


def test_a_port_whose_opening_is_given_up_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    port = SlowPort()
    monkeypatch.setattr("serial.serial_for_url", lambda *_, **__: port)

    async def run() -> None:
        opening = asyncio.create_task(AsyncSerialTransport.open("/dev/slow", 9600))
        await asyncio.sleep(0.05)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(asyncio.wait_for(run(), 10))
    assert not port.closed.is_set()
    port.may_open.set()
    assert port.closed.wait(10)


@pytest.mark.parametrize("fault", [None, OSError("gone")])
def test_a_port_that_opens_too_late_is_closed(monkeypatch: pytest.MonkeyPatch, fault: Exception | None) -> None:
    ports = [SlowPort(fault), SlowPort(fault)]
    opened = iter(ports)
    monkeypatch.setattr("serial.serial_for_url", lambda *_, **__: next(opened))
    with pytest.raises(DeadlineExceeded, match="/dev/slow did not open within 0"):
        SerialTransport.open("/dev/slow", 9600, 0.05)
    with pytest.raises(DeadlineExceeded, match="/dev/slow did not open within 0"):
        asyncio.run(AsyncSerialTransport.open("/dev/slow", 9600, 0.05))
    for port in ports:
        port.may_open.set()
        assert port.closed.wait(10)


def test_what_pyserial_does_not_foresee_reaches_who_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    port = SlowPort(ZeroDivisionError())
    port.may_open.set()
    monkeypatch.setattr("serial.serial_for_url", lambda *_, **__: port)
    with pytest.raises(ZeroDivisionError):
        SerialTransport.open("/dev/odd", 9600, 5)


def test_a_pair_in_one_process() -> None:
    accepted: list[socket.socket] = []
    loopback.listen("bench", accepted.append)
    try:
        with pytest.raises(ConfigurationError):
            loopback.listen("bench", accepted.append)
        transport = TcpTransport(loopback.connect("bench"))
        transport.send(b"x")
        assert accepted[0].recv(5) == b"x"
        accepted[0].close()
        assert transport.receive(5) == b""
        transport.close()
    finally:
        loopback.silence("bench")
    with pytest.raises(ConnectionLost):
        loopback.connect("bench")


def test_a_stream_whose_peer_does_not_read_is_lost_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TAKEN_WITHIN", 0.1)
    monkeypatch.setattr(stream, "LEAVES_WITHIN", 0.1)

    async def scenario(peer: socket.socket, ours: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=ours)
        transport = stream.AsyncStreamTransport(reader, writer)
        with pytest.raises(ConnectionLost, match="sending failed"):
            await transport.send(bytes(10_000_000))
        await transport.close()
        assert ours.fileno() == -1
        await transport.close()

    one, other = socket.socketpair()
    with one, other:
        asyncio.run(asyncio.wait_for(scenario(one, other), 10))


def test_tcp_whose_peer_does_not_read_is_lost_and_closed(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "TAKEN_WITHIN", 1)
    transport = TcpTransport.connect(*listener.getsockname()[:2], 5)
    with listener.accept()[0]:
        started = time.monotonic()
        with pytest.raises(ConnectionLost, match="read nothing"):
            transport.send(bytes(30_000_000))
        assert time.monotonic() - started < 10
        transport.close()

    async def scenario() -> None:
        same = await AsyncTcpTransport.connect(*listener.getsockname()[:2], 5)
        with listener.accept()[0]:
            with pytest.raises(ConnectionLost, match="read nothing"):
                await same.send(bytes(30_000_000))
            await same.close()
            await asyncio.sleep(0)  # the transport is closed in the next turn of the loop
            with pytest.raises(ConnectionLost):
                await same.send(b"x")
            assert same._transport.get_write_buffer_size() == 0

    asyncio.run(asyncio.wait_for(scenario(), 20))
