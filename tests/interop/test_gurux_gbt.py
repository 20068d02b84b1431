"""Our client against the Gurux server, which answers what is too long by general-block-transfer.

What this server (4.0.47) does with general blocks: it takes no request in blocks (it answers 00 01 C1 09, which is no
APDU), and asked to stream it sends empty blocks for ever, so that there are no windows here. Of a ciphered answer it
leaves the last block unmarked when 22 octets more would not have fit into it. The quirks below say so.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve
from tests.interop.test_gurux_server import KEYS

import dlms
from dlms.apdu import decode
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.association.opening import LN_CONFORMANCE
from dlms.client import Deadlines, Meter
from dlms.cosem.classes import ProfileGeneric
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import EntryDescriptor
from dlms.data import OctetString
from dlms.enumerations import Conformance
from dlms.errors import DecodeError
from dlms.quirks import Quirks
from dlms.security import Security

PROFILE = ProfileGeneric("1.0.99.1.0.255")
QUIRKS = Quirks(block_window=1, last_block_unmarked=True)


def connect(serve: Serve, link: str, ciphered: bool, blocks: list[GeneralBlockTransfer], **options: Any) -> Meter:
    server = serve("gurux", link, "ln", "200", "1")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"

    def trace(what: str, octets: bytes) -> None:
        message = decode(octets) if what == "apdu received" else None
        if isinstance(message, GeneralBlockTransfer):
            blocks.append(message)

    security = Security("hls-gmac", **KEYS) if ciphered else Security()
    conformance = options.pop("conformance", LN_CONFORMANCE) | Conformance.GENERAL_BLOCK_TRANSFER
    return dlms.connect(
        f"{scheme}://127.0.0.1:{server.port}?client={1 if ciphered else 16}",
        security=security, conformance=conformance, deadlines=Deadlines(response=20), trace=trace,
        **{"quirks": QUIRKS, **options},
    )  # fmt: skip


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_profile_in_blocks(serve: Serve, link: str, ciphered: bool) -> None:
    blocks: list[GeneralBlockTransfer] = []
    with connect(serve, link, ciphered, blocks) as meter:
        rows = meter.get(PROFILE.buffer)
    assert len(rows) == 1000
    assert rows[1][1] - rows[0][1] == 7
    assert len(blocks) > 50
    assert {block.window for block in blocks} == {1}


@pytest.mark.parametrize(("rows", "marked"), [(10, True), (14, True), (16, False)])
def test_the_last_block_of_a_ciphered_answer(serve: Serve, rows: int, marked: bool) -> None:
    blocks: list[GeneralBlockTransfer] = []
    with connect(serve, "wrapper", True, blocks) as meter:
        assert len(meter.get(PROFILE.buffer, selection=EntryDescriptor(1, rows, 1, 0))) == rows
    assert [block.last_block for block in blocks] == [False, marked]


def test_without_the_quirk_what_follows_the_last_block_is_no_apdu(serve: Serve) -> None:
    with (
        connect(serve, "wrapper", True, [], quirks=Quirks(block_window=1)) as meter,
        pytest.raises(DecodeError, match="expected a known tag, got 00"),
    ):
        meter.get(PROFILE.buffer, selection=EntryDescriptor(1, 16, 1, 0))


def test_a_request_in_blocks_is_more_than_it_takes(serve: Serve) -> None:
    conformance = LN_CONFORMANCE & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    with (
        connect(serve, "wrapper", False, [], conformance=conformance) as meter,
        pytest.raises(DecodeError, match="expected a known tag, got 00"),
    ):
        meter.set(AttributeRef(1, "0.0.96.1.0.255", 2), OctetString(bytes(700)))
