"""Serial ports and all else that pyserial opens: `rfc2217://`, `socket://`, `loop://`, `spy://`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from concurrent import futures
from typing import Any, Literal, NoReturn, Self

import serial

try:
    from termios import error as TerminalError  # noqa: N812  # it is a class, whatever its name
except ImportError:  # Windows
    TerminalError = OSError  # type: ignore[misc,assignment]

from dlms.errors import ConnectionLost, DeadlineExceeded
from dlms.transport.base import READ_SIZE

Parity = Literal["none", "even"]
PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN}
PORT_ERRORS = (OSError, ValueError, TypeError, serial.SerialException, TerminalError)  # TypeError: closed while reading
TAKEN_WITHIN = 30.0  # seconds: a port that takes no octets for so long, whoever holds it up, counts as lost
MOST_ARRIVED = 4 * READ_SIZE  # octets that are read before anybody asks for them
PAUSE = 0.05  # seconds between two looks whether somebody has
SLICE = 0.5  # seconds that a read waits at the most before it looks whether the port is to be closed


class SerialTransport:
    """A serial port, used by blocking calls: 8 data bits without parity, until `reconfigure` says otherwise."""

    def __init__(self, port: serial.SerialBase) -> None:
        self._port: Any = port  # the attributes differ between pyserial's own kinds of port

    @classmethod
    def open(cls, target: str, baud: int, timeout: float | None = None) -> Self:
        """Open a device or a pyserial URL within `timeout` seconds; raises ConnectionLost and DeadlineExceeded."""
        opening = _Opening(target, baud)
        try:
            futures.wait([opening.opened], timeout)
            return cls(opening.port(timeout))
        except BaseException:
            opening.give_up()
            raise

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
    async def open(cls, target: str, baud: int, timeout: float | None = None) -> Self:
        """Open a device or a pyserial URL within `timeout` seconds; raises ConnectionLost and DeadlineExceeded."""
        opening = _Opening(target, baud)
        try:
            await asyncio.wait([asyncio.wrap_future(opening.opened)], timeout=timeout)
            return cls(opening.port(timeout))
        except BaseException:
            opening.give_up()
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
            while len(self._arrived) > MOST_ARRIVED and not self._closing.wait(PAUSE):
                pass  # whoever asked for the port reads nothing: the rest stays where it is
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


class _Opening:
    """A port that is being opened in a thread of its own: pyserial does not let the time be limited that it takes to
    agree with the other end (RFC 2217) or to find it."""

    def __init__(self, target: str, baud: int) -> None:
        self._target = target
        # rfc2217:// knows no limit of this kind; its socket has one of its own (5 s).
        limit = None if target.startswith("rfc2217:") else TAKEN_WITHIN
        self.opened: futures.Future[Exception | None] = futures.Future()
        """Done once the port is open, or what has kept it from that is known."""
        try:
            self._port = serial.serial_for_url(
                target, do_not_open=True, baudrate=baud, timeout=SLICE, write_timeout=limit
            )
        except PORT_ERRORS as error:
            self._refuse(error)
        threading.Thread(target=self._open, name=f"opening of {target}", daemon=True).start()

    def _open(self) -> None:
        fault: Exception | None = None
        try:
            self._port.open()
        except Exception as error:  # whatever it is, it is for who waits
            fault = error
        if self.opened.set_running_or_notify_cancel():
            self.opened.set_result(fault)
        else:
            _close(self._port)  # nobody waits any more

    def port(self, timeout: float | None) -> serial.SerialBase:
        """The port, if it is open by now: ConnectionLost where it cannot be opened, DeadlineExceeded where it is not
        open after `timeout` seconds."""
        if not self.opened.done():
            raise DeadlineExceeded(f"{self._target} did not open within {timeout:g} s")
        fault = self.opened.result()
        if isinstance(fault, PORT_ERRORS):
            self._refuse(fault)
        if fault is not None:
            raise fault
        return self._port

    def give_up(self) -> None:
        """Let the port be closed, now or as soon as it has opened."""
        if not self.opened.cancel():
            self.opened.add_done_callback(self._close_again)
            return
        half_open = getattr(self._port, "_socket", None)
        if isinstance(half_open, socket.socket):  # the other end need not wait for what comes no more
            with contextlib.suppress(OSError):
                half_open.shutdown(socket.SHUT_RDWR)
            half_open.close()

    def _close_again(self, opened: futures.Future[Exception | None]) -> None:
        if opened.result() is None:
            _close(self._port)

    def _refuse(self, error: Exception) -> NoReturn:
        raise ConnectionLost(f"cannot open {self._target}: {error}") from None


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
