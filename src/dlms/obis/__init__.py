"""What OBIS codes mean: the rules of the value groups, and a catalogue of known codes.

Each row of the catalogue names its source. The tables are package data, read at the first question. Codes of
editions after 13 of the Blue Book are not covered: what the tables do not know is unknown, never an error.
"""

from __future__ import annotations

from functools import lru_cache

from dlms.errors import ConfigurationError
from dlms.obis.catalogue import PROFILES, Row, catalogue, rows_of
from dlms.obis.rules import ValueGroups, sentence, value_groups

__all__ = ["PROFILES", "Row", "ValueGroups", "catalogue", "meaning", "rows_of", "value_groups"]


@lru_cache(maxsize=4096)
def meaning(name: bytes, profile: str | None = None) -> str:
    """Short English for six OBIS octets; see `LogicalName.meaning`."""
    if profile is not None and profile not in PROFILES:
        raise ConfigurationError(f"no such profile: {profile!r} (known: {', '.join(sorted(PROFILES))})")
    rows = rows_of(name)
    chosen = [row for row in rows if profile is not None and profile in row.profiles and row.name]
    if chosen:
        return chosen[0].name_of(name)
    general = [row for row in rows if not row.profiles and row.name]
    if general:
        return general[0].name_of(name)
    by_rule, complete = sentence(name)
    if not complete:
        national = {f"{row.name_of(name)} ({row.profile_title})": None for row in rows if row.name}
        if national:
            return "; ".join(national)
    return by_rule
