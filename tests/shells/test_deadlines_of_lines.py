"""`Deadlines.transport` holds for what is done on a serial line before there is HDLC: opening it, and the sign-on."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.shells.colours import COLOURS, run

import dlms
from dlms.client import Deadlines
from dlms.errors import DeadlineExceeded

OF_PYSERIAL = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
LIMIT = 0.4
IDENTIFICATION = b"/ABC5\\2OURS\r\n"


def silence(_: socket.socket, heard: bytes) -> None:
    """A meter that says nothing."""


def noise(line: socket.socket, heard: bytes) -> None:
    """One that never stops to say what is no identification."""
    while True:
        line.sendall(b"/\r\n\x00" * 10)
        time.sleep(0.01)


def identification_alone(line: socket.socket, heard: bytes) -> None:
    """One that does not go on in time once HDLC is selected: the pauses of a sign-on take longer."""
    if heard.startswith(b"/?"):
        line.sendall(IDENTIFICATION)


@contextmanager
def a_line(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[int, threading.Event]]:
    """The port of something at the other end of a line, and whether the client has closed it."""
    closed = threading.Event()

    def serve() -> None:
        line = listener.accept()[0]
        with line:
            line.settimeout(10)
            try:
                while octets := line.recv(4096):
                    answer(line, octets)
            except TimeoutError:
                return
            except OSError:
                pass  # closed with octets underway
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], closed
        thread.join(10)


def check(colour: str, url: str, said: str, closed: threading.Event) -> None:
    async def scenario(connect: Callable[..., Any]) -> None:
        with pytest.raises(DeadlineExceeded, match=said):
            async with connect(url, deadlines=Deadlines(transport=LIMIT)):
                pass

    began = time.monotonic()
    run(colour, scenario)
    assert LIMIT <= time.monotonic() - began < LIMIT + 2
    assert closed.wait(5)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("answer", [silence, noise, identification_alone])
def test_the_sign_on(colour: str, answer: Callable[[socket.socket, bytes], None]) -> None:
    with a_line(answer) as (port, closed):
        said = f"the sign-on of IEC 62056-21 did not come to its end within {LIMIT} s"
        check(colour, f"iec+socket://127.0.0.1:{port}", said, closed)


@OF_PYSERIAL
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("link", ["hdlc", "iec"])
def test_the_opening_of_a_line_by_rfc_2217(colour: str, link: str) -> None:
    """Whoever listens there does not speak RFC 2217; pyserial alone would wait for 3 s, or several times that."""
    with a_line(silence) as (port, closed):
        check(colour, f"{link}+rfc2217://127.0.0.1:{port}", f"rfc2217://127.0.0.1:{port} did not open within", closed)


@OF_PYSERIAL
def test_other_tasks_go_on_while_a_line_is_opened() -> None:
    async def scenario() -> None:
        with a_line(silence) as (port, _):
            connecting = asyncio.ensure_future(
                dlms.aio.connect(f"hdlc+rfc2217://127.0.0.1:{port}", deadlines=Deadlines(transport=LIMIT)).__aenter__()
            )
            began = time.monotonic()
            for _ in range(10):
                await asyncio.sleep(0.01)
            assert time.monotonic() - began < LIMIT
            with pytest.raises(DeadlineExceeded):
                await connecting

    asyncio.run(scenario())
