"""Listeners on one kind of link: what is sound, segments by the link's own numbers, what is left at the end."""

from __future__ import annotations

import pytest

from dlms.errors import DecodeError
from dlms.link.framing import Discovery
from dlms.link.listening import Event, HdlcListener, Listener, MbusListener, WrapperListener
from dlms.link.telegram import Telegram
from dlms_core import llc, mbus, wrapper
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet

CLIENT, METER = HdlcAddress(16), HdlcAddress(1, 17)
PUSH = bytes.fromhex("0F 40000001 00 02 01 06 000015F5")
LONG = bytes.fromhex("0F 40000002 00 01 81C8") + bytes.fromhex("06 000015F5") * 200


def hdlc_frame(information: bytes, control: int = 0x13, *, segmented: bool = False) -> bytes:
    return Frame(CLIENT, METER, control, information, segmented=segmented).encode()


def hdlc_segments(size: int) -> list[bytes]:
    """I frames, whose numbers begin again after 7."""
    content = llc.add(LONG, response=True)
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    return [
        hdlc_frame(part, control_octet(FrameKind.I, send_sequence=number % 8, receive_sequence=0),
                   segmented=number < len(parts) - 1)
        for number, part in enumerate(parts)
    ]  # fmt: skip


WHOLE = {
    HdlcListener: hdlc_frame(llc.add(PUSH, response=True)),
    MbusListener: b"".join(mbus.build(PUSH)),
    WrapperListener: wrapper.build(PUSH, source=1, destination=16),
}
SEGMENTS = {HdlcListener: hdlc_segments(100), MbusListener: mbus.build(LONG)}
every_listener = pytest.mark.parametrize("of", WHOLE)
every_segmenting_listener = pytest.mark.parametrize("of", SEGMENTS)


def damaged(octets: bytes) -> bytes:
    return octets[:-5] + bytes([octets[-5] ^ 1]) + octets[-4:]


def heard(listener: Listener, *pieces: bytes) -> list[Event]:
    return [event for piece in pieces for event in listener.receive(piece)]


@every_listener
def test_a_telegram_comes_with_its_last_octet(of: type[Listener]) -> None:
    listener = of()
    octets = WHOLE[of]
    assert heard(listener, octets[:-1]) == []
    (telegram,) = heard(listener, octets[-1:])
    assert isinstance(telegram, Telegram)
    assert (telegram.apdu, telegram.framing, telegram.complete) == (PUSH, of.framing, True)
    assert listener.finish() == []


@pytest.mark.parametrize("of", [HdlcListener, MbusListener])
def test_what_is_sound_is_the_first_unit_whose_checks_fit(of: type[Listener]) -> None:
    listener, octets = of(), WHOLE[of]
    assert listener.sound is None
    heard(listener, octets, octets)
    alone = listener.sound
    assert alone in (0, 1)  # HDLC's behind its flag
    listener = of()
    heard(listener, damaged(octets))
    assert listener.sound is None
    heard(listener, octets, octets)
    assert listener.sound == len(octets) + alone


def test_what_is_sound_in_wpdus() -> None:
    listener = WrapperListener(in_step=False)
    octets = WHOLE[WrapperListener]
    heard(listener, octets[:-1])
    assert listener.sound is None
    heard(listener, octets[-1:], octets)
    assert listener.sound == 0
    cut = WrapperListener()
    heard(cut, octets[:-1])
    (telegram,) = cut.finish()
    assert isinstance(telegram, Telegram)
    assert (telegram.complete, len(telegram.faults), cut.sound) == (False, 1, None)


@pytest.mark.parametrize("of", [HdlcListener, MbusListener])
def test_a_stream_belongs_to_the_first_sound_link(of: type[Listener]) -> None:
    discovery = Discovery()
    assert [type(event) for event in discovery.receive(WHOLE[of])] == [Telegram]
    assert discovery.framing == of.framing
    discovery.receive(WHOLE[HdlcListener if of is MbusListener else MbusListener])
    assert discovery.framing == of.framing


@every_segmenting_listener
def test_more_segments_than_numbers_or_many(of: type[Listener]) -> None:
    assert len(SEGMENTS[HdlcListener]) > 8
    (telegram,) = heard(of(), *SEGMENTS[of])
    assert isinstance(telegram, Telegram)
    assert (telegram.apdu, telegram.framing, telegram.complete) == (LONG, f"{of.framing}-segmented", True)


@every_segmenting_listener
def test_segments_without_their_end(of: type[Listener]) -> None:
    listener = of()
    first, second, *_ = SEGMENTS[of]
    assert heard(listener, first, second) == []
    (cut,) = listener.finish()
    assert isinstance(cut, Telegram)
    assert (cut.complete, cut.framing) == (False, f"{of.framing}-segmented")
    assert LONG.startswith(cut.apdu)
    assert cut.faults[0].reason == "expected segment 2, got the end of the stream"
    assert listener.finish() == []


@every_segmenting_listener
def test_one_segment_without_its_end_is_divided_too(of: type[Listener]) -> None:
    listener = of()
    assert heard(listener, SEGMENTS[of][0]) == []
    (cut,) = listener.finish()
    assert isinstance(cut, Telegram)
    assert cut.framing == f"{of.framing}-segmented"


@every_segmenting_listener
def test_segments_without_their_beginning(of: type[Listener]) -> None:
    (fault,) = heard(of(), SEGMENTS[of][1])
    assert isinstance(fault, DecodeError)
    assert fault.reason == "expected the beginning of a message, got segment 1"
    assert fault.layer == of.framing


@every_segmenting_listener
def test_a_message_begun_anew(of: type[Listener]) -> None:
    first, second, *others = SEGMENTS[of]
    cut, whole = heard(of(), first, second, first, second, *others)
    assert isinstance(cut, Telegram)
    assert isinstance(whole, Telegram)
    assert (cut.complete, cut.faults[0].reason) == (False, "expected segment 2, got a new message")
    assert (whole.complete, whole.apdu) == (True, LONG)


@every_segmenting_listener
def test_a_segment_twice(of: type[Listener]) -> None:
    first, second, *others = SEGMENTS[of]
    (whole,) = heard(of(), first, second, second, *others)
    assert isinstance(whole, Telegram)
    assert (whole.complete, whole.apdu) == (True, LONG)
    assert whole.faults[0].reason == "expected segment 2, got segment 1 again"


@every_segmenting_listener
@pytest.mark.parametrize("room", [0, -1])
def test_segments_are_bounded(of: type[Listener], room: int) -> None:
    content = len(llc.add(LONG, response=True)) if of is HdlcListener else len(LONG)
    (telegram,) = [event for event in heard(of(content + room), *SEGMENTS[of]) if isinstance(event, Telegram)]  # type: ignore[call-arg]
    assert telegram.complete is (room == 0)


@pytest.mark.parametrize("of", [HdlcListener, MbusListener])
def test_one_frame_longer_than_the_limit(of: type[Listener]) -> None:
    (telegram,) = heard(of(len(PUSH) - 1), WHOLE[of])  # type: ignore[call-arg]
    assert isinstance(telegram, Telegram)
    assert not telegram.complete


def test_damaged_frames_that_carry_no_apdu_are_faults_alone() -> None:
    snrm = Frame(METER, CLIENT, 0x93, bytes.fromhex("818003050180")).encode()
    (fault,) = heard(HdlcListener(), damaged(snrm))
    assert isinstance(fault, DecodeError)
    assert (fault.layer, fault.path) == ("hdlc", "frame-check-sequence")
    assert heard(HdlcListener(), hdlc_frame(b"", 0x10)) == []  # an empty I frame
