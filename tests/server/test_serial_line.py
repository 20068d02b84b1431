"""The server on a serial port: two ptys, their masters joined by a thread."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.association.meter import CLOCK, ENERGY, GUARDED, KEYS, LONG, MANAGER, NOW, meter
from tests.serving import serving

import dlms
from dlms.data import DoubleLongUnsigned
from dlms.errors import ConfigurationError, DlmsError
from dlms.server import LogicalDevice, ServedClient, Server, ServerLimits


@contextmanager
def joined_terminals() -> Iterator[tuple[str, str]]:
    """The names of two ports, each hearing what the other says."""
    ends = [os.openpty() for _ in range(2)]
    for _, port in ends:
        tty.setraw(port)
    masters = [master for master, _ in ends]
    ended = threading.Event()

    def carry() -> None:
        while not ended.is_set():
            for readable in select.select(masters, [], [], 0.05)[0]:
                other = masters[1 - masters.index(readable)]
                os.write(other, os.read(readable, 4096))

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        ended.set()
        thread.join(10)
        for pair in ends:
            for end in pair:
                os.close(end)


def test_clients_one_after_the_other_and_several_devices_on_one_line() -> None:
    second = LogicalDevice("DLM0000000000002", sap=17, clients=[ServedClient(16)])
    second[ENERGY.value] = DoubleLongUnsigned(17)
    security = dlms.Security("hls-gmac", policy="authenticated+encrypted", client_system_title=b"CLI\0\0\0\0\1", **KEYS)
    with joined_terminals() as (ours, theirs), serving(Server([meter(), second]), f"hdlc+serial://{theirs}"):
        for _ in range(2):
            with dlms.connect(f"hdlc+serial://{ours}?client={MANAGER}") as client:
                assert client.get(CLOCK.time) == NOW
                assert client.get(LONG.value) == bytes(range(256)) * 4
            with dlms.connect(f"hdlc+serial://{ours}?client={GUARDED}", security=security) as client:
                assert client.get(ENERGY.value) == 4711
            with dlms.connect(f"hdlc+serial://{ours}?server=17") as client:
                assert client.get(ENERGY.value) == 17


@contextmanager
def joined_sockets() -> Iterator[tuple[int, int]]:
    """The same for pyserial's socket://, which takes 7 data bits where a pty does not: anew for each who connects."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ended = threading.Event()

    def carry() -> None:
        meters_end = listeners[1].accept()[0]
        listeners[0].settimeout(0.05)
        clients_end: socket.socket | None = None
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                clients_end = listeners[0].accept()[0]
            while clients_end is not None and not ended.is_set():
                for readable in select.select([meters_end, clients_end], [], [], 0.05)[0]:
                    octets = readable.recv(4096)
                    if readable is meters_end:
                        clients_end.sendall(octets)
                    elif octets:
                        meters_end.sendall(octets)
                    else:
                        clients_end.close()
                        clients_end = None
                        break
        meters_end.close()

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield listeners[0].getsockname()[1], listeners[1].getsockname()[1]
    finally:
        ended.set()
        thread.join(10)
        for listener in listeners:
            listener.close()


def test_sign_on_by_mode_e_again_after_each_client() -> None:
    with joined_sockets() as (ours, theirs), serving(Server(meter()), f"iec+socket://127.0.0.1:{theirs}?baud=9600"):
        for _ in range(2):
            with dlms.connect(f"iec+socket://127.0.0.1:{ours}?client={MANAGER}") as client:
                assert client.get(ENERGY.value) == 4711


def test_a_client_that_comes_when_nobody_has_for_long() -> None:
    """A line on which nobody speaks is no connection that could be half-open, and one that ends loses nothing of what
    comes meanwhile."""
    limits = ServerLimits(half_open_timeout=0.3)
    with joined_terminals() as (ours, theirs), serving(Server(meter(), limits=limits), f"hdlc+serial://{theirs}"):
        for noise in (b"", b"\x00"):
            with dlms.connect(f"hdlc+serial://{ours}?client={MANAGER}") as client:
                assert client.get(ENERGY.value) == 4711
            port = os.open(ours, os.O_WRONLY | os.O_NOCTTY)
            os.write(port, noise)
            os.close(port)
            time.sleep(0.5)


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(DlmsError), serving(Server(meter()), "hdlc+serial:///dev/there-is-none"):
        pass


def test_a_speed_that_mode_e_has_not() -> None:
    with (
        pytest.raises(ConfigurationError, match="300 baud"),
        serving(Server(meter()), "iec+serial:///dev/tty?baud=299"),
    ):
        pass
