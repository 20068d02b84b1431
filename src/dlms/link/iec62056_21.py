"""Sign-on by IEC 62056-21: as a client, up to mode E into HDLC, a readout of modes A to C, or programming.

Each operation is a generator that yields what the line has to do and is resumed with the outcome: `Transmit` with None,
`Await` with the next message or None when none came in time, `SetLine` and `Pause` with None. The shells drive it
over a serial port; nothing here reads a clock.

The characters that name a speed: "0" to "6" for 300 to 19200 baud in modes C and E, "A" to "F" for 600 to 19200 in mode
B; any other character is mode A, which stays at 300.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar

from dlms.errors import AuthenticationFailed, DeadlineExceeded, LinkError
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
    build,
    data_sets,
)

T = TypeVar("T")
FIRST_BAUD: Final = 300
MODE_C_BAUDS: Final = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
MODE_B_BAUDS: Final = {"A": 600, "B": 1200, "C": 2400, "D": 4800, "E": 9600, "F": 19200}
REPETITIONS: Final = 3
PARTIAL_BLOCKS: Final = 4096
"""How many blocks one answer may have."""
FOREVER: Final = 3600.0  # seconds; nobody comes to a meter for days
BREAK: Final = build(COMMAND, "B0")


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send octets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Await:
    """The next message within `timeout` seconds, else None."""

    timeout: float


@dataclass(frozen=True, slots=True)
class SetLine:
    """Another speed and form of characters, after all that was sent has left."""

    baud: int
    data_bits: int
    parity: Literal["none", "even"]


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for so many seconds."""

    seconds: float


LineEffect: TypeAlias = Transmit | Await | SetLine | Pause
Dialogue: TypeAlias = Generator[LineEffect, Any, T]
EncryptPassword: TypeAlias = Callable[[str, str], str]
"""(what the meter sent in its P0 command, password) -> the data set of P2; the manufacturer's own."""


@dataclass(frozen=True, slots=True)
class Identification:
    """What a meter says of itself: three letters of its maker, a speed, and its own text.

    `mode` is A, B, C or E; mode E shows by the sequence \\2 before the text.
    """

    manufacturer: str
    baud_character: str
    text: str

    @property
    def mode(self) -> str:
        if self.text.startswith("\\2") and self.baud_character in MODE_C_BAUDS:
            return "E"
        if self.baud_character in MODE_C_BAUDS:
            return "C"
        return "B" if self.baud_character in MODE_B_BAUDS else "A"

    @property
    def baud(self) -> int:
        """The speed that it offers."""
        return {**MODE_C_BAUDS, **MODE_B_BAUDS}.get(self.baud_character, FIRST_BAUD)


Readout: TypeAlias = tuple[Identification, list[DataSet]]
"""Who was read out, and the data sets: address, value and unit each, as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTiming:
    """Seconds: how long to wait for an answer, and how long to leave the meter alone around a change of speed (some
    meters need more than the 0.2 s of the standard)."""

    answer: float = 2.5
    readout: float = 60.0
    change: float = 0.3


def identify(address: str = "", timing: LineTiming | None = None) -> Dialogue[Identification]:
    """Ask who is there, at 300 baud with even parity. DeadlineExceeded where nobody answers."""
    timing = timing or LineTiming()
    yield SetLine(FIRST_BAUD, 7, "even")
    for _ in range(REPETITIONS):
        yield Transmit(build(REQUEST, address))
        while True:
            message: Message | None = yield Await(timing.answer)
            if message is None:
                break
            if message.kind == IDENTIFICATION and len(message.text) >= 4:
                letters, rest = message.text[:3], message.text[3:]
                return Identification(letters, rest[:1], rest[1:])
            # Anything else is the echo of an optical head, or noise.
    raise DeadlineExceeded("no meter answered the sign-on")


def enter_mode_e(
    address: str = "", timing: LineTiming | None = None, *, highest_baud: int = 19200
) -> Dialogue[Identification]:
    """Sign on and switch to HDLC: 8 data bits without parity at the speed that the meter offers, or a lower one."""
    timing = timing or LineTiming()
    found = yield from identify(address, timing)
    if found.mode != "E":
        raise LinkError(f"the meter does not offer HDLC (mode E): mode {found.mode}")
    baud_character = _speed(found, highest_baud)
    yield Transmit(build(OPTION_SELECT, f"2{baud_character}2"))
    yield Await(timing.change)  # some meters confirm with the same message, some do not; both go on
    yield SetLine(MODE_C_BAUDS[baud_character], 8, "none")
    yield Pause(timing.change)
    return found


def answer_sign_on(own: Identification, addresses: Collection[str] = ("",)) -> Dialogue[int]:
    """Be the meter of `enter_mode_e`: wait for somebody who asks for one of `addresses` ("" asks for any meter) and
    selects HDLC; the speed that the line goes on at. Whoever selects anything else is not answered."""
    yield SetLine(FIRST_BAUD, 7, "even")
    while True:
        request: Message | None = yield Await(FOREVER)
        if request is None or request.kind != REQUEST or request.text not in addresses:
            continue
        yield Transmit(build(IDENTIFICATION, f"{own.manufacturer}{own.baud_character}{own.text}"))
        selected: Message | None = yield Await(LineTiming().answer)
        if selected is None or selected.kind != OPTION_SELECT:
            continue
        baud = {f"2{character}2": baud for character, baud in MODE_C_BAUDS.items()}.get(selected.text)
        if baud is not None and baud <= own.baud:
            yield Transmit(build(OPTION_SELECT, selected.text))
            yield SetLine(baud, 8, "none")
            return baud


def read_out(address: str = "", timing: LineTiming | None = None, *, highest_baud: int = 19200) -> Dialogue[Readout]:
    """Sign on and take the data readout of modes A, B or C. DecodeError where its check character never fits."""
    timing = timing or LineTiming()
    found = yield from identify(address, timing)
    yield from _select(found, "0", timing, highest_baud)
    attempts = REPETITIONS
    while True:
        message = yield from _of_kind(DATA, timing.readout, "the meter's readout did not come")
        if message.fault is None:
            return found, data_sets(message.text)
        attempts -= 1
        if not attempts:
            raise message.fault
        yield Transmit(build(REPEAT))


def start_programming(
    password: str | None,
    address: str = "",
    timing: LineTiming | None = None,
    *,
    encrypt: EncryptPassword | None = None,
    highest_baud: int = 19200,
) -> Dialogue[Identification]:
    """Sign on and enter programming mode; `password` as P1, or, with `encrypt`, as P2 after the meter's P0."""
    timing = timing or LineTiming()
    found = yield from identify(address, timing)
    yield from _select(found, "1", timing, highest_baud)
    challenge = yield from _command_of(timing, "the meter did not enter programming mode")
    if not challenge.text.startswith("P0"):
        raise LinkError(f"expected the meter's P0, got {challenge.text[:2]!r}")
    if password is None:
        return found
    received = challenge.text[2:].strip("()")
    command = f"P1({password})" if encrypt is None else f"P2({encrypt(received, password)})"
    answer = yield from _exchange(build(COMMAND, command), timing)
    if answer.kind != ACKNOWLEDGE:
        raise AuthenticationFailed("the meter does not accept the password")
    return found


def read_register(address: str, timing: LineTiming | None = None, *, level: str = "1") -> Dialogue[list[DataSet]]:
    """In programming mode: R1 (or R2, ...) of one address, in partial blocks too, each of which is acknowledged.

    LinkError where the meter answers with an error, or without end.
    """
    timing = timing or LineTiming()
    text = ""
    answer = yield from _exchange(build(COMMAND, f"R{level}{address}()"), timing)
    for _ in range(PARTIAL_BLOCKS):
        if answer.kind != DATA:
            raise LinkError(f"the meter does not read {address}: {answer.kind} {answer.text}")
        text += answer.text
        if not answer.partial:
            break
        answer = yield from _exchange(build(ACKNOWLEDGE), timing)
    else:
        raise LinkError(f"the meter reads {address} without end")
    found = data_sets(text)
    if len(found) == 1 and found[0].value.startswith("ER"):
        raise LinkError(f"the meter does not read {address}: {found[0].value}")
    return found


def write_register(address: str, value: str, timing: LineTiming | None = None, *, level: str = "1") -> Dialogue[None]:
    """In programming mode: W1 (or W2, ...) of one address. LinkError where the meter does not acknowledge."""
    answer = yield from _exchange(build(COMMAND, f"W{level}{address}({value})"), timing or LineTiming())
    if answer.kind != ACKNOWLEDGE:
        raise LinkError(f"the meter does not write {address}: {answer.kind} {answer.text}")


def sign_off() -> Dialogue[None]:
    """Leave programming mode: B0, which is not answered."""
    yield Transmit(BREAK)


def _speed(found: Identification, highest_baud: int) -> str:
    """The character of the fastest speed that both can."""
    able = [character for character, baud in MODE_C_BAUDS.items() if baud <= min(found.baud, highest_baud)]
    return max(able, default="0")


def _select(found: Identification, mode: str, timing: LineTiming, highest_baud: int) -> Dialogue[None]:
    """Option select where the meter has one (mode C), and the change of speed (modes B and C)."""
    if found.mode in ("C", "E"):
        character = _speed(found, highest_baud)
        yield Transmit(build(OPTION_SELECT, f"0{character}{mode}"))
        yield SetLine(MODE_C_BAUDS[character], 7, "even")
    elif found.mode == "B":
        yield SetLine(found.baud, 7, "even")


def _of_kind(kind: str, timeout: float, otherwise: str) -> Dialogue[Message]:
    """The next message of a kind; anything else is the echo of an optical head, or noise."""
    while True:
        message: Message | None = yield Await(timeout)
        if message is None:
            raise DeadlineExceeded(otherwise)
        if message.kind == kind:
            return message


def _command_of(timing: LineTiming, otherwise: str) -> Dialogue[Message]:
    while True:
        message = yield from _of_kind(COMMAND, timing.answer, otherwise)
        if message.fault is None:
            return message


def _exchange(octets: bytes, timing: LineTiming) -> Dialogue[Message]:
    """A command and its answer; asked again while nothing, NAK or a damaged block comes back."""
    for _ in range(REPETITIONS):
        yield Transmit(octets)
        message: Message | None = yield Await(timing.answer)
        if message is not None and message.fault is None and message.kind != REPEAT:
            return message
        if message is not None and message.fault is not None:
            octets = build(REPEAT)
    raise DeadlineExceeded("the meter does not answer")
