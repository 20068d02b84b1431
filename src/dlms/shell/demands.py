"""What a conversation with a meter demands of the shell that carries it on: the few things that can wait.

A conversation is a generator, as a client operation is, but of the whole of a session: octets instead of APDUs. It is
resumed with a demand's outcome, or the error that carrying it out ended with is raised where it waits.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from dlms.association.effects import Accept, Reserve, Wait

T = TypeVar("T")


# A frozen dataclass takes three times as long to make, and these are made for every message.
@dataclass(slots=True)
class Transmit:
    """Send octets."""

    octets: bytes


@dataclass(slots=True)
class Await:
    """The octets that come within `timeout` seconds, None where none do, b"" once the transport has ended.

    `octets` are sent first.
    """

    timeout: float
    octets: bytes = b""


@dataclass(frozen=True, slots=True)
class Dial:
    """Open the transport, in the place of one that is open."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the transport."""


Demand: TypeAlias = Transmit | Await | Wait | Reserve | Accept | Dial | HangUp
Conversation: TypeAlias = Generator[Demand, Any, T]
