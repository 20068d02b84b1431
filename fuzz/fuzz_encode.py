"""Invariant: a message one of whose fields is replaced by anything encodes to octets of its class, or an EncodeError
names the field."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import dlms
from dlms.errors import DecodeError, EncodeError
from dlms.grammar import Message

ANYTHING: tuple[Any, ...] = (
    None, True, 0, -1, 255, 256, 2**32, 2**64, 1.5, "", "101", "2.16.756.5.8.1.1", b"", bytes(12), (), [], (1,),
)  # fmt: skip


def check(octets: bytes) -> None:
    chance = random.Random(octets)  # noqa: S311
    fault = None
    try:
        message = spoiled(dlms.decode(octets), chance)
        again = dlms.encode(message)
    except DecodeError:
        return
    except EncodeError as error:
        fault = error
    if fault is not None:
        assert fault.path
    else:
        assert isinstance(dlms.decode(again), type(message))


def spoiled(message: Message, chance: random.Random) -> Message:
    """`message` with one field, here or further down, replaced."""
    field = chance.choice(dataclasses.fields(message)[1:])
    value = getattr(message, field.name)
    deeper = isinstance(value, Message) and chance.random() < 0.7
    other: Any = spoiled(value, chance) if deeper else chance.choice(ANYTHING)
    return dataclasses.replace(message, **{field.name: other})
