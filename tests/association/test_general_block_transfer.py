"""general-block-transfer against a peer that loses, repeats, mixes up and lies: the right APDU, or one clear error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.association.scripted import EVERYTHING, Wire, negotiated, script

from dlms.apdu import decode, encode
from dlms.apdu.block_transfer import LAST_BLOCK, STREAMING, GeneralBlockTransfer
from dlms.apdu.ciphering import CipheredContent, GloGetResponse
from dlms.apdu.get import CosemAttributeDescriptor
from dlms.association.effects import Exchange, Send
from dlms.association.general_block_transfer import OVERHEAD, TAG, BlockTransfer
from dlms.association.negotiated import Negotiated
from dlms.association.services import get, set_value
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, DeadlineExceeded, DlmsError, ProtocolError
from dlms.quirks import Quirks
from dlms.service_errors import ExceptionResponseReceived

TEXT = CosemAttributeDescriptor(1, bytes.fromhex("0000600100FF"), 2)
VALUE = b"\x09\x81\xc8" + bytes(range(200))
RESPONSE = bytes.fromhex("C401C100") + VALUE
PLAIN = bytes.fromhex("C001C100010000600100FF0200")
REQUEST = bytes(range(256)) * 2


class Server:
    """The other end: takes a request, plain or in blocks, and gives RESPONSE in blocks of `size`.

    `lost` are the numbers, among all that passes both ways, of what never arrives; `window` is its own. Its empty
    blocks, which only acknowledge, count as blocks: they too are sent again from the one after the acknowledged.
    """

    def __init__(self, *, size: int = 20, window: int = 3, lost: Iterable[int] = (), streams: bool = True) -> None:
        self.window = window
        self.request: list[bytes] = []
        self._response = [RESPONSE[at : at + size] for at in range(0, len(RESPONSE), size)]
        self._empty = 0
        self._streams = streams
        self._whole = False
        self._lost = set(lost)
        self._passed = 0

    def answer(self, octets: bytes) -> list[bytes]:
        if self._loses():
            return []
        if not octets.startswith(TAG):
            self._whole = True
            return self._stream(1, 0)
        message = decode(octets)
        assert isinstance(message, GeneralBlockTransfer)
        if not self._whole and message.block_number == len(self.request) + 1:
            self.request.append(message.block_data)
            self._whole = message.last_block
        if message.streaming:
            return []
        if not self._whole and message.block_number_ack >= self._empty:
            self._empty += 1
        return self._stream(message.window, message.block_number_ack)

    def _loses(self) -> bool:
        self._passed += 1
        return self._passed in self._lost

    def _stream(self, window: int, acknowledged: int) -> list[bytes]:
        pieces = [b""] * self._empty + (self._response if self._whole else [])
        end = min(acknowledged + (window if self._streams else 1), len(pieces))
        blocks = []
        for number in range(acknowledged + 1, end + 1):
            last = LAST_BLOCK if self._whole and number == len(pieces) else 0
            control = self.window | last | (STREAMING if number < end else 0)
            blocks.append(GeneralBlockTransfer(control, number, len(self.request), pieces[number - 1]))
        return [encode(each) for each in blocks if not self._loses()]


def transferred(agreed: Negotiated, request: bytes) -> Exchange[bytes]:
    way = BlockTransfer(agreed)
    yield from way.send(request)
    return (yield from way.receive())


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("size", [1, 7, 60, 500])
def test_a_response_in_blocks(size: int, streams: bool) -> None:
    wire = Wire(Server(size=size, streams=streams).answer)
    assert wire.run(get(negotiated(), TEXT, None, None, bytes)) == VALUE


@pytest.mark.parametrize("size", [10, 100, 520])
@pytest.mark.parametrize("window", [1, 3, 63])
def test_a_request_in_blocks(size: int, window: int) -> None:
    server = Server(window=window)
    wire = Wire(server.answer)
    assert wire.run(transferred(negotiated(max_send_pdu_size=size), REQUEST)) == RESPONSE
    assert all(len(octets) <= size for octets in wire.sent)
    assert b"".join(server.request) == (REQUEST if size < 520 else b"")
    blocks = [decode(octets) for octets in wire.sent if octets.startswith(TAG)]
    ours = [each for each in blocks if isinstance(each, GeneralBlockTransfer) and each.block_data]
    for each in ours:
        assert each.window == 16
        assert each.last_block == (each.block_number == ours[-1].block_number)
        assert not (each.last_block and each.streaming)
        assert each.streaming or each.block_number % window == 1 % window or each.last_block


@given(lost=st.sets(st.integers(2, 120), max_size=40), request=st.sampled_from([PLAIN, REQUEST]))
def test_lost_blocks_are_asked_for_again(lost: set[int], request: bytes) -> None:
    server = Server(window=5, lost=lost)
    try:
        found = Wire(server.answer).run(transferred(negotiated(max_send_pdu_size=60), request))
    except DeadlineExceeded:
        return
    assert found == RESPONSE
    assert b"".join(server.request) == (REQUEST if request == REQUEST else b"")


def block(number: int, data: bytes, *, ack: int = 0, last: bool = False, streaming: bool = False) -> bytes:
    return encode(
        GeneralBlockTransfer(3 | (LAST_BLOCK if last else 0) | (STREAMING if streaming else 0), number, ack, data)
    )


HALVES = RESPONSE[:100], RESPONSE[100:]


@given(st.data())
def test_blocks_in_any_order_and_number_make_the_response_or_an_error(data: st.DataObject) -> None:
    pieces = [RESPONSE[:50], RESPONSE[50:120], RESPONSE[120:]]
    blocks = [
        block(1, pieces[0], streaming=True), block(2, pieces[1], streaming=True), block(3, pieces[2], last=True)
    ]  # fmt: skip
    arriving = data.draw(st.lists(st.sampled_from(blocks), max_size=12))
    first = [arriving]
    wire = Wire(lambda _: first.pop() if first else [])
    try:
        assert wire.run(get(negotiated(), TEXT, None, None, bytes)) == VALUE
    except DlmsError:
        assert not any(arriving[i:][:3] == blocks for i in range(len(arriving)))


@pytest.mark.parametrize(
    "answers",
    [
        (block(1, HALVES[0], ack=1),),  # acknowledges what was not sent
        (block(1, HALVES[0]), block(2, HALVES[1], ack=9, last=True)),
        (block(1, b"", last=True),),
        (block(1, HALVES[1], last=True),),  # octets that are no APDU
        (block(0, RESPONSE, last=True),),
        (block(2, RESPONSE, last=True),) * 300,
        (block(1, HALVES[0]),) * 300,  # nothing new, for ever
        (block(1, HALVES[0]), "E083"),
        (block(1, HALVES[0]), "D80101"),
        (block(1, encode(GeneralBlockTransfer(0x80, 1, 0, RESPONSE)), last=True),),
        (block(1, HALVES[0]), "C401C10102"),
        (),
    ],
)
def test_a_lying_peer_is_one_clear_error(answers: tuple[str | bytes, ...]) -> None:
    wire = script(*answers)
    with pytest.raises(DlmsError):
        wire.run(get(negotiated(), TEXT, None, None, bytes))
    assert len(wire.sent) <= 300


def test_progress_is_told_block_by_block() -> None:
    wire = Wire(Server(size=50).answer)
    wire.run(get(negotiated(), TEXT, None, None, bytes))
    assert wire.progress == [(number, None) for number in range(1, 5)]


def test_a_window_whose_end_is_not_marked() -> None:
    """After as many blocks as it may hold it is our turn, without waiting for one that will not come."""
    pieces = [RESPONSE[at : at + 50] for at in range(0, len(RESPONSE), 50)]
    blocks = [block(number, piece, streaming=True) for number, piece in enumerate(pieces[:-1], 1)]
    blocks.append(block(len(pieces), pieces[-1], last=True, ack=2))
    windows = [blocks[:2], blocks[2:4], blocks[4:]]
    wire = Wire(lambda _: windows.pop(0))
    agreed = replace(negotiated(), block_window=2)
    assert wire.run(transferred(agreed, PLAIN)) == RESPONSE
    assert (len(wire.sent), wire.silences) == (3, 0)


def test_a_request_of_more_blocks_than_can_be_numbered() -> None:
    agreed = negotiated(max_send_pdu_size=OVERHEAD + 1)
    assert isinstance(next(transferred(agreed, bytes(0xFFFF))), Send)
    with pytest.raises(ConfigurationError, match="too long for general-block-transfer"):
        next(transferred(agreed, bytes(0x10000)))


def test_silence_after_a_block_ends_after_a_few_repetitions() -> None:
    wire = script(block(1, HALVES[0]))
    with pytest.raises(DeadlineExceeded, match="silent after block 1"):
        wire.run(get(negotiated(), TEXT, None, None, bytes))
    repeated = [decode(octets) for octets in wire.sent[1:]]
    assert len(set(repeated)) == 1
    assert repeated[0] == GeneralBlockTransfer(LAST_BLOCK | 16, 1, 1, b"")


def test_an_error_ends_a_request_in_blocks() -> None:
    wire = script("D80203")
    agreed = negotiated(max_send_pdu_size=60, conformance=EVERYTHING & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)
    with pytest.raises(ExceptionResponseReceived):
        wire.run(set_value(agreed, TEXT, VALUE))
    assert len(wire.sent) == 1


def test_a_notification_between_blocks_is_set_aside() -> None:
    wire = script(block(1, HALVES[0]), "0F0000000100" + "020109024142", block(2, HALVES[1], ack=1, last=True))
    with_notification = wire.run(get(negotiated(), TEXT, None, None, bytes))
    assert with_notification == VALUE
    assert len(wire.set_aside) == 1


@pytest.mark.parametrize("size", [OVERHEAD, 30])
def test_without_it_a_long_request_is_not_sent(size: int) -> None:
    conformance = EVERYTHING & ~Conformance.GENERAL_BLOCK_TRANSFER if size > OVERHEAD else EVERYTHING
    wire = script()
    with pytest.raises(ConfigurationError):
        wire.run(transferred(negotiated(max_send_pdu_size=size, conformance=conformance), REQUEST))
    assert not wire.sent


def test_blocks_that_were_not_acknowledged_are_sent_again() -> None:
    agreed = negotiated(max_send_pdu_size=100)
    wire = script(block(1, b"", ack=1), block(2, b"", ack=2), block(3, RESPONSE, ack=5, last=True))
    assert wire.run(transferred(agreed, REQUEST)) == RESPONSE
    numbers = [decode(octets).block_number for octets in wire.sent]
    assert numbers == [1, 2, 3, 4, 3, 4, 5]


def test_a_peer_that_acknowledges_more_than_was_sent() -> None:
    with pytest.raises(ProtocolError, match="acknowledged block 5, and 1 were sent"):
        script(block(1, b"", ack=5)).run(transferred(negotiated(max_send_pdu_size=100), REQUEST))


def test_a_ciphered_apdu_whose_last_block_does_not_say_so() -> None:
    whole = encode(GloGetResponse(CipheredContent(0x30, 5, bytes(60), bytes(12))))
    blocks = (block(1, whole[:40]), block(2, whole[40:70]), block(3, whole[70:], streaming=True))
    agreed = replace(negotiated(), quirks=Quirks(last_block_unmarked=True))
    wire = script(*blocks)
    assert wire.run(transferred(agreed, PLAIN)) == whole
    assert len(wire.sent) == 3
    with pytest.raises(DeadlineExceeded):
        script(*blocks).run(transferred(negotiated(), PLAIN))
