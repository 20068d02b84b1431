"""Long requests on their way in: blocks of SET, ACTION or WRITE, in order, up to a limit."""

from __future__ import annotations

from dlms.service_errors import DataBlockNumberInvalid, LongSetAborted


class Incoming:
    """The blocks of one request; numbers begin with 1. `of` is the request that the first block came with."""

    def __init__(self, of: object, limit: int) -> None:
        self.of = of
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def number(self) -> int:
        """The number of the last block."""
        return len(self._pieces)

    @property
    def octets(self) -> bytes:
        """All blocks together."""
        return b"".join(self._pieces)

    def add(self, number: int, octets: bytes) -> None:
        """Take the next block; raises DataBlockNumberInvalid, and LongSetAborted beyond the limit."""
        if number != len(self._pieces) + 1:
            raise DataBlockNumberInvalid
        self._size += len(octets)
        if self._size > self._limit:
            raise LongSetAborted
        self._pieces.append(octets)
