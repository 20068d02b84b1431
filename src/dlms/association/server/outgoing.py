"""Answers on their way: long ones whose octets are made as they leave; those of several values, which are bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from dlms.service_errors import OtherReason
from dlms_core.pieces import split

LONGEST_ANSWER = 1 << 22
"""Octets of an answer that is made whole before it leaves: a request of a few octets for each may ask for one profile
thousands of times."""


class Outgoing:
    """The octets of a long answer, handed out in blocks of `size`; of their source no more is taken than that needs."""

    def __init__(self, pieces: Iterable[bytes], size: int) -> None:
        self._pieces = iter(pieces)
        self._size = size
        self._ready: deque[bytes] = deque()
        self._ended = False

    def take(self) -> tuple[bytes, bool]:
        """The next block, and whether it is the last."""
        while len(self._ready) < 2 and not self._ended:
            self._fill()
        block = self._ready.popleft() if self._ready else b""
        return block, not self._ready

    def _fill(self) -> None:
        collected = [self._ready.pop()] if self._ready else []
        length = sum(map(len, collected))
        for piece in self._pieces:
            collected.append(piece)
            length += len(piece)
            if length > self._size:
                break
        else:
            self._ended = True
        self._ready.extend(split(b"".join(collected), self._size))


class Together:
    """The values of one answer, whole: `longest` octets at the most, and one too many ends it."""

    def __init__(self, longest: int = LONGEST_ANSWER) -> None:
        self._left = longest

    def check(self) -> None:
        """Raise OtherReason where nothing more fits: then nothing more need be read."""
        if self._left < 0:
            raise OtherReason

    def whole(self, found: bytes | Iterator[bytes]) -> bytes:
        """All octets of a value; raises OtherReason for the first one that does not fit, and from there on."""
        self.check()
        octets = found if isinstance(found, bytes) else short_or_long(found, self._left)
        if not isinstance(octets, bytes) or len(octets) > self._left:
            self._left = -1
            raise OtherReason
        self._left -= len(octets)
        return octets


def short_or_long(pieces: Iterator[bytes], most: int) -> bytes | Iterator[bytes]:
    """All octets where they are `most` at the most, else an iterator that still gives all of them."""
    taken: list[bytes] = []
    length = 0
    for piece in pieces:
        taken.append(piece)
        length += len(piece)
        if length > most:
            return chain(taken, pieces)
    return b"".join(taken)
