"""A meter as a TOML file describes it: its URL, security, quirks and where its counters are kept."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from dlms.errors import ConfigurationError
from dlms.quirks import Quirks
from dlms.security.counters import SqliteCounterStore
from dlms.security.keys import title_of_hex
from dlms.security.settings import Security

__all__ = ["Described", "Description", "table_of"]

Described: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]
"""A table, or the path of the TOML file with it."""

OTHERS: Final = {"url", "quirks", "short_names", "counters", "server_system_title", "user_id"}
OF_KEY_FILES: Final = {"titles", "system_title", "broadcast_encryption_key"}
"""What the same file may say for those who open telegrams with it."""


def table_of(meter: Described) -> Mapping[str, Any]:
    """The table; ConfigurationError where the file cannot be read or is no TOML. A secret is never shown."""
    if isinstance(meter, Mapping):
        return meter
    path = Path(meter)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ConfigurationError(f"{path} is no TOML") from None


@dataclass(frozen=True, slots=True)
class Description:
    """What `connect(meter=...)` takes from the table.

    `url`, `quirks` (a named set or a table), `short_names`, `counters` (an SQLite file for the invocation counters,
    relative to the working directory), `server_system_title` (hexadecimal; another meter is refused), `user_id`, and
    the entries of `dlms.Security`.
    """

    url: str | None
    security: Security
    quirks: Quirks
    short_names: bool
    server_system_title: bytes | None = None
    user_id: int | None = None

    @classmethod
    def of(cls, meter: Described) -> Self:
        """ConfigurationError for an entry that nothing knows, so that no misspelt key goes unnoticed."""
        table = table_of(meter)
        where = "meter" if isinstance(meter, Mapping) else os.fspath(meter)
        known = {field.name for field in fields(Security)} | OTHERS | OF_KEY_FILES
        unknown = sorted(set(table) - known)
        if unknown:
            raise ConfigurationError(f"{where}: nothing is named {', '.join(unknown)}")
        security = Security.from_mapping(table, where)
        if "counters" in table:
            security = replace(security, counters=SqliteCounterStore(table["counters"]))
        title, user_id = table.get("server_system_title"), table.get("user_id")
        if user_id is not None and not isinstance(user_id, int):
            raise ConfigurationError(f"{where}: user_id is a number")
        return cls(
            url=table.get("url"),
            security=security,
            quirks=Quirks.from_value(table.get("quirks", "none")),
            short_names=bool(table.get("short_names")),
            server_system_title=None if title is None else title_of_hex(title, "server_system_title"),
            user_id=user_id,
        )
