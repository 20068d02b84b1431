"""Keys that do not leak, and the sets of them that belong to a meter.

A `Key` shows its length and nothing else: not in its repr, not in an error, not in a log line. Python cannot wipe the
octets of a `bytes` object; a process that holds keys is as secret as its memory.
"""

from __future__ import annotations

import hmac
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dlms.errors import ConfigurationError

KEY_LENGTHS = (16, 32)  # security suites 0 and 1, and suite 2
TITLE_LENGTH = 8


class Key:
    """A symmetric key of 16 octets (suites 0 and 1) or 32 (suite 2), from octets or hexadecimal text.

    Raises ConfigurationError, which names `what` and the length but never the key.
    """

    __slots__ = ("_gcm", "_octets")

    def __init__(self, octets: bytes | str, what: str = "key") -> None:
        if isinstance(octets, str):
            octets = octets_of_hex(octets, what)
        if not isinstance(octets, (bytes, bytearray)):
            raise ConfigurationError(f"{what}: a key is octets or hexadecimal text, not {type(octets).__name__}")
        if len(octets) not in KEY_LENGTHS:
            raise ConfigurationError(f"{what}: a key has 16 or 32 octets, this one has {len(octets)}")
        self._octets = bytes(octets)
        self._gcm: AESGCM | None = None

    def reveal(self) -> bytes:
        """The octets themselves, for whoever computes with them."""
        return self._octets

    @property
    def gcm(self) -> AESGCM:
        """AES-GCM under this key, its schedule computed once."""
        if self._gcm is None:
            self._gcm = AESGCM(self._octets)
        return self._gcm

    def __len__(self) -> int:
        return len(self._octets)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and hmac.compare_digest(self._octets, other._octets)

    __hash__ = None  # type: ignore[assignment]  # a hash of a key would leak a little of it

    def __repr__(self) -> str:
        return f"Key(<{len(self._octets)} octets>)"


@dataclass(frozen=True, slots=True)
class KeySet:
    """The global keys shared with one peer.

    `master` is the one under which other keys come wrapped. `system_title` is the peer's, for telegrams that do not
    carry it (a glo- or ded- APDU outside an association).
    """

    encryption: Key | None = None
    authentication: Key | None = None
    broadcast_encryption: Key | None = None
    dedicated: Key | None = None
    master: Key | None = None
    system_title: bytes | None = None

    @classmethod
    def from_mapping(cls, table: Mapping[str, object], where: str = "keys") -> Self:
        """A set from `encryption_key`, `authentication_key`, `broadcast_encryption_key`, `dedicated_key`,
        `master_key` and `system_title`.

        A value is hexadecimal text, or a table `{ file = "..." }` or `{ env = "..." }` that leads to it. Other entries
        of the table are not looked at. Raises ConfigurationError.
        """

        def key(name: str) -> Key | None:
            text = hidden_text(table.get(name), f"{where}: {name}")
            return None if text is None else Key(text, f"{where}: {name}")

        title = hidden_text(table.get("system_title"), f"{where}: system_title")
        return cls(
            encryption=key("encryption_key"),
            authentication=key("authentication_key"),
            broadcast_encryption=key("broadcast_encryption_key"),
            dedicated=key("dedicated_key"),
            master=key("master_key"),
            system_title=None if title is None else title_of_hex(title, f"{where}: system_title"),
        )


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Key sets by system title, and one for every title that is not named."""

    by_title: Mapping[bytes, KeySet]
    otherwise: KeySet | None = None

    def keys_for(self, system_title: bytes | None) -> KeySet | None:
        """The keys of a sender; None where the ring holds none."""
        if system_title is None:
            return self.otherwise
        return self.by_title.get(system_title, self.otherwise)

    def with_dedicated(self, key: Key | None) -> KeyRing:
        """The same ring with the dedicated key of an association in every set; without one, the ring itself."""
        if key is None:
            return self
        by_title = {title: replace(keys, dedicated=key) for title, keys in self.by_title.items()}
        return KeyRing(by_title, None if self.otherwise is None else replace(self.otherwise, dedicated=key))

    def __bool__(self) -> bool:
        return bool(self.by_title) or self.otherwise is not None

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """A ring from a TOML file: the keys of a meter at its top, or `[titles.HEX]` tables, or both.

        Raises ConfigurationError.
        """
        table = table_of_file(path)
        titles = table.get("titles", {})
        if not isinstance(titles, dict) or not all(isinstance(entry, dict) for entry in titles.values()):
            raise ConfigurationError(f"{path}: `titles` is to hold tables named by system title")
        by_title = {
            title_of_hex(name, f"{path}: titles"): KeySet.from_mapping(entry, f"{path}: titles.{name}")
            for name, entry in titles.items()
        }
        top = KeySet.from_mapping(table, str(path))
        return cls(by_title, None if top == KeySet() else top)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """A ring from DLMS_ENCRYPTION_KEY, DLMS_AUTHENTICATION_KEY and DLMS_SYSTEM_TITLE, all hexadecimal."""
        names = {"DLMS_ENCRYPTION_KEY": "encryption_key", "DLMS_AUTHENTICATION_KEY": "authentication_key",
                 "DLMS_SYSTEM_TITLE": "system_title"}  # fmt: skip
        table = {key: environment[name] for name, key in names.items() if environment.get(name)}
        return cls({}, KeySet.from_mapping(table, "environment") if table else None)


def table_of_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The table in a TOML file; a byte order mark, as editors under Windows write it, is passed over.

    ConfigurationError where the file cannot be read or is no TOML: it says where, and shows no value.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: octet {error.start} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is no TOML: {error}") from None
    except (ValueError, RecursionError):  # a NUL in the path; a number of thousands of digits, arrays without end
        raise ConfigurationError(f"{os.fspath(path)!r} is no file of TOML that can be read") from None


def octets_of_hex(text: str, what: str) -> bytes:
    """Octets of hexadecimal text; blanks, colons and hyphens between octets are passed over. Never echoes the text."""
    try:
        return bytes.fromhex(text.replace(":", " ").replace("-", " "))
    except ValueError:
        raise ConfigurationError(f"{what}: not hexadecimal") from None


def title_of_hex(text: str, what: str) -> bytes:
    """The 8 octets of a system title from hexadecimal text."""
    title = octets_of_hex(text, what)
    if len(title) != TITLE_LENGTH:
        raise ConfigurationError(f"{what}: a system title has {TITLE_LENGTH} octets, this one has {len(title)}")
    return title


def hidden_text(value: object, what: str) -> str | None:
    """The text of an entry that is text, `{ file = "..." }` or `{ env = "..." }`; errors do not show it."""
    match value:
        case None:
            return None
        case str():
            return value
        case {"file": str(path), **rest} if not rest:
            try:
                return Path(path).read_text(encoding="ascii").strip()
            except (OSError, UnicodeDecodeError):
                raise ConfigurationError(f"{what}: cannot read {path}") from None
        case {"env": str(name), **rest} if not rest:
            try:
                return os.environ[name]
            except KeyError:
                raise ConfigurationError(f"{what}: the environment has no {name}") from None
    raise ConfigurationError(f"{what}: neither hexadecimal text nor {{ file = ... }} nor {{ env = ... }}")
