"""Conversations carried on by blocking calls, for threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from dlms.association.effects import Accept, Reserve, Wait
from dlms.errors import ConfigurationError, ConnectionLost
from dlms.link.iec62056_21 import enter_mode_e
from dlms.shell.demands import Conversation, Demand, Dial, HangUp, Transmit
from dlms.transport import dialogue, loopback
from dlms.transport.base import Transport
from dlms.transport.serial import SerialTransport
from dlms.transport.tcp import TcpTransport
from dlms.transport.udp import UdpTransport
from dlms.transport.url import Url

R = TypeVar("R")


def open_transport(url: Url, timeout: float) -> Transport:
    """The transport that a URL asks for, within `timeout` seconds; DeadlineExceeded says what took longer."""
    if url.scheme == "tcp":
        return TcpTransport.connect(url.host, url.port, timeout)
    if url.scheme == "udp":
        return UdpTransport.connect(url.host, url.port)
    if url.scheme == "pair":
        return TcpTransport(loopback.connect(url.target))
    if url.link == "iec":
        limit = dialogue.TimeLimit("the sign-on of IEC 62056-21", timeout)
        line = open_line(url, timeout)
        try:
            dialogue.run(enter_mode_e(url.device, highest_baud=url.baud), line, limit)
        except BaseException:
            line.close()
            raise
        return line
    return SerialTransport.open(url.target, url.baud, timeout)


def open_line(url: Url, timeout: float) -> SerialTransport:
    """The serial line of an `iec+` URL, open within `timeout` seconds, before any sign-on; ConfigurationError for
    another URL, ConnectionLost, DeadlineExceeded."""
    if url.link != "iec":
        raise ConfigurationError("the sign-on of IEC 62056-21 has URLs of its own: iec+serial:///dev/ttyUSB0")
    return SerialTransport.open(url.target, url.baud, timeout)


class Carrier:
    """Carries conversations on, one at a time, over the transport that `dial` opens. Threads may share it."""

    def __init__(self, dial: Callable[[], Transport]) -> None:
        self._dial = dial
        self._transport: Transport | None = None
        self._busy = threading.RLock()

    def carry_on(self, conversation: Conversation[R]) -> R:
        """What the conversation comes to, or the error that it ends with."""
        send = conversation.send
        proceed: Callable[[Any], Demand] = send
        outcome: Any = None
        with self._busy:
            try:
                while True:
                    try:
                        demand = proceed(outcome)
                    except StopIteration as stop:
                        result: R = stop.value
                        return result
                    try:
                        if type(demand) is tuple:
                            octets, timeout = demand
                            transport = self._transport or self._connected
                            if octets:
                                transport.send(octets)
                            outcome = transport.receive(timeout)
                        else:
                            outcome = self._carry_out(demand)
                        proceed = send
                    except Exception as error:
                        outcome, proceed = error, conversation.throw
            except BaseException:
                conversation.close()  # at once, though a traceback may hold it: what it has to put right is due now
                raise

    def hang_up(self) -> None:
        """Close the transport; doing so twice is no error."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _carry_out(self, demand: Demand) -> Any:
        match demand:
            case Transmit(octets):
                self._connected.send(octets)
            case Reserve(store, name):
                return store.reserve(name)
            case Accept(received, counter):
                received.accept(counter)
            case Wait(seconds):
                time.sleep(seconds)
            case Dial():
                self.hang_up()
                self._transport = self._dial()
            case HangUp():
                self.hang_up()
        return None

    @property
    def _connected(self) -> Transport:
        if self._transport is None:
            raise ConnectionLost("the connection is closed")
        return self._transport
