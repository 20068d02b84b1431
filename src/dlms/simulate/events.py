"""Event logs: what happened to a meter before it was looked at, by seed, and what happens while it is simulated."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from operator import itemgetter

import numpy as np

from dlms.simulate.curve import DAY
from dlms.simulate.noise import Seconds, noise


class Events:
    """The events of one log, counted from 0. Those up to `start` follow from the seed, about `gap` days apart from
    `origin` on; later ones are recorded, the newest `entries` of them. What is older than a recorded one that had to go
    is gone with it.

    `codes` are event codes with their weights.
    """

    def __init__(
        self, seed: int, codes: Mapping[int, float], *, gap: float, origin: int, start: float, entries: int
    ) -> None:
        self._seed = seed
        self._codes = np.array(list(codes), np.int64)
        weights = np.array(list(codes.values()), np.float64)
        self._bounds = np.cumsum(weights / weights.sum())
        self._gap = int(gap * DAY)
        self._origin = origin
        self._past = self._count_past(start)
        self._entries = entries
        self._recorded: list[tuple[int, int]] = []
        self._gone = 0  # recorded ones, before those
        self.first = 0

    def record(self, at: float, code: int) -> None:
        """An event now."""
        last = self._recorded[-1][0] if self._recorded else 0
        self._recorded.append((max(int(at), last), code))
        if len(self._recorded) > self._entries:
            del self._recorded[0]
            self._gone += 1
            self.first = self._past + self._gone

    def last_code(self, until: float) -> int:
        """The code of the newest event; 0 where there is none."""
        count = self.count(until)
        return int(self.codes_of(np.array([count - 1]))[0]) if count > self.first else 0

    def count(self, until: float) -> int:
        """How many events there are up to a time."""
        past = self._past + self._gone
        if not self._gone and (not self._recorded or until < self._recorded[0][0]):
            past = min(past, self._count_past(until))
        return past + bisect_right(self._recorded, until, key=itemgetter(0))

    def times(self, first: int, stop: int) -> Seconds:
        """When events happened."""
        numbers = np.arange(first, stop, dtype=np.int64)
        kept = self._past + self._gone
        recorded = np.array([at for at, _ in self._recorded[max(first - kept, 0) : max(stop - kept, 0)]])
        return np.concatenate([self._past_times(numbers[numbers < self._past]), recorded]).astype(np.int64)

    def codes_of(self, numbers: Seconds) -> Seconds:
        """The codes of events, by number."""
        past = np.searchsorted(self._bounds, noise(self._seed + 1, numbers), "right")
        codes = self._codes[np.minimum(past, len(self._codes) - 1)]
        for at in np.flatnonzero(numbers >= self._past):
            codes[at] = self._recorded[int(numbers[at]) - self._past - self._gone][1]
        return codes

    def _past_times(self, numbers: Seconds) -> Seconds:
        moved = (noise(self._seed, numbers) * self._gap).astype(np.int64)
        return self._origin + numbers * self._gap + moved

    def _count_past(self, until: float) -> int:
        number = int((until - self._origin) // self._gap)
        if number < 0:
            return 0
        return number + int(self._past_times(np.array([number]))[0] <= until)
