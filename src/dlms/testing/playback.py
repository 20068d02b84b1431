"""A capture played back: the recorded meter answers again, for whoever sends again what was recorded.

    capture = Playback.of("capture.txt")                  # as dlms.connect(trace=CaptureFile(...)) wrote it
    with capture.served("tcp://127.0.0.1:0") as url, dlms.connect(f"{url}?client=16") as meter:
        assert meter.get(energy.value) == 4711

The client under test has to be set as the recorded one was; octets that differ all the same, a time that is written
for instance, may be masked by `??` in the file (`dlms.transport.capture`). A client that sends anything else meets a
PlaybackMismatch that says where, what was recorded and what came. What clients draw has to be the same, too: the
challenge of HLS (patch `os.urandom`) and the invocation counters (`MemoryCounterStore(first=...)` for both); a password
is the asterisks that stand for it in the capture.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

from dlms.errors import ConfigurationError
from dlms.transport import loopback
from dlms.transport.base import READ_SIZE
from dlms.transport.capture import Record, read_capture
from dlms.transport.url import Url

SHOWN: Final = 24
"""How many octets around a difference a mismatch shows."""
PATIENCE: Final = 1.0
"""Seconds that a client may wait for octets when it is its turn to send: timers of a link run so long."""


class PlaybackMismatch(AssertionError):
    """The client did something else than the recorded one."""


class Playback:
    """The meter of a capture, without input or output: octets of the client in, octets of the meter out."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = [record for record in records if record.octets]
        self._next = 0
        self._taken = 0  # octets of the next record that have come

    @classmethod
    def of(cls, source: str | os.PathLike[str]) -> Self:
        """The capture in a file; DecodeError where it is none."""
        return cls(read_capture(Path(source).read_text(encoding="utf-8-sig", errors="replace")))

    @property
    def finished(self) -> bool:
        """Whether everything that was recorded has been sent, by both sides."""
        return self._next == len(self._records)

    @property
    def expected(self) -> Record | None:
        """What the client is to send next."""
        return None if self.finished else self._records[self._next]

    def octets_to_send(self) -> bytes:
        """What the meter says before the client has to say something; handed out once."""
        said = b""
        while (record := self.expected) is not None and record.direction == "received":
            said += record.octets
            self._next += 1
        return said

    def receive(self, octets: bytes) -> bytes:
        """Take octets of the client, in any portions, and answer as the meter did. Raises PlaybackMismatch."""
        answer = self.octets_to_send()
        rest = octets
        while rest:
            record = self.expected
            if record is None:
                raise PlaybackMismatch(f"the capture has ended, and the client sends {_shown(rest, 0)}")
            wanted = record.octets[self._taken :]
            piece, rest = rest[: len(wanted)], rest[len(wanted) :]
            self._compare(record, piece)
            self._taken += len(piece)
            if self._taken == len(record.octets):
                self._next, self._taken = self._next + 1, 0
                answer += self.octets_to_send()
        return answer

    def _compare(self, record: Record, piece: bytes) -> None:
        for place, octet in enumerate(piece, self._taken):
            if octet != record.octets[place] and place not in record.free:
                got = record.octets[: self._taken] + piece
                raise PlaybackMismatch(
                    f"{_where(record)}: octet {place} of what the client sends is {octet:02X}, not "
                    f"{record.octets[place]:02X}: expected {_shown(record.octets, place)}, got {_shown(got, place)}"
                )

    def finish(self) -> None:
        """The client says no more: PlaybackMismatch where the recorded one did."""
        record = self.expected
        if record is not None and record.direction == "sent":
            raise PlaybackMismatch(f"{_where(record)}: the client does not send {_shown(record.octets, 0)}")

    def transport(self) -> PlaybackTransport:
        """A transport to this meter, in memory: a mismatch is raised where it happens."""
        return PlaybackTransport(self)

    @contextlib.contextmanager
    def served(self, url: str) -> Iterator[str]:
        """Serve one connection to `url`, `tcp://127.0.0.1:0`, `hdlc+tcp://...` or `pair://name`, and give the URL.

        With port 0 the URL given has the port that was free. A mismatch closes the connection, and is raised at the end
        of the `with` in place of whatever the client made of that; so is what the client left unsent.
        """
        server = _Served(self)
        try:
            with server.listening(url) as reached:
                yield reached
        except Exception as error:
            server.join()
            if server.mismatch is not None:
                raise server.mismatch from error
            raise
        server.join()
        if server.mismatch is not None:
            raise server.mismatch
        self.finish()


class PlaybackTransport:
    """A transport (`dlms.transport.base`) whose other end is a Playback."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback
        self._arrived = playback.octets_to_send()

    def send(self, octets: bytes) -> None:
        self._arrived += self._playback.receive(octets)

    def receive(self, timeout: float | None) -> bytes | None:
        if self._arrived:
            octets, self._arrived = self._arrived, b""
            return octets
        record = self._playback.expected
        if record is None:
            return b""
        if timeout is None or timeout > PATIENCE:
            raise PlaybackMismatch(f"{_where(record)}: the client waits, and does not send {_shown(record.octets, 0)}")
        time.sleep(max(0.0, timeout))
        return None

    def close(self) -> None:
        """Nothing is open."""


class _Served:
    """The thread in which one connection is served."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback
        self._thread: threading.Thread | None = None
        self._connection: socket.socket | None = None
        self.mismatch: PlaybackMismatch | None = None

    @contextlib.contextmanager
    def listening(self, url: str) -> Iterator[str]:
        where = Url.parse(url, "listen")
        if where.scheme == "pair":
            loopback.listen(where.target, self.accept)
            try:
                yield url
            finally:
                loopback.silence(where.target)
        elif where.scheme == "tcp":
            with socket.create_server((where.host, where.port)) as listener:
                thread = threading.Thread(target=self._accept_from, args=(listener,), daemon=True)
                thread.start()
                port = listener.getsockname()[1]
                try:
                    yield url.replace(f":{where.port}", f":{port}", 1)
                finally:
                    with contextlib.suppress(OSError):  # closing alone would leave the thread waiting
                        listener.shutdown(socket.SHUT_RDWR)
        else:
            raise ConfigurationError(f"a capture is served over tcp:// or pair://, not {where.scheme}://")

    def accept(self, connection: socket.socket) -> None:
        """Serve a connection, the first one only."""
        if self._thread is not None:
            connection.close()
            return
        self._connection = connection
        self._thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        self._thread.start()

    def _accept_from(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                self.accept(listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # whatever a client does to its socket, it shows at finish()
            connection.sendall(self._playback.octets_to_send())
            try:
                while octets := connection.recv(READ_SIZE):
                    connection.sendall(self._playback.receive(octets))
            except PlaybackMismatch as mismatch:
                self.mismatch = mismatch

    def join(self) -> None:
        """Wait until everything was said or the connection is done."""
        if self._thread is None or self._connection is None:
            return
        deadline = time.monotonic() + PATIENCE
        while self._thread.is_alive() and not self._playback.finished and time.monotonic() < deadline:
            self._thread.join(PATIENCE / 100)
        with contextlib.suppress(OSError):  # closed already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()


def _where(record: Record) -> str:
    return f"line {record.line} of the capture" if record.line else "the capture"


def _shown(octets: bytes, place: int) -> str:
    """The octets around a place, that of the place in brackets."""
    first = max(0, place - SHOWN // 2)
    digits = [f"{octet:02X}" for octet in octets[first : first + SHOWN]]
    if place - first < len(digits):
        digits[place - first] = f"[{digits[place - first]}]"
    before, behind = "..." * (first > 0), "..." * (first + SHOWN < len(octets))
    return f"{before}{''.join(digits)}{behind}"
