"""Framing found by itself: each link, several APDUs in one field, blocks, damage, and what is no framing at all."""

import pytest

from dlms.apdu import encode
from dlms.apdu.block_transfer import LAST_BLOCK, GeneralBlockTransfer
from dlms.errors import DecodeError
from dlms.link.assembly import Stations
from dlms.link.framing import NO_FRAMING, Discovery, discover
from dlms.link.listening import WrapperListener
from dlms.link.telegram import APDUS_MAXIMUM, TRANSFERS_MAXIMUM, Telegram
from dlms_core import llc, mbus, wrapper
from dlms_core.hdlc import Frame, HdlcAddress

CLIENT, METER = HdlcAddress(16), HdlcAddress(1, 17)
PUSHED = Stations("1/17", "16")
UI, UI_FINAL, I_0 = 0x03, 0x13, 0x10

PUSH = bytes.fromhex("0F 40000001 00 02 01 06 000015F5")
GET = bytes.fromhex("C001C1 0008 0000010000FF 02 00")
LONG = bytes.fromhex("0F 40000002 00 01 40") + bytes.fromhex("06 000015F5") * 64


def frame(information, control=UI_FINAL, segmented=False, source=METER, destination=CLIENT):
    return Frame(destination, source, control, information, segmented=segmented).encode()


def pushed(apdu):
    return frame(llc.add(apdu, response=True))


def segments(apdu, size, controls=None):
    content = llc.add(apdu, response=True)
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    controls = controls or [UI] * (len(parts) - 1) + [UI_FINAL]
    return [
        frame(part, control, segmented=number < len(parts))
        for number, (part, control) in enumerate(zip(parts, controls, strict=True), 1)
    ]


def blocks(apdu, size):
    parts = [apdu[at : at + size] for at in range(0, len(apdu), size)]
    return [
        encode(GeneralBlockTransfer(LAST_BLOCK if number == len(parts) else 0, number, 0, part))
        for number, part in enumerate(parts, 1)
    ]


def block_frames(apdu, size):
    first, *others = blocks(apdu, size)
    return [pushed(first), *map(frame, others)]  # LLC in the first one only, as Landis+Gyr sends them


def only(octets):
    (telegram,) = discover(octets)
    assert isinstance(telegram, Telegram)
    return telegram


@pytest.mark.parametrize(
    ("octets", "framing", "stations", "apdu"),
    [
        (pushed(PUSH), "hdlc", PUSHED, PUSH),
        (frame(llc.add(PUSH, response=True), I_0), "hdlc", PUSHED, PUSH),  # Kaifa pushes in I frames
        (b"".join(segments(LONG, 100)), "hdlc-segmented", PUSHED, LONG),
        (b"".join(segments(LONG, 150, [0x10, 0x12, 0x14])), "hdlc-segmented", PUSHED, LONG),
        (b"".join(block_frames(LONG, 100)), "hdlc+gbt", PUSHED, LONG),
        (b"".join(mbus.build(PUSH)), "mbus", Stations("1", "103"), PUSH),
        (b"".join(mbus.build(LONG)), "mbus-segmented", Stations("1", "103"), LONG),
        (wrapper.build(PUSH, source=1, destination=64), "wrapper", Stations("1", "64"), PUSH),
        (
            b"".join(wrapper.build(block, source=1, destination=64) for block in blocks(LONG, 99)),
            "wrapper+gbt",
            Stations("1", "64"),
            LONG,
        ),
        (llc.add(PUSH, response=True), "llc+apdu", Stations(), PUSH),
        (llc.add(llc.add(PUSH, response=True), response=True), "llc+apdu", Stations(), PUSH),
        (PUSH, "apdu", Stations(), PUSH),
        (blocks(PUSH, 100)[0], "apdu+gbt", Stations(), PUSH),
    ],
)
def test_each_framing(octets, framing, stations, apdu):
    telegram = only(octets)
    assert (telegram.framing, telegram.stations, telegram.apdu) == (framing, stations, apdu)
    assert (telegram.complete, telegram.faults) == (True, ())
    discovery = Discovery()
    portions = [octets[at : at + 5] for at in range(0, len(octets), 5)]
    assert [event for portion in portions for event in discovery.receive(portion)] + discovery.finish() == [telegram]


def test_the_framing_shows_as_soon_as_it_is_known():
    discovery = Discovery()
    assert discovery.framing is None
    assert len(discovery.receive(pushed(PUSH) + pushed(GET))) == 2
    assert discovery.framing == "hdlc"
    assert len(discovery.receive(pushed(PUSH))) == 1
    assert discovery.finish() == []
    assert discovery.framing is None
    assert discover(b"") == []


@pytest.mark.parametrize("link", ["hdlc", "mbus"])
def test_octets_before_the_first_frame_are_one_fault(link):
    unit = pushed(PUSH) if link == "hdlc" else b"".join(mbus.build(PUSH))
    fault, telegram = discover(b"\r\n...\x68" + unit)
    assert isinstance(fault, DecodeError)
    assert fault.layer == link
    assert telegram.apdu == PUSH


def test_frames_within_wpdus_are_payload():
    octets = wrapper.build(LONG + pushed(PUSH), source=1, destination=16)
    assert only(octets).framing == "wrapper"
    discovery = Discovery()
    assert next(event for octet in octets for event in discovery.receive(bytes([octet]))).framing == "wrapper"


def test_stuffed_octets_are_told_of_not_found_out():
    apdu = bytes.fromhex("0F 40000003 00 09 04 7E7D7E7D")
    stuffed = Frame(CLIENT, METER, UI_FINAL, llc.add(apdu, response=True)).encode(transparency=True)
    (telegram,) = discover(stuffed, transparency=True)
    assert (telegram.apdu, telegram.complete) == (apdu, True)
    assert not any(isinstance(event, Telegram) and event.complete for event in discover(stuffed))


def test_several_apdus_in_one_information_field():
    ciphered = bytes.fromhex("DB 08 4D4D4D0000000001 0A 20 00000001 E6E7000F00")
    content = b"".join(llc.add(apdu, response=True) for apdu in (PUSH, ciphered, PUSH))
    telegrams = discover(frame(content))
    assert [telegram.apdu for telegram in telegrams] == [PUSH, ciphered, PUSH]
    assert {telegram.framing for telegram in telegrams} == {"hdlc"}
    assert [telegram.apdu for telegram in discover(content)] == [PUSH, ciphered, PUSH]


def test_an_llc_header_within_a_value_is_payload():
    apdu = bytes.fromhex("0F 40000001 00 09 04 E6E7000F")
    assert only(pushed(apdu)).apdu == apdu


def test_a_field_of_endless_apdus_is_bounded():
    content = llc.add(bytes.fromhex("D80101"), response=True) * 20_000
    assert len(discover(content)) == APDUS_MAXIMUM + 1


def test_directions_are_kept_apart():
    request = frame(llc.add(GET, response=False), 0x10, source=CLIENT, destination=METER)
    first, second, third = segments(LONG, 150, [0x10, 0x12, 0x14])
    events = discover(first + request + second + third)
    assert [(event.apdu, event.stations.source) for event in events] == [(GET, "16"), (LONG, "1/17")]


def test_frames_without_apdus_pass_in_silence():
    snrm = Frame(METER, CLIENT, 0x93).encode()
    agreed = Frame(CLIENT, METER, 0x73, bytes.fromhex("8180140502010006020100070400000001080400000001")).encode()
    assert discover(snrm + agreed) == []
    assert only(snrm + agreed + pushed(PUSH)).apdu == PUSH


def test_a_lost_segment():
    first, _second, third = segments(LONG, 150, [0x10, 0x12, 0x14])
    cut, fault = discover(first + third)
    assert LONG.startswith(cut.apdu)
    assert (cut.framing, cut.complete) == ("hdlc-segmented", False)
    assert cut.faults[0].reason == "expected segment 1, got segment 2"
    assert fault.reason == "expected the beginning of a message, got segment 2"


def test_a_lost_last_segment_of_unnumbered_ones():
    cut, whole = discover(b"".join([*segments(LONG, 150)[:-1], *segments(LONG, 150)]))
    assert (cut.complete, cut.faults[0].reason) == (False, "expected another segment, got a new message")
    assert (whole.complete, whole.apdu) == (True, LONG)


def test_blocks_lost_and_abandoned():
    frames = block_frames(LONG, 100)
    cut, whole = discover(b"".join(frames[:2] + frames))
    assert (cut.complete, cut.apdu) == (False, LONG[:200])
    assert cut.faults[0].reason == "expected block 3, got block 1 of a new transfer"
    assert (whole.complete, whole.apdu, whole.framing) == (True, LONG, "hdlc+gbt")


def test_a_damaged_block_is_not_taken():
    frames = block_frames(LONG, 100)
    damaged = bytearray(frames[1])
    damaged[60] ^= 1
    fault, cut = discover(b"".join([frames[0], bytes(damaged), *frames[2:]]))
    assert fault.path == "frame-check-sequence"
    assert (cut.complete, cut.apdu) == (False, LONG[:100])


def test_a_block_that_cannot_be_read():
    fault, telegram = discover(pushed(b"\xe0\x80\x00\x01") + pushed(PUSH))
    assert (fault.layer, telegram.apdu) == ("apdu", PUSH)


@pytest.mark.parametrize("link", ["hdlc", "mbus"])
def test_a_damaged_frame_gives_what_was_readable(link):
    octets = bytearray(pushed(PUSH) if link == "hdlc" else b"".join(mbus.build(PUSH)))
    octets[-5] ^= 1
    telegram = only(bytes(octets))
    assert (telegram.framing, telegram.complete, len(telegram.apdu)) == (link, False, len(PUSH))
    assert len(telegram.faults) == 1


@pytest.mark.parametrize("link", ["hdlc", "mbus", "wrapper"])
def test_a_truncated_frame_gives_what_came(link):
    octets = {
        "hdlc": pushed(PUSH),
        "mbus": mbus.build(PUSH)[0],
        "wrapper": wrapper.build(PUSH, source=1, destination=1),
    }
    telegram = only(octets[link][:-4])
    assert (telegram.framing, telegram.complete) == (link, False)
    assert PUSH.startswith(telegram.apdu[:9])


def test_a_lost_opening_flag():
    telegram = only(pushed(PUSH)[1:])
    assert (telegram.apdu, telegram.framing, telegram.offset) == (PUSH, "hdlc", 0)


def test_wpdus_behind_something_else():
    fault, telegram = discover(b"\xff\xff" + wrapper.build(PUSH, source=1, destination=1))
    assert (fault.layer, telegram.framing, telegram.apdu) == ("wrapper", "wrapper", PUSH)


def test_an_mbus_frame_without_a_dlms_segment():
    fault, telegram = discover(mbus.build_frame(b"\x01\x02", control_information=0x72) + mbus.build(PUSH)[0])
    assert fault.reason == "control information 72 carries no DLMS segment"
    assert telegram.apdu == PUSH


def test_a_dsmr_telegram_around_untagged_ciphering():
    ciphered = bytes.fromhex("00 0A 30 00000001 9A8B7C6D5E")
    telegram = only(b"/EGM5G35\r\n\r\n" + ciphered + b"!FE0C\r\n")
    assert (telegram.framing, telegram.apdu, telegram.offset) == ("dsmr", b"\xdb" + ciphered, 12)
    assert telegram.complete
    assert telegram.faults[0].reason == "expected general-glo-ciphering (DB), got what follows its tag"


@pytest.mark.parametrize("octets", [b"\x99\x98", b"/ISK5\\2M550\r\n\r\n1-0:1.8.0(000123*kWh)\r\n!0000\r\n", b"~" * 50])
def test_no_framing(octets):
    events = discover(octets)
    assert [event.reason for event in events] == [NO_FRAMING]


@pytest.mark.parametrize(
    "octets",
    [
        b"\xffEGM5G35\r\n\r\n\x00\x0a\x30\x80!FE0C\r\n",  # no identification
        b"/EGM5G35\r\n\r\n\x00\x0a\x30\x80FE0C\r\n",  # no end
        b"/EGM5G35\r\n\r\n!FE0C\r\n",  # nothing within
    ],
)
def test_what_is_no_dsmr_telegram(octets):
    (fault,) = discover(octets)
    assert (fault.layer, fault.reason, fault.offset) == ("framing", NO_FRAMING, 0)


def test_an_unfinished_block_transfer_without_a_link():
    first, *_ = blocks(LONG, 100)
    (cut,) = discover(first)
    assert (cut.framing, cut.complete, cut.apdu, cut.offset) == ("apdu+gbt", False, LONG[:100], 0)
    assert cut.faults[0].reason == "expected block 2, got the end of the stream"


def test_block_transfers_of_too_many_stations():
    """The oldest is given up for the newest; one that goes on is no new one."""
    first, second, *others = blocks(LONG, 100)
    listener = WrapperListener()

    def heard(block, station):
        return listener.receive(wrapper.build(block, source=station, destination=1))

    for station in range(1, TRANSFERS_MAXIMUM + 1):
        assert heard(first, station) == []
    assert heard(second, 2) == []
    (cut,) = heard(first, 1000)
    assert (cut.stations.source, cut.complete, cut.apdu) == ("1", False, LONG[:100])
    (whole,) = [event for block in others for event in heard(block, 2)]
    assert (whole.complete, whole.apdu) == (True, LONG)
    assert len(listener.finish()) == TRANSFERS_MAXIMUM - 1
    assert listener.finish() == []


def test_a_capture_longer_than_what_waits_for_a_framing():
    discovery = Discovery(limit=100)
    assert discovery.receive(b"\x99" * 100) == []  # just as much as it keeps
    (fault,) = discovery.receive(b"\x99")
    assert fault.reason == "no framing is found in the first 100 octets"
    (telegram,) = [event for event in discovery.receive(pushed(PUSH)) if isinstance(event, Telegram)]
    assert telegram.apdu == PUSH


def test_octets_without_framing_are_not_kept_for_ever():
    discovery = Discovery(limit=4096)
    events = [event for _ in range(40) for event in discovery.receive(b"\x99" * 1000)]
    assert [event.reason for event in events] == ["no framing is found in the first 4096 octets"]
    assert discovery.finish() == []
