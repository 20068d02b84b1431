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


def test_the_end() -> None:
    link = connected()
    assert link.answer(b"", 0.0) is None
    (end,) = link.events()
    assert isinstance(end, Disconnected)
    with pytest.raises(LinkError):
        link.ask(b"request", 0.0)
