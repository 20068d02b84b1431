"""How patient a client is: how long each phase may take, and how often what got no answer is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from dlms.errors import ConfigurationError

LONGEST: Final = 7 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long each phase may take, in seconds: the transport, setting the link up, one response, leaving.

    What comes in between, such as notifications and late answers to something else, does not prolong the waiting for
    a response; every block of a long one has a deadline of its own.
    """

    transport: float = 10.0
    link: float = 20.0
    response: float = 30.0
    release: float = 5.0

    def __post_init__(self) -> None:
        for each in fields(self):
            _check_seconds(each.name, getattr(self, each.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often what got no answer is tried again, and the pauses before: `pause` seconds, then each time `growth`
    times as long, at the most `longest_pause`.

    Tried again are connecting and reading; what changes something in the meter only where its caller says
    `repeat_safe`, since what was not answered may have been done. A request is protected anew each time. What the
    meter refuses is an answer, and never tried again.
    """

    times: int = 3
    pause: float = 1.0
    growth: float = 2.0
    longest_pause: float = 60.0

    def __post_init__(self) -> None:
        if not isinstance(self.times, int):
            raise ConfigurationError(f"retries: times is a whole number, not {self.times!r}")
        _check_seconds("longest_pause", self.longest_pause)
        if self.times < 0 or self.pause < 0 or self.growth < 1 or self.longest_pause < self.pause:
            raise ConfigurationError("retries: times and pauses are not negative, and pauses do not shrink")

    def pauses(self) -> Iterator[float]:
        """How long to wait before each further attempt."""
        pause = self.pause
        for _ in range(self.times):
            yield pause
            pause = min(pause * self.growth, self.longest_pause)


def _check_seconds(name: str, given: object) -> None:
    """No deadline that never comes (NaN), and none that no operating system can wait for."""
    if not isinstance(given, (int, float)) or not 0 <= given <= LONGEST:
        raise ConfigurationError(f"{name} is a number of seconds, 0 to {LONGEST}, not {given!r:.40}")


NEVER = Retries(times=0)
