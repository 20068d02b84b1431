"""Records: what a dataclass would make of the same arguments, but filled from C."""

from __future__ import annotations

import copy
import pickle
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from dlms.apdu.acse import Aarq
from dlms.apdu.ciphering import CipheredContent, GloGetRequest
from dlms.apdu.get import CosemAttributeDescriptor, GetRequestNormal
from dlms_core.record import REQUIRED, Fields, Record

DESCRIPTOR = CosemAttributeDescriptor(3, bytes(6), 2)


class Pair(Record):
    __slots__ = ("left", "note", "right")


Pair.__fields__ = Fields(
    [("left", Pair.__dict__["left"], REQUIRED), ("right", Pair.__dict__["right"], 7)], [(Pair.__dict__["note"], "")]
)


def test_by_position_by_name_and_by_default() -> None:
    made: list[Any] = [Pair(1), Pair(1, 7), Pair(left=1), Pair(right=7, left=1), Pair(1, right=7)]
    assert [(of.left, of.right, of.note) for of in made] == [(1, 7, "")] * 5


@pytest.mark.parametrize(
    ("given", "named", "reason"),
    [
        ((), {}, "needs an argument 'left'"),
        ((1, 2, 3), {}, "takes 2 arguments by position, and 3 were given"),
        ((1,), {"left": 2}, "got 'left' twice"),
        ((1,), {"up": 2}, "has no argument 'up'"),
        ((), {"right": 2}, "needs an argument 'left'"),
    ],
)
def test_arguments_that_do_not_fit(given: tuple[Any, ...], named: dict[str, Any], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        Pair(*given, **named)


@pytest.mark.parametrize("descriptor", [property(), slice.__dict__["start"], type.__dict__["__basicsize__"]])
def test_what_is_no_slot(descriptor: Any) -> None:
    """Members of C types are described alike: read-only objects, and numbers that a pointer must not overwrite."""
    with pytest.raises(TypeError, match="is not a slot"):
        Fields([("left", descriptor, REQUIRED)])


def test_a_record_without_fields() -> None:
    with pytest.raises((TypeError, AttributeError)):
        Record()


def test_made_anew_it_lets_go_of_what_it_held() -> None:
    held = object()
    before = sys.getrefcount(held)
    pair = Pair(held, held)
    pair.__init__(1, 2)  # type: ignore[misc]  # to fill it twice is the test
    assert sys.getrefcount(held) == before


def test_a_message_is_as_a_dataclass_makes_it() -> None:
    message = GetRequestNormal(0xC1, DESCRIPTOR)
    assert message == GetRequestNormal(invoke_id_and_priority=0xC1, cosem_attribute_descriptor=DESCRIPTOR)
    assert message.access_selection is None
    assert message.deviations == ()
    assert replace(message, invoke_id_and_priority=0xC2).invoke_id_and_priority == 0xC2
    with pytest.raises(FrozenInstanceError):
        message.invoke_id_and_priority = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        Aarq("2.16.756.5.8.1.1")  # type: ignore[misc]  # by name only


def test_messages_are_copied_and_pickled() -> None:
    message = GloGetRequest(CipheredContent(0x30, 1, b"abc", bytes(12)))
    assert copy.copy(message) == message
    assert copy.deepcopy(message) == message
    assert pickle.loads(pickle.dumps(message)) == message  # noqa: S301  # our own
