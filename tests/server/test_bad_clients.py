"""Bad clients over real sockets: each gets its answer, nothing is left of it, and others are served meanwhile."""

from __future__ import annotations

import pytest
from tests.association.meter import (
    GUARDED,
    MANAGER,
    NOW,
    aarq,
    prove,
    sealed,
)
from tests.association.requests import BY_SHORT_NAME, GET, damaged
from tests.server.watched import accepted, watched

from dlms.apdu import decode, encode
from dlms.apdu.acse import Rlre, Rlrq
from dlms.apdu.ciphering import GloGetResponse
from dlms.apdu.exception import ExceptionResponse
from dlms.apdu.get import GetResponseNormal
from dlms.apdu.read_write import ReadResponse
from dlms.data import OctetString
from dlms.results import AssociationResult
from dlms.server import ServerLimits
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.wrapper import build

pytestmark = pytest.mark.usefixtures("no_traceback")
TCP, HDLC, UDP = "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0", "udp://127.0.0.1:0"
BOTH = pytest.mark.parametrize("url", [TCP, HDLC])
THE_TIME = OctetString(NOW.octets)


# ---- at the wrong time --------------------------------------------------------------------------------------------


@BOTH
def test_before_an_association_after_the_release_and_opened_twice(url: str) -> None:
    with watched(url) as of, of.raw().connect() as raw:
        assert raw.ask(encode(GET)) == bytes.fromhex("D80101")
        assert accepted(raw.ask(encode(aarq())))
        assert accepted(raw.ask(encode(aarq())))
        assert decode(raw.ask(encode(GET))).result == THE_TIME
        assert isinstance(decode(raw.ask(encode(Rlrq()))), Rlre)
        assert raw.ask(encode(GET)) == bytes.fromhex("D80101")
        assert isinstance(decode(raw.ask(encode(Rlrq()))), ExceptionResponse)


def test_frames_at_the_wrong_time_and_impossible_ones() -> None:
    """DM where there is no connection, FRMR for what the book has no place for, silence for others' frames."""
    with watched(HDLC) as of, of.raw() as raw:
        for kind, numbers in (
            (FrameKind.I, {"send_sequence": 0, "receive_sequence": 0}),
            (FrameKind.RR, {"receive_sequence": 0}),
            (FrameKind.DISC, {}),
        ):
            raw.send(raw.frame(kind, b"\xe6\xe6\x00\xc0" * (kind is FrameKind.I), **numbers))
            answer = raw.receive_frame()
            assert answer is not None
            assert answer.kind is FrameKind.DM
        raw.connect()
        for number in (5, 3):
            raw.send(raw.frame(FrameKind.RR, receive_sequence=number))
            answer = raw.receive_frame()
            assert answer is not None
            assert (answer.kind, answer.information[-1]) == (FrameKind.FRMR, 0x08)
        long = raw.frame(FrameKind.I, bytes(2035), send_sequence=0, receive_sequence=0)
        raw.send(long)
        answer = raw.receive_frame()
        assert answer is not None
        assert (answer.kind, answer.information[-1]) == (FrameKind.FRMR, 0x04)
        for stranger in (HdlcAddress(2), HdlcAddress(0x7E)):
            raw.send(Frame(stranger, HdlcAddress(MANAGER), control_octet(FrameKind.SNRM, poll_final=True)).encode())
        assert raw.receive_frame(0.2) is None
        assert accepted(raw.ask(encode(aarq())))


def test_more_connections_on_one_line_than_there_may_be() -> None:
    """Whoever comes too late is told that there is no connection; room is made when somebody leaves."""
    with watched(HDLC, limits=ServerLimits(lines=2)) as of, of.raw(1).connect(), of.raw(1) as raw:

        def call(client: int, kind: FrameKind) -> FrameKind:
            raw.send(Frame(HdlcAddress(1), HdlcAddress(client), control_octet(kind, poll_final=True)).encode())
            answer = raw.receive_frame()
            assert answer is not None
            return answer.kind

        assert [call(client, FrameKind.SNRM) for client in (1, 2, 3)] == [FrameKind.UA, FrameKind.UA, FrameKind.DM]
        assert call(2, FrameKind.DISC) is FrameKind.UA
        assert [call(client, FrameKind.SNRM) for client in (3, 4)] == [FrameKind.UA, FrameKind.DM]


def test_many_clients_one_after_the_other_on_one_line() -> None:
    """Whoever has no association any more makes room for who comes."""
    with watched(TCP, limits=ServerLimits(lines=4)) as of, of.raw() as raw:
        for client in range(100, 150):
            raw.client = client
            assert decode(raw.ask(encode(aarq()))).result == AssociationResult.REJECTED_PERMANENT
        raw.client = MANAGER
        assert accepted(raw.ask(encode(aarq())))


# ---- damaged ------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("context", [1, 2])
def test_a_request_damaged_at_any_octet_is_answered(url: str, context: int) -> None:
    right = encode(GET if context == 1 else BY_SHORT_NAME["read"])
    expected = GetResponseNormal(0xC1, THE_TIME) if context == 1 else ReadResponse((THE_TIME,))
    with watched(url) as of, of.opened(context=context) as raw:
        for wrong in damaged(right):
            if wrong or raw.link is not None:  # the wrapper has no place for an APDU of nothing
                assert raw.ask(wrong)
        assert decode(raw.ask(right)) == expected


@BOTH
def test_octets_of_the_line_damaged_anywhere(url: str) -> None:
    """Headers, addresses, checks, APDUs: each wrong in turn, on a connection of its own, somebody else served by."""
    with watched(url) as of, of.opened() as steady:
        if url == TCP:
            good = build(encode(aarq()), source=MANAGER, destination=1)
        else:
            snrm = steady.frame(FrameKind.SNRM)
            good = snrm + steady.frame(
                FrameKind.I, b"\xe6\xe6\x00" + encode(aarq()), send_sequence=0, receive_sequence=0
            )
        for wrong in damaged(good):
            with of.raw() as raw:
                raw.send(wrong)
        assert decode(steady.ask(encode(GET))).result == THE_TIME


def test_frames_wrong_within_a_right_check_sequence() -> None:
    """Every control octet, with the poll bit and without, with information and without."""
    with watched(HDLC) as of:
        for control in range(256):
            for information in (b"", b"\xe6\xe6\x00", b"\x81\x80\x12\x05", encode(GET)):
                with of.raw() as raw:
                    raw.send(raw.frame(FrameKind.SNRM))
                    raw.send(Frame(HdlcAddress(1), HdlcAddress(MANAGER), control, information).encode())


def test_datagrams_have_nothing_to_do_with_each_other() -> None:
    opening = build(encode(aarq()), source=MANAGER, destination=1)
    with watched(UDP) as of, of.raw() as raw:
        for at in range(1, len(opening)):
            raw.send(opening[:at])
        assert accepted(raw.ask(encode(aarq())))
        assert decode(raw.ask(encode(GET))).result == THE_TIME
        raw.ask(encode(Rlrq()))


@BOTH
def test_ciphered_requests_forged_and_replayed(url: str) -> None:
    with watched(url, random=lambda count: bytes(range(0x40, 0x40 + count))) as of, of.raw(GUARDED).connect() as raw:
        context = prove(lambda octets: decode(raw.ask(octets)))
        octets = sealed(context, GET)
        for at in range(1, len(octets)):
            forged = bytearray(octets)
            forged[at] ^= 0x10
            assert isinstance(decode(raw.ask(bytes(forged))), ExceptionResponse)
        assert isinstance(decode(raw.ask(octets)), GloGetResponse)
        assert isinstance(decode(raw.ask(octets)), ExceptionResponse)
        with of.raw(GUARDED).connect() as thief:
            assert isinstance(decode(thief.ask(octets)), ExceptionResponse)
        assert isinstance(decode(raw.ask(sealed(context, GET))), GloGetResponse)
