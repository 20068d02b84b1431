"""A server under attack: what it has open, and that it comes to rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.association.meter import (
    CLOCK,
    MANAGER,
    NOW,
    PUBLIC,
    aarq,
)
from tests.association.requests import meter_with_profile
from tests.server.raw_client import RawClient
from tests.serving import loop_in_a_thread, serving

import dlms
from dlms.apdu import decode, encode
from dlms.apdu.acse import Aare
from dlms.association.server.logical_device import LogicalDevice
from dlms.results import AssociationResult
from dlms.server import Server


@dataclass
class Watched:
    """A server under attack: where it is, and what it has open."""

    url: str
    server: Server
    loop: asyncio.AbstractEventLoop

    def raw(self, client: int = MANAGER) -> RawClient:
        return RawClient(self.url, client)

    def opened(self, client: int = MANAGER, context: int = 1, **options: object) -> RawClient:
        """A raw client with an association."""
        raw = self.raw(client).connect()
        assert accepted(raw.ask(encode(aarq(context=context, **options))))
        return raw

    def tasks(self) -> int:
        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return asyncio.run_coroutine_threadsafe(count(), self.loop).result(5)

    def serves(self) -> None:
        """Somebody else is served as ever."""
        with dlms.connect(f"{self.url}?client={PUBLIC}") as client:
            assert client.get(CLOCK.time) == NOW

    def comes_to_rest(self, connections: int = 0) -> None:
        """Nothing is left of anybody; or of so many and no more."""
        until = time.monotonic() + 5
        while (self.server.connections, self.tasks()) != (connections, 0) and time.monotonic() < until:
            time.sleep(0.01)
        assert (self.server.connections, self.tasks()) == (connections, 0)


@contextmanager
def watched(url: str, device: LogicalDevice | None = None, **options: object) -> Iterator[Watched]:
    """A server that has come to rest when the block ends, clients gone."""
    server = Server(device or meter_with_profile(), **options)  # type: ignore[arg-type]
    with loop_in_a_thread() as loop, serving(server, url, loop=loop) as (where,):
        of = Watched(where, server, loop)
        yield of
        of.serves()
        of.comes_to_rest()


def accepted(octets: bytes) -> bool:
    answer = decode(octets)
    return isinstance(answer, Aare) and answer.result == AssociationResult.ACCEPTED
