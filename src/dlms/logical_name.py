"""Logical names: the six OBIS value groups A-B:C.D.E*F that name a COSEM object (IEC 62056-6-1)."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final, Self

from dlms.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from dlms.obis import ValueGroups

__all__ = ["LogicalName", "LogicalNamePattern"]

_GROUP: Final = r"([0-9]{1,3})"
_NOTATIONS: Final = tuple(
    re.compile(notation, re.ASCII)
    for notation in (
        rf"{_GROUP}-{_GROUP}:{_GROUP}\.{_GROUP}\.{_GROUP}(?:[*.]{_GROUP})?",  # 1-0:1.8.0*255, 1-0:1.8.0
        rf"{_GROUP}\.{_GROUP}\.{_GROUP}\.{_GROUP}\.{_GROUP}\.{_GROUP}",  # 1.0.1.8.0.255
    )
)
_HEX: Final = re.compile(r"[0-9A-Fa-f]{12}", re.ASCII)


class LogicalName(bytes):
    """A logical name: its six octets, A first.

    It is the octets (equal, ordered and hashed as bytes, sent as octet-string as it stands) and reads
    `1-0:1.8.0*255` or `1-0:1.8.0` (F = 255, not used), `1.0.1.8.0.255`, twelve hexadecimal digits, six octets
    or six numbers. Anything else is an EncodeError.
    """

    __slots__ = ()

    def __new__(cls, name: str | bytes | bytearray | memoryview | Iterable[int]) -> Self:
        if isinstance(name, bytes) and len(name) == 6:
            return name if type(name) is cls else bytes.__new__(cls, name)
        if isinstance(name, str):
            return bytes.__new__(cls, _parse(name))
        try:
            octets = bytes.__new__(cls, tuple(islice(name, 7)))
        except (TypeError, ValueError):
            octets = None
        if octets is None or len(octets) != 6:
            raise EncodeError(f"a logical name is six octets, got {reprlib.repr(name)}")
        return octets

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """The logical name that an octet-string carries; DecodeError where it has not six octets."""
        if len(octets) != 6:
            reason = f"expected a logical name of 6 octets, got {len(octets)}"
            raise DecodeError(reason, layer="logical-name", offset=0, expected="octet-string (9)")
        return cls(octets)

    @property
    def octets(self) -> bytes:
        """The six octets as plain bytes."""
        return bytes(self)

    @property
    def a(self) -> int:
        """Value group A: the medium."""
        return self[0]

    @property
    def b(self) -> int:
        """Value group B: the measurement or communication channel."""
        return self[1]

    @property
    def c(self) -> int:
        """Value group C: the quantity, or the kind of an abstract object."""
        return self[2]

    @property
    def d(self) -> int:
        """Value group D: the processing of the quantity."""
        return self[3]

    @property
    def e(self) -> int:
        """Value group E: the tariff rate, or a further classification."""
        return self[4]

    @property
    def f(self) -> int:
        """Value group F: the billing period; 255 where it is not used."""
        return self[5]

    @property
    def dotted(self) -> str:
        """`1.0.1.8.0.255`"""
        return "{}.{}.{}.{}.{}.{}".format(*self)

    @property
    def reduced(self) -> str:
        """`1-0:1.8.0`: without F where it is not used (255)."""
        return "{}-{}:{}.{}.{}".format(*self) if self[5] == 255 else str(self)

    @property
    def value_groups(self) -> ValueGroups:
        """Each of the six groups in words."""
        from dlms import obis  # read only by those who ask: the tables load with it

        return obis.value_groups(self)

    def meaning(self, profile: str | None = None) -> str:
        """What the name stands for, in short English: `Active energy import (+A), total, current value`.

        `profile` names a national or company companion (`dlms.obis.PROFILES`) whose rows come first; a
        meaning that only such rows know says whose it is. What nobody has given a meaning starts with
        "Unknown": no name is an error, but an unknown profile is a ConfigurationError.
        """
        from dlms import obis  # read only by those who ask: the tables load with it

        return obis.meaning(self, profile)

    def __str__(self) -> str:
        return "{}-{}:{}.{}.{}*{}".format(*self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


def _parse(text: str) -> bytes:
    for notation in _NOTATIONS:
        match = notation.fullmatch(text)
        if match:
            groups = [255 if group is None else int(group) for group in match.groups()]
            if max(groups) > 255:
                break
            return bytes(groups)
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    shown = reprlib.repr(text)
    raise EncodeError(f"a logical name reads like 1-0:1.8.0*255 with groups of 0 to 255, got {shown}")


class LogicalNamePattern:
    """Many logical names at once: six groups separated by dots, each a number, a range or `*`.

    `name in LogicalNamePattern("1.0-64.1.8.*.255")` tells whether a name is one of them. Patterns with the
    same ranges are equal.
    """

    __slots__ = ("groups",)

    groups: tuple[tuple[int, int], ...]
    """Lowest and highest value of each group, A first."""

    def __init__(self, pattern: str) -> None:
        groups = tuple(_parse_range(group, pattern) for group in pattern.split("."))
        if len(groups) != 6:
            raise EncodeError(f"a pattern of logical names has six groups, got {reprlib.repr(pattern)}")
        object.__setattr__(self, "groups", groups)

    @property
    def size(self) -> int:
        """How many logical names match."""
        size = 1
        for low, high in self.groups:
            size *= high - low + 1
        return size

    def __contains__(self, name: LogicalName | bytes) -> bool:
        return len(name) == 6 and all(
            low <= value <= high for value, (low, high) in zip(name, self.groups, strict=True)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogicalNamePattern) and self.groups == other.groups

    def __hash__(self) -> int:
        return hash(self.groups)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __reduce__(self) -> tuple[type[LogicalNamePattern], tuple[str]]:
        return type(self), (str(self),)

    def __str__(self) -> str:
        return ".".join(_print_range(low, high) for low, high in self.groups)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


_RANGE: Final = re.compile(r"([0-9]{1,3})(?:-([0-9]{1,3}))?", re.ASCII)


def _parse_range(text: str, pattern: str) -> tuple[int, int]:
    if text == "*":
        return 0, 255
    match = _RANGE.fullmatch(text)
    if match:
        low = int(match[1])
        high = low if match[2] is None else int(match[2])
        if low <= high <= 255:
            return low, high
    raise EncodeError(f"a group of a pattern is a number, a range or *, got {reprlib.repr(pattern)}")


def _print_range(low: int, high: int) -> str:
    if (low, high) == (0, 255):
        return "*"
    return str(low) if low == high else f"{low}-{high}"
