"""Long answers on their way: octets that are made as they leave."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from dlms_core.pieces import split


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
