"""What every transport does: octets out, octets in, with a time limit."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

READ_SIZE = 65536


class Transport(Protocol):
    """A stream of octets, or of datagrams, to one peer. Used by one thread at a time."""

    def send(self, octets: bytes) -> None:
        """Send all of `octets`; raises ConnectionLost."""

    def receive(self, timeout: float | None) -> bytes | None:
        """Some octets as soon as there are any; b"" once the peer has closed; None when `timeout` seconds (None:
        any time) passed without an octet. Raises ConnectionLost."""

    def close(self) -> None:
        """Close it; closing twice is no error."""


class AsyncTransport(Protocol):
    """The same for one asyncio task."""

    def send(self, octets: bytes) -> Awaitable[None]:
        """Send all of `octets`, waiting while the peer does not read; raises ConnectionLost."""

    def receive(self, timeout: float | None) -> Awaitable[bytes | None]:
        """As `Transport.receive`."""

    async def close(self) -> None:
        """Close it; closing twice is no error."""


async def turn(transport: AsyncTransport, octets: bytes, timeout: float | None) -> bytes | None:
    """Send the octets, if any, and receive. A transport that has a `turn` of its own does both in one step, and
    may have the answer at once (`OctetProtocol.turn`)."""
    if octets:
        await transport.send(octets)
    return await transport.receive(timeout)
