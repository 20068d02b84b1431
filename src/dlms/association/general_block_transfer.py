"""general-block-transfer: any APDU, also a ciphered one, in blocks both ways, between an exchange and the link.

IEC 62056-5-3: a block carries its number, the number of the last block that its sender has in order, and the window,
how many blocks its sender takes at once. Who streams sends on without waiting; the last block of a window is not
streamed, and hands the turn to the other end, which sends blocks of its own or, with nothing to send, an empty one.
Whatever was lost is sent again from the block after the acknowledged one.

Who marks the last block of a window as streamed, too, as dlms-cosem-rs and spodes-rs do, hands the turn over silently:
after as many blocks as the quirk `block_window` says, or after the time in which a lost block would have come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dlms.apdu import decode, encode
from dlms.apdu.block_transfer import LAST_BLOCK, STREAMING, GeneralBlockTransfer
from dlms.association.blocks import LONGEST_VALUE
from dlms.association.effects import Exchange, PassOver, Progress, Receive, Send
from dlms.association.negotiated import Negotiated
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DeadlineExceeded, DecodeError, ProtocolError
from dlms.link.assembly import Assembly
from dlms.link.block_transfer import BlockReassembly
from dlms.security.ciphered import CIPHERED
from dlms_core.pieces import split

TAG: Final = bytes(GeneralBlockTransfer.tags)
OVERHEAD: Final = len(encode(GeneralBlockTransfer(0, 0, 0, b""))) + 2  # the length of a block is three octets at most
PATIENCE: Final = 5.0
"""Seconds after which a block that does not come is asked for again."""
REPETITIONS: Final = 3
"""How often in a row a silent peer is asked again."""
USELESS_BLOCKS: Final = 256
"""Blocks in a row that bring nothing new: four of the largest windows, sent again."""


class BlockTransfer:
    """The way of one request and its response over the link: as they are, or in blocks."""

    def __init__(self, negotiated: Negotiated) -> None:
        self._window = negotiated.block_window
        self._longest = negotiated.longest_apdu
        self._allowed = negotiated.allows(Conformance.GENERAL_BLOCK_TRANSFER)
        self._unmarked = negotiated.quirks.last_block_unmarked
        self._pieces: list[bytes] = []
        self._acknowledged = 0  # how many of our pieces the peer has in order
        self._sent = 0  # the highest block number that we sent
        self._peer_window = 1  # until the peer says how much it takes
        self._reassembly = BlockReassembly(LONGEST_VALUE)
        self._in_window = 0  # blocks since our last turn
        self._confirmed = 0  # what our last empty block acknowledged
        self._useless = 0
        self._repeated = 0

    def send(self, octets: bytes) -> Exchange[None]:
        """Send an APDU, in blocks where the peer takes none that long."""
        if len(octets) <= self._longest:
            yield Send(octets)
            return
        if not self._allowed:
            raise ConfigurationError(f"the request has {len(octets)} octets, the meter takes {self._longest}")
        if self._longest <= OVERHEAD:
            raise ConfigurationError(f"the meter takes APDUs of {self._longest} octets: too short for blocks")
        self._pieces = split(octets, self._longest - OVERHEAD)
        if len(self._pieces) > 0xFFFF:
            raise ConfigurationError(f"the request has {len(octets)} octets: too long for general-block-transfer")
        yield from self._take_turn()

    def receive(self, arrived: bytes | None = None) -> Exchange[bytes]:
        """The next APDU that comes, put together where it comes in blocks; its first octets may have `arrived` already.

        Raises ProtocolError for blocks that cannot be, DeadlineExceeded where they stop coming.
        """
        octets = arrived
        while True:
            if octets is None:
                octets = yield Receive(PATIENCE if self._sent or self._in_window else None)
            if octets is None:
                self._repeated += 1
                if self._repeated > REPETITIONS:
                    raise DeadlineExceeded(f"the meter is silent after block {self._reassembly.acknowledged}")
                yield from self._take_turn()
                continue
            if not octets.startswith(TAG):
                return octets
            block = decode(octets)
            if not isinstance(block, GeneralBlockTransfer):
                raise ProtocolError("expected a general-block-transfer")
            complete = self._take(block)
            if complete is not None:
                return complete
            yield Progress(self._reassembly.acknowledged)
            if not block.streaming or self._in_window >= self._window:
                yield from self._take_turn()
            else:
                yield PassOver()  # the next block is sent unasked, but over HDLC it has to be polled for
            octets = None

    def _take(self, block: GeneralBlockTransfer) -> bytes | None:
        """Note what a block says and holds; the APDU that it completes."""
        self._repeated = 0
        self._in_window += 1
        self._peer_window = max(block.window, 1)
        useful = self._note_acknowledgement(block)
        if not block.block_data and self._acknowledged < len(self._pieces):
            # nothing but an acknowledgement: its sender has nothing to send yet, whatever its last-block bit says
            block = GeneralBlockTransfer(
                block.block_control & ~LAST_BLOCK, block.block_number, block.block_number_ack, block.block_data
            )
        elif self._unmarked and self._ends_by_its_length(block):
            block = GeneralBlockTransfer(
                block.block_control | LAST_BLOCK, block.block_number, block.block_number_ack, block.block_data
            )
        before = self._reassembly.acknowledged
        for event in self._reassembly.receive(block):
            if not isinstance(event, Assembly):
                continue  # its beginning is missing: our next turn asks for it
            if event.complete and block.last_block and event.octets:
                self._end()
                return event.octets
            if self._reassembly.acknowledged == 0:
                raise ProtocolError(f"the meter's blocks make no APDU: {', '.join(map(str, event.faults)) or 'empty'}")
        useful = useful or self._reassembly.acknowledged != before
        self._useless = 0 if useful else self._useless + 1
        if self._useless > USELESS_BLOCKS:
            raise ProtocolError(f"the meter repeats itself: {self._useless} blocks brought nothing new")
        return None

    def _ends_by_its_length(self, block: GeneralBlockTransfer) -> bool:
        """Whether with this block, the next one, a ciphered APDU is whole."""
        if block.last_block or block.block_number != self._reassembly.acknowledged + 1:
            return False
        try:
            message = decode(self._reassembly.octets + block.block_data)
        except DecodeError:
            return False
        return isinstance(message, CIPHERED) and not message.deviations

    def _note_acknowledgement(self, block: GeneralBlockTransfer) -> bool:
        number = block.block_number_ack
        if number > self._sent:
            raise ProtocolError(f"the meter acknowledged block {number}, and {self._sent} were sent")
        if block.block_data and self._acknowledged < len(self._pieces):
            self._acknowledged = len(self._pieces)  # who answers has the request, or wants no more of it
            return True
        arrived = min(number, len(self._pieces))
        useful, self._acknowledged = arrived > self._acknowledged, max(arrived, self._acknowledged)
        return useful

    def _end(self) -> None:
        """The next APDU, if any, comes in blocks of its own."""
        self._pieces = []
        self._acknowledged = self._sent = self._confirmed = self._in_window = self._useless = 0

    def _take_turn(self) -> Exchange[None]:
        self._in_window = 0
        for block in self._blocks():
            yield Send(encode(block), answered=not block.streaming)

    def _blocks(self) -> Iterator[GeneralBlockTransfer]:
        """What to send now: the next window of our request, else an empty block that acknowledges."""
        acknowledged, count = self._reassembly.acknowledged, len(self._pieces)
        if self._acknowledged == count:
            if not self._sent or acknowledged != self._confirmed:
                self._sent = max(self._sent, count) + 1
            self._confirmed = acknowledged
            yield GeneralBlockTransfer(LAST_BLOCK | self._window, self._sent & 0xFFFF, acknowledged, b"")
            return
        end = min(self._acknowledged + self._peer_window, count)
        self._sent = max(self._sent, end)
        for number, piece in enumerate(self._pieces[self._acknowledged : end], self._acknowledged + 1):
            control = self._window | (LAST_BLOCK if number == count else 0) | (STREAMING if number < end else 0)
            yield GeneralBlockTransfer(control, number, acknowledged, piece)
