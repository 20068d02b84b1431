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


Turn: TypeAlias = tuple[bytes, float]
"""Octets to send, b"" for none, and for how many seconds to wait then: for the octets that come, None where none do,
b"" once the transport has ended. A pair, since no class is made as quickly, and there is one for every message."""


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send octets, and wait for nothing."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Dial:
    """Open the transport, in the place of one that is open."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the transport."""


Demand: TypeAlias = Turn | Transmit | Wait | Reserve | Accept | Dial | HangUp
Conversation: TypeAlias = Generator[Demand, Any, T]
