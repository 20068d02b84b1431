"""A client that sends what it likes: octets, frames, WPDUs and APDUs, right or wrong, over a real socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from dlms.link.base import Disconnected
from dlms.link.hdlc import HdlcLink
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.hdlc_reader import FrameReader
from dlms_core.wrapper import WpduReader, build

PATIENCE = 5.0


class RawClient:
    """One connection as `client` to logical device `server` of a listening URL (tcp, hdlc+tcp or udp); `on` a socket
    that another one has, too."""

    def __init__(self, url: str, client: int, server: int = 1, *, on: socket.socket | None = None) -> None:
        scheme, _, place = url.partition("://")
        host, port = place.rsplit(":", 1)
        self.client = client
        self.server = server
        if on is not None:
            self.socket = on
        elif scheme == "udp":
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.connect((host, int(port)))
        else:
            self.socket = socket.create_connection((host, int(port)), PATIENCE)
        self.socket.settimeout(PATIENCE)
        self.link = HdlcLink(HdlcAddress(client), HdlcAddress(server)) if "hdlc" in scheme else None
        self._wpdus = WpduReader()
        self._frames = FrameReader()
        self._found: list[Frame] = []
        self._apdus: list[bytes] = []

    def connect(self) -> Self:
        """Set up the HDLC connection, if it is HDLC."""
        if self.link is not None:
            self.link.connect(time.monotonic())
            self._pump(lambda: self.link is not None and self.link.connected)
        return self

    def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self.socket.sendall(octets)

    def send_apdu(self, apdu: bytes) -> None:
        if self.link is None:
            self.send(build(apdu, source=self.client, destination=self.server))
        else:
            self.link.send(apdu, time.monotonic())
            self.send(self.link.octets_to_send())

    def receive_apdu(self, patience: float = PATIENCE) -> bytes | None:
        """The next APDU; None if there is none for so long, or the server ends the connection."""
        self._pump(lambda: bool(self._apdus), patience)
        return self._apdus.pop(0) if self._apdus else None

    def ask(self, apdu: bytes) -> bytes:
        """Send a request; its answer."""
        self.send_apdu(apdu)
        answer = self.receive_apdu()
        assert answer is not None, f"no answer to {apdu.hex()}"
        return answer

    def frame(self, kind: FrameKind, information: bytes = b"", poll_final: bool = True, **numbers: int) -> bytes:
        """The octets of a frame to the server."""
        control = control_octet(kind, poll_final=poll_final, **numbers)
        return Frame(HdlcAddress(self.server), HdlcAddress(self.client), control, information).encode()

    def receive_frame(self, patience: float = PATIENCE) -> Frame | None:
        """The next good frame; None if there is none for so long."""
        self.socket.settimeout(patience)
        try:
            while not self._found:
                octets = self.socket.recv(65536)
                if not octets:
                    return None
                self._found += [found for found in self._frames.read(octets) if isinstance(found, Frame)]
        except TimeoutError:
            return None
        return self._found.pop(0)

    @property
    def ended(self) -> bool:
        """Whether the server ends the connection, one way or the other; what it still sends is dropped."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True

    def _pump(self, done: Callable[[], bool], patience: float = PATIENCE) -> None:
        until = time.monotonic() + patience
        while not done():
            if self.link is not None:
                out = self.link.octets_to_send()
                if out:
                    self.send(out)
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            try:
                octets = self.socket.recv(65536)
            except (TimeoutError, ConnectionError):
                return
            if not octets:
                return
            self._take(octets)

    def _take(self, octets: bytes) -> None:
        if self.link is None:
            self._apdus += [found.apdu for found in self._wpdus.read(octets)]
            return
        self.link.receive(octets, time.monotonic())
        for event in self.link.events():
            if isinstance(event, bytes):
                self._apdus.append(event)
            elif isinstance(event, Disconnected) and event.error is not None:
                raise event.error
        out = self.link.octets_to_send()
        if out:
            self.send(out)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
