"""The octets that a command line argument leads to: a file, stdin, or hexadecimal digits."""

from __future__ import annotations

import codecs
import re
import sys
from pathlib import Path
from typing import Final

from dlms.cli.outcome import CallAtFault
from dlms.errors import DecodeError
from dlms.transport.capture import Record, begins_capture, read_capture

_BETWEEN: Final = re.compile(rb"0[xX](?=[0-9A-Fa-f]{2})|[\s,:;-]+")
_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]+")


def recorded(content: bytes) -> list[Record]:
    """The records of a capture file (`dlms.transport.capture`), none where it is something else; DecodeError where one
    of its lines is no record."""
    text = content.decode("utf-8-sig", "replace")
    return read_capture(text) if begins_capture(text) else []


def ways_to_read(content: bytes) -> list[list[bytes]]:
    """The ways to read an input, the first one first: each a list of captures, every one with a framing of its own.

    Hexadecimal text is one capture, or one on each of its lines.
    """
    whole = of_hexadecimal(content)
    if whole is None:
        return [[content]]
    lines = [of_hexadecimal(line) for line in content.splitlines() if line.strip()]
    if len(lines) == 1 or None in lines:
        return [[whole]]
    return [[whole], [line for line in lines if line]]


def of_hexadecimal(text: bytes) -> bytes | None:
    """The octets of hexadecimal text, with blanks, line ends, commas, colons, hyphens and 0x between them; None where
    it is something else. An odd number of digits is a DecodeError."""
    digits = _BETWEEN.sub(b"", text.removeprefix(codecs.BOM_UTF8))
    if not _DIGITS.fullmatch(digits):
        return None
    if len(digits) % 2:
        raise DecodeError("an odd number of hexadecimal digits", layer="input", offset=len(digits) // 2)
    return bytes.fromhex(digits.decode("ascii"))


def content_of(source: str) -> bytes:
    """What the argument leads to; DecodeError where that is nothing."""
    content = _content(source)
    if not content.strip():
        raise DecodeError("the input is empty", layer="input", offset=0)
    return content


def _content(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        found = bool(source) and Path(source).exists()
    except (OSError, ValueError):  # longer than a path can be, or with a NUL
        found = False
    if found:
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise CallAtFault(f"cannot read {source}: {error.strerror}") from None
    typed = source.encode("utf-8", "surrogateescape")
    if of_hexadecimal(typed) is None and typed.strip():
        raise CallAtFault(f"{source:.80}: no such file, and no hexadecimal digits")
    return typed
