"""HDLC frames: published and re-encoded frames (synthetic stations), addresses, control fields, building."""

from __future__ import annotations

import pickle

import pytest

from dlms_core.fault import DecodeError, EncodeError
from dlms_core.fcs import fcs16
from dlms_core.hdlc import KINDS, Frame, FrameKind, HdlcAddress, control_octet

CLIENT = HdlcAddress(16)
SERVER = HdlcAddress(1, 17)


def framed(inside: str) -> bytes:
    """Octets between flags, the frame check sequence added; the length field as it stands."""
    octets = bytes.fromhex(inside)
    return b"\x7e" + octets + fcs16(octets).to_bytes(2, "little") + b"\x7e"


@pytest.mark.parametrize(
    ("octets", "kind", "destination", "source", "poll_final", "information"),
    [
        ("7EA00A00020023219318717E", "SNRM", (1, 17, 4), (16, None, 1), True, ""),
        ("7EA0080221419350B47E", "SNRM", (1, 16, 2), (32, None, 1), True, ""),
        ("7EA00A00020023215314B77E", "DISC", (1, 17, 4), (16, None, 1), True, ""),
        ("7EA00A2100020023734CE77E", "UA", (16, None, 1), (1, 17, 4), True, ""),
        ("7EA0070321930F017E", "SNRM", (1, None, 1), (16, None, 1), True, ""),
        (
            "7EA02003419328BC818014050207EE060207EE070400000001080400000001B5D47E",
            "SNRM",
            (1, None, 1),
            (32, None, 1),
            True,
            "818014050207EE060207EE070400000001080400000001",
        ),
        (
            "7EA01E210373C37A818012050180060180070400000001080400000001533B7E",
            "UA",
            (16, None, 1),
            (1, None, 1),
            True,
            "818012050180060180070400000001080400000001",
        ),
    ],
)
def test_published_frames(octets, kind, destination, source, poll_final, information):
    frame = Frame.decode(bytes.fromhex(octets))
    assert frame.kind is FrameKind(kind)
    assert (frame.destination.upper, frame.destination.lower, frame.destination.size) == destination
    assert (frame.source.upper, frame.source.lower, frame.source.size) == source
    assert frame.poll_final is poll_final
    assert frame.information == bytes.fromhex(information)
    assert frame.segmented is False
    assert frame.encode() == bytes.fromhex(octets)


def test_kaifa_addresses_of_mixed_sizes() -> None:
    """Kaifa sends destination 01 and source 00 01: one octet and two, the upper part zero."""
    frame = Frame(HdlcAddress(0), HdlcAddress(0, 0), 0x10, bytes.fromhex("E6E7000F"))
    octets = frame.encode()
    assert octets[3:6] == bytes.fromhex("010001")
    again = Frame.decode(octets)
    assert again == frame
    assert (again.destination.encode(), again.source.encode()) == (b"\x01", b"\x00\x01")
    assert again.kind is FrameKind.I
    assert again.poll_final


@pytest.mark.parametrize(
    ("octets", "upper", "lower"),
    [
        ("01", 0, None),
        ("21", 16, None),
        ("FF", 127, None),
        ("0223", 1, 17),
        ("0001", 0, 0),
        ("FEFF", 127, 127),
        ("00020023", 1, 17),
        ("00022469", 1, 2356),
        ("FEFEFEFF", 0x3FFF, 0x3FFF),
        ("02000401", 128, 256),
    ],
)
def test_address(octets: str, upper: int, lower: int | None) -> None:
    address = HdlcAddress.decode(bytes.fromhex(octets))
    assert (address.upper, address.lower) == (upper, lower)
    assert address.encode() == bytes.fromhex(octets)
    assert address == HdlcAddress(upper, lower, size=len(octets) // 2)
    assert hash(address) == hash(HdlcAddress(upper, lower, size=len(octets) // 2))
    assert eval(repr(address)) == address  # noqa: S307
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301


@pytest.mark.parametrize("octets", ["", "00", "020021", "0000000301", "0202", "03020201", "00020020", "0303"])
def test_no_address(octets: str) -> None:
    with pytest.raises(DecodeError):
        HdlcAddress.decode(bytes.fromhex(octets))


def test_the_least_size_that_holds_both_parts() -> None:
    assert HdlcAddress(1).size == 1
    assert HdlcAddress(1, 17).size == 2
    assert HdlcAddress(1, 128).size == 4
    assert HdlcAddress(128, 1).size == 4


@pytest.mark.parametrize(
    ("upper", "lower", "size", "path"),
    [
        (128, None, None, "upper"),
        (-1, None, None, "upper"),
        (1, 128, 2, "lower"),
        (0x4000, 1, None, "upper"),
        (1, 0x4000, 4, "lower"),
        (1, -1, None, "lower"),
        (1, 1, 1, "lower"),
        (1, None, 2, "lower"),
        (1, None, 4, "lower"),
        (1, 1, 3, "size"),
    ],
)
def test_address_that_does_not_fit(upper: int, lower: int | None, size: int | None, path: str) -> None:
    with pytest.raises(EncodeError) as caught:
        HdlcAddress(upper, lower, size=size)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ((1, 17, 2), (1, 17, 4), True),  # a meter answers with more octets than it was asked with
        ((1, None, 1), (1, 17, 4), True),
        ((1, 17, 2), (1, 18, 2), False),
        ((1, 17, 2), (2, 17, 2), False),
        ((0x7F, None, 1), (5, 17, 2), True),
        ((1, 0x3FFF, 4), (1, 17, 2), True),
        ((1, 0x7F, 4), (1, 17, 2), False),  # not the all-station address in four octets
        ((1, 0x7F, 2), (1, 0x3FFF, 4), True),
    ],
)
def test_matching_stations(one, other, match):
    first = HdlcAddress(one[0], one[1], size=one[2])
    second = HdlcAddress(other[0], other[1], size=other[2])
    assert first.matches(second) is match
    assert second.matches(first) is match


@pytest.mark.parametrize(
    ("octet", "kind", "numbers", "poll_final"),
    [
        (0x10, "I", (0, 0), True),
        (0x32, "I", (1, 1), True),
        (0xEE, "I", (7, 7), False),
        (0x31, "RR", (None, 1), True),
        (0xE1, "RR", (None, 7), False),
        (0x15, "RNR", (None, 0), True),
        (0x39, "REJ", (None, 1), True),
        (0x93, "SNRM", (None, None), True),
        (0x53, "DISC", (None, None), True),
        (0x73, "UA", (None, None), True),
        (0x1F, "DM", (None, None), True),
        (0x0F, "DM", (None, None), False),
        (0x97, "FRMR", (None, None), True),
        (0x13, "UI", (None, None), True),
        (0x03, "UI", (None, None), False),
    ],
)
def test_control(octet: int, kind: str, numbers: tuple[int | None, int | None], poll_final: bool) -> None:
    frame = Frame(SERVER, CLIENT, octet)
    assert frame.kind == kind
    assert (frame.send_sequence, frame.receive_sequence) == numbers
    assert frame.poll_final is poll_final
    sent, received = numbers
    assert control_octet(kind, poll_final=poll_final, send_sequence=sent, receive_sequence=received) == octet


def test_every_control_octet_is_kept() -> None:
    known = set()
    for octet in range(256):
        frame = Frame.decode(Frame(SERVER, CLIENT, octet, b"x").encode())
        assert frame.control == octet
        assert repr(frame)
        if frame.kind is not FrameKind.UNKNOWN:
            known.add(octet)
            assert octet == control_octet(
                frame.kind,
                poll_final=frame.poll_final,
                send_sequence=frame.send_sequence,
                receive_sequence=frame.receive_sequence,
            )
    assert len(known) == 128 + 3 * 16 + 6 * 2
    assert KINDS[0x0D] is FrameKind.UNKNOWN  # SREJ is not of the DLMS subset


@pytest.mark.parametrize(
    ("kind", "numbers", "path"),
    [
        ("I", {}, "send_sequence"),
        ("I", {"send_sequence": 1}, "receive_sequence"),
        ("I", {"send_sequence": 8, "receive_sequence": 0}, "send_sequence"),
        ("I", {"send_sequence": 0, "receive_sequence": -1}, "receive_sequence"),
        ("RR", {}, "receive_sequence"),
        ("RR", {"send_sequence": 0, "receive_sequence": 0}, "send_sequence"),
        ("UI", {"receive_sequence": 0}, "receive_sequence"),
        ("unknown", {}, "kind"),
    ],
)
def test_control_that_is_none(kind: str, numbers: dict[str, int], path: str) -> None:
    with pytest.raises(EncodeError) as caught:
        control_octet(kind, **numbers)
    assert caught.value.path == path


@pytest.mark.parametrize("destination", [HdlcAddress(1), HdlcAddress(1, 17), HdlcAddress(1, 17, size=4)])
@pytest.mark.parametrize("transparency", [False, True])
def test_every_size(destination: HdlcAddress, transparency: bool) -> None:
    longest = 2047 - 2 - destination.size - 1 - 1 - 2 - 2
    for size in [*range(140), 500, 1023, longest - 1, longest]:
        information = bytes(range(0x7A, 0x82)) * 256
        frame = Frame(destination, CLIENT, 0x13, information[:size], segmented=size % 2 == 1)
        octets = frame.encode(transparency=transparency)
        assert octets.count(0x7E) == 2 or not transparency
        again = Frame.decode(octets, transparency=transparency)
        assert again == frame
        assert again.information == information[:size]
        assert again.segmented is (size % 2 == 1)
    with pytest.raises(EncodeError, match="2048 octets"):
        Frame(destination, CLIENT, 0x13, bytes(longest + 1))


def test_both_check_sequences_are_written() -> None:
    octets = Frame(SERVER, CLIENT, 0x13, b"information").encode()
    assert octets[:2] == b"\x7e\xa0"
    assert octets[2] == len(octets) - 2
    assert int.from_bytes(octets[7:9], "little") == fcs16(octets[1:7])
    assert int.from_bytes(octets[-3:-1], "little") == fcs16(octets[1:-3])


def test_other_arguments() -> None:
    with pytest.raises(EncodeError):
        Frame(SERVER, CLIENT, 256)
    with pytest.raises(EncodeError):
        Frame(SERVER, CLIENT, -1)
    with pytest.raises(TypeError):
        Frame(None, CLIENT, 0x13)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Frame(SERVER, CLIENT, 0x13, "text")  # type: ignore[arg-type]
    with pytest.raises(EncodeError):
        Frame(SERVER, CLIENT, 0x13, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Frame.decode("7E")  # type: ignore[arg-type]


def test_frames_are_values() -> None:
    frame = Frame(SERVER, CLIENT, 0x32, b"abc", segmented=True)
    assert {frame: 1}[Frame(SERVER, CLIENT, 0x32, b"abc", segmented=True)] == 1
    for other in (
        Frame(SERVER, CLIENT, 0x32, b"abc"),
        Frame(SERVER, CLIENT, 0x32, b"abd", segmented=True),
        Frame(SERVER, CLIENT, 0x33, b"abc", segmented=True),
        Frame(SERVER, SERVER, 0x32, b"abc", segmented=True),
        Frame(HdlcAddress(1, 17, size=4), CLIENT, 0x32, b"abc", segmented=True),
        b"abc",
    ):
        assert frame != other
    assert pickle.loads(pickle.dumps(frame)) == frame  # noqa: S301
    assert repr(frame) == "<Frame I N(S)=1 N(R)=1 P/F segmented to 0223 from 21, 3 octets>"
    assert repr(Frame(SERVER, CLIENT, 0x0D)) == "<Frame unknown 0D to 0223 from 21, 0 octets>"
    with pytest.raises(AttributeError):
        frame.control = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("octets", "path", "offset", "reason"),
    [
        (b"", "flag", 0, "no opening flag"),
        (bytes.fromhex("A0070321930F017E"), "flag", 0, "no opening flag"),
        (b"\x7e", "frame", 1, "end within"),
        (bytes.fromhex("7EA0070321930F01"), "frame", 8, "end within"),
        (bytes.fromhex("7EA0070321930F0100"), "flag", 8, "closing flag"),
        (bytes.fromhex("7E90070321930F017E"), "format", 1, "got 90"),
        (framed("A0060321"), "format", 1, "cannot have 6 octets"),
        (framed("A00802010221"), "format", 1, "cannot have 8"),  # control where the FCS begins
        (framed("A008032193FF"), "format", 1, "cannot have 8"),  # one octet behind the control field
        (framed("A00A0200210093FF00FF"), "address", 3, "1, 2 or 4"),  # three octets
        (framed("A00A032022212100FF00"), "address", 4, "1, 2 or 4"),
        (framed("A00A0202020202010303"), "address", 3, "1, 2 or 4"),  # no end within four
        (
            bytes.fromhex("7EA0070321930F007E"),
            "frame-check-sequence",
            6,
            "expected frame check sequence 010F, got 000F",
        ),
        (bytes.fromhex("7EA0070321930F017E7E"), "", 9, "1 octets follow"),
    ],
)
def test_unreadable(octets: bytes, path: str, offset: int, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        Frame.decode(octets)
    assert (caught.value.layer, caught.value.path, caught.value.offset) == ("hdlc", path, offset)


def test_a_wrong_header_is_told_before_the_rest_is_there() -> None:
    octets = bytearray(Frame(SERVER, CLIENT, 0x13, bytes(100)).encode())
    octets[5] ^= 0x20
    with pytest.raises(DecodeError, match="header check sequence") as caught:
        Frame.decode(octets[:12])
    assert (caught.value.path, caught.value.offset) == ("header-check-sequence", 7)


@pytest.mark.parametrize(
    ("inside", "reason"),
    [(b"\xa0\x07\x7d", "given up"), (b"\xa0\x7e\x07", "given up"), (b"", "got 7E"), (b"\xa0\x07\x03", "end within")],
)
def test_unreadable_on_a_stuffed_link(inside: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        Frame.decode(b"\x7e" + inside + b"\x7e", transparency=True)
    with pytest.raises(DecodeError, match="no closing flag"):
        Frame.decode(b"\x7e" + inside + b"\x00", transparency=True)
    with pytest.raises(DecodeError, match="no closing flag"):
        Frame.decode(b"\x7e", transparency=True)


def test_truncation_at_every_octet_and_every_flipped_bit() -> None:
    octets = Frame(SERVER, CLIENT, 0x32, b"the information").encode()
    for end in range(len(octets)):
        with pytest.raises(DecodeError):
            Frame.decode(octets[:end])
    for bit in range(8 * len(octets)):
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecodeError):
            Frame.decode(flipped)


def test_an_empty_information_field_with_its_header_check_is_read() -> None:
    """Some stations send both check sequences though nothing is between them."""
    head = bytes.fromhex("A009032113")
    head += fcs16(head).to_bytes(2, "little")
    octets = b"\x7e" + head + fcs16(head).to_bytes(2, "little") + b"\x7e"
    assert Frame.decode(octets) == Frame(HdlcAddress(1), CLIENT, 0x13)
