"""Octets to start from: the fixtures that ship with the package, and the captures under DLMS_CORPUS when it is set."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

DEMO = Path(__file__).parent.parent / "src" / "dlms" / "demo"
HEX = re.compile(r"(?:[0-9A-Fa-f]{2}\s*){2,}")
MOST_OCTETS = 4096
# What every decoder meets first: nothing, one octet, the deepest nesting, the largest count, flags without end.
PLAIN = (b"", b"\x00", b"\xff", b"\x02\x01" * 64, b"\x01\x84\xff\xff\xff\xff", b"\x7e" * 64, bytes(range(256)))


def strings(value: object) -> Iterator[str]:
    """Every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def octets_of(path: Path) -> Iterator[bytes]:
    """What a file holds: the hex strings of JSON, the lines of hex text, else the octets themselves."""
    if path.suffix == ".json":
        texts = strings(json.loads(path.read_text(encoding="utf-8")))
    elif path.suffix in {".hex", ".txt"}:
        texts = iter(path.read_text(encoding="utf-8").splitlines())
    else:
        yield path.read_bytes()
        return
    for text in texts:
        if HEX.fullmatch(text):
            yield bytes.fromhex(text)


def seeds() -> list[bytes]:
    """The seeds, without repetition, shortest first; at most MOST_OCTETS octets each."""
    folders = [DEMO]
    if corpus := os.environ.get("DLMS_CORPUS"):
        folders.append(Path(corpus))
    found = set(PLAIN)
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix in {".json", ".hex", ".txt", ".bin"}:
                found.update(octets[:MOST_OCTETS] for octets in octets_of(path))
    return sorted(found, key=lambda octets: (len(octets), octets))


def damaged(octets: bytes, chance: random.Random) -> bytes:
    """`octets` with one thing wrong: cut, a bit turned, an octet replaced, a piece repeated or left out."""
    if not octets:
        return chance.randbytes(4)
    copy = bytearray(octets)
    at = chance.randrange(len(copy))
    kind = chance.randrange(5)
    if kind == 0:
        del copy[at:]
    elif kind == 1:
        copy[at] ^= 1 << chance.randrange(8)
    elif kind == 2:
        copy[at] = chance.choice((0x00, 0x01, 0x02, 0x7F, 0x80, 0x84, 0xFF))
    elif kind == 3:
        copy[at:at] = copy[at : at + 8]
    else:
        del copy[at : at + chance.randrange(1, 9)]
    return bytes(copy)
