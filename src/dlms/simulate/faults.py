"""What may be wrong with a simulated meter: it is silent, slow, garbles what it sends, repeats its counters.

Which answers are garbled, and where, follows from the seed and the number of the answer.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dlms.errors import ConfigurationError
from dlms.server.stations import Ended, Line, Request, Station
from dlms.simulate.noise import noise


@dataclass(slots=True)
class Faults:
    """The faults of one meter; they may be changed at any time.

    `silent`: nothing is answered. `slow`: seconds by which every answer is late. `garbling`: the part of the answers
    in which a bit is turned. `wrong_counters`: the invocation counter stands still. `reboot`: seconds between two
    losses of power, on average; 0: never.
    """

    silent: bool = False
    slow: float = 0.0
    garbling: float = 0.0
    wrong_counters: bool = False
    reboot: float = 0.0

    @classmethod
    def parse(cls, texts: list[str]) -> Faults:
        """From texts such as `silent`, `slow=2.5`, `garbling=0.1`, `wrong-counters`, `reboot=60`; ConfigurationError
        for others."""
        faults = cls()
        for text in texts:
            name, given, value = text.partition("=")
            try:
                if name not in DEFAULTS:
                    raise ValueError
                default = DEFAULTS[name]
                if isinstance(default, bool) and given:
                    raise ValueError
                number = default if not given else float(value)
                if not 0 <= number < math.inf or (name == "garbling" and number > 1):
                    raise ValueError
            except ValueError:
                raise ConfigurationError(f"no fault is {text:.40}: {', '.join(FORMS)}") from None
            setattr(faults, name.replace("-", "_"), number)
        return faults


DEFAULTS: Final[Mapping[str, float | bool]] = {
    "silent": True,
    "slow": 2.0,
    "garbling": 0.1,
    "wrong-counters": True,
    "reboot": 60.0,
}
"""What a fault is that comes without a value."""
FORMS: Final = ("silent", "slow[=SECONDS]", "garbling[=PART]", "wrong-counters", "reboot[=SECONDS]")


class FaultyMeter:
    """The faults of a meter as its lines see them, and how many answers it has sent."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self._seed = seed
        self._answers = 0

    def garbled(self, octets: bytes) -> bytes:
        """The octets of the next answer as they go out."""
        self._answers += 1
        if not self.faults.garbling or not octets:
            return octets
        whether, where, which = noise(self._seed, np.arange(3) + 3 * self._answers)
        if whether >= self.faults.garbling:
            return octets
        turned = bytearray(octets)
        turned[int(where * len(turned))] ^= 1 << int(which * 8)
        return bytes(turned)


class FaultyStation:
    """A line of faulty meters: the station within is as it should be. `meters` are by the SAP of the logical device."""

    def __init__(self, station: Station, meters: Mapping[int, FaultyMeter]) -> None:
        self._station = station
        self._meters = meters
        self._held: deque[tuple[float, Request | Ended]] = deque()
        self._out = bytearray()
        self._now = 0.0

    def receive(self, octets: bytes, now: float) -> None:
        self._now = now
        if not all(meter.faults.silent for meter in self._meters.values()):
            self._station.receive(octets, now)

    def events(self) -> list[Request | Ended]:
        for event in self._station.events():
            meter = self._meters.get(event.line.server)
            if meter is not None and meter.faults.silent:
                continue
            slow = meter.faults.slow if meter is not None and isinstance(event, Request) else 0.0
            self._held.append((self._now + slow, event))
        due = []
        while self._held and self._held[0][0] <= self._now:
            due.append(self._held.popleft()[1])
        return due

    def send(self, line: Line, apdus: Sequence[bytes], now: float) -> None:
        self._out += self._station.octets_to_send()
        self._station.send(line, apdus, now)
        self._take(line)

    def notify(self, line: Line, apdu: bytes, now: float) -> None:
        self._out += self._station.octets_to_send()
        self._station.notify(line, apdu, now)
        self._take(line)

    def _take(self, line: Line) -> None:
        octets = self._station.octets_to_send()
        meter = self._meters.get(line.server)
        if meter is None:
            self._out += octets
        elif not meter.faults.silent:
            self._out += meter.garbled(octets)

    def octets_to_send(self) -> bytes:
        octets = bytes(self._out) + self._station.octets_to_send()
        self._out.clear()
        return octets

    def next_timer(self) -> float | None:
        timers = [at for at in (self._station.next_timer(),) if at is not None]
        if self._held:
            timers.append(self._held[0][0])
        return min(timers, default=None)

    def tick(self, now: float) -> None:
        self._now = now
        self._station.tick(now)
