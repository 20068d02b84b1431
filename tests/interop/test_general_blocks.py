"""General-block-transfer of our client with two meters in Rust, separate processes, over real sockets.

dlms-cosem-rs 0.1.0 keeps the numbers of blocks and says what to do with one that came; whose turn it is, its user
decides. spodes-rs 0.7.1 does all by itself, in answers and in requests. What they do against the book:

- Both mark all blocks of a window as streamed, its last one, too, and put into block-control how many they send at
  once, not how many they take. The quirk `block_window` says how many that are; without it our client waits for the
  next block as long as it waits for a lost one.
- spodes-rs, where its user does not ask for streaming, sends its window all the same, each block marked as the last
  of one.
- As a receiver spodes-rs acknowledges after as many blocks as the sender says that it takes, and not where the sender
  hands over the turn: in windows of one that is the same. A block that it has already confirms it again.
- Both state 0 as the block that they have in order, with an answer to a request in blocks, too.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve
from tests.interop.test_cosem_server import BUFFER, ENERGY, KEYS, LONG, TEXT
from tests.interop.test_cosem_server import connect as to_cosem
from tests.shells.proxy import Direction, Proxy

import dlms
from dlms.apdu import decode
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.association import general_block_transfer
from dlms.association.negotiated import PreEstablished
from dlms.association.opening import LN_CONFORMANCE
from dlms.client import Deadlines, Meter
from dlms.data import OctetString
from dlms.enumerations import Conformance
from dlms.errors import DlmsError
from dlms.quirks import Quirks
from dlms.security import Security

BLOCK = 200
CONFORMANCE = (LN_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER) & ~(
    Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
ENERGIES = [1000 + 7 * row for row in range(1000)]
Blocks = list[tuple[str, GeneralBlockTransfer]]


class Heard:
    """The blocks that a trace is told of."""

    def __init__(self) -> None:
        self.blocks: Blocks = []

    def __call__(self, what: str, octets: bytes) -> None:
        if what in ("apdu sent", "apdu received") and octets.startswith(general_block_transfer.TAG):
            block = decode(octets)
            assert isinstance(block, GeneralBlockTransfer)
            self.blocks.append((what.removeprefix("apdu "), block))

    def those(self, what: str) -> list[GeneralBlockTransfer]:
        return [block for told_of, block in self.blocks if told_of == what]


def to_spodes(
    serve: Serve, link: str = "wrapper", *, ciphered: bool = False, window: int = 1, streamed: bool = True,
    port: int | None = None, **options: Any,
) -> Meter:  # fmt: skip
    server = spodes(serve, link, ciphered=ciphered, window=window, streamed=streamed)
    security = Security(**KEYS) if ciphered else Security()
    title = bytes.fromhex("4D4D4D0000000003") if ciphered else None
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return dlms.connect(
        f"{scheme}://127.0.0.1:{port or server}?client=1", security=security, server_system_title=title,
        pre_established=PreEstablished(conformance=CONFORMANCE, max_send_pdu_size=BLOCK),
        deadlines=Deadlines(link=5, response=10, release=2), **{"quirks": Quirks(block_window=window), **options},
    )  # fmt: skip


def cosem(serve: Serve, window: int) -> int:
    return serve("cosem", "wrapper", "ln", str(0xFFFF), str(BLOCK), str(window)).port


def spodes(serve: Serve, link: str, *, ciphered: bool, window: int, streamed: bool = True) -> int:
    protection = "ciphered" if ciphered else "plain"
    return serve("spodes", link, protection, str(BLOCK), str(window), str(int(streamed)), "1").port


def is_in_turn(heard: Heard, window: int) -> None:
    """Windows of so many blocks, each confirmed by an empty block of ours that counts on."""
    since, last = 0, 0
    for what, block in heard.blocks:
        if what == "received":
            since += 1
            assert block.block_number == since + last
            assert since <= window
            if block.last_block:
                since, last = 0, 0
        else:
            last += since
            assert (since, block.block_number_ack) == (window, last)
            assert (block.last_block, block.streaming, block.window, block.block_data) == (True, False, window, b"")
            assert block.block_number == last // window
            since = 0


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("window", [1, 3, 16, 63])
def test_answers_in_windows(serve: Serve, window: int, link: str, ciphered: bool) -> None:
    heard = Heard()
    who = "hls-gmac" if ciphered else "none"
    quirks = Quirks(block_window=None if window == 16 else window)
    options: dict[str, Any] = {"conformance": CONFORMANCE, "quirks": quirks, "trace": heard}
    with to_cosem(serve, link, who, block=BLOCK, window=window, **options) as meter:
        assert [energy for _, energy in meter.get(BUFFER)] == ENERGIES
    is_in_turn(heard, window)
    assert len(heard.those("received")) > 100
    assert {block.block_control for block in heard.those("received")} == {0x40 | window, 0xC0 | window}

    heard = Heard()
    with to_spodes(serve, link, ciphered=ciphered, window=window, quirks=quirks, trace=heard) as meter:
        assert [energy for _, energy in meter.get(BUFFER)] == ENERGIES
    is_in_turn(heard, window)
    assert len(heard.those("received")) > 50
    assert {block.block_control for block in heard.those("received")} == {0x40 | window, 0xC0 | window}


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_answers_one_by_one(serve: Serve, link: str, ciphered: bool) -> None:
    """Without streaming; of the windows that we take nothing is made."""
    heard = Heard()
    who = "hls-gmac" if ciphered else "none"
    with to_cosem(serve, link, who, block=BLOCK, window=0, conformance=CONFORMANCE, trace=heard) as meter:
        assert [energy for _, energy in meter.get(BUFFER)] == ENERGIES
    assert {block.block_control for block in heard.those("received")} == {0x01, 0x81}
    assert {block.block_control for block in heard.those("sent")} == {0x90}
    assert len(heard.those("sent")) == len(heard.those("received")) - 1


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_requests_in_blocks(serve: Serve, link: str, ciphered: bool) -> None:
    heard = Heard()
    with to_spodes(serve, link, ciphered=ciphered, trace=heard) as meter:
        for value in (LONG * 5, b"HELLO-SPODES"):
            meter.set(TEXT, OctetString(value))
            assert meter.get(TEXT) == value
        assert meter.get(ENERGY) == 123_456
    request = [block for block in heard.those("sent") if block.block_data]
    assert [block.block_number for block in request] == list(range(1, len(request) + 1))
    assert [block.last_block for block in request] == [False] * (len(request) - 1) + [True]
    assert not any(block.streaming for block in request)
    assert len(request) == 1 + len([block for block in heard.those("received") if not block.block_data])


Way = tuple[Direction, bool]
DATA_DOWN, DATA_UP = ("down", True), ("up", True)
CONFIRMED_UP, CONFIRMED_DOWN = ("up", False), ("down", False)


class Loser:
    """Of the blocks that go one way and hold data (or only confirm: then the numbers are those of what they confirm)
    those with some numbers do not arrive the first time that they come, or arrive twice."""

    def __init__(self, way: Way, numbers: set[int], times: int = 0) -> None:
        self.numbers = set(numbers)
        self._direction, self._data = way
        self._times = times
        self._pending = {"up": b"", "down": b""}

    def __call__(self, direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        pending = self._pending[direction] + octets
        passed: list[bytes | None] = []
        while len(pending) >= (end := 8 + int.from_bytes(pending[6:8], "big")) and len(pending) >= 8:
            passed += [pending[:end]] * self._times_of(direction, pending[8:end])
            pending = pending[end:]
        self._pending[direction] = pending
        return passed

    def _times_of(self, direction: Direction, apdu: bytes) -> int:
        block = decode(apdu) if apdu.startswith(general_block_transfer.TAG) else None
        if not isinstance(block, GeneralBlockTransfer):
            return 1
        number = block.block_number if self._data else block.block_number_ack
        if (direction, bool(block.block_data)) != (self._direction, self._data) or number not in self.numbers:
            return 1
        self.numbers.discard(number)
        return self._times


COUNTED = pytest.mark.parametrize("impatient", [0.7], indirect=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Nothing is far away here: what does not come soon is lost. Where each block is counted, a busy machine gets more
    time before that."""
    monkeypatch.setattr(general_block_transfer, "PATIENCE", getattr(request, "param", 0.25))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("peer", ["cosem", "spodes"])
@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize(("window", "way", "numbers", "times"), [
    # Of the first block of a window of one nobody can know that it is missing. Two in a row; the last of a window.
    (1, DATA_DOWN, {2, 5, 12, 13, 16}, 0), (1, DATA_DOWN, {1, 2, 5}, 2), (1, CONFIRMED_UP, {1, 7}, 0),
    (3, DATA_DOWN, {1, 5, 12, 13, 18}, 0), (3, DATA_DOWN, {1, 6, 30}, 2), (3, CONFIRMED_UP, {3, 9}, 0),
    (16, DATA_DOWN, {1, 16, 17, 30, 31}, 0), (16, DATA_DOWN, {2, 16}, 2), (16, CONFIRMED_UP, {16, 32}, 0),
])  # fmt: skip
def test_blocks_of_an_answer_that_do_not_arrive_or_arrive_twice(
    serve: Serve, peer: str, ciphered: bool, window: int, way: Way, numbers: set[int], times: int
) -> None:
    loser, quirks = Loser(way, numbers, times), Quirks(block_window=window)
    port = cosem(serve, window) if peer == "cosem" else spodes(serve, "wrapper", ciphered=ciphered, window=window)
    with Proxy(("127.0.0.1", port), loser) as proxy:
        if peer == "cosem":
            who = "hls-gmac" if ciphered else "none"
            meter = to_cosem(serve, who=who, port=proxy.port, conformance=CONFORMANCE, quirks=quirks)
        else:
            meter = to_spodes(serve, ciphered=ciphered, window=window, port=proxy.port)
        with meter:
            assert [energy for _, energy in meter.get(BUFFER)] == ENERGIES
    assert not loser.numbers


@pytest.mark.usefixtures("impatient")
@COUNTED
@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("way", [DATA_UP, CONFIRMED_DOWN])
def test_blocks_of_a_request_that_do_not_arrive(serve: Serve, way: Way, ciphered: bool) -> None:
    loser = Loser(way, {1, 2, 7, 18})
    port = spodes(serve, "wrapper", ciphered=ciphered, window=1)
    with Proxy(("127.0.0.1", port), loser) as proxy, to_spodes(serve, ciphered=ciphered, port=proxy.port) as meter:
        meter.set(TEXT, OctetString(LONG * 5))
        assert meter.get(TEXT) == LONG * 5
    assert not loser.numbers


@pytest.mark.usefixtures("impatient")
@COUNTED
def test_without_the_quirk_a_window_whose_end_is_not_said_is_waited_for(serve: Serve) -> None:
    heard = Heard()
    with to_cosem(serve, block=2000, window=3, conformance=CONFORMANCE, trace=heard) as meter:
        assert [energy for _, energy in meter.get(BUFFER)] == ENERGIES
    assert [block.block_number for block in heard.those("received")] == list(range(1, 12))
    assert [block.block_number_ack for block in heard.those("sent")] == [3, 6, 9]


@pytest.mark.usefixtures("impatient")
@COUNTED
@pytest.mark.parametrize("window", [3, 16])
def test_windows_that_are_not_streamed_are_one_clear_error(serve: Serve, window: int) -> None:
    """spodes-rs says with each block that it waits, and does not: what we answer to the first one it takes for the
    end of its window."""
    with to_spodes(serve, window=window, streamed=False) as meter, pytest.raises(DlmsError):
        meter.get(BUFFER)


@pytest.mark.usefixtures("impatient")
@COUNTED
@pytest.mark.parametrize("ciphered", [False, True])
def test_a_request_in_one_window(serve: Serve, ciphered: bool) -> None:
    """The first block goes alone, until the other end has said how many it takes: spodes-rs waits for 62 more, confirms
    it when it comes again, and takes the rest as it is streamed."""
    heard = Heard()
    with to_spodes(serve, ciphered=ciphered, window=63, trace=heard) as meter:
        meter.set(TEXT, OctetString(LONG * 5))
        request = [block for block in heard.those("sent") if block.block_data]
        assert meter.get(TEXT) == LONG * 5
    assert [block.block_number for block in request] == [1, *range(1, len(request))]
    assert [block.streaming for block in request] == [False, False, *[True] * (len(request) - 3), False]
    assert [block.last_block for block in request] == [False] * (len(request) - 1) + [True]
