"""What flows through a simulated point of supply: energy, power, voltage, current, gas; a function of seed and time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from dlms.simulate.curve import DAY, QUARTER, Curve, Shape
from dlms.simulate.noise import Reals, Seconds, noise, seed_of

HOUSEHOLD: Final = Shape(
    workday=(3, 2.5, 2.5, 2.5, 2.5, 3.5, 7, 10, 9, 7, 6, 6, 8, 7, 6, 6, 7, 10, 13, 14, 12, 10, 7, 5),
    day_off=(4, 3, 2.5, 2.5, 2.5, 2.5, 3.5, 5, 9, 11, 11, 11, 12, 11, 9, 8, 8, 10, 12, 13, 12, 10, 8, 6),
)
SUN: Final = Shape(
    workday=(0, 0, 0, 0, 0, 0.2, 1, 3, 6, 9, 11, 12, 12, 11, 9, 6, 3, 1, 0.2, 0, 0, 0, 0, 0),
    day_off=(0, 0, 0, 0, 0, 0.2, 1, 3, 6, 9, 11, 12, 12, 11, 9, 6, 3, 1, 0.2, 0, 0, 0, 0, 0),
    days=(1.0,) * 7,
    winter=-0.75,
    chance=0.9,
)
HEATING: Final = Shape(
    workday=(1, 1, 1, 1, 1, 3, 9, 10, 6, 4, 3, 3, 4, 3, 3, 4, 7, 9, 10, 9, 8, 6, 3, 1),
    day_off=(1, 1, 1, 1, 1, 1, 3, 7, 9, 8, 6, 5, 6, 5, 5, 5, 7, 9, 10, 9, 8, 7, 4, 2),
    winter=0.75,
)
LOW_TARIFF: Final = (0, 1, 2, 3, 4, 5, 22, 23)
"""The hours of the second tariff."""
FOR_EVER: Final = 1 << 40
MOST_OFF: Final = 100
POWER_FACTOR: Final = 0.96
REACTIVE_PART: Final = 0.28


class Supply:
    """One household. Methods take points in time and give energies in Wh, varh or VAh, powers in W, volumes in m3.

    `a_day`: the Wh that are used on an average day, varied by the seed; `sun`: the Wh that are fed in. The counters
    stood at some value at `origin`. `zone` is in seconds east of UTC.
    """

    def __init__(
        self, seed: int, *, origin: int, zone: int, a_day: float = 9_000.0, sun: float = 0.0,
        phases: int = 3, nominal_voltage: float = 230.0,
    ) -> None:  # fmt: skip
        self._seed = seed
        self._origin = origin
        self._zone = zone
        self._a_day = a_day * (0.5 + self._own("size"))
        self._sun = sun * (0.5 + self._own("sun"))
        self.phases = phases
        self.nominal_voltage = nominal_voltage
        self._off: list[tuple[int, int]] = []
        """From when until when nothing flowed; the last one may still last."""

    def switch(self, on: bool, at: float) -> None:
        """Cut the supply off, or connect it again. Of more than MOST_OFF times without it the shortest is forgotten, as
        if it had been there: a counter never falls."""
        if self._off and self._off[-1][1] == FOR_EVER:
            start, _ = self._off.pop()
            if int(at) > start:
                self._off.append((start, int(at)))
        if len(self._off) > MOST_OFF:
            self._off.remove(min(self._off, key=lambda span: span[1] - span[0]))
        if not on:
            self._off.append((int(at), FOR_EVER))

    def _read(self, curve: Curve, at: Seconds) -> Reals:
        """A counter, less what would have flowed while the supply was off. Before its beginning it stands at 0: a
        client may set the clock to any year."""
        readings = curve.at(at)
        if self._off and len(at):
            starts, stops = np.array(self._off).T
            begun = curve.at(starts)
            over = at >= stops[:, None]
            missed = curve.at(np.maximum(np.minimum(stops, at.max()), starts)) - begun
            readings = readings - missed @ over
            span, within = np.nonzero((at > starts[:, None]) & ~over)
            np.subtract.at(readings, within, curve.at(at[within]) - begun[span])
        return np.maximum(readings, 0.0)

    def _is_on(self, at: Seconds) -> npt.NDArray[np.bool_]:
        starts, stops = np.array(self._off, np.int64).reshape(-1, 2).T
        return np.asarray(~((at >= starts[:, None]) & (at < stops[:, None])).any(axis=0))

    def _own(self, what: str) -> float:
        """A number in [0, 1) that is this supply's own."""
        return seed_of(self._seed, what) / 2**64

    def _curve(self, what: str, shape: Shape, a_day: float, offset: float) -> Curve:
        return Curve(
            seed_of(self._seed, what), shape, a_day, origin=self._origin, zone=self._zone,
            offset=offset * self._own(f"{what} before"),
        )  # fmt: skip

    # ---- energies -------------------------------------------------------------------------------------------------

    @cached_property
    def _tariffs(self) -> tuple[Curve, Curve]:
        low = _in_hours(HOUSEHOLD, LOW_TARIFF)
        high = _in_hours(HOUSEHOLD, tuple(hour for hour in range(24) if hour not in LOW_TARIFF))
        part = sum(low.workday) / sum(HOUSEHOLD.workday)
        return (
            self._curve("high tariff", high, self._a_day * (1 - part), 5e6),
            self._curve("low tariff", low, self._a_day * part, 2e6),
        )

    @cached_property
    def _made(self) -> Curve:
        return self._curve("sun", SUN, self._sun, 1e6 if self._sun else 0.0)

    @cached_property
    def _gas(self) -> Curve:
        return self._curve("gas", HEATING, 4.0 * (0.5 + self._own("gas size")), 3000.0)

    def energy_import(self, at: Seconds, *, tariff: int | None = None) -> Reals:
        """Active energy drawn, in Wh; of one tariff (1 or 2) or of both."""
        if tariff is not None:
            return self._read(self._tariffs[tariff - 1], at)
        return self._read(self._tariffs[0], at) + self._read(self._tariffs[1], at)

    def energy_export(self, at: Seconds, *, tariff: int | None = None) -> Reals:
        """Active energy fed in, in Wh: all in the first tariff, by day."""
        return np.zeros(at.shape) if tariff == 2 else self._read(self._made, at)

    def reactive_energy_import(self, at: Seconds) -> Reals:
        """Reactive energy drawn, in varh."""
        return REACTIVE_PART * self.energy_import(at)

    def reactive_energy_export(self, at: Seconds) -> Reals:
        """Reactive energy fed in, in varh."""
        return 0.1 * self.energy_import(at)

    def apparent_energy_import(self, at: Seconds) -> Reals:
        """Apparent energy drawn, in VAh."""
        return self.energy_import(at) / POWER_FACTOR

    def gas(self, at: Seconds) -> Reals:
        """Gas, in m3."""
        return np.maximum(self._gas.at(at), 0.0)

    def in_period(self, at: Seconds, *, of: Callable[[Supply, Seconds], Reals], period: int) -> Reals:
        """By how much a counter rose in the last whole period."""
        end = at - at % period
        return np.asarray(of(self, end) - of(self, end - period))

    # ---- at the moment --------------------------------------------------------------------------------------------

    def _power(self, at: Seconds) -> Reals:
        """What is drawn less what is fed in, in W: the average of the quarter hour, moved every ten seconds."""
        start = at - at % QUARTER
        used = sum((curve.at(start + QUARTER) - curve.at(start) for curve in self._tariffs), np.zeros(at.shape))
        made = self._made.at(start + QUARTER) - self._made.at(start)
        moved = 0.7 + 0.6 * noise(self._seed + 2, at // 10)
        return np.asarray((used * moved - made) * (3600 / QUARTER) * self._is_on(at))

    def power_import(self, at: Seconds) -> Reals:
        """Active power drawn, in W."""
        return np.maximum(self._power(at), 0.0)

    def power_export(self, at: Seconds) -> Reals:
        """Active power fed in, in W."""
        return np.maximum(-self._power(at), 0.0)

    def reactive_power_import(self, at: Seconds) -> Reals:
        """Reactive power drawn, in var."""
        return REACTIVE_PART * self.power_import(at)

    def reactive_power_export(self, at: Seconds) -> Reals:
        """Reactive power fed in, in var."""
        return 0.1 * self.power_import(at)

    def apparent_power(self, at: Seconds) -> Reals:
        """Apparent power, in VA."""
        return np.abs(self._power(at)) / POWER_FACTOR

    def power_factor(self, at: Seconds) -> Reals:
        """Between 0 and 1."""
        return POWER_FACTOR - 0.04 * noise(self._seed + 3, at // 60)

    def voltage(self, at: Seconds, *, phase: int = 1) -> Reals:
        """In V: a daily swing, chance, and the fall that the current makes."""
        swing = 2.0 * np.cos(2 * np.pi * ((at + self._zone) % DAY) / DAY)
        chance = 4.0 * (noise(self._seed + 10 + phase, at // 10) - 0.5)
        return np.asarray(self.nominal_voltage + swing + chance - 0.1 * self.current(at, phase=phase))

    def current(self, at: Seconds, *, phase: int = 1) -> Reals:
        """In A."""
        watts = np.abs(self._power(at)) * self._share(at, phase)
        return np.asarray(watts / (self.nominal_voltage * POWER_FACTOR))

    def frequency(self, at: Seconds) -> Reals:
        """In Hz."""
        return 50.0 + 0.06 * (noise(self._seed + 4, at // 5) - 0.5)

    def _share(self, at: Seconds, phase: int) -> Reals:
        """The part of the power that one phase carries."""
        parts = [0.2 + noise(self._seed + 20 + each, at // QUARTER) for each in range(1, self.phases + 1)]
        whole: npt.NDArray[np.float64] = np.sum(parts, axis=0)
        return np.asarray(parts[phase - 1] / whole)


def _in_hours(shape: Shape, hours: tuple[int, ...]) -> Shape:
    """The same use, but only in these hours."""

    def kept(weights: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(weight if hour in hours else 0.0 for hour, weight in enumerate(weights))

    return Shape(kept(tuple(shape.workday)), kept(tuple(shape.day_off)), shape.days, shape.winter, shape.chance)
