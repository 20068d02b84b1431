"""Two HDLC stations joined by a line that may lose, repeat, delay and garble: every APDU once, in order, or an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlms.errors import ConfigurationError, LinkError
from dlms.link.base import Connected, Disconnected, Noticed, Unsolicited
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcInForce, HdlcSettings
from dlms.quirks import Quirks
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet

CLIENT, METER = HdlcAddress(16), HdlcAddress(1, 17)
Damage = Callable[[bytes], list[bytes]]


def whole(octets: bytes) -> list[bytes]:
    return [octets]


@dataclass
class Line:
    """A client and a meter, and the line between them; the meter answers every APDU with `answer`."""

    client: HdlcLink
    meter: HdlcLink
    answer: Callable[[bytes], bytes | None] = lambda apdu: b"answer to " + apdu
    damage: Damage = whole
    now: float = 0.0
    asked: list[bytes] = field(default_factory=list)
    got: list[bytes] = field(default_factory=list)
    ends: list[Disconnected] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)
    connected: HdlcInForce | None = None
    sent: list[Frame] = field(default_factory=list)
    echoing: bool = False

    def run(self, until: float) -> None:
        """Carry octets and let time pass until nothing happens any more, or `until`."""
        while self.now < until:
            moved = self._carry()
            self._look()
            if moved:
                continue
            timers = [t for t in (self.client.next_timer(), self.meter.next_timer()) if t is not None]
            if not timers:
                return
            if min(timers) >= until:
                self.now = until
                return
            self.now = max(self.now, min(timers))
            self.client.tick(self.now)
            self.meter.tick(self.now)
            self._look()

    def _carry(self) -> bool:
        moved = False
        for source, target in ((self.client, self.meter), (self.meter, self.client)):
            octets = source.octets_to_send()
            moved = moved or bool(octets)
            if octets and self.echoing and source is self.client:
                source.receive(octets, self.now)
            for piece in self.damage(octets) if octets else ():
                target.receive(piece, self.now)
        return moved

    def _look(self) -> None:
        for event in self.meter.events():
            match event:
                case bytes():
                    self.asked.append(event)
                    answer = self.answer(event)
                    if answer is not None:
                        self.meter.send(answer, self.now)
                case Noticed():
                    self.noticed.append(event)
        for event in self.client.events():
            match event:
                case Connected(parameters):
                    self.connected = parameters
                case bytes():
                    self.got.append(event)
                case Disconnected():
                    self.ends.append(event)
                case Noticed():
                    self.noticed.append(event)


def line(client: HdlcSettings | None = None, meter: HdlcSettings | None = None, **others: object) -> Line:
    made = Line(HdlcLink(CLIENT, METER, client), HdlcLink(METER, None, meter), **others)  # type: ignore[arg-type]
    made.meter.listen()
    made.client.connect(0.0)
    return made


SMALL = HdlcSettings(information_transmit=32, information_receive=32)


@pytest.mark.parametrize(
    ("ours", "theirs", "force"),
    [
        (HdlcSettings(), HdlcSettings(), HdlcInForce(2030, 2030)),
        (HdlcSettings(information_transmit=128, information_receive=128), HdlcSettings(), HdlcInForce()),
        (SMALL, HdlcSettings(window_receive=7), HdlcInForce(32, 32)),
        (
            HdlcSettings(window_transmit=3, window_receive=5, information_transmit=100),
            HdlcSettings(window_transmit=2, window_receive=7, information_transmit=300),
            HdlcInForce(100, 300, 3, 2),
        ),
    ],
)
def test_negotiation(ours: HdlcSettings, theirs: HdlcSettings, force: HdlcInForce) -> None:
    joined = line(ours, theirs)
    joined.run(1)
    assert joined.connected == force
    mirrored = joined.meter.in_force
    assert (mirrored.information_transmit, mirrored.window_transmit) == (
        force.information_receive,
        force.window_receive,
    )


@pytest.mark.parametrize("window", [1, 2, 7])
@pytest.mark.parametrize("size", [0, 1, 29, 30, 200, 5000])
def test_apdus_of_any_size_through_any_window(window: int, size: int) -> None:
    ends = HdlcSettings(information_transmit=32, information_receive=32, window_transmit=window, window_receive=window)
    answers = iter(range(100))
    joined = line(ends, ends, answer=lambda apdu: bytes([next(answers)]) + bytes(size))
    joined.run(1)
    for i in range(10):
        joined.client.send(bytes([i]) + bytes(size), joined.now)
        joined.run(joined.now + 60)
        assert joined.asked[-1] == bytes([i]) + bytes(size)
        assert joined.got[-1] == bytes([i]) + bytes(size)
    assert len(joined.got) == len(joined.asked) == 10
    assert not joined.noticed
    joined.client.disconnect(joined.now)
    joined.run(joined.now + 60)
    assert [end.error for end in joined.ends] == [None]
    assert not joined.meter.connected


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from([1, 2, 3, 7]), st.integers(1, 400))
def test_a_bad_line(data: st.DataObject, window: int, size: int) -> None:
    budget = [25]

    def damage(octets: bytes) -> list[bytes]:
        if not budget[0]:
            return [octets]
        budget[0] -= 1
        match data.draw(st.sampled_from(["whole", "whole", "lose", "twice", "garble", "cut", "noise"])):
            case "lose":
                return []
            case "twice":
                return [octets, octets]
            case "garble":
                at = data.draw(st.integers(0, len(octets) - 1))
                return [octets[:at] + bytes([octets[at] ^ 1 << data.draw(st.integers(0, 7))]) + octets[at + 1 :]]
            case "cut":
                at = data.draw(st.integers(0, len(octets)))
                return (
                    [octets[:at], octets[at:]] if data.draw(st.booleans()) and 0 < at < len(octets) else [octets[:at]]
                )
            case "noise":
                return [data.draw(st.binary(max_size=20)) + octets]
        return [octets]

    def damaged(octets: bytes) -> list[bytes]:
        return [piece for piece in damage(octets) if piece]

    ends = HdlcSettings(
        information_transmit=48, information_receive=48, window_transmit=window, window_receive=window, repetitions=6
    )
    joined = line(ends, ends, damage=damaged)
    joined.run(1000)
    if not joined.client.connected:
        assert joined.ends[-1].error is not None
        return
    for i in range(4):
        request = bytes([i]) + bytes(size)
        try:
            joined.client.send(request, joined.now)
        except LinkError:
            break
        joined.run(joined.now + 5000)
        if not joined.client.connected:
            assert joined.ends[-1].error is not None
            break
        assert joined.got[-1] == b"answer to " + request
    assert joined.asked == [bytes([i]) + bytes(size) for i in range(len(joined.asked))]
    assert joined.got == [b"answer to " + apdu for apdu in joined.asked[: len(joined.got)]]


def test_nobody_there() -> None:
    joined = line(HdlcSettings(repetitions=2, response_timeout=3.0), damage=lambda octets: [])
    octets = []
    while not joined.ends and joined.now < 100:
        octets.append(joined.client.octets_to_send())
        joined.now = joined.client.next_timer() or 100.0
        joined.client.tick(joined.now)
        joined._look()
    assert joined.now == pytest.approx(9.0)
    assert len(octets) == 3
    assert len(set(octets)) == 1
    assert "no answer" in str(joined.ends[0].error)


def test_a_slow_meter_says_not_yet() -> None:
    joined = line(answer=lambda apdu: None)
    joined.run(1)
    joined.client.send(b"slow", joined.now)
    joined.run(joined.now + 20)
    assert joined.client.connected
    assert joined.asked == [b"slow"]
    joined.meter.send(b"done", joined.now)
    joined.run(joined.now + 20)
    assert joined.got == [b"done"]


def test_an_unanswered_request_is_not_asked_for() -> None:
    joined = line(answer=lambda apdu: None)
    joined.run(1)
    joined.client.send(b"no answer wanted", joined.now, answered=False)
    joined.run(30)
    assert joined.asked == [b"no answer wanted"]
    assert joined.client.next_timer() is None
    joined.client.keep_alive(joined.now)
    joined.run(joined.now + 5)
    assert joined.client.connected


def test_what_was_not_the_answer_leaves_one_to_be_asked_for() -> None:
    """A meter may say something else first, an event or the answer to what was given up; it says nothing unasked."""
    joined = line(answer=lambda apdu: b"something else")
    joined.run(1)
    joined.client.send(b"request", joined.now)
    joined.run(30)
    assert joined.got == [b"something else"]
    assert joined.client.next_timer() is None
    joined.meter.send(b"the answer", joined.now)
    joined.run(60)
    assert joined.got == [b"something else"]  # nobody asked
    joined.client.expect(joined.now)
    joined.run(90)
    assert joined.got == [b"something else", b"the answer"]
    assert joined.client.next_timer() is None


def frame(kind: FrameKind, information: bytes = b"", *, final: bool = True, **numbers: int) -> bytes:
    return Frame(CLIENT, METER, control_octet(kind, poll_final=final, **numbers), information).encode()


def connected_client(quirks: Quirks | None = None, **chosen: float) -> HdlcLink:
    client = HdlcLink(CLIENT, METER, HdlcSettings(**chosen), quirks)  # type: ignore[arg-type]
    client.connect(0.0)
    assert Frame.decode(client.octets_to_send()).kind is FrameKind.SNRM
    client.receive(frame(FrameKind.UA), 0.0)
    assert client.events() == [Connected(HdlcInForce())]
    return client


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (frame(FrameKind.DM), "DM"),
        (frame(FrameKind.FRMR, b"\x10\x00\x01"), "FRMR"),
        (frame(FrameKind.RR, receive_sequence=5), "N\\(R\\)"),
        (frame(FrameKind.I, b"\xe6\xe7\x00x", send_sequence=0, receive_sequence=3), "N\\(R\\)"),
        (b"", "closed"),
    ],
)
def test_what_ends_a_connection(octets: bytes, words: str) -> None:
    client = connected_client()
    client.send(b"request", 0.0)
    client.receive(octets, 0.0)
    (end,) = client.events()
    assert isinstance(end, Disconnected)
    with pytest.raises(LinkError, match=words):
        raise end.error or AssertionError
    with pytest.raises(LinkError):
        client.send(b"more", 0.0)
    assert client.next_timer() is None


def test_endless_busy_does_not_end_by_itself_but_asks_slowly() -> None:
    client = connected_client(poll_interval=1.0)
    client.send(b"request", 0.0)
    asked = 0
    now = 0.0
    for _ in range(20):
        asked += bool(client.octets_to_send())
        client.receive(frame(FrameKind.RNR, receive_sequence=1), now)
        now = client.next_timer() or 0.0
        client.tick(now)
    assert now == pytest.approx(20.0)
    assert asked == 20
    assert client.connected


@pytest.mark.parametrize("repetitions", [0, 1, 3])
def test_a_frame_that_is_never_taken_is_repeated_so_often(repetitions: int) -> None:
    client = connected_client(repetitions=repetitions)
    client.send(b"request", 0.0)
    sent = [client.octets_to_send()]
    while sent[-1]:
        client.receive(frame(FrameKind.RR, receive_sequence=0), 0.0)
        sent.append(client.octets_to_send())
    assert sent == [sent[0]] * (1 + repetitions) + [b""]
    assert not client.connected


def test_our_own_octets_come_back() -> None:
    client = connected_client()
    client.send(b"request", 0.0)
    echo = client.octets_to_send()
    client.receive(echo, 0.0)
    assert client.events() == []
    client.receive(frame(FrameKind.I, b"\xe6\xe7\x00answer", send_sequence=0, receive_sequence=1), 0.0)
    assert client.events() == [b"answer"]


@pytest.mark.parametrize("echoing", [False, True])
def test_client_and_meter_have_the_same_address(echoing: bool) -> None:
    same = HdlcAddress(1)
    settings = HdlcSettings(window_transmit=7, window_receive=7, information_transmit=64, information_receive=64)
    line = Line(HdlcLink(same, same, settings), HdlcLink(same, None, settings), echoing=echoing)
    line.meter.listen()
    line.client.connect(0.0)
    line.run(until=1.0)
    requests = [b"request %d" % number + bytes(300) for number in range(3)]
    for request in requests:
        line.client.send(request, line.now)
        line.run(until=line.now + 1.0)
    assert line.asked == requests
    assert line.got == [b"answer to " + request for request in requests]


def test_another_address_size_is_the_same_station() -> None:
    client = connected_client()
    client.send(b"request", 0.0)
    wide = Frame(CLIENT, HdlcAddress(1, 17, size=4), 0x30, b"\xe6\xe7\x00answer").encode()
    client.receive(wide, 0.0)
    assert client.events() == [b"answer"]
    stranger = Frame(CLIENT, HdlcAddress(1, 18), 0x52, b"\xe6\xe7\x00other").encode()
    client.receive(stranger, 0.0)
    assert client.events() == []


def test_segments_without_the_final_bit() -> None:
    pieces = [b"\xe6\xe7\x00one ", b"two ", b"three"]
    for quirks, expected in ((Quirks(), []), (Quirks(hdlc_final_bit_missing=True), [b"one two three"])):
        client = connected_client(quirks)
        client.send(b"request", 0.0)
        client.octets_to_send()
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            control = control_octet(FrameKind.I, poll_final=last, send_sequence=number, receive_sequence=1)
            client.receive(Frame(CLIENT, METER, control, piece, segmented=not last).encode(), 0.0)
            if not client.octets_to_send():
                break
        assert client.events() == expected


def test_a_response_whose_number_never_moves() -> None:
    response = frame(FrameKind.I, b"\xe6\xe6\x00answer", send_sequence=0, receive_sequence=0)
    strict = connected_client()
    strict.send(b"request", 0.0)
    strict.octets_to_send()
    strict.receive(response, 0.0)
    assert Frame.decode(strict.octets_to_send()).kind is FrameKind.I  # it has not been acknowledged: once more
    lenient = connected_client(Quirks.from_value("jdlms-server"))
    lenient.send(b"request", 0.0)
    lenient.octets_to_send()
    lenient.receive(response, 0.0)
    assert lenient.events() == [b"answer"]
    assert not lenient.octets_to_send()
    lenient.disconnect(0.0)
    assert lenient.events() == [Disconnected()]


def test_unsolicited_apdus_at_any_time() -> None:
    client = HdlcLink(CLIENT, METER)
    meter = HdlcLink(METER, CLIENT, HdlcSettings(information_transmit=32))
    meter.send_unsolicited(b"event " * 20)
    octets = meter.octets_to_send()
    assert octets.count(b"\x7e\xa8") == 3  # segmented
    client.receive(octets, 0.0)
    assert client.events() == [Unsolicited(b"event " * 20)]


def test_a_frame_that_stops_arriving_is_given_up() -> None:
    client = connected_client(inter_octet_timeout=0.5)
    client.send(b"request", 0.0)
    answer = frame(FrameKind.I, b"\xe6\xe7\x00answer", send_sequence=0, receive_sequence=1)
    client.receive(answer[:9], 1.0)
    client.receive(answer, 2.0)
    noticed, received = client.events()
    assert isinstance(noticed, Noticed)
    assert received == b"answer"


def test_a_meter_that_is_not_connected_says_so() -> None:
    meter = HdlcLink(METER)
    meter.listen()
    for control in (0x10, 0x11, 0x53):
        meter.receive(Frame(METER, CLIENT, control).encode(), 0.0)
        assert Frame.decode(meter.octets_to_send()).kind is FrameKind.DM
    meter.receive(Frame(HdlcAddress(2, 17), CLIENT, 0x93).encode(), 0.0)
    assert not meter.octets_to_send()


def connected_meter(**chosen: float) -> HdlcLink:
    meter = HdlcLink(METER, None, HdlcSettings(**chosen))  # type: ignore[arg-type]
    meter.listen()
    meter.receive(Frame(METER, CLIENT, 0x93).encode(), 0.0)
    assert Frame.decode(meter.octets_to_send()).kind is FrameKind.UA
    meter.events()
    return meter


@pytest.mark.parametrize(
    ("control", "information", "reason"),
    [(0x37, b"", 0x01), (0x10, bytes(129), 0x04), (0xB1, b"", 0x08), (0x70, b"\xe6\xe6\x00x", 0x08)],
)
def test_a_meter_rejects_what_breaks_the_rules(control: int, information: bytes, reason: int) -> None:
    meter = connected_meter()
    meter.receive(Frame(METER, CLIENT, control, information).encode(), 0.0)
    answer = Frame.decode(meter.octets_to_send())
    assert answer.kind is FrameKind.FRMR
    assert answer.information == bytes((control, 0, reason))


def test_a_meter_repeats_its_last_word() -> None:
    meter = connected_meter()
    request = Frame(METER, CLIENT, 0x10, b"\xe6\xe6\x00request").encode()
    meter.receive(request, 0.0)
    meter.send(b"answer", 0.0)
    first = meter.octets_to_send()
    meter.receive(request, 1.0)
    assert meter.octets_to_send() == first
    assert [event for event in meter.events() if isinstance(event, bytes)] == [b"request"]


def test_a_meter_takes_no_more_frames_than_a_window_holds() -> None:
    """However small the answers are, or the segments of a request, seven have to be acknowledged before an eighth."""
    joined = line()
    joined.run(1)
    for number in range(20):
        control = control_octet(FrameKind.I, poll_final=False, send_sequence=number % 8, receive_sequence=0)
        joined.meter.receive(Frame(METER, CLIENT, control, b"\xe6\xe6\x00ask").encode(), joined.now)
    joined._look()
    assert len(joined.asked) == 7


@pytest.mark.parametrize("polled", [False, True])
def test_a_meter_takes_no_request_while_too_much_waits_to_be_taken(polled: bool) -> None:
    """Answers do not pile up for a caller that never gives the right to send, or asks anew with every frame that it
    takes; once it has taken them, it is served on."""
    joined = line(SMALL, HdlcSettings(longest_apdu=1000), answer=lambda apdu: bytes(900))
    joined.run(1)
    taken = 0

    def send(kind: FrameKind, information: bytes = b"", **numbers: int) -> bytes:
        """A frame to the meter, and what it says to that."""
        final = polled or kind is FrameKind.RR
        control = control_octet(kind, poll_final=final, receive_sequence=taken % 8, **numbers)
        joined.meter.receive(Frame(METER, CLIENT, control, information).encode(), joined.now)
        joined._look()
        return joined.meter.octets_to_send()

    def ask() -> int:
        """Ask once more; how many requests have been taken in all."""
        nonlocal taken
        taken += bool(send(FrameKind.I, b"\xe6\xe6\x00ask", send_sequence=len(joined.asked) % 8))
        return len(joined.asked)

    assert [ask() for _ in range(20)][-1] == 2
    while joined.meter._waiting:
        taken += bool(send(FrameKind.RR))
    assert ask() == 3


def test_a_meter_forgets_a_client_that_went_away() -> None:
    meter = connected_meter(inactivity_timeout=30.0)
    assert meter.next_timer() == pytest.approx(30.0)
    meter.tick(30.0)
    (end,) = meter.events()
    assert isinstance(end, Disconnected)
    assert not meter.connected


def test_what_is_not_connected_is_not_taken_down() -> None:
    client = HdlcLink(CLIENT, METER)
    client.disconnect(0.0)
    assert not client.octets_to_send()


@pytest.mark.parametrize(
    "chosen",
    [{"information_transmit": 31}, {"information_receive": 2031}, {"window_transmit": 0}, {"window_receive": 8}],
)
def test_settings_out_of_range(chosen: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        HdlcSettings(**chosen)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        HdlcLink(CLIENT).connect(0.0)
