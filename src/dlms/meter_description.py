"""A meter as a TOML file describes it: its URL, security, quirks and where its counters are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from dlms.errors import ConfigurationError
from dlms.quirks import Quirks
from dlms.security.counters import SqliteCounterStore
from dlms.security.keys import table_of_file, title_of_hex
from dlms.security.settings import Security

__all__ = ["Described", "Description", "table_of"]

Described: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]
"""A table, or the path of the TOML file with it."""

OTHERS: Final = {"url", "quirks", "short_names", "counters", "server_system_title", "user_id"}
KINDS: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "url": ((str,), "text"),
    "counters": ((str, os.PathLike), "the name of a file"),
    "server_system_title": ((str,), "hexadecimal text"),
    "short_names": ((bool,), "true or false"),
    "user_id": ((int,), "a number"),
}
"""What an entry may be, and how that is said."""
OF_KEY_FILES: Final = {"titles", "system_title", "broadcast_encryption_key"}
"""What the same file may say for those who open telegrams with it."""


def table_of(meter: Described) -> Mapping[str, Any]:
    """The table; ConfigurationError where the file cannot be read or is no TOML. A secret is never shown."""
    if isinstance(meter, Mapping):
        return meter
    if not isinstance(meter, (str, os.PathLike)):
        raise ConfigurationError(f"a meter is described by a TOML file or its table, not by {meter!r:.80}")
    return table_of_file(meter)


@dataclass(frozen=True, slots=True)
class Description:
    """What `connect(meter=...)` takes from the table.

    `url`, `quirks` (a named set or a table), `short_names`, `counters` (an SQLite file for the invocation counters,
    relative to the working directory; keys that are described outlive the process, so without this entry the counters
    are kept in `$XDG_STATE_HOME/dlms/counters.sqlite`, else `~/.local/state/dlms/counters.sqlite`),
    `server_system_title` (hexadecimal; another meter is refused), `user_id`, and the entries of `dlms.Security`.
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
        for name, (kinds, words) in KINDS.items():
            given = table.get(name)
            if name in table and (not isinstance(given, kinds) or (bool not in kinds and isinstance(given, bool))):
                raise ConfigurationError(f"{where}: {name} is {words}, not {given!r:.40}")
        security = Security.from_mapping(table, where)
        quirks = Quirks.from_value(table.get("quirks", "none"))
        title = table.get("server_system_title")
        server_system_title = None if title is None else title_of_hex(title, "server_system_title")
        if "counters" in table:
            security = replace(security, counters=SqliteCounterStore(table["counters"]))
        elif security.encryption_key is not None:
            security = replace(security, counters=SqliteCounterStore(_counters_of_the_user()))
        return cls(
            url=table.get("url"),
            security=security,
            quirks=quirks,
            short_names=table.get("short_names", False),
            server_system_title=server_system_title,
            user_id=table.get("user_id"),
        )


def _counters_of_the_user() -> Path:
    """Where invocation counters are kept that no file was named for: a key with counters that begin again with each
    process would repeat its nonces. One file does for all meters, since counters are named by title and key."""
    try:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        path = Path(base, "dlms", "counters.sqlite")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise ConfigurationError(f"invocation counters cannot be kept: {error}; name a file: counters = ...") from None
    return path
