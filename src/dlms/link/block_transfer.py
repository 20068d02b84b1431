"""Reassembly of general-block-transfer: blocks of one sender into the octets of APDUs.

IEC 62056-5-3 lets a sender stream blocks in windows and repeat, from the block after the last acknowledged one,
whatever was lost. Meters that push have no one to acknowledge them: they stream all blocks once, and may abandon a
transfer and begin again at block 1 (seen at Landis+Gyr E450). Both are read here in the same way: blocks are taken in
order, and `acknowledged` says what to acknowledge.
"""

from __future__ import annotations

from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.errors import DecodeError
from dlms.link.assembly import LIMIT, UNADDRESSED, Assembly, Collection, Stations

LAYER = "general-block-transfer"


class BlockReassembly:
    """One direction of block transfers between two stations.

    `receive` and `finish` return, in order, each Assembly that a block completes or cuts short, and each DecodeError
    of a block that belongs to none. A transfer takes at most `limit` octets.
    """

    def __init__(self, limit: int = LIMIT, stations: Stations = UNADDRESSED) -> None:
        self._limit = limit
        self._stations = stations
        self._transfer: Collection | None = None

    @property
    def acknowledged(self) -> int:
        """The number of the last block that came in order; 0 before the first."""
        return 0 if self._transfer is None else len(self._transfer.pieces)

    @property
    def octets(self) -> bytes:
        """What came in order so far."""
        return b"" if self._transfer is None else b"".join(self._transfer.pieces)

    def receive(self, block: GeneralBlockTransfer, offset: int = 0) -> list[Assembly | DecodeError]:
        """What this block completes; `offset` is where in the stream it stands."""
        events: list[Assembly | DecodeError] = []
        number = block.block_number
        if number == 1 and not self._is_repeated(block):
            events += self._end(f"expected block {self.acknowledged + 1}, got block 1 of a new transfer")
            self._transfer = Collection(LAYER, offset, self._stations, self._limit)
        transfer = self._transfer
        if transfer is None:
            reason = f"expected block 1, got block {number}: the blocks before it are missing"
            return [DecodeError(reason, layer=LAYER, offset=offset)]
        expected = self.acknowledged + 1
        if number < expected:
            same = number > 0 and transfer.pieces[number - 1] == block.block_data
            transfer.note(f"expected block {expected}, got block {number} again{'' if same else ' with other data'}")
        elif number > expected:
            transfer.note(f"expected block {expected}, got block {number}")
        elif not transfer.add(block.block_data) or block.last_block:
            self._transfer = None
            events.append(transfer.close(final=block.last_block))
        return events

    def finish(self) -> list[Assembly | DecodeError]:
        """No more blocks come: what is left of a transfer without its end."""
        return self._end(f"expected block {self.acknowledged + 1}, got the end of the stream")

    def _is_repeated(self, block: GeneralBlockTransfer) -> bool:
        return self._transfer is not None and self._transfer.pieces == [block.block_data]

    def _end(self, reason: str) -> list[Assembly | DecodeError]:
        transfer, self._transfer = self._transfer, None
        if transfer is None:
            return []
        transfer.damage(reason)
        return [transfer.close(final=False)]
