"""general-block-transfer: any APDU in blocks, streamed and acknowledged (IEC 62056-5-3)."""

from __future__ import annotations

from typing import Final

from dlms.grammar import Message, OctetString, Unsigned8, Unsigned16, sequence

LAST_BLOCK: Final = 0x80
STREAMING: Final = 0x40
WINDOW: Final = 0x3F


@sequence(tag=0xE0)
class GeneralBlockTransfer(Message):
    """general-block-transfer. `block_control`: bit 7 last block, bit 6 streaming, bits 0-5 window."""

    block_control: Unsigned8
    block_number: Unsigned16
    block_number_ack: Unsigned16
    block_data: OctetString

    @property
    def last_block(self) -> bool:
        return bool(self.block_control & LAST_BLOCK)

    @property
    def streaming(self) -> bool:
        return bool(self.block_control & STREAMING)

    @property
    def window(self) -> int:
        return self.block_control & WINDOW
