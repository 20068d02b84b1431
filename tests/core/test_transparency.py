"""Octet stuffing: RFC 1662's rule, both ways, and what cannot be read."""

from __future__ import annotations

import random

import pytest

from dlms_core.fault import DecodeError
from dlms_core.transparency import stuff, unstuff


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        ("", ""),
        ("7E", "7D5E"),  # the two examples of RFC 1662, clause 4.2
        ("7D", "7D5D"),
        ("7E7D7E", "7D5E7D5D7D5E"),
        ("A00702037E21", "A00702037D5E21"),
        ("5E5D20", "5E5D20"),
    ],
)
def test_published(plain: str, stuffed: str) -> None:
    assert stuff(bytes.fromhex(plain)) == bytes.fromhex(stuffed)
    assert unstuff(bytes.fromhex(stuffed)) == bytes.fromhex(plain)


def test_any_escaped_octet_is_read() -> None:
    """RFC 1662 lets a sender escape more than it must (control characters)."""
    assert unstuff(bytes.fromhex("7D317D337D5D")) == bytes.fromhex("11137D")
    assert unstuff(bytes.fromhex("7D7D00")) == bytes.fromhex("5D00")


def reference(plain: bytes) -> bytes:
    return b"".join(bytes([0x7D, octet ^ 0x20]) if octet in (0x7D, 0x7E) else bytes([octet]) for octet in plain)


def test_specials_in_every_place() -> None:
    """Around the 32 octets that are moved at a time."""
    for length in (1, 31, 32, 33, 64, 70):
        for place in range(length):
            for special in (b"\x7d", b"\x7e"):
                plain = b"\x11" * place + special + b"\x22" * (length - place - 1)
                assert stuff(plain) == reference(plain)
                assert unstuff(reference(plain)) == plain


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 1.0])
def test_random(share: float) -> None:
    source = random.Random(3)
    plain = bytes(
        source.choice((0x7D, 0x7E)) if source.random() < share else source.randrange(256) for _ in range(5_000)
    )
    assert stuff(plain) == reference(plain)
    assert unstuff(stuff(plain)) == plain


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 100])
@pytest.mark.parametrize(
    ("end", "at", "reason"),
    [("7D", 0, "escape 7D at the end"), ("7E", 0, "flag 7E"), ("7D7E", 1, "flag 7E"), ("7E11", 0, "flag 7E")],
)
def test_unreadable(length: int, end: str, at: int, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        unstuff(bytes(length) + bytes.fromhex(end))
    assert caught.value.offset == length + at
    assert caught.value.layer == "transparency"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_contiguous_buffer(kind: type) -> None:
    assert stuff(kind(b"\x7e1")) == b"\x7d\x5e1"
    assert unstuff(kind(b"\x7d\x5e1")) == b"\x7e1"


def test_other_arguments() -> None:
    with pytest.raises(TypeError):
        stuff("7E")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        stuff(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        unstuff("7E")  # type: ignore[arg-type]
