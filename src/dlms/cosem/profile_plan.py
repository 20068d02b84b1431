"""What is known of a profile before its rows are read: its layout, its capture objects, its rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

from dlms.cosem.capture import capture_objects, column_names, is_clock, position_of, scaler_units
from dlms.datetime import DeviationSign
from dlms.enumerations import SortMethod
from dlms.errors import ConfigurationError
from dlms.units import ScalerUnit
from dlms_core import columns as core

__all__ = ["Nulls", "ProfilePlan", "Rules"]

Nulls: TypeAlias = Literal["repeat", "missing"]
Paths: TypeAlias = tuple[tuple[int, ...], ...]
"""Where the columns of a layout stand in a row."""

_ARGUMENTS = ("capture_objects", "scaler_units", "capture_period", "sort_method", "nulls", "deviation_sign")


_YEAR = 366 * 86400


class Rules:
    """The arguments of `unpack_profile` that say how its octets are meant."""

    def __init__(
        self,
        captures: Iterable[Any] | None = None,
        scaler_units: Mapping[Any, Any] | Iterable[Any] | None = None,
        capture_period: int | None = None,
        sort_method: SortMethod | int | str | None = None,
        nulls: Nulls = "repeat",
        deviation_sign: DeviationSign = "standard",
    ) -> None:
        if nulls not in ("repeat", "missing"):
            raise ConfigurationError(f"nulls is 'repeat' or 'missing', not {nulls!r}")
        if deviation_sign not in ("standard", "reversed"):
            raise ConfigurationError(f"deviation_sign is 'standard' or 'reversed', not {deviation_sign!r}")
        if capture_period is not None and not _is_seconds(capture_period):
            raise ConfigurationError(f"capture_period is a double-long-unsigned of seconds, not {capture_period!r:.40}")
        self.arguments = (captures, scaler_units, capture_period, sort_method, nulls, deviation_sign)
        self.silent = (None, None, None, None, nulls, deviation_sign)  # says nothing that could differ
        self.captures = None if captures is None else capture_objects(captures)
        self.scaler_units = (
            scaler_units if scaler_units is None or isinstance(scaler_units, Mapping) else tuple(scaler_units)
        )
        self.capture_period = capture_period
        self.sort_method = None if sort_method is None else _sort_method(sort_method)
        self.nulls: Nulls = nulls
        self.deviation_sign: DeviationSign = deviation_sign
        self._described: tuple[Paths, tuple[str, ...], dict[str, ScalerUnit]] | None = None

    def described(self, paths: Paths) -> tuple[tuple[str, ...], dict[str, ScalerUnit]]:
        """The names of the columns that these paths lead to, and the scalers and units of those that have them."""
        known = self._described  # of the last layout: a profile is read again and again
        if known is None or known[0] != paths:
            names = column_names(self.captures, paths)
            units = {} if self.scaler_units is None else scaler_units(self.scaler_units, self.captures, names, paths)
            known = self._described = paths, names, units
        return known[1], dict(known[2])

    @cached_property
    def capture_step(self) -> int:
        """From the clock of a row to the next, in ms; 0 where that is not known."""
        period = self.capture_period or 0
        if period > _YEAR:
            return 0
        period *= 1000
        if self.sort_method in (None, SortMethod.FIFO):
            return period
        return -period if self.sort_method == SortMethod.LIFO else 0

    @cached_property
    def clocks(self) -> list[int] | None:
        """Positions of the clocks; None where no capture objects tell them."""
        if self.captures is None:
            return None
        return [position for position, capture in enumerate(self.captures) if is_clock(capture)]

    def admit(self, arguments: tuple[Any, ...]) -> None:
        """A ConfigurationError if `arguments` say something else; None says nothing."""
        other = Rules(*arguments)
        mine, others = self._normal(), other._normal()
        for name, given, ours, theirs in zip(_ARGUMENTS, arguments, mine, others, strict=True):
            if given is not None and ours != theirs:
                raise ConfigurationError(f"out= was made with another {name}")

    def _normal(self) -> tuple[Any, ...]:
        return (
            *(self.captures, self.scaler_units, self.capture_period, self.sort_method, self.nulls),
            self.deviation_sign,
        )


def _is_seconds(given: Any) -> bool:
    return hasattr(given, "__index__") and 0 <= given < 1 << 32


def _sort_method(given: SortMethod | int | str) -> SortMethod:
    if isinstance(given, str):
        try:
            return SortMethod[given.upper().replace("-", "_").replace(" ", "_")]
        except KeyError:
            raise ConfigurationError(f"sort_method is a name or a number of the book, not {given!r}") from None
    return SortMethod(given)


class ProfilePlan:
    """The layout that the core learned from octets, and the rules it was learned by.

    `profile.plan` of a profile that was read, to be handed to `Profile.empty(plan, rows)`.
    """

    names: tuple[str, ...]
    """The names of the columns, in the order of the row."""

    scaler_units: dict[str, ScalerUnit]
    """Column name -> scaler and unit, of the columns that have them."""

    columns: tuple[core.Column, ...]
    """The columns of the layout that the profile has: all, unless some were selected."""

    def __init__(self, layout: core.Plan, rules: Rules) -> None:
        self.layout = layout
        self.rules = rules
        self.columns = layout.columns
        self._whole: ProfilePlan | None = None
        # Read now, so that who gave scalers hears what is wrong with them.
        self.names, self.scaler_units = rules.described(tuple(column.path for column in layout.columns))

    def select(self, positions: Sequence[int]) -> ProfilePlan:
        """The plan of some of the columns. Columns keep their names."""
        chosen = ProfilePlan.__new__(ProfilePlan)
        chosen.layout, chosen.rules, chosen._whole = self.layout, self.rules, self.whole
        chosen.columns = tuple(self.columns[position] for position in positions)
        chosen.names = tuple(self.names[position] for position in positions)
        chosen.scaler_units = {name: self.scaler_units[name] for name in chosen.names if name in self.scaler_units}
        return chosen

    @property
    def whole(self) -> ProfilePlan:
        """The plan of all columns of the layout, where these were selected from it."""
        return self._whole or self

    @cached_property
    def positions(self) -> dict[str, int]:
        """The name of a column -> its index in `names`."""
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def clock(self) -> str | None:
        """The name of the column with the time of the row: the first clock, or without capture objects the first
        date-time.
        """
        clocks = self.rules.clocks
        for name, column in zip(self.names, self.columns, strict=True):
            if column.kind == "date-time" and (clocks is None or position_of(column.path) in clocks):
                return name
        return None
