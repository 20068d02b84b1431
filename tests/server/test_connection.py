"""One connection of a server, without a transport."""

from __future__ import annotations

import asyncio
import gc
import os

from tests.association.meter import CLOCK, PUBLIC, aarq, attribute, meter

from dlms.apdu import encode
from dlms.apdu.get import GetRequestNormal
from dlms.association.server.session import SessionLimits
from dlms.server import ServerLimits
from dlms.server.connection import Connection, Sessions
from dlms.server.stations import WrapperStation
from dlms_core.wrapper import build


def test_a_connection_that_ends_with_its_last_request_lets_the_function_begin_and_cancels_it() -> None:
    """A function that is never begun leaves a coroutine that nobody awaits, of which Python warns."""
    happened: list[str] = []

    async def slow() -> int:
        happened.append("begun")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            happened.append("cancelled")
            raise
        return 1

    async def main() -> None:
        device = meter()
        device[CLOCK.time_zone] = slow
        sessions = Sessions(lambda: [device], ServerLimits(), SessionLimits(), os.urandom)
        written: list[bytes] = []
        connection = Connection(
            WrapperStation(), sessions, write=written.append, close=lambda: None, hold=lambda wanted: None
        )
        for message in (aarq(), GetRequestNormal(0xC1, attribute(CLOCK.time_zone))):
            connection.receive(build(encode(message), source=PUBLIC, destination=1))
        connection.end()
        await asyncio.sleep(0.01)
        assert len(written) == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    gc.collect()
    assert happened == ["begun", "cancelled"]
