"""Our client and our server over UDP with a bad road between them: datagrams lost, doubled, out of order, altered."""

from __future__ import annotations

import random
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from tests.association.meter import CLOCK, GUARDED, KEYS, LONG, NOW
from tests.server.watched import watched

import dlms
from dlms.client import Deadlines
from dlms.errors import DlmsError
from dlms.server import ServerLimits

pytestmark = pytest.mark.usefixtures("no_traceback")
UDP = "udp://127.0.0.1:0"
ROUNDS = 25
LONG_VALUE = bytes(range(256)) * 4


class BadRoad:
    """A proxy for one client at a time: what it does to each datagram is drawn from `seed`."""

    def __init__(self, server: tuple[str, int], seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self._far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far.bind(("127.0.0.1", 0))
        self._client: tuple[str, int] | None = None
        self._held: dict[socket.socket, bytes] = {}
        self._open = True
        self.port: int = self._near.getsockname()[1]

    def run(self) -> None:
        while self._open:
            ready, _, _ = select.select([self._near, self._far], [], [], 0.05)
            for road in ready:
                datagram, sender = road.recvfrom(65536)
                if road is self._near:
                    self._client = sender
                for sent in self._what_becomes_of(road, datagram):
                    if road is self._near:
                        self._far.sendto(sent, self._server)
                    elif self._client is not None:
                        self._near.sendto(sent, self._client)

    def _what_becomes_of(self, road: socket.socket, datagram: bytes) -> Iterator[bytes]:
        late = self._held.pop(road, None)
        match self._random.choices(("pass", "lose", "double", "hold", "turn", "cut"), (96, 0.5, 1, 1, 1, 0.5))[0]:
            case "pass":
                yield datagram
            case "double":
                yield from (datagram, datagram)
            case "hold":
                self._held[road] = datagram
            case "turn":
                wrong = bytearray(datagram)
                wrong[self._random.randrange(len(wrong))] ^= 1 << self._random.randrange(8)
                yield bytes(wrong)
            case "cut":
                yield datagram[: self._random.randrange(len(datagram))]
        if late is not None:
            yield late

    def stop(self) -> None:
        self._open = False

    def close(self) -> None:
        self._near.close()
        self._far.close()


@contextmanager
def bad_road(url: str, seed: int) -> Iterator[str]:
    """The URL of a bad road to the server at `url`."""
    place = urlsplit(url)
    road = BadRoad((place.hostname or "", place.port or 0), seed)
    thread = threading.Thread(target=road.run)
    thread.start()
    try:
        yield f"udp://127.0.0.1:{road.port}"
    finally:
        road.stop()
        thread.join(5)
        road.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_right_value_or_one_clear_error(seed: int) -> None:
    """Authenticated and encrypted, so that nothing altered passes for a value. Whatever is lost on the way, the server
    serves the next association, and in the end nothing is left of any."""
    limits = ServerLimits(inactivity_timeout=1.0, half_open_timeout=1.0, first_back_off=0.001, longest_back_off=0.01)
    security = dlms.Security("hls-gmac", policy="authenticated+encrypted", client_system_title=b"CLI\0\0\0\0\1", **KEYS)
    patience = Deadlines(transport=1, link=0.2, response=0.2, release=0.2)
    read = failed = 0
    with watched(UDP, limits=limits) as of, bad_road(of.url, seed) as url:
        for _ in range(ROUNDS):
            try:
                with dlms.connect(
                    f"{url}?client={GUARDED}", security=security, deadlines=patience, max_receive_pdu_size=256
                ) as client:
                    assert client.get(CLOCK.time) == NOW
                    assert client.get(LONG.value) == LONG_VALUE
                    read += 1
            except DlmsError:
                failed += 1
    assert read > 0
    assert failed > 0
    assert read + failed == ROUNDS
