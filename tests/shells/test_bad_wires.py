"""A wire that cuts, flips, repeats, swaps and delays: always a right value or one clear error, in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.shells import colours
from tests.shells.colours import COLOURS
from tests.shells.conftest import ENERGY, LONG, LONG_VALUE, NAME, Running, secured
from tests.shells.proxy import Direction, Harm, Proxy

from dlms.errors import DlmsError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security.counters import MemoryCounterStore
from dlms.shell import Deadlines

SHORT = Deadlines(transport=2, link=0.6, response=0.4, release=0.2)
REPAIRED = Deadlines(transport=2, link=5, response=5, release=0.2)
"""HDLC repairs what a wire does to it, so it is given the time; a wrapper can only wait for its deadline."""
PATIENT_LINK = HdlcSettings(response_timeout=0.1, repetitions=3, poll_interval=0.02, acknowledge_after=0.05)
LONGEST = 20.0  # seconds for a session of a few phases, each with its deadline, on a busy machine
STORE = MemoryCounterStore()


def run(url: str, colour: str, **options: Any) -> Any:
    """One session: a short value and a long one; or the error that it ended with."""
    deadlines = REPAIRED if url.startswith("hdlc") else SHORT
    found: list[Any] = []

    async def scenario(connect: Any) -> None:
        try:
            async with connect(url, deadlines=deadlines, hdlc=PATIENT_LINK, **options) as meter:
                found.append((await meter.get(NAME), await meter.get(ENERGY.value), await meter.get(LONG)))
        except DlmsError as error:
            found.append(error)

    colours.run(colour, scenario)
    return found[-1]


RIGHT = (b"a meter of ours", 123456, LONG_VALUE)


def check(
    meter: Running, link: str, harm: Harm, *, ciphered: bool = False, pause: float = 0.0, colour: str = "threads"
) -> bool:
    """Run a session through the harm; whether it came to the right values."""
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    options: dict[str, Any] = {"security": secured(counters=STORE)} if ciphered else {}
    with Proxy(("127.0.0.1", meter.port(link)), harm, pause) as proxy:
        started = time.monotonic()
        outcome = run(f"{scheme}://127.0.0.1:{proxy.port}?client={1 if ciphered else 16}", colour, **options)
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
            outcome = run(f"tcp://127.0.0.1:{proxy.port}?client=16", "threads")
            assert time.monotonic() - started < LONGEST
            return outcome == RIGHT
    return check(meter, link, flip, ciphered=ciphered)


@pytest.mark.parametrize(("link", "ciphered"), CASES)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "name", ["octet by octet", "everything twice", "answers twice", "swapped halves", "noise before", "late"]
)
def test_other_harm(meter: Running, link: str, ciphered: bool, name: str, colour: str) -> None:
    harms: dict[str, Harm] = {
        "octet by octet": lambda direction, offset, octets: [bytes([octet]) for octet in octets[:300]] + [octets[300:]],
        "everything twice": lambda direction, offset, octets: [octets + octets],
        "answers twice": lambda direction, offset, octets: [octets + octets] if direction == "down" else [octets],
        "swapped halves": lambda direction, offset, octets: (
            [octets[len(octets) // 2 :] + octets[: len(octets) // 2]] if offset else [octets]
        ),
        "late": lambda direction, offset, octets: [octets],
        "noise before": lambda direction, offset, octets: [b"\x55\xaa" + octets] if not offset else [octets],
    }
    pause = 0.05 if name == "late" else 0.0
    came_through = check(meter, link, harms[name], ciphered=ciphered, pause=pause, colour=colour)
    if name in ("octet by octet", "late"):
        assert came_through
