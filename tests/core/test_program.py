"""dlms_core.program: descriptions of ops that it refuses, whatever stands above it."""

from __future__ import annotations

import pickle

import pytest

from dlms_core.fault import DecodeError
from dlms_core.program import DEEPEST, KINDS, Program


def test_a_program_of_one_op():
    program = Program([{"kind": "unsigned16"}], layer="test")
    assert program.decode(b"\x01\x02") == 0x102
    assert program.encode(0x102) == b"\x01\x02"
    assert program.decode_first(b"\x01\x02\x03") == (0x102, 2)
    assert program.layer == "test"


@pytest.mark.parametrize(
    "ops",
    [
        [{"kind": "contents", "first": 0, "count": 1}],
        [{"kind": "contents", "first": 1, "count": 1}],
        [{"kind": "sequence-of", "first": 1, "count": 2}, {"kind": "null"}],
    ],
)
def test_children_must_follow_their_parents(ops):
    with pytest.raises(ValueError, match="its children"):
        Program(ops, layer="test")


def test_how_deep_ops_may_nest():
    def nested(depth: int) -> list[dict[str, object]]:
        ops: list[dict[str, object]] = [{"kind": "contents", "first": at + 1, "count": 1} for at in range(depth - 1)]
        return [*ops, {"kind": "unsigned8"}]

    octets = Program(nested(DEEPEST), layer="test").encode(5)
    assert Program(nested(DEEPEST), layer="test").decode(octets) == 5
    with pytest.raises(ValueError, match="deeper"):
        Program(nested(DEEPEST + 1), layer="test")


def test_descriptions_of_the_wrong_type():
    with pytest.raises(KeyError):
        Program([{"kind": "no such kind"}], layer="test")
    with pytest.raises(TypeError):
        Program([{"kind": "unsigned8", "slot": 5}], layer="test")
    assert len(set(KINDS.values())) == len(KINDS)


def test_a_program_cannot_be_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Program([{"kind": "null"}], layer="test"))


def test_an_error_keeps_the_octets_and_tells_nobody():
    octets = b"\x01\x02\x03"
    with pytest.raises(DecodeError) as caught:
        Program([{"kind": "unsigned16"}], layer="test").decode(octets)
    assert caught.value.octets is octets
    assert "03" not in f"{caught.value} {caught.value!r} {caught.value.args}"
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert (str(again), again.octets) == (str(caught.value), None)
    with pytest.raises(DecodeError) as caught:
        Program([{"kind": "unsigned16"}], layer="test").decode(bytearray(octets))  # it may change later
    assert caught.value.octets is None
