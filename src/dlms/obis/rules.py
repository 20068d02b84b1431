"""The meaning of OBIS value groups by rule (Blue Book edition 13, clauses 6 and 7)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

__all__ = ["ValueGroups", "owner", "sentence", "value_groups"]

_ANGLE_POINTS: Final = {
    0: "U(L1)", 1: "U(L2)", 2: "U(L3)", 4: "I(L1)", 5: "I(L2)", 6: "I(L3)", 7: "I(N)",
}  # fmt: skip
_TITLES: Final = {
    4: "heat cost allocator: ",
    5: "cooling: ",
    6: "heat: ",
    7: "",
    8: "cold water: ",
    9: "hot water: ",
}
_PROCESSING_TABLES: Final = {
    1: "electricity",
    4: "heat_cost_allocator",
    5: "thermal",
    6: "thermal",
    8: "water",
    9: "water",
}
_UNKNOWN: Final = "unknown"


class ValueGroups(NamedTuple):
    """Each value group of one logical name in words; "unknown" where the rules give none."""

    medium: str
    channel: str
    quantity: str
    processing: str
    tariff: str
    billing: str


class _Tables(NamedTuple):
    """value_groups.json with its ranges spelt out."""

    medium: dict[int, str]
    quantity: dict[int, dict[int, str]]  # by medium
    electricity: dict[int, tuple[str, str]]  # the quantity, and its integral over time
    processing: dict[str, dict[int, str]]
    electricity_processing: dict[int, str]
    time_integrals: frozenset[int]
    with_history: frozenset[int]
    harmonic_quantities: frozenset[int]
    harmonic_processing: frozenset[int]
    harmonic_orders: dict[int, str]
    losses: dict[int, str]
    gas_averages: dict[int, str]
    voltage_dips: dict[int, str]
    country: dict[int, str]


def _spelt_out(table: dict[str, str]) -> dict[int, str]:
    result = {}
    for key, text in table.items():
        low, _, high = key.partition("-")
        for value in range(int(low), int(high or low) + 1):
            result[value] = text
    return result


@cache
def _tables() -> _Tables:
    data = json.loads((files("dlms.obis") / "value_groups.json").read_text("utf-8"))
    return _Tables(
        medium=_spelt_out(data["medium"]),
        quantity={int(a): _spelt_out(data["quantity"][of]) for a, of in data["quantities_of_medium"].items()},
        electricity={int(c): (names[0], names[-1]) for c, names in data["electricity"].items()},
        processing={of: _spelt_out(table) for of, table in data["processing"].items()},
        electricity_processing=_spelt_out(data["electricity_processing"]),
        time_integrals=frozenset(data["electricity_time_integrals"]),
        with_history=frozenset(data["electricity_with_history"]),
        harmonic_quantities=frozenset(data["harmonics"]["quantities"]),
        harmonic_processing=frozenset(data["harmonics"]["processing"]),
        harmonic_orders=_spelt_out(data["harmonics"]["orders"]),
        losses=_spelt_out(data["losses"]),
        gas_averages=_spelt_out(data["gas_averages"]),
        voltage_dips={
            int(e): f"residual voltage {low} to {high} %, {shortest} to {longest} s"
            for e, (low, high, shortest, longest) in data["voltage_dips"].items()
        },
        country=_spelt_out(data["country"]),
    )


def owner(name: bytes) -> str | None:
    """Who else than the book defines the code: "manufacturer", "utility", "consortia", "country" or None."""
    _, b, c, d, e, f = name
    if 128 <= b <= 199 or 128 <= c <= 199 or c == 240 or any(128 <= group <= 254 for group in (d, e, f)):
        return "manufacturer"
    if 65 <= b <= 127:
        return "utility"
    if b <= 64 and c == 93:
        return "consortia"
    if b <= 64 and c == 94:
        return "country"
    if b <= 64 and c == 96 and 50 <= d <= 99:
        return "manufacturer"
    return None


def value_groups(name: bytes) -> ValueGroups:
    """The six value groups of `name` (six octets) in words."""
    a, b, c, d, e, f = name
    tables = _tables()
    return ValueGroups(
        medium=tables.medium.get(a, _UNKNOWN),
        channel=_channel(b),
        quantity="manufacturer specific" if _is_own(c) else tables.quantity.get(a, {}).get(c, _UNKNOWN),
        processing="manufacturer specific" if 128 <= d <= 254 else _processing(a, c, d) or _UNKNOWN,
        tariff="manufacturer specific" if 128 <= e <= 254 else _tariff(a, c, d, e) or _UNKNOWN,
        billing=_billing(a, d, f),
    )


def sentence(name: bytes) -> tuple[str, bool]:
    """One line that the rules can say of `name`, and whether they know all of its groups."""
    a, b, c, d, e, f = name
    groups = value_groups(name)
    tables = _tables()
    medium = f" ({groups.medium})" if a != 0 and groups.medium != _UNKNOWN else ""
    whose = owner(name)
    if whose == "country":
        return f"Country specific: {tables.country.get(d, _UNKNOWN)}{medium}", False
    if whose is not None:
        return f"{whose.capitalize()} specific{medium}", False
    if a == 1 and c in tables.electricity:
        words = _electricity(c, d, e, f)
    elif a in _TITLES and _measured(a, c):
        words = _other_media(a, c, d, e, f)
    else:
        words = None
    if words:
        channel = f", {groups.channel}" if b else ""
        return _sentence_case(words + channel), True
    known = [text for text in (groups.medium, groups.quantity) if text != _UNKNOWN]
    return f"Unknown: {', '.join(known) if known else f'medium {a}'}", False


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _is_own(c: int) -> bool:
    return 128 <= c <= 199 or c == 240


def _channel(b: int) -> str:
    if b == 0:
        return "no channel given"
    if b <= 64:
        return f"channel {b}"
    if b <= 127:
        return "utility specific"
    return "manufacturer specific" if b <= 199 else "reserved"


def _measured(a: int, c: int) -> bool:
    return c in _tables().quantity.get(a, {}) and 0 < c < 93


def _processing_of(a: int, c: int) -> dict[int, str]:
    """The D table that holds for quantity C of medium A; empty where D means something else."""
    tables = _tables().processing
    if not _measured(a, c) and not (a == 1 and c in _tables().electricity):
        return {}
    if a == 7:
        if c == 43:
            return tables["gas_flow"]
        if c == 70:
            return tables["gas_analysis"]
        if 41 <= c <= 49:
            return tables["gas_process"]
        return tables["gas_conversion"] if 51 <= c <= 55 else tables["gas_index"]
    return tables[_PROCESSING_TABLES[a]] if a in _PROCESSING_TABLES else {}


def _processing(a: int, c: int, d: int) -> str | None:
    if c == 94:
        return _tables().country.get(d)
    return _processing_of(a, c).get(d)


def _tariff(a: int, c: int, d: int, e: int) -> str | None:
    if d not in _processing_of(a, c):
        return None
    if a == 1:
        return _tariff_of_electricity(c, d, e)
    if a == 7 and (51 <= c <= 55 or c == 70):
        if d == 12 and c != 70:
            return "method in use" if e == 0 else f"method {e}" if e <= 20 else None
        return _tables().gas_averages.get(e)
    return _rate(e, 63 if a == 7 else 9)


def _rate(e: int, most: int) -> str | None:
    return "total" if e == 0 else f"rate {e}" if e <= most else None


def _tariff_of_electricity(c: int, d: int, e: int) -> str | None:
    tables = _tables()
    if c == 81:
        to, start = _ANGLE_POINTS.get(e // 10), _ANGLE_POINTS.get(e % 10)
        return f"from {start} to {to}" if to and start else None
    if c == 83:
        return tables.losses.get(e)
    if d == 32 and c in (12, 32, 52, 72) and e in tables.voltage_dips:
        return tables.voltage_dips[e]
    # Distortions (E = 124 and up) are in use with more values of D than the rule names.
    if c in tables.harmonic_quantities and (d in tables.harmonic_processing or e >= 121):
        return tables.harmonic_orders.get(e) or (f"harmonic {e}" if 2 <= e <= 120 else None)
    return _rate(e, 63)


def _billing(a: int, d: int, f: int) -> str:
    if f == 255:
        return "current value or not used"
    if f <= 99:
        return f"threshold {f}" if a == 1 and 31 <= d <= 42 else f"billing period {f}"
    if f == 101:
        return "last billing period"
    if 102 <= f <= 125:
        return f"last but {f - 101} billing period"
    if f == 126:
        return "several last billing periods"
    return "manufacturer specific" if f >= 128 else "reserved"


def _electricity(c: int, d: int, e: int, f: int) -> str | None:
    tables = _tables()
    processing = tables.electricity_processing.get(d)
    tariff = _tariff_of_electricity(c, d, e)
    if processing is None or tariff is None:
        return None
    integral = d in tables.time_integrals
    quantity = tables.electricity[c][integral]
    parts = [f"{quantity} {tariff}" if c == 81 else quantity, processing]
    if c == 83 or (c != 81 and (tariff != "total" or integral)):
        parts.append(tariff)
    if f != 255:
        parts.append(_billing(1, d, f))
    elif d in tables.with_history:
        parts.append("current value")
    return ", ".join(part for part in parts if part)


def _other_media(a: int, c: int, d: int, e: int, f: int) -> str | None:
    processing, tariff = _processing(a, c, d), _tariff(a, c, d, e)
    if processing is None or tariff is None:
        return None
    quantity = _tables().quantity[a][c].partition(" (D selects")[0]
    by_method = a == 7 and 51 <= c <= 55 and d == 12
    parts = [_TITLES[a] + quantity, f"calculation {tariff}" if by_method else processing]
    if e != 0 and not by_method:
        parts.append(tariff)
    if f != 255:
        parts.append(_billing(a, d, f))
    return ", ".join(parts)
