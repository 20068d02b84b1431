"""Reassembly of general-block-transfer: in order, repeated, missing, abandoned, endless."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.apdu.block_transfer import LAST_BLOCK, STREAMING, GeneralBlockTransfer
from dlms.errors import DecodeError
from dlms.link.assembly import Assembly, Stations
from dlms.link.block_transfer import BlockReassembly

METER = Stations("103", "16")


def block(number, data, last=False):
    return GeneralBlockTransfer((LAST_BLOCK if last else 0) | STREAMING | 1, number, 0, data)


def receive(transfer, *blocks):
    return [event for at, each in enumerate(blocks) for event in transfer.receive(each, offset=100 * at)]


def test_in_order():
    transfer = BlockReassembly(stations=METER)
    assert transfer.acknowledged == 0
    assert receive(transfer, block(1, b"one"), block(2, b"two")) == []
    assert transfer.acknowledged == 2
    assert receive(transfer, block(3, b"three", last=True)) == [Assembly(b"onetwothree", 0, METER, divided=True)]
    assert transfer.acknowledged == 0
    assert receive(transfer, block(1, b"alone", last=True)) == [Assembly(b"alone", 0, METER)]
    assert transfer.finish() == []


def test_a_repeated_block_does_no_harm():
    (whole,) = receive(
        BlockReassembly(), block(1, b"a"), block(1, b"a"), block(2, b"b"), block(2, b"b"), block(3, b"c", True)
    )
    assert (whole.octets, whole.complete) == (b"abc", True)
    assert [fault.reason for fault in whole.faults] == [
        "expected block 2, got block 1 again",
        "expected block 3, got block 2 again",
    ]


def test_another_block_of_the_same_number_is_told_apart():
    (whole,) = receive(BlockReassembly(), block(1, b"a"), block(2, b"b"), block(2, b"x"), block(3, b"c", True))
    assert whole.octets == b"abc"
    assert whole.faults[0].reason == "expected block 3, got block 2 again with other data"


def test_blocks_lost_and_sent_again():
    transfer = BlockReassembly()
    assert receive(transfer, block(1, b"a"), block(3, b"c"), block(4, b"d", last=True)) == []
    assert transfer.acknowledged == 1
    (whole,) = receive(transfer, block(2, b"b"), block(3, b"c"), block(4, b"d", last=True))
    assert (whole.octets, whole.complete) == (b"abcd", True)
    assert [fault.reason for fault in whole.faults] == [
        "expected block 2, got block 3",
        "expected block 2, got block 4",
    ]


def test_out_of_order_without_anyone_to_send_again():
    transfer = BlockReassembly()
    numbers = block(1, b"1"), block(2, b"2"), block(2, b"2"), block(4, b"4", last=True), block(3, b"3")
    assert receive(transfer, *numbers) == []
    (cut,) = transfer.finish()
    assert (cut.octets, cut.complete) == (b"123", False)
    assert [str(fault) for fault in cut.faults] == [
        "general-block-transfer: expected block 3, got block 2 again at octet 2",
        "general-block-transfer: expected block 3, got block 4 at octet 2",
        "general-block-transfer: expected block 4, got the end of the stream at octet 3",
    ]


def test_a_transfer_abandoned_and_begun_again():
    cut, whole = receive(BlockReassembly(), block(1, b"old"), block(2, b"er"), block(1, b"new"), block(2, b"er", True))
    assert (cut.octets, cut.complete, cut.offset) == (b"older", False, 0)
    assert cut.faults[0].reason == "expected block 3, got block 1 of a new transfer"
    assert (whole.octets, whole.complete, whole.offset) == (b"newer", True, 200)


@pytest.mark.parametrize("number", [0, 2, 65535])
def test_a_block_of_no_transfer(number):
    (fault,) = BlockReassembly().receive(block(number, b"x", last=True), offset=40)
    assert isinstance(fault, DecodeError)
    assert (
        str(fault)
        == f"general-block-transfer: expected block 1, got block {number}: the blocks before it are missing at octet 40"
    )


def test_number_0_within_a_transfer():
    (whole,) = receive(BlockReassembly(), block(1, b"a"), block(0, b"x"), block(2, b"b", True))
    assert (whole.octets, whole.complete) == (b"ab", True)


def test_a_transfer_may_be_just_as_long_as_allowed():
    (whole,) = receive(BlockReassembly(limit=5), block(1, b"abc"), block(2, b"de", True))
    assert (whole.octets, whole.complete) == (b"abcde", True)


def test_transfers_are_bounded():
    (cut,) = receive(BlockReassembly(limit=4), block(1, b"abc"), block(2, b"de"))
    assert (cut.octets, cut.complete) == (b"abc", False)
    assert cut.faults[0].reason == "expected at most 4 octets in 65535 pieces, got more"


def test_what_it_remembers_of_repeated_blocks_is_bounded():
    transfer = BlockReassembly()
    for _ in range(100_000):
        transfer.receive(block(1, b"a"))
    (cut,) = transfer.finish()
    assert len(cut.faults) < 100


blocks = st.builds(block, st.integers(0, 6), st.binary(max_size=4), st.booleans())


@given(st.lists(blocks, max_size=30), st.integers(0, 40))
def test_any_blocks(sequence, limit):
    transfer = BlockReassembly(limit)
    for event in [*receive(transfer, *sequence), *transfer.finish()]:
        assert isinstance(event, Assembly | DecodeError)
        if isinstance(event, Assembly):
            assert len(event.octets) <= limit
            assert event.complete or event.faults


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=50))
def test_blocks_in_order_are_joined(parts):
    sequence = [block(number, part, number == len(parts)) for number, part in enumerate(parts, 1)]
    (whole,) = receive(BlockReassembly(), *sequence)
    assert (whole.octets, whole.complete) == (b"".join(parts), True)
