"""Sign-on, readout and programming against a meter in memory, for threads and for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from dlms.errors import AuthenticationFailed, DeadlineExceeded, DecodeError, LinkError
from dlms.link.iec62056_21 import (
    Dialogue,
    Identification,
    LineTiming,
    SetLine,
    Transmit,
    answer_sign_on,
    enter_mode_e,
    read_out,
    read_register,
    sign_off,
    start_programming,
    write_register,
)
from dlms.transport.dialogue import run, run_async
from dlms_core.iec62056_21 import (
    ACKNOWLEDGE,
    COMMAND,
    DATA,
    IDENTIFICATION,
    OPTION_SELECT,
    REPEAT,
    REQUEST,
    DataSet,
    Message,
    MessageReader,
    build,
)

QUICK = LineTiming(answer=0.05, readout=0.05, change=0.0)
READOUT = "1.8.0(001234.5*kWh)\r\n2.8.0(0.0*kWh)\r\n!\r\n"


class Meter:
    """A line with a meter at its end. `spoil` may alter what it sends; `echo` sends our own octets back first."""

    def __init__(
        self,
        identification: str,
        *,
        echo: bool = False,
        spoil: Callable[[bytes], bytes] = bytes,
        password: str = "1",  # noqa: S107
    ) -> None:
        self.identification = identification
        self.echo = echo
        self.spoil = spoil
        self.password = password
        self.settings: list[tuple[int, int, str]] = []
        self.selected = ""
        self.registers = {"1.8.0": "5*kWh"}
        self.left = False
        self._reader = MessageReader(option_select=True)
        self._out: deque[bytes] = deque()

    def send(self, octets: bytes) -> None:
        if self.echo:
            self._out.append(octets)
        for message in self._reader.read(octets):
            if isinstance(message, Message):
                for answer in self.answers(message):
                    self._out.append(self.spoil(answer))

    def answers(self, message: Message) -> list[bytes]:
        match message.kind:
            case kind if kind == REQUEST:
                ready = [build(IDENTIFICATION, self.identification)]
                return [*ready, build(DATA, READOUT)] if self.identification[3] in " ABC" else ready
            case kind if kind == OPTION_SELECT:
                self.selected = message.text
                if message.text.endswith("1"):
                    self._reader = MessageReader()  # from here on a 06 acknowledges
                if message.text.endswith("1"):
                    return [build(COMMAND, "P0(1234)")]
                return [build(OPTION_SELECT, message.text)] if message.text.endswith("2") else [build(DATA, READOUT)]
            case kind if kind == REPEAT:
                return [build(DATA, READOUT)]
            case kind if kind == COMMAND:
                return self.command(message.text)
        return []

    def command(self, text: str) -> list[bytes]:
        letters, data = text[:2], text[2:].rstrip(")").split("(")
        if letters == "B0":
            self.left = True
            return []
        if letters in ("P1", "P2"):
            return [build(ACKNOWLEDGE)] if data[1] == self.password else [build(COMMAND, "B0")]
        if letters == "R1":
            return [build(DATA, f"{data[0]}({self.registers.get(data[0], 'ER01')})")]
        self.registers[data[0]] = data[1]
        return [build(ACKNOWLEDGE)]

    def receive(self, timeout: float | None) -> bytes | None:
        if self._out:
            return self._out.popleft()
        time.sleep(min(timeout or 0.0, 0.05))
        return None

    def reconfigure(self, baud: int, data_bits: int, parity: str) -> None:
        self.settings.append((baud, data_bits, parity))

    def close(self) -> None:
        self.left = True


class AsyncMeter:
    """The same line under asyncio."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    async def send(self, octets: bytes) -> None:
        self.meter.send(octets)

    async def receive(self, timeout: float | None) -> bytes | None:
        await asyncio.sleep(0)
        return self.meter.receive(timeout)

    async def reconfigure(self, baud: int, data_bits: int, parity: str) -> None:
        self.meter.reconfigure(baud, data_bits, parity)

    async def close(self) -> None:
        self.meter.close()


@pytest.fixture(params=["threads", "asyncio"])
def drive(request: pytest.FixtureRequest) -> Callable[[Dialogue[Any], Meter], Any]:
    if request.param == "threads":
        return run
    return lambda dialogue, meter: asyncio.run(run_async(dialogue, AsyncMeter(meter)))


Drive = Callable[[Dialogue[Any], Meter], Any]


@pytest.mark.parametrize("echo", [False, True])
def test_mode_e(drive: Drive, echo: bool) -> None:
    meter = Meter("ISK5\\2MT174", echo=echo)
    assert drive(enter_mode_e("", QUICK), meter) == Identification("ISK", "5", "\\2MT174")
    assert meter.selected == "252"
    assert meter.settings == [(300, 7, "even"), (9600, 8, "none")]
    drive(enter_mode_e("", QUICK, highest_baud=2400), meter)
    assert meter.selected == "232"


@pytest.mark.parametrize(
    ("identification", "mode", "selected", "settings"),
    [
        ("LGZ ZMD", "A", "", [(300, 7, "even")]),
        ("LGZCZMD", "B", "", [(300, 7, "even"), (2400, 7, "even")]),
        ("LGZ4ZMF", "C", "040", [(300, 7, "even"), (4800, 7, "even")]),
        ("ISK5\\2MT", "E", "050", [(300, 7, "even"), (9600, 7, "even")]),
    ],
)
def test_readout(drive: Drive, identification: str, mode: str, selected: str, settings: list[Any]) -> None:
    meter = Meter(identification)
    found, sets = drive(read_out("123", QUICK), meter)
    assert found.mode == mode
    assert sets == [DataSet("1.8.0", "001234.5", "kWh"), DataSet("2.8.0", "0.0", "kWh")]
    assert (meter.selected, meter.settings) == (selected, settings)


def test_a_register_in_partial_blocks(drive: Drive) -> None:
    """Each but the last block ends with EOT and waits for ACK; one is damaged on its way, and asked for again."""
    pieces = ["P.01(24-01-01 12:00)(5*kWh)\r\n", "(6*kWh)", "(7*kWh)"]
    spoilt = [1]

    class InBlocks(Meter):
        number = -1

        def answers(self, message: Message) -> list[bytes]:
            if message.kind == COMMAND and message.text.startswith("R5"):
                self.number = 0
            elif message.kind == ACKNOWLEDGE:
                self.number += 1
            elif message.kind != REPEAT or self.number < 0:
                return super().answers(message)
            last = self.number == len(pieces) - 1
            return [build(DATA, pieces[self.number], partial=not last)]

    def spoil(octets: bytes) -> bytes:
        if b"(6" in octets and spoilt:
            spoilt.clear()
            return octets.replace(b"6", b"9")
        return octets

    def session() -> Dialogue[Any]:
        yield from start_programming("1", "", QUICK)
        return (yield from read_register("P.01", QUICK, level="5"))

    found = drive(session(), InBlocks("LGZ4ZMF", spoil=spoil))
    assert found == [
        DataSet("P.01", "24-01-01 12:00"), DataSet("", "5", "kWh"), DataSet("", "6", "kWh"), DataSet("", "7", "kWh"),
    ]  # fmt: skip
    assert not spoilt


def test_an_answer_without_end(drive: Drive) -> None:
    class Endless(Meter):
        def answers(self, message: Message) -> list[bytes]:
            if message.kind == ACKNOWLEDGE or message.text.startswith("R1"):
                return [build(DATA, "(5)", partial=True)]
            return super().answers(message)

    def session() -> Dialogue[Any]:
        yield from start_programming("1", "", QUICK)
        yield from read_register("P.01", QUICK)

    with pytest.raises(LinkError, match="without end"):
        drive(session(), Endless("LGZ4ZMF"))


def test_a_damaged_readout_is_asked_for_again(drive: Drive) -> None:
    spoilt = [2]

    def spoil(octets: bytes) -> bytes:
        if octets[:1] == b"\x02" and spoilt[0]:
            spoilt[0] -= 1
            return octets[:-1] + bytes([octets[-1] ^ 1])
        return octets

    assert len(drive(read_out("", QUICK), Meter("LGZ4ZMF", spoil=spoil))[1]) == 2
    spoilt[0] = 99
    with pytest.raises(DecodeError):
        drive(read_out("", QUICK), Meter("LGZ4ZMF", spoil=spoil))


def test_programming(drive: Drive) -> None:
    meter = Meter("LGZ4ZMF")

    def session() -> Dialogue[Any]:
        yield from start_programming("1", "", QUICK)
        before = yield from read_register("1.8.0", QUICK)
        yield from write_register("1.8.0", "7*kWh", QUICK)
        after = yield from read_register("1.8.0", QUICK)
        with pytest.raises(LinkError, match="ER01"):
            yield from read_register("9.9.9", QUICK)
        yield from sign_off()
        return before, after

    assert drive(session(), meter) == ([DataSet("1.8.0", "5", "kWh")], [DataSet("1.8.0", "7", "kWh")])
    assert meter.left
    with pytest.raises(AuthenticationFailed):
        drive(start_programming("2", "", QUICK), Meter("LGZ4ZMF"))
    secret = Meter("LGZ4ZMF", password="4321")
    drive(start_programming("x", "", QUICK, encrypt=lambda challenge, _: challenge[::-1]), secret)


@pytest.mark.parametrize("spoil", [lambda octets: b"", lambda octets: b"\x00garbage"])
def test_nobody_understands(drive: Drive, spoil: Callable[[bytes], bytes]) -> None:
    meter = Meter("ISK5\\2MT", spoil=lambda octets: spoil(octets) or b"\xff")
    with pytest.raises(DeadlineExceeded):
        drive(enter_mode_e("", QUICK), meter)


def test_a_meter_without_hdlc(drive: Drive) -> None:
    with pytest.raises(LinkError, match="mode C"):
        drive(enter_mode_e("", QUICK), Meter("LGZ4ZMF"))


@pytest.mark.parametrize(
    ("selected", "baud"), [("252", 9600), ("202", 300), ("262", None), ("050", None), ("252 ", None), ("", None)]
)
def test_a_meter_answers_a_sign_on_and_goes_on_where_hdlc_is_selected(selected: str, baud: int | None) -> None:
    dialogue = answer_sign_on(Identification("DLM", "5", "\\2meter"), ("", "12345"))
    assert dialogue.send(None) == SetLine(300, 7, "even")
    waiting = dialogue.send(None)
    for stranger in (None, Message(REQUEST, "54321"), Message(OPTION_SELECT, "252")):
        assert dialogue.send(stranger) == waiting
    assert dialogue.send(Message(REQUEST, "12345")) == Transmit(b"/DLM5\\2meter\r\n")
    assert dialogue.send(None) != waiting
    after = dialogue.send(Message(OPTION_SELECT, selected))
    if baud is None:
        assert after == waiting
        return
    assert after == Transmit(build(OPTION_SELECT, selected))
    assert dialogue.send(None) == SetLine(baud, 8, "none")
    with pytest.raises(StopIteration) as done:
        dialogue.send(None)
    assert done.value.value == baud
