"""One HDLC station against frames written by hand: its timers, what it passes over, what it notices and says."""

from __future__ import annotations

import pytest

from dlms.errors import ConfigurationError, LinkError
from dlms.link.base import Connected, Disconnected, Noticed, Unsolicited
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcInForce, HdlcSettings
from dlms.quirks import Quirks
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.hdlc_reader import FrameReader

CLIENT, METER = HdlcAddress(16), HdlcAddress(1, 17)
SNRM, DISC, UA, DM, UI = 0x93, 0x53, 0x73, 0x1F, 0x03
REQUEST, ANSWER = b"\xe6\xe6\x00", b"\xe6\xe7\x00"  # the LLC headers


def from_meter(control: int, information: bytes = b"", *, segmented: bool = False) -> bytes:
    return Frame(CLIENT, METER, control, information, segmented=segmented).encode()


def from_client(control: int, information: bytes = b"", *, source: HdlcAddress = CLIENT) -> bytes:
    return Frame(METER, source, control, information).encode()


def i(sent: int, received: int, *, final: bool = True) -> int:
    return control_octet(FrameKind.I, poll_final=final, send_sequence=sent, receive_sequence=received)


def rr(received: int, *, final: bool = True) -> int:
    return control_octet(FrameKind.RR, poll_final=final, receive_sequence=received)


def rnr(received: int) -> int:
    return control_octet(FrameKind.RNR, poll_final=True, receive_sequence=received)


def frames(link: HdlcLink) -> list[Frame]:
    reader = FrameReader()
    found = [*reader.read(link.octets_to_send()), *reader.finish()]
    assert all(isinstance(each, Frame) for each in found)
    return [each for each in found if isinstance(each, Frame)]


def controls(link: HdlcLink) -> list[int]:
    return [each.control for each in frames(link)]


def errors(link: HdlcLink, kind: type[Noticed | Disconnected]) -> list[str]:
    return [
        str(event.fault if isinstance(event, Noticed) else event.error)
        for event in link.events()
        if isinstance(event, kind)
    ]


def client(quirks: Quirks | None = None, parameters: bytes = b"", **chosen: float) -> HdlcLink:
    link = HdlcLink(CLIENT, METER, HdlcSettings(**chosen), quirks)  # type: ignore[arg-type]
    link.connect(0.0)
    assert controls(link) == [SNRM]
    link.receive(from_meter(UA, parameters), 0.0)
    link.events()
    return link


def meter(**chosen: float) -> HdlcLink:
    link = HdlcLink(METER, None, HdlcSettings(**chosen))  # type: ignore[arg-type]
    link.listen()
    link.receive(from_client(SNRM), 0.0)
    assert controls(link) == [UA]
    link.events()
    return link


class TestSilence:
    def test_a_frame_may_come_in_portions_that_are_not_too_far_apart(self) -> None:
        link = client(inter_octet_timeout=0.5)
        link.send(b"request", 0.0)
        octets = from_meter(i(0, 1), ANSWER + b"answer")
        for at in range(len(octets)):
            link.receive(octets[at : at + 1], 1.0 + 0.4 * at)
        assert link.events() == [b"answer"]

    def test_a_frame_that_stops_arriving_is_noticed_and_does_not_spoil_the_next(self) -> None:
        link = client(inter_octet_timeout=0.5)
        link.send(b"request", 0.0)
        octets = from_meter(i(0, 1), ANSWER + b"answer")
        link.receive(octets[:12], 1.0)
        link.receive(octets[:12], 2.0)
        link.receive(octets[12:], 2.1)
        noticed, answer = link.events()
        assert isinstance(noticed, Noticed)
        assert answer == b"answer"

    def test_silence_between_frames_is_nothing(self) -> None:
        link = client(inter_octet_timeout=0.5)
        link.send(b"request", 0.0)
        link.receive(from_meter(i(0, 1), ANSWER + b"answer"), 4.0)
        assert link.events() == [b"answer"]

    def test_a_slow_line_is_no_silence(self) -> None:
        """At 300 baud a long frame takes longer than a meter may be silent."""
        link = client(response_timeout=5.0, inter_octet_timeout=1.0)
        link.send(b"request", 0.0)
        link.octets_to_send()
        octets = from_meter(i(0, 1), ANSWER + b"answer")
        for at in range(len(octets)):
            link.receive(octets[at : at + 1], 0.9 * at)
            link.tick(0.9 * at)
        assert controls(link) == []
        assert link.events() == [b"answer"]

    def test_a_late_deadline_is_not_brought_forward_by_octets(self) -> None:
        link = client(response_timeout=5.0)
        link.send(b"request", 10.0)
        link.receive(b"\x00", 9.0)
        assert link.next_timer() == pytest.approx(15.0)

    def test_a_meter_at_work_says_so_though_octets_come(self) -> None:
        link = meter(acknowledge_after=1.5)
        link.receive(from_client(i(0, 0), REQUEST + b"slow"), 10.0)
        assert link.next_timer() == pytest.approx(11.5)
        link.receive(b"\xff", 11.0)
        link.tick(11.4)
        assert controls(link) == []
        link.tick(11.5)
        assert controls(link) == [rr(1)]

    def test_a_meter_that_was_just_called_has_nothing_to_wait_for(self) -> None:
        link = meter()
        link.receive(from_client(rr(0)), 1.0)
        assert controls(link) == [rr(0)]

    def test_a_meter_looks_after_both_its_timers(self) -> None:
        link = meter(acknowledge_after=60.0, inactivity_timeout=30.0)
        link.receive(from_client(i(0, 0), REQUEST + b"slow"), 10.0)
        assert link.next_timer() == pytest.approx(40.0)
        link.tick(39.9)
        assert link.connected
        link.tick(40.0)
        assert errors(link, Disconnected) == ["no frame for 30.0 s"]
        assert link.next_timer() is None


class TestRepetition:
    """The count of repetitions begins anew with everything that the other station takes."""

    def test_when_the_connection_stands(self) -> None:
        link = HdlcLink(CLIENT, METER, HdlcSettings(repetitions=1, response_timeout=5.0))
        link.connect(0.0)
        link.tick(5.0)
        assert controls(link) == [SNRM, SNRM]
        link.receive(from_meter(UA), 6.0)
        link.send(b"request", 6.0)
        link.tick(11.0)
        assert controls(link) == [i(0, 0), i(0, 0)]
        assert link.connected
        link.tick(16.0)
        assert not link.connected

    def test_when_a_frame_is_acknowledged(self) -> None:
        link = client(repetitions=1, response_timeout=5.0, poll_interval=0.2)
        link.send(b"request", 0.0)
        link.tick(5.0)
        assert controls(link) == [i(0, 0), i(0, 0)]
        link.receive(from_meter(rr(1)), 6.0)
        link.tick(6.2)
        link.tick(11.2)
        assert controls(link) == [rr(0), rr(0)]
        assert link.connected

    def test_when_a_frame_comes(self) -> None:
        link = client(repetitions=1, response_timeout=5.0)
        link.send(b"request", 0.0)
        link.octets_to_send()
        for number, now in ((0, 0.0), (1, 6.0), (2, 12.0)):
            link.receive(from_meter(i(number, 1), ANSWER + b"part", segmented=True), now)
            assert controls(link) == [rr(number + 1)]
            link.tick(now + 5.5)
            assert controls(link) == [rr(number + 1)]
        assert link.connected

    def test_an_answer_in_many_segments_is_no_repetition(self) -> None:
        link = client(repetitions=0)
        link.send(b"request", 0.0)
        for number in range(20):
            link.receive(from_meter(i(number % 8, 1), b"." if number else ANSWER, segmented=number < 19), 0.0)
        assert link.events() == [b"." * 19]


class TestTheSameTwice:
    def test_a_repeated_answer_is_not_the_answer_to_the_next_request(self) -> None:
        link = client()
        link.send(b"first", 0.0)
        answer = from_meter(i(0, 1), ANSWER + b"answer")
        link.receive(answer, 0.0)
        link.send(b"second", 0.0)
        assert controls(link) == [i(0, 0), i(1, 1)]
        link.events()
        link.receive(answer, 0.0)
        assert errors(link, Noticed) == ["expected I frame 1, got 0"]
        assert controls(link) == []  # the second is still on its way: it is not sent again
        link.receive(from_meter(i(1, 2), ANSWER + b"other"), 0.0)
        assert link.events() == [b"other"]

    def test_a_frame_behind_a_lost_one_gives_the_right_to_ask_for_it(self) -> None:
        link = client(window_receive=2, parameters=bytes.fromhex("818009 070400000002 080101"))
        assert link.in_force.window_receive == 2
        link.send(b"request", 0.0)
        link.octets_to_send()
        link.receive(from_meter(i(1, 1), b" lost its head"), 0.0)
        assert errors(link, Noticed) == ["expected I frame 0, got 1"]
        assert controls(link) == [rr(0)]

    def test_a_meter_says_its_last_word_again_once_its_frame_was_lost(self) -> None:
        link = meter()
        link.receive(from_client(i(0, 0), REQUEST + b"request"), 0.0)
        link.send(b"answer", 0.0)
        assert controls(link) == [i(0, 1)]
        link.receive(from_client(rr(0)), 0.0)
        assert controls(link) == [i(0, 1)]
        link.receive(from_client(rr(1)), 0.0)
        assert controls(link) == [rr(1)]


class TestBusy:
    def test_nothing_more_is_sent_to_a_busy_meter_until_it_is_ready(self) -> None:
        link = client(information_transmit=32, poll_interval=0.5)
        link.send(b"a request in two frames: " + bytes(20), 0.0)
        assert controls(link) == [i(0, 0)]
        link.receive(from_meter(rnr(1)), 1.0)
        assert controls(link) == []
        assert link.next_timer() == pytest.approx(1.5)
        link.tick(1.5)
        assert controls(link) == [rr(0)]
        link.receive(from_meter(rr(1)), 1.6)
        assert controls(link) == [i(1, 0)]

    def test_what_a_busy_meter_did_not_take_is_sent_again_once_it_is_ready(self) -> None:
        link = client()
        link.send(b"request", 0.0)
        link.receive(from_meter(rnr(0)), 0.0)
        assert controls(link) == [i(0, 0)]
        link.tick(link.next_timer() or 0.0)
        assert controls(link) == [rr(0)]
        link.receive(from_meter(rr(0)), 1.0)
        assert controls(link) == [i(0, 0)]

    def test_an_answer_says_that_the_meter_is_ready(self) -> None:
        link = client()
        link.send(b"first", 0.0)
        link.receive(from_meter(rnr(1)), 0.0)
        link.receive(from_meter(i(0, 1), ANSWER + b"answer"), 0.1)
        link.octets_to_send()
        link.send(b"second", 0.2)
        assert controls(link) == [i(1, 1)]

    @pytest.mark.parametrize("answered", [True, False])
    def test_a_meter_that_has_begun_its_answer_is_asked_on_at_once_and_then_in_peace(self, answered: bool) -> None:
        link = client(poll_interval=0.5)
        link.send(b"request", 0.0, answered=answered)
        link.octets_to_send()
        link.receive(from_meter(i(0, 1), ANSWER + b"one ", segmented=True), 1.0)
        assert controls(link) == [rr(1)]
        link.receive(from_meter(rr(1)), 1.1)
        assert controls(link) == []
        assert link.next_timer() == pytest.approx(1.6)
        link.tick(1.6)
        assert controls(link) == [rr(1)]
        link.receive(from_meter(i(1, 1), b"two"), 1.7)
        assert link.events() == [b"one two"]
        assert link.at_rest


class TestTheFinalBit:
    @pytest.mark.parametrize(("window", "taken"), [(1, True), (2, False)])
    def test_it_is_missed_by_name_and_in_windows_of_one(self, window: int, taken: bool) -> None:
        parameters = bytes.fromhex("818006 0704") + window.to_bytes(4, "big")
        link = client(Quirks(hdlc_final_bit_missing=True), parameters, window_receive=window)
        link.send(b"request", 0.0)
        link.octets_to_send()
        link.receive(from_meter(i(0, 1, final=False), ANSWER + b"answer"), 0.0)
        assert link.at_rest is taken

    def test_receive_ready_without_it_is_no_turn(self) -> None:
        link = client(Quirks(hdlc_final_bit_missing=True))
        link.send(b"request", 0.0)
        link.octets_to_send()
        link.receive(from_meter(rr(0, final=False)), 0.0)
        assert controls(link) == []

    def test_a_command_without_the_poll_bit_is_obeyed_in_silence(self) -> None:
        link = HdlcLink(METER)
        link.listen()
        link.receive(from_client(SNRM & ~0x10), 0.0)
        assert link.connected
        assert controls(link) == []


class TestWindows:
    def test_no_more_frames_are_under_way_than_agreed(self) -> None:
        parameters = bytes.fromhex("81800C 050120 060120 070101 080103")
        link = client(None, parameters, information_transmit=32, window_transmit=7)
        assert link.in_force.window_transmit == 3
        link.send(bytes(32 * 5 - 3), 0.0)
        assert controls(link) == [i(0, 0, final=False), i(1, 0, final=False), i(2, 0)]
        link.receive(from_meter(rr(3)), 0.0)
        assert controls(link) == [i(3, 0, final=False), i(4, 0)]

    def test_what_follows_at_once_goes_out_with_it(self) -> None:
        link = client(None, bytes.fromhex("818003 080102"), window_transmit=2)
        link.send(b"one", 0.0, answered=False, more=True)
        assert controls(link) == []
        link.send(b"two", 0.0)
        assert controls(link) == [i(0, 0, final=False), i(1, 0)]

    def test_what_follows_waits_for_its_turn(self) -> None:
        link = client()
        link.send(b"one", 0.0)
        link.send(b"two", 0.0)
        assert controls(link) == [i(0, 0)]
        link.receive(from_meter(i(0, 1), ANSWER + b"answer"), 0.0)
        assert controls(link) == [i(1, 1)]


class TestNegotiation:
    @pytest.mark.parametrize("parameters", ["818012 050100 060100 070400000000 080400000000", "818006 060100 080100"])
    def test_whoever_states_nothing_at_all_gets_the_least(self, parameters: str) -> None:
        """No information field can be empty and no window closed for ever, or nothing would ever be sent."""
        link = client(None, bytes.fromhex(parameters))
        assert (link.in_force.information_transmit, link.in_force.window_transmit) == (8, 1)
        link = client(None, bytes.fromhex("818003 050100"))
        assert link.in_force.information_receive == 8

    def test_the_defaults_hold_where_the_answer_cannot_be_read(self) -> None:
        link = HdlcLink(CLIENT, METER, HdlcSettings(window_transmit=7, window_receive=7))
        link.connect(0.0)
        link.receive(from_meter(UA, b"\x81\x80\xff"), 0.0)
        noticed, up = link.events()
        assert isinstance(noticed, Noticed)
        assert up == Connected(HdlcInForce(128, 128, 1, 1))

    def test_before_it_the_defaults_or_less(self) -> None:
        assert HdlcLink(CLIENT, METER).in_force == HdlcInForce(128, 128, 1, 1)
        assert HdlcLink(CLIENT, METER, HdlcSettings(information_transmit=64)).in_force == HdlcInForce(64, 128, 1, 1)


class TestAddresses:
    def test_a_meter_serves_one_client_at_a_time(self) -> None:
        link = meter()
        other = HdlcAddress(1)
        for control in (SNRM, DISC, i(0, 0), rr(0)):
            link.receive(from_client(control, REQUEST + b"request" if control == 0x10 else b"", source=other), 1.0)
        assert link.events() == []
        assert controls(link) == []
        assert link.connected
        assert link.next_timer() == pytest.approx(120.0)  # and it does not keep the connection alive

    def test_a_client_listens_to_its_meter_alone(self) -> None:
        link = client()
        link.receive(Frame(CLIENT, HdlcAddress(1, 18), DM).encode(), 0.0)
        link.receive(Frame(HdlcAddress(17), METER, DM).encode(), 0.0)
        assert link.connected

    def test_a_client_that_lost_its_meter_may_call_it_again(self) -> None:
        link = client()
        link.send(b"request", 0.0)
        link.receive(from_meter(rnr(1)), 0.0)
        link.receive(from_meter(DM), 0.0)
        link.octets_to_send()
        link.connect(1.0)
        link.receive(from_meter(UA), 1.0)
        assert controls(link) == [SNRM]
        assert link.next_timer() is None
        link.receive(from_meter(rr(0)), 2.0)
        assert link.next_timer() is None  # nothing of what was asked before is due
        link.send(b"again", 3.0)
        assert controls(link) == [i(0, 0)]

    def test_a_meter_may_be_called_again_after_its_connection_ended(self) -> None:
        link = meter()
        link.receive(from_client(i(0, 0), REQUEST + b"request"), 0.0)
        link.receive(from_client(DISC), 1.0)
        assert controls(link) == [UA]
        assert link.next_timer() is None
        link.receive(from_client(SNRM, source=HdlcAddress(1)), 2.0)
        assert controls(link) == [UA]
        assert link.connected


class TestEchoes:
    """A line that sends back what it is given, between stations that have the same address: nothing else tells them."""

    def test_the_echo_of_what_is_repeated_is_no_answer(self) -> None:
        same = HdlcAddress(1)
        link = HdlcLink(same, same, HdlcSettings(response_timeout=5.0))
        link.connect(0.0)
        link.receive(link.octets_to_send(), 0.0)
        link.receive(Frame(same, same, UA).encode(), 0.0)
        assert link.events() == [Connected(HdlcInForce())]
        link.send(b"request", 0.0)
        for now in (0.0, 5.0):
            link.tick(now)
            sent = link.octets_to_send()
            assert Frame.decode(sent).control == i(0, 0)
            link.receive(sent, now)
            assert link.events() == []
        link.receive(Frame(same, same, i(0, 1), ANSWER + b"answer").encode(), 6.0)
        assert link.events() == [b"answer"]

    def test_without_an_echo_the_first_frame_is_the_answer(self) -> None:
        same = HdlcAddress(1)
        link = HdlcLink(same, same)
        link.connect(0.0)
        link.octets_to_send()
        link.receive(Frame(same, same, UA).encode(), 0.0)
        assert link.events() == [Connected(HdlcInForce())]

    def test_a_called_station_answers_a_caller_of_its_own_address(self) -> None:
        same = HdlcAddress(1)
        link = HdlcLink(same)
        link.listen()
        link.receive(Frame(same, same, SNRM).encode(), 0.0)
        assert controls(link) == [UA]
        link.receive(Frame(same, same, SNRM).encode(), 1.0)
        assert controls(link) == [UA]


class TestWhatIsNoticed:
    def test_damaged_frames(self) -> None:
        link = client()
        octets = bytearray(from_meter(i(0, 0), ANSWER + b"answer"))
        octets[-3] ^= 1
        link.receive(bytes(octets), 0.0)
        (text,) = errors(link, Noticed)
        assert "frame check sequence" in text or "FCS" in text

    def test_an_unknown_control_field_from_a_meter(self) -> None:
        link = client()
        link.receive(from_meter(0x37), 0.0)
        assert errors(link, Noticed) == ["the station sent an unknown control field"]
        assert link.connected

    def test_a_meter_rejects_with_its_numbers(self) -> None:
        """FRMR tells the rejected control field, V(S) and V(R), and the reason (ISO/IEC 13239)."""
        link = meter()
        link.receive(from_client(i(0, 0), REQUEST + b"request"), 0.0)
        link.send(b"answer", 0.0)
        link.octets_to_send()
        link.events()
        link.receive(from_client(0x37), 0.0)
        (frmr,) = frames(link)
        assert frmr.kind is FrameKind.FRMR
        assert frmr.information == bytes.fromhex("37 22 01")
        assert errors(link, Noticed) == ["the station sent an unknown control field"]

    def test_too_long_a_frame_is_not_taken(self) -> None:
        link = meter()
        link.receive(from_client(i(0, 0), REQUEST + bytes(126)), 0.0)
        (frmr,) = frames(link)
        assert frmr.kind is FrameKind.FRMR
        (noticed,) = link.events()
        assert isinstance(noticed, Noticed)
        assert str(noticed.fault) == "the station sent too long a frame"

    def test_a_client_takes_frames_longer_than_agreed(self) -> None:
        link = client()
        link.send(b"request", 0.0)
        link.receive(from_meter(i(0, 1), ANSWER + bytes(500)), 0.0)
        assert link.events() == [bytes(500)]

    def test_an_endless_answer_ends_the_connection(self) -> None:
        link = client(longest_apdu=100)
        link.send(b"request", 0.0)
        link.receive(from_meter(i(0, 1), ANSWER + bytes(60), segmented=True), 0.0)
        link.octets_to_send()
        link.receive(from_meter(i(1, 1), bytes(60), segmented=True), 0.0)
        assert errors(link, Disconnected) == ["the segments of an APDU grow beyond 100 octets"]
        assert controls(link) == []
        assert link.next_timer() is None

    def test_an_answer_as_long_as_allowed_is_taken(self) -> None:
        link = client(longest_apdu=100)
        link.send(b"request", 0.0)
        link.receive(from_meter(i(0, 1), ANSWER + bytes(57), segmented=True), 0.0)
        link.receive(from_meter(i(1, 1), bytes(40)), 0.0)
        assert link.events() == [bytes(97)]

    def test_an_endless_event_does_not(self) -> None:
        link = client(longest_apdu=100)
        for _ in range(3):
            link.receive(from_meter(UI, bytes(60), segmented=True), 0.0)
        link.receive(from_meter(UI | 0x10, ANSWER + b"event"), 0.0)
        assert link.connected
        noticed, *others = link.events()
        assert isinstance(noticed, Noticed)
        assert str(noticed.fault) == "the segments of an APDU grow beyond 100 octets"
        assert all(isinstance(other, Unsolicited) for other in others)


class TestUnsolicited:
    def test_only_the_last_segment_is_final(self) -> None:
        link = HdlcLink(METER, CLIENT, HdlcSettings(information_transmit=32))
        link.send_unsolicited(b"event " * 10)
        sent = frames(link)
        assert [each.control for each in sent] == [UI, UI | 0x10]
        assert [each.segmented for each in sent] == [True, False]
        assert sent[0].information.startswith(ANSWER)
        assert (sent[0].destination, sent[0].source) == (CLIENT, METER)

    def test_to_nobody(self) -> None:
        with pytest.raises(ConfigurationError, match="address"):
            HdlcLink(METER).send_unsolicited(b"event")


class TestTheEnd:
    def test_a_meter_that_takes_the_connection_down_wants_an_answer(self) -> None:
        link = meter(response_timeout=5.0, repetitions=1)
        link.disconnect(10.0)
        link.tick(15.0)
        assert controls(link) == [DISC, DISC]
        link.receive(from_client(UA), 16.0)
        assert link.events() == [Disconnected()]
        assert link.next_timer() is None

    def test_an_unanswered_one_by_name(self) -> None:
        link = client(Quirks(disconnect_unanswered=True))
        link.disconnect(1.0)
        assert controls(link) == [DISC]
        assert link.events() == [Disconnected()]
        assert link.next_timer() is None
        link.connect(2.0)
        assert controls(link) == [SNRM]

    def test_the_other_end_closes_while_nothing_stands(self) -> None:
        link = HdlcLink(CLIENT, METER)
        link.receive(b"", 0.0)
        assert link.events() == []

    def test_nothing_is_at_work_before_or_after_a_connection(self) -> None:
        link = HdlcLink(CLIENT, METER)
        assert link.at_rest
        link = client()
        assert link.at_rest
        link.send(b"request", 0.0)
        assert not link.at_rest
        link.receive(from_meter(rr(1)), 0.0)
        assert not link.at_rest  # its answer will be asked for
        link.receive(from_meter(DM), 0.0)
        assert link.at_rest
        with pytest.raises(LinkError):
            link.send(b"request", 0.0)
