"""Serial ports and all else that pyserial opens: `rfc2217://`, `socket://`, `loop://`, `spy://`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any, Literal, Self

import serial

try:
    from termios import error as TerminalError  # noqa: N812  # it is a class, whatever its name
except ImportError:  # Windows
    TerminalError = OSError  # type: ignore[misc,assignment]

from dlms.errors import ConnectionLost
from dlms.transport.base import READ_SIZE

Parity = Literal["none", "even"]
PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN}
PORT_ERRORS = (OSError, ValueError, TypeError, serial.SerialException, TerminalError)  # TypeError: closed while reading
TAKEN_WITHIN = 30.0  # seconds: a port that takes no octets for so long, whoever holds it up, counts as lost
SLICE = 0.5  # seconds that a read waits at the most before it looks whether the port is to be closed


class SerialTransport:
    """A serial port, used by blocking calls: 8 data bits without parity, until `reconfigure` says otherwise."""

    def __init__(self, port: serial.SerialBase) -> None:
        self._port: Any = port  # the attributes differ between pyserial's own kinds of port

    @classmethod
    def open(cls, target: str, baud: int) -> Self:
        """Open a device or a pyserial URL; raises ConnectionLost."""
        return cls(_opened(target, baud))

    def send(self, octets: bytes) -> None:
        try:
            self._port.write(octets)
            self._port.flush()
        except PORT_ERRORS as error:
            raise ConnectionLost(f"sending failed: {error}") from None

    def receive(self, timeout: float | None) -> bytes | None:
        try:
            if self._port.timeout != timeout:
                self._port.timeout = timeout
            return _read(self._port)
        except PORT_ERRORS as error:
            raise ConnectionLost(f"receiving failed: {error}") from None

    def reconfigure(self, baud: int, data_bits: int, parity: Parity) -> None:
        """Another speed and another form of characters, once all that was sent has left."""
        _reconfigure(self._port, baud, data_bits, parity)

    def close(self) -> None:
        _close(self._port)


class AsyncSerialTransport:
    """The same under asyncio: a thread waits in the port's own blocking read and hands over what comes."""

    def __init__(self, port: serial.SerialBase) -> None:
        self._port: Any = port
        self._port.timeout = SLICE
        self._loop = asyncio.get_running_loop()
        self._arrived = bytearray()
        self._ended: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"serial {port.name}", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, target: str, baud: int) -> Self:
        """Open a device or a pyserial URL; raises ConnectionLost."""
        opening = asyncio.get_running_loop().run_in_executor(None, _opened, target, baud)
        try:
            return cls(await asyncio.shield(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_abandon)  # a port cannot be kept from opening: it is closed as soon as it has
            raise

    def _listen(self) -> None:
        ended: Exception | None = None
        while not self._closing.is_set():
            try:
                octets = _read(self._port)
            except PORT_ERRORS as error:
                ended = error
                break
            if octets:
                self._hand_over(octets, None)
        self._hand_over(b"", ended or ConnectionLost("the port is closed"))

    def _hand_over(self, octets: bytes, ended: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(self._take_over, octets, ended)

    def _take_over(self, octets: bytes, ended: Exception | None) -> None:
        self._arrived += octets
        self._ended = self._ended or ended
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def send(self, octets: bytes) -> None:
        try:
            await self._loop.run_in_executor(None, self._write, octets)
        except PORT_ERRORS as error:
            raise ConnectionLost(f"sending failed: {error}") from None

    def _write(self, octets: bytes) -> None:
        self._port.write(octets)
        self._port.flush()

    async def receive(self, timeout: float | None) -> bytes | None:
        if not self._arrived and self._ended is None:
            self._waiter = self._loop.create_future()
            timer = None if timeout is None else self._loop.call_later(max(0.0, timeout), self._wake)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        if self._arrived:
            octets = bytes(self._arrived)
            self._arrived.clear()
            return octets
        if self._ended is not None:
            raise ConnectionLost(f"receiving failed: {self._ended}") from None
        return None

    async def reconfigure(self, baud: int, data_bits: int, parity: Parity) -> None:
        """As `SerialTransport.reconfigure`."""
        await self._loop.run_in_executor(None, _reconfigure, self._port, baud, data_bits, parity)

    async def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(AttributeError, *PORT_ERRORS):
            self._port.cancel_read()
        try:
            await self._loop.run_in_executor(None, self._thread.join)
        finally:
            _close(self._port)


def _opened(target: str, baud: int) -> serial.SerialBase:
    # rfc2217:// knows no limit of this kind; its socket has one of its own (5 s).
    limit = None if target.startswith("rfc2217:") else TAKEN_WITHIN
    try:
        return serial.serial_for_url(target, baudrate=baud, timeout=SLICE, write_timeout=limit)
    except PORT_ERRORS as error:
        raise ConnectionLost(f"cannot open {target}: {error}") from None


def _abandon(opening: asyncio.Future[serial.SerialBase]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        _close(opening.result())


def _close(port: Any) -> None:
    """Close a port; of one whose other end has gone, pyserial leaves the socket open (socket://, rfc2217://)."""
    connected = getattr(port, "_socket", None)
    with contextlib.suppress(*PORT_ERRORS):
        port.close()
    if isinstance(connected, socket.socket):
        connected.close()


def _read(port: Any) -> bytes | None:
    """One octet, waited for as long as the port's time-out says, and all that came with it."""
    first: bytes = port.read(1)
    if not first:
        return None
    waiting = min(port.in_waiting, READ_SIZE)
    return first + port.read(waiting) if waiting else first


def _reconfigure(port: Any, baud: int, data_bits: int, parity: Parity) -> None:
    try:
        port.flush()
        port.baudrate, port.bytesize, port.parity = baud, data_bits, PARITIES[parity]
    except PORT_ERRORS as error:
        raise ConnectionLost(f"cannot set {baud} baud: {error}") from None
