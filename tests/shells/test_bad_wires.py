"""A wire that cuts, flips, repeats, swaps and delays: always a right value or one clear error, in time, never a
counter used twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.shells.conftest import ENERGY, LONG, LONG_VALUE, NAME, Running, secured
from tests.shells.proxy import Direction, Harm, Proxy

import dlms
from dlms.apdu import decode
from dlms.apdu.acse import Aarq, Rlrq
from dlms.errors import DlmsError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security.ciphered import CIPHERED
from dlms.security.counters import MemoryCounterStore
from dlms.shell import Deadlines
from dlms_core.wrapper import Wpdu, WpduReader

SHORT = Deadlines(transport=2, link=0.6, response=0.4, release=0.2)
REPAIRED = Deadlines(transport=2, link=5, response=5, release=0.2)
"""HDLC repairs what a wire does to it, so it is given the time; a wrapper can only wait for its deadline."""
PATIENT_LINK = HdlcSettings(response_timeout=0.1, repetitions=3, poll_interval=0.02, acknowledge_after=0.05)
LONGEST = 20.0  # seconds for a session of a few phases, each with its deadline, on a busy machine
STORE = MemoryCounterStore()


def run(url: str, **options: Any) -> Any:
    """One session: a short value and a long one; or the error that it ended with."""
    try:
        deadlines = REPAIRED if url.startswith("hdlc") else SHORT
        with dlms.connect(url, deadlines=deadlines, hdlc=PATIENT_LINK, **options) as meter:
            return meter.get(NAME), meter.get(ENERGY.value), meter.get(LONG)
    except DlmsError as error:
        return error


RIGHT = (b"a meter of ours", 123456, LONG_VALUE)


def check(meter: Running, link: str, harm: Harm, *, ciphered: bool = False, pause: float = 0.0) -> bool:
    """Run a session through the harm; whether it came to the right values."""
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    options: dict[str, Any] = {"security": secured(counters=STORE)} if ciphered else {}
    with Proxy(("127.0.0.1", meter.port(link)), harm, pause) as proxy:
        started = time.monotonic()
        outcome = run(f"{scheme}://127.0.0.1:{proxy.port}?client={1 if ciphered else 16}", **options)
        assert time.monotonic() - started < LONGEST
    assert isinstance(outcome, DlmsError) or outcome == RIGHT, outcome
    return outcome == RIGHT


def totals(meter: Running, link: str, ciphered: bool) -> dict[Direction, int]:
    """How many octets a session has in each direction."""
    counted: dict[Direction, int] = {"up": 0, "down": 0}

    def count(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        counted[direction] = offset + len(octets)
        return [octets]

    assert check(meter, link, count, ciphered=ciphered)
    return counted


def steps(total: int, most: int) -> Iterator[int]:
    """Every octet of a short conversation, and evenly spread ones of a long one."""
    return iter(range(0, total, max(1, total // most)))


CASES = [("wrapper", False), ("wrapper", True), ("hdlc", False), ("hdlc", True)]


@pytest.mark.parametrize(("link", "ciphered"), CASES)
@pytest.mark.parametrize("where", ["up", "down"])
def test_cut_anywhere(meter: Running, link: str, ciphered: bool, where: Direction) -> None:
    total = totals(meter, link, ciphered)[where]
    ended_well = 0
    for at in steps(total, 40):

        def cut(direction: Direction, offset: int, octets: bytes, at: int = at) -> list[bytes | None]:
            if direction != where or offset + len(octets) <= at:
                return [octets]
            return [octets[: max(0, at - offset)], None]

        ended_well += check(meter, link, cut, ciphered=ciphered)
    assert ended_well < 40  # something was cut


@pytest.mark.parametrize(("link", "ciphered"), CASES)
@pytest.mark.parametrize("where", ["up", "down"])
def test_flipped_anywhere(meter: Running, link: str, ciphered: bool, where: Direction) -> None:
    total = totals(meter, link, ciphered)[where]
    for at in steps(total, 20):

        def flip(direction: Direction, offset: int, octets: bytes, at: int = at) -> list[bytes | None]:
            if direction != where or not offset <= at < offset + len(octets):
                return [octets]
            damaged = bytearray(octets)
            damaged[at - offset] ^= 1 << at % 8
            return [bytes(damaged)]

        came_through = _flipped(meter, link, flip, ciphered)
        assert came_through or link == "wrapper"  # HDLC repeats what was damaged


def _flipped(meter: Running, link: str, flip: Harm, ciphered: bool) -> bool:
    """Plain APDUs over TCP carry no check of their own: there a flipped value is a value. All else is noticed."""
    if link == "wrapper" and not ciphered:
        with Proxy(("127.0.0.1", meter.port(link)), flip) as proxy:
            started = time.monotonic()
            outcome = run(f"tcp://127.0.0.1:{proxy.port}?client=16")
            assert time.monotonic() - started < LONGEST
            return outcome == RIGHT
    return check(meter, link, flip, ciphered=ciphered)


@pytest.mark.parametrize(("link", "ciphered"), CASES)
@pytest.mark.parametrize(
    "name", ["octet by octet", "everything twice", "answers twice", "swapped halves", "noise before"]
)
def test_other_harm(meter: Running, link: str, ciphered: bool, name: str) -> None:
    harms: dict[str, Harm] = {
        "octet by octet": lambda direction, offset, octets: [bytes([octet]) for octet in octets[:300]] + [octets[300:]],
        "everything twice": lambda direction, offset, octets: [octets + octets],
        "answers twice": lambda direction, offset, octets: [octets + octets] if direction == "down" else [octets],
        "swapped halves": lambda direction, offset, octets: (
            [octets[len(octets) // 2 :] + octets[: len(octets) // 2]] if offset else [octets]
        ),
        "noise before": lambda direction, offset, octets: [b"\x55\xaa" + octets] if not offset else [octets],
    }
    came_through = check(meter, link, harms[name], ciphered=ciphered)
    if name == "octet by octet":
        assert came_through


def test_no_counter_is_ever_used_twice(meter: Running) -> None:
    counters: list[int] = []
    store = MemoryCounterStore()
    for at in range(0, 900, 60):

        def cut(direction: Direction, offset: int, octets: bytes, at: int = at) -> list[bytes | None]:
            return [octets] if direction == "up" or offset + len(octets) <= at else [None]

        with Proxy(("127.0.0.1", meter.port("wrapper")), cut) as proxy:
            run(f"tcp://127.0.0.1:{proxy.port}?client=1", security=secured(counters=store))
            counters += list(counters_in(bytes(proxy.passed["up"])))
    assert len(counters) > 30
    assert len(set(counters)) == len(counters)


def counters_in(octets: bytes) -> Iterator[int]:
    for wpdu in WpduReader().read(octets):
        if not isinstance(wpdu, Wpdu):
            continue
        message: Any = decode(wpdu.apdu)
        if isinstance(message, (Aarq, Rlrq)):
            message = message.user_information
        if isinstance(message, CIPHERED) and message.ciphered_content.invocation_counter is not None:
            yield message.ciphered_content.invocation_counter


def test_a_meter_that_speaks_of_something_else(meter: Running) -> None:
    """An answer with another invoke-id is passed over; the deadline ends the waiting."""

    def other_id(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        at = octets.find(b"\xc4\x01")
        if direction == "up" or at < 0:
            return [octets]
        return [octets[: at + 2] + bytes([octets[at + 2] ^ 0x05]) + octets[at + 3 :]]

    assert not check(meter, "wrapper", other_id)
