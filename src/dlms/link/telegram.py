"""Telegrams: the octets of APDUs with what carried them, and how they are found in the content of a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from dlms.apdu import APDU, decode, decode_first
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.errors import DecodeError
from dlms.link.assembly import LIMIT, UNADDRESSED, Assembly, Stations
from dlms.link.block_transfer import BlockReassembly
from dlms_core import llc

APDUS_MAXIMUM: Final = 32
"""How many APDUs one information field may hold; three were seen."""
TRANSFERS_MAXIMUM: Final = 64
"""How many pairs of stations may be in the middle of a block transfer at a time."""

BLOCK_TAG: Final = bytes(GeneralBlockTransfer.tags)
FIRST_OCTETS: Final = tuple(bytes([alternative.tag]) for alternative in APDU.alternatives)
"""What an APDU can begin with."""


@dataclass(frozen=True, slots=True)
class Telegram:
    """The octets of one APDU as a link carried them.

    `framing` names the link (hdlc, mbus, wrapper, llc+apdu, apdu, dsmr), followed by `-segmented` where the link
    divided the APDU, and `+gbt` where general-block-transfer did. `offset` is where in the stream its first frame
    began, `stations` who sent it to whom on the link.

    `complete` says whether everything came and every check fits. If not, `apdu` is what could be read from the front.
    `faults` say what was wrong; those of a complete telegram did no harm.
    """

    apdu: bytes
    framing: str
    offset: int
    stations: Stations = UNADDRESSED
    complete: bool = True
    faults: tuple[DecodeError, ...] = ()


def apdus_of(octets: bytes) -> list[bytes]:
    """The APDUs in the content of a link, without their LLC headers: mostly one."""
    found: list[bytes] = []
    rest = llc.remove(octets)
    while len(found) < APDUS_MAXIMUM and (llc.COMMAND in rest or llc.RESPONSE in rest):
        first, others = llc.split(rest, _end(rest))
        if not others:
            break
        found.append(first)
        rest = llc.remove(others)
    return [*found, rest]


def _end(octets: bytes) -> int:
    """Where the first APDU ends, or cannot be read any further."""
    try:
        _message, taken = decode_first(octets)
    except DecodeError as fault:
        return fault.offset
    return taken


class TelegramAssembler:
    """Makes Telegrams of what the link `framing` puts together, and joins the block transfers in it."""

    def __init__(self, framing: str, limit: int = LIMIT) -> None:
        self._framing = framing
        self._limit = limit
        self._transfers: dict[Stations, BlockReassembly] = {}

    def receive(self, content: Assembly) -> Iterator[Telegram | DecodeError]:
        """The telegrams that this content of the link completes, and the faults of blocks that belong to none."""
        framing = f"{self._framing}-segmented" if content.divided else self._framing
        for apdu in apdus_of(content.octets):
            if apdu.startswith(BLOCK_TAG):
                yield from self._block(apdu, content)
            else:
                yield telegram(content, framing, apdu)

    def finish(self) -> Iterator[Telegram | DecodeError]:
        """No more content comes: what is left of block transfers without their end."""
        for transfer in self._transfers.values():
            yield from self._joined(transfer.finish())
        self._transfers.clear()

    def _block(self, apdu: bytes, content: Assembly) -> Iterator[Telegram | DecodeError]:
        if not content.complete:  # a block is taken whole or not at all: a damaged one may be sent again
            yield from content.faults
            return
        try:
            block = cast(GeneralBlockTransfer, decode(apdu))
        except DecodeError as fault:
            yield fault
            return
        if content.stations not in self._transfers and len(self._transfers) == TRANSFERS_MAXIMUM:
            yield from self._joined(self._transfers.pop(next(iter(self._transfers))).finish())
        transfer = self._transfers.setdefault(content.stations, BlockReassembly(self._limit, content.stations))
        yield from self._joined(transfer.receive(block, content.offset))

    def _joined(self, events: Iterable[Assembly | DecodeError]) -> Iterator[Telegram | DecodeError]:
        for event in events:
            yield event if isinstance(event, DecodeError) else telegram(event, f"{self._framing}+gbt")


def telegram(content: Assembly, framing: str, apdu: bytes | None = None) -> Telegram:
    """The telegram of one APDU in `content`, or of all of it."""
    octets = content.octets if apdu is None else apdu
    return Telegram(octets, framing, content.offset, content.stations, content.complete, content.faults)
