"""Capture files: what went over a transport, one line of text for each portion of octets.

A line is `TIME DIRECTION OCTETS`: the time by ISO 8601 with its offset from UTC, `sent` or `received` as the client saw
it, and the octets in hexadecimal digits. Blank lines and lines that begin with # say nothing. A capture that is played
back may have `??` for an octet that may be any, and `-` for a time that nobody knows:

    # a meter in the laboratory, client 16
    2026-03-01T10:15:00.250000+00:00 sent 00010010000100030501FF
    - received 000100010010000401??02
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TextIO, TypeGuard, cast

from dlms.errors import DecodeError

LAYER: Final = "capture"
Direction = Literal["sent", "received"]
DIRECTIONS: Final = ("sent", "received")
_LINE: Final = re.compile(r"(\S+)\s+(sent|received)\s+((?:[0-9A-Fa-f]{2}|\?\?)+)")


@dataclass(frozen=True, slots=True)
class Record:
    """A portion of octets, as the client sent or received it.

    `free` are the places of octets that may be any, `line` is the number of its line in the file, 0 for none.
    """

    direction: Direction
    octets: bytes
    time: datetime.datetime | None = None
    free: frozenset[int] = frozenset()
    line: int = 0

    def __str__(self) -> str:
        time = "-" if self.time is None else self.time.isoformat()
        digits = ("??" if place in self.free else f"{octet:02X}" for place, octet in enumerate(self.octets))
        return f"{time} {self.direction} {''.join(digits)}"


def read_capture(text: str) -> list[Record]:
    """The records of a capture file; DecodeError, with the number of the line, for one that has another form."""
    return list(_records(text))


def begins_capture(text: str) -> bool:
    """Whether the first line that says something has the form of a record."""
    _, content = next(_lines(text), (0, ""))
    return _LINE.fullmatch(content) is not None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line that says something, with its number."""
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if content and not content.startswith("#"):
            yield number, content


def _records(text: str) -> Iterator[Record]:
    for number, content in _lines(text):
        found = _LINE.fullmatch(content)
        if found is None:
            raise DecodeError(
                f"line {number} is not of the form `TIME sent|received OCTETS`", layer=LAYER, offset=number
            )
        time, direction, digits = found.groups()
        pairs = re.findall("..", digits)
        yield Record(
            cast(Direction, direction),
            bytes.fromhex(digits.replace("??", "00")),
            _time(time, number),
            frozenset(place for place, pair in enumerate(pairs) if pair == "??"),
            number,
        )


def _time(text: str, number: int) -> datetime.datetime | None:
    if text == "-":
        return None
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise DecodeError(f"line {number}: {text} is no time by ISO 8601", layer=LAYER, offset=number) from None


def write_capture(records: Iterable[Record]) -> str:
    """The text of a capture file."""
    return "".join(f"{record}\n" for record in records)


def is_direction(what: str) -> TypeGuard[Direction]:
    """Whether a trace tells of octets of the transport."""
    return what in DIRECTIONS


class CaptureFile:
    """A trace that writes a capture file: give it to `dlms.connect(trace=...)`, and close it.

    APDUs, which a trace is told of besides, are not written: they are in the octets of the transport. What is ciphered
    stays so; passwords are asterisks, as in every trace, and a client that plays the capture back gives so many.
    """

    def __init__(self, path: str | Path) -> None:
        self._file: TextIO = Path(path).open("a", encoding="ascii")  # noqa: SIM115  # open until close()

    def __call__(self, what: str, octets: bytes) -> None:
        """Write what passes over the transport."""
        if is_direction(what):
            self._file.write(f"{Record(what, octets, datetime.datetime.now(datetime.UTC))}\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
