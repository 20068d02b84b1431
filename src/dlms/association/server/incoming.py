"""Long requests on their way in: blocks of SET, ACTION or WRITE, in order, up to a limit."""

from __future__ import annotations

from dlms.service_errors import DataBlockNumberInvalid, LongSetAborted


class Incoming:
    """The blocks of one request; numbers begin with 1. `of` is the request that the first block came with."""

    def __init__(self, of: object, limit: int) -> None:
        self.of = of
        self._limit = limit
        self._number = 0
        self._octets = bytearray()  # not a list of blocks: those without octets would take memory and no limit

    @property
    def octets(self) -> bytes:
        """All blocks together."""
        return bytes(self._octets)

    def add(self, number: int, octets: bytes) -> None:
        """Take the next block; raises DataBlockNumberInvalid, and LongSetAborted beyond the limit."""
        if number != self._number + 1:
            raise DataBlockNumberInvalid
        if len(self._octets) + len(octets) > self._limit:
            raise LongSetAborted
        self._number = number
        self._octets += octets
