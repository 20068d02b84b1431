"""A TCP proxy that does to a conversation whatever a test asks for: cuts, flips, repeats, delays, swaps."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Self

Direction = Literal["up", "down"]
"""up: what the client sends; down: what the meter sends."""
Harm = Callable[[Direction, int, bytes], list[bytes | None]]
"""(direction, offset of the first octet in that direction, octets) -> what goes on, in pieces; a None cuts the wire."""


def unharmed(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
    """Everything as it is."""
    return [octets]


class _Cut(Exception):
    """The wire is cut here."""


@dataclass
class Proxy:
    """Listens on a port of its own and carries each connection on to `target`, through `harm`."""

    target: tuple[str, int]
    harm: Harm = unharmed
    pause: float = 0.0
    passed: dict[Direction, bytearray] = field(default_factory=lambda: {"up": bytearray(), "down": bytearray()})

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for open_socket in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                meter = socket.create_connection(self.target, 5)
            except OSError:
                return
            for end in (client, meter):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(end)
            for direction, source, sink in (("up", client, meter), ("down", meter, client)):
                thread = threading.Thread(target=self._carry, args=(direction, source, sink), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, direction: Direction, source: socket.socket, sink: socket.socket) -> None:
        offset = 0
        with contextlib.suppress(OSError, _Cut):
            while octets := source.recv(65536):
                pieces = self.harm(direction, offset, octets)
                offset += len(octets)
                for piece in pieces:
                    if piece is None:
                        raise _Cut
                    time.sleep(self.pause)
                    self.passed[direction] += piece
                    sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
