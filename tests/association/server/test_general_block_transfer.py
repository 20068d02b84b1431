"""general-block-transfer as a server: numbers, confirmations, windows, what is lost or given up."""

from __future__ import annotations

from dlms.apdu import decode
from dlms.apdu.block_transfer import LAST_BLOCK, STREAMING, GeneralBlockTransfer
from dlms.association.server.general_block_transfer import BLOCK_HEADER, GeneralBlocks

WINDOW = 8
ANSWER = bytes(range(50))


def transfer() -> GeneralBlocks:
    return GeneralBlocks(1000, WINDOW)


def sent(octets: list[bytes]) -> list[tuple[int, int, int, bytes]]:
    """Control without the window, number, number confirmed, data."""
    found = []
    for each in octets:
        block = decode(each)
        assert isinstance(block, GeneralBlockTransfer)
        assert block.window == WINDOW
        found.append((block.block_control & ~WINDOW, block.block_number, block.block_number_ack, block.block_data))
    return found


def pieces(of: GeneralBlocks) -> list[tuple[int, int, int, bytes]]:
    return sent(of.send(ANSWER, BLOCK_HEADER + 10))


def confirm(number: int, ack: int, window: int = 1) -> GeneralBlockTransfer:
    return GeneralBlockTransfer(LAST_BLOCK | window, number, ack, b"")


def test_empty_blocks_of_the_client_are_confirmed() -> None:
    """A Gurux client takes a block that does not confirm its last one for one that it has already."""
    of = transfer()
    assert pieces(of) == [(0, 1, 0, ANSWER[:10])]
    assert sent(of.receive(confirm(1, 1))[1]) == [(0, 2, 1, ANSWER[10:20])]
    assert sent(of.receive(confirm(2, 2, window=2))[1]) == [
        (STREAMING, 3, 2, ANSWER[20:30]),
        (0, 4, 2, ANSWER[30:40]),
    ]
    assert sent(of.receive(confirm(3, 4))[1]) == [(LAST_BLOCK, 5, 3, ANSWER[40:])]
    assert of.under_way
    assert of.receive(confirm(4, 5)) == (None, [])
    assert not of.under_way


def test_a_lost_block_is_sent_again() -> None:
    of = transfer()
    pieces(of)
    of.receive(confirm(1, 1, window=3))
    assert [block[1] for block in sent(of.receive(confirm(2, 2, window=3))[1])] == [3, 4, 5]


def test_confirmations_are_numbered_and_the_answer_goes_on_from_them() -> None:
    of = transfer()
    assert of.receive(GeneralBlockTransfer(STREAMING | 1, 1, 0, b"ab")) == (None, [])
    whole, answers = of.receive(GeneralBlockTransfer(1, 2, 0, b"cd"))
    assert (whole, sent(answers)) == (None, [(0, 1, 2, b"")])
    whole, answers = of.receive(GeneralBlockTransfer(1, 2, 0, b"cd"))  # the confirmation was lost
    assert (whole, sent(answers)) == (None, [(0, 1, 2, b"")])
    whole, answers = of.receive(GeneralBlockTransfer(1, 3, 1, b"ef"))
    assert (whole, sent(answers)) == (None, [(0, 2, 3, b"")])
    assert of.receive(GeneralBlockTransfer(LAST_BLOCK | 1, 4, 2, b"gh")) == (b"abcdefgh", [])
    assert pieces(of) == [(0, 3, 4, ANSWER[:10])]
    assert sent(of.receive(confirm(5, 3))[1]) == [(0, 4, 5, ANSWER[10:20])]


def test_a_request_in_blocks_ends_an_answer_that_nobody_fetches() -> None:
    of = transfer()
    pieces(of)
    assert of.receive(GeneralBlockTransfer(LAST_BLOCK | 1, 1, 0, b"again")) == (b"again", [])
    assert pieces(of) == [(0, 1, 1, ANSWER[:10])]


def test_more_confirmations_than_can_be_numbered_are_not_numbered() -> None:
    of = transfer()
    for _ in range(0x10002):
        _, answers = of.receive(GeneralBlockTransfer(1, 9, 0xFFFF, b""))
    assert sent(answers) == [(0, 0xFFFF, 0, b"")]


def test_a_client_that_confirms_what_was_not_sent_is_not_answered() -> None:
    of = transfer()
    pieces(of)
    assert of.receive(confirm(1, 9)) == (None, [])
    assert not of.under_way
