"""The telegrams and the load profile that ship with the package (made by tools/fixtures.py of its repository)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class StatedValue:
    """What a telegram states: the value as sent (to be multiplied by 10 ** scaler), and the unit's code.

    `logical_name` is None where the telegram gives the value by its position alone; the scaler and the unit are those
    that the maker documents where the telegram does not say them.
    """

    logical_name: str | None
    value: int | str
    scaler: int = 0
    unit: int = 255


@dataclass(frozen=True, slots=True)
class TelegramFixture:
    """A push telegram as it is on the line: `octets` carry `apdu`, ciphered if there is an `invocation_counter`."""

    name: str
    framing: str
    like: str
    octets: bytes
    apdu: bytes
    security_control: int | None
    invocation_counter: int | None
    texts: tuple[StatedValue, ...]
    values: tuple[StatedValue, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of all ciphered telegrams: those of the examples in the books, secret to nobody."""

    encryption_key: bytes
    authentication_key: bytes
    system_title: bytes


@dataclass(frozen=True, slots=True)
class ProfileFixture:
    """A load profile: `octets` carry a get-response with `buffer`, which is attribute 2 of the profile.

    `capture_objects` is attribute 3, encoded; `capture_period` is in seconds; `scaler_units` has one entry for each
    column, and `values` what each holds when the null-data is rebuilt (times in UTC, as ISO 8601 writes them).
    """

    name: str
    framing: str
    like: str
    octets: bytes
    buffer: bytes
    logical_name: str
    capture_objects: bytes
    capture_period: int
    scaler_units: tuple[tuple[int, int] | None, ...]
    values: dict[str, list[Any]]


def _read(name: str) -> Any:
    return json.loads((files(__package__) / name).read_text(encoding="utf-8"))


def keys() -> Keys:
    """The keys of all ciphered telegrams."""
    found = _read("telegrams.json")["keys"]
    return Keys(**{name: bytes.fromhex(value) for name, value in found.items()})


def telegrams() -> tuple[TelegramFixture, ...]:
    """One telegram of each framing, plain and ciphered."""
    return tuple(_telegram(entry) for entry in _read("telegrams.json")["telegrams"])


def load_profile() -> ProfileFixture:
    """A week of quarter hours with null-compressed clocks."""
    entry = _read("load_profile.json")
    return ProfileFixture(
        name=entry["name"],
        framing=entry["framing"],
        like=entry["like"],
        octets=bytes.fromhex(entry["hex"]),
        buffer=bytes.fromhex(entry["buffer"]),
        logical_name=entry["logical_name"],
        capture_objects=bytes.fromhex(entry["capture_objects"]),
        capture_period=entry["capture_period"],
        scaler_units=tuple(None if of is None else (of[0], of[1]) for of in entry["scaler_units"]),
        values=entry["values"],
    )


def _telegram(entry: dict[str, Any]) -> TelegramFixture:
    cipher = entry["cipher"] or {}
    control = cipher.get("security_control")
    return TelegramFixture(
        name=entry["name"],
        framing=entry["framing"],
        like=entry["like"],
        octets=bytes.fromhex(entry["hex"]),
        apdu=bytes.fromhex(entry["apdu"]),
        security_control=None if control is None else int(control, 16),
        invocation_counter=cipher.get("invocation_counter"),
        texts=tuple(StatedValue(**value) for value in entry["texts"]),
        values=tuple(StatedValue(**value) for value in entry["values"]),
    )
