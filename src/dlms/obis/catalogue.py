"""Known OBIS codes, each with its interface classes, unit and source: catalogue.csv beside this module."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from dlms.logical_name import LogicalNamePattern

__all__ = ["PROFILES", "Row", "catalogue", "rows_of"]

PROFILES: Final = {
    "austria-4": "Austria, variant 4",
    "dsmr22": "DSMR 2.2",
    "dsmr422": "DSMR 4.2.2",
    "india": "India IS 15959",
    "italy": "Italy UNI/TS 11291",
    "luxembourg": "Luxembourg Smarty",
    "p1-dsmr5": "P1 telegram, DSMR 5.0.2",
    "poland-stoen": "Poland, Stoen",
    "smr43": "SMR 4.3",
    "smr500": "SMR 5.0.0",
    "smr51": "SMR 5.1",
    "smr52": "SMR 5.2",
    "smr55": "SMR 5.5",
    "sweden": "Sweden",
    "switzerland-austria": "Switzerland and Austria",
}
"""The companions that give codes a meaning of their own: the name to ask for, and its title."""


class Row(NamedTuple):
    """One row of the catalogue.

    `class_ids` is empty where any class may stand, `name` where the rules of the value groups say it,
    `profiles` where the row holds everywhere. `unit` is a hint: the object's own attribute decides.
    """

    pattern: LogicalNamePattern
    class_ids: tuple[int, ...]
    name: str
    unit: str
    profiles: tuple[str, ...]
    source: str

    @property
    def profile_title(self) -> str:
        return ", ".join(PROFILES[profile] for profile in self.profiles)

    def name_of(self, logical_name: bytes) -> str:
        """The row's name for one of its codes: groups filled in, the channel said."""
        values = dict(zip("abcdef", logical_name, strict=True))
        text = self.name.format(**values)
        low, high = self.pattern.groups[1]
        if low != high and values["b"] and "{b}" not in self.name:
            text += f", channel {values['b']}"
        return text[:1].upper() + text[1:]


@cache
def catalogue() -> tuple[Row, ...]:
    """Every row, in the order of the file: general rows before national ones."""
    lines = (files("dlms.obis") / "catalogue.csv").read_text("utf-8").splitlines()
    return tuple(
        Row(
            LogicalNamePattern(row["pattern"]),
            tuple(int(number) for number in row["class_ids"].split("|") if number != "*"),
            row["name"],
            row["unit"],
            tuple(filter(None, row["profiles"].split("|"))),
            row["source"],
        )
        for row in csv.DictReader(lines)
    )


@cache
def _by_medium_and_quantity() -> dict[tuple[int, int], tuple[Row, ...]]:
    """Rows by (A, C), which no pattern of the catalogue ranges over; the narrowest pattern first."""
    index: dict[tuple[int, int], list[Row]] = {}
    for row in catalogue():
        (a, _), _, (c, _), *_ = row.pattern.groups
        index.setdefault((a, c), []).append(row)
    return {key: tuple(sorted(rows, key=lambda row: row.pattern.size)) for key, rows in index.items()}


def rows_of(logical_name: bytes) -> tuple[Row, ...]:
    """The rows whose pattern holds `logical_name` (six octets), the narrowest first."""
    a, _, c, *_ = logical_name
    return tuple(row for row in _by_medium_and_quantity().get((a, c), ()) if logical_name in row.pattern)
