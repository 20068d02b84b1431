"""general-block-transfer as a server, both ways: windows, acknowledgements, what was lost sent again (IEC 62056-5-3).

Whoever has the right to send streams up to the other's window of blocks; the last of them has the streaming bit clear
and hands the right over. Every block says which block of the other side came through last.
"""

from __future__ import annotations

from dlms.apdu import encode
from dlms.apdu.block_transfer import LAST_BLOCK, STREAMING, GeneralBlockTransfer
from dlms_core.pieces import split

BLOCK_HEADER = 1 + 1 + 2 + 2 + 3
"""Tag, block-control, block-number, block-number-ack, length."""
MOST_BLOCKS = 0xFFFF


class GeneralBlocks:
    """The block transfer of one client: a request on its way in, an answer on its way out."""

    def __init__(self, longest_request: int, window: int) -> None:
        self._longest_request = longest_request
        self._window = window
        self.abandon()

    @property
    def under_way(self) -> bool:
        """Whether blocks are to come or to go."""
        return self._receiving or bool(self._outgoing)

    def abandon(self) -> None:
        """Forget everything."""
        self._incoming = bytearray()
        self._receiving = False
        self._received = 0
        self._confirmations = 0
        self._outgoing: list[bytes] = []
        self._sent = 0
        self._peer_window = 1

    def receive(self, block: GeneralBlockTransfer) -> tuple[bytes | None, list[bytes]]:
        """Take a block: the whole request once it is complete, and the blocks to send."""
        if self._outgoing and not block.block_data:
            self._peer_window = max(block.window, 1)
            return None, self._next_window(block)
        if self._outgoing or block.block_number == 1:
            self.abandon()  # another request: the answer to the one before is not wanted any more
        self._peer_window = max(block.window, 1)
        if block.block_number == self._received + 1:
            self._incoming += block.block_data
            self._receiving = True
            self._received += 1
            if len(self._incoming) > self._longest_request:
                self.abandon()
                return None, [encode(self._block(True, False, 1, b""))]
            if block.last_block:
                whole, self._incoming = bytes(self._incoming), bytearray()
                self._receiving = False
                return whole, []
        if block.streaming:
            return None, []
        return None, [encode(self._confirmation(block))]

    def _confirmation(self, block: GeneralBlockTransfer) -> GeneralBlockTransfer:
        """An empty block that hands back the right to send. It is a block as any other, with the next number; one that
        got lost is sent again under its own."""
        if block.block_number_ack >= self._confirmations:
            self._confirmations = min(self._confirmations + 1, MOST_BLOCKS)
        return self._block(False, False, self._confirmations, b"")

    def send(self, apdu: bytes, longest: int) -> list[bytes]:
        """The first window of blocks of an answer; all are kept until the client confirms the last, or asks anew. None
        where they are more than can be numbered."""
        size = max(longest - BLOCK_HEADER, 1)
        self._outgoing = split(apdu, size)
        self._sent = 0
        if self._confirmations + len(self._outgoing) > MOST_BLOCKS:
            self.abandon()
            return []
        return self._stream()

    def _next_window(self, block: GeneralBlockTransfer) -> list[bytes]:
        self._received = max(self._received, block.block_number)  # empty blocks are confirmed too
        acknowledged = max(block.block_number_ack - self._confirmations, 0)
        if acknowledged > self._sent or acknowledged == len(self._outgoing):
            self.abandon()
            return []
        self._sent = acknowledged
        return self._stream()

    def _stream(self) -> list[bytes]:
        count, before = len(self._outgoing), self._confirmations
        last = min(self._sent + self._peer_window, count)
        blocks = [
            encode(self._block(number == count, number < last, before + number, self._outgoing[number - 1]))
            for number in range(self._sent + 1, last + 1)
        ]
        self._sent = last
        return blocks

    def _block(self, last: bool, streaming: bool, number: int, octets: bytes) -> GeneralBlockTransfer:
        control = LAST_BLOCK * last | STREAMING * streaming | self._window
        return GeneralBlockTransfer(control, number, self._received, octets)
