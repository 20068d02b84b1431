"""The wrapper as a link: a request and its answer in one step or in several, what comes with it, what is not ours."""

from __future__ import annotations

import pytest

from dlms.errors import LinkError
from dlms.link.base import Connected, Disconnected, Noticed
from dlms.link.wrapper import WrapperLink
from dlms_core.wrapper import build

ANSWER = build(b"answer", source=1, destination=16)
PUSH = build(b"push", source=1, destination=16)
FOREIGN = build(b"foreign", source=2, destination=16)


def connected(*, datagrams: bool = False) -> WrapperLink:
    link = WrapperLink(16, 1, datagrams=datagrams)
    link.connect(0.0)
    assert link.events() == [Connected()]
    return link


def test_a_request_and_its_answer() -> None:
    link = connected()
    assert link.ask(b"request", 0.0) == build(b"request", source=16, destination=1)
    assert link.answer(ANSWER, 1.0) == b"answer"
    assert link.events() == []
    assert link.octets_to_send() == b""


def test_what_waits_to_be_sent_goes_first() -> None:
    link = connected()
    link.send(b"one", 0.0)
    assert link.ask(b"two", 0.0) == b"".join(build(each, source=16, destination=1) for each in (b"one", b"two"))


@pytest.mark.parametrize(
    ("pieces", "answers", "events"),
    [
        ([ANSWER[:9], ANSWER[9:]], [None, b"answer"], 0),
        ([PUSH + ANSWER], [None], 2),
        ([FOREIGN + ANSWER], [None], 2),
        ([ANSWER + PUSH[:3], PUSH[3:]], [b"answer", b"push"], 0),
        ([b"\x00\x02\x00\x00", ANSWER], [None, None], 2),
    ],
)
def test_answers_that_do_not_come_alone(pieces: list[bytes], answers: list[bytes | None], events: int) -> None:
    link = connected()
    assert [link.answer(piece, 0.0) for piece in pieces] == answers
    found = link.events()
    assert len(found) == events
    assert all(isinstance(event, (bytes, Noticed)) for event in found)
    # The same as octets taken the long way.
    other = connected()
    for piece in pieces:
        other.receive(piece, 0.0)
    every = [answer for answer in answers if answer is not None] + [event for event in found if type(event) is bytes]
    assert every == [event for event in other.events() if type(event) is bytes]


def test_datagrams_end_what_they_hold() -> None:
    link = connected(datagrams=True)
    assert link.answer(ANSWER[:-1], 0.0) is None
    (noticed,) = link.events()
    assert isinstance(noticed, Noticed)
    assert link.answer(ANSWER, 0.0) == b"answer"


def test_a_datagram_of_nothing_is_no_end() -> None:
    link = connected(datagrams=True)
    link.receive(b"", 0.0)
    assert link.events() == []
    assert link.connected


def test_octets_are_handed_out_once() -> None:
    link = connected()
    link.send(b"one", 0.0)
    assert link.octets_to_send() == build(b"one", source=16, destination=1)
    assert link.octets_to_send() == b""
    assert link.ask(b"two", 0.0) == build(b"two", source=16, destination=1)


def test_what_has_happened_is_not_lost_to_an_answer() -> None:
    link = connected()
    link.receive(PUSH, 0.0)
    assert link.answer(ANSWER, 0.0) is None
    assert link.events() == [b"push", b"answer"]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (FOREIGN, "a WPDU from 2 to 16 is not of this link"),
        (bytes.fromhex("0002FFFF"), "expected version 0001, got 0002"),
    ],
)
def test_what_is_noticed(octets: bytes, words: str) -> None:
    link = connected()
    link.receive(octets + ANSWER, 0.0)
    noticed = link.events()
    assert noticed.pop() == b"answer"
    assert noticed
    assert all(isinstance(each, Noticed) and words in str(each.fault) for each in noticed)


def test_a_station_that_is_called() -> None:
    link = WrapperLink(1, 16)
    assert not link.connected
    with pytest.raises(LinkError):
        link.send(b"too early", 0.0)
    link.disconnect(0.0)
    link.receive(b"", 0.0)
    assert link.events() == []
    link.listen()
    assert link.connected
    link.receive(build(b"request", source=16, destination=1), 0.0)
    assert link.events() == [b"request"]  # and nobody connects
    link.disconnect(0.0)
    assert link.events() == [Disconnected()]
    assert not link.connected


def test_nothing_is_timed() -> None:
    link = connected()
    link.send(b"request", 0.0)
    assert link.untimed
    assert link.next_timer() is None
    assert link.at_rest
    assert link.keep_alive(0.0) is False


def test_the_end() -> None:
    link = connected()
    assert link.answer(b"", 0.0) is None
    (end,) = link.events()
    assert isinstance(end, Disconnected)
    with pytest.raises(LinkError):
        link.ask(b"request", 0.0)
