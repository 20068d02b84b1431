"""Messages as far as they can be read."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dlms
from dlms.apdu import decode_front
from dlms.data import Data
from dlms.demo import fixtures

WHOLE = [fixture.apdu for fixture in fixtures.telegrams()]


def is_front(part: Data, whole: Data) -> bool:
    """Whether `part` is `whole` without elements at its end, and at the end of its last element."""
    if part == whole:
        return True
    if type(part) is not type(whole) or not hasattr(part, "elements") or len(part) > len(whole):  # type: ignore[arg-type]
        return False
    *before, last = part.elements or (None,)
    return all(map(operator.eq, before, whole.elements)) and (  # type: ignore[attr-defined]
        last is None or is_front(last, whole.elements[len(before)])  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize("octets", sorted(set(WHOLE)), ids=len)
def test_truncated_anywhere(octets: bytes) -> None:
    message = dlms.decode(octets)
    assert decode_front(octets) == (message, None)
    lengths = []
    for end in range(len(octets)):
        try:
            part, fault = decode_front(octets[:end])
        except dlms.DecodeError:
            assert not lengths  # from where the elements begin there is always a front
            continue
        assert fault is not None
        assert fault.offset <= end
        assert fault.path.startswith("data-notification.notification-body")
        assert is_front(part.notification_body, message.notification_body)  # type: ignore[union-attr]
        lengths.append(len(part.notification_body))  # type: ignore[union-attr]
    assert lengths == sorted(lengths)
    assert lengths[-1] >= len(message.notification_body) - 1  # type: ignore[union-attr]


@given(st.sampled_from(WHOLE), st.integers(0), st.integers(1, 255))
def test_any_octet_flipped(octets: bytes, at: int, flipped: int) -> None:
    damaged = bytearray(octets)
    damaged[at % len(octets)] ^= flipped
    try:
        message, fault = decode_front(damaged)
    except dlms.DecodeError:
        return
    if fault is None:
        assert dlms.decode(damaged) == message


def test_a_fault_elsewhere_is_an_error() -> None:
    with pytest.raises(dlms.DecodeError, match="invoke-id"):
        decode_front(b"\x0f\x00")
    with pytest.raises(dlms.DecodeError, match="at octet 5"):
        decode_front(bytes.fromhex("C401C10006000001"))


def test_deep_nesting_is_bounded() -> None:
    message, fault = decode_front(bytes.fromhex("C401C100") + b"\x02\x01" * 5000)
    assert fault is not None
    depth, value = 0, message.result  # type: ignore[union-attr]
    while len(value):
        depth, value = depth + 1, value.elements[0]
    assert depth < 32
