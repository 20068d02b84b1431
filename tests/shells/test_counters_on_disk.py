"""What the asyncio client keeps on a disk is waited for outside of its event loop, and counts before it is used."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.serving import serving
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import AK, EK, NAME

import dlms
from dlms.data import OctetString
from dlms.errors import ReplayDetected
from dlms.security.counters import SqliteCounterStore, counter_name
from dlms.security.keys import Key
from dlms.security.settings import Security
from dlms.server import LogicalDevice, ServedClient, Server

KEYS: dict[str, Any] = {"policy": "authenticated+encrypted", "encryption_key": EK, "authentication_key": AK}
TITLE = b"TST\0\0\0\0\2"


def device() -> LogicalDevice:
    made = LogicalDevice("TST0000000000002", system_title=TITLE,
                         clients=[ServedClient(1, authentication="hls-gmac", **KEYS)])  # fmt: skip
    made[NAME] = OctetString(b"a meter of ours")
    return made


def security(store: SqliteCounterStore) -> Security:
    return Security("hls-gmac", client_system_title="4D4D4D0000000001", counters=store, **KEYS)


class Watched(SqliteCounterStore):
    """Remembers which threads put received counters away."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.threads: set[int] = set()

    def put_received(self, name: str, value: int) -> bool:
        self.threads.add(threading.get_ident())
        return super().put_received(name, value)


@pytest.mark.parametrize("colour", COLOURS)
def test_received_counters_are_on_the_disk_before_the_value_is_given(tmp_path: Path, colour: str) -> None:
    name = counter_name(TITLE, Key(EK))

    async def scenario(connect: Any) -> None:
        with Watched(tmp_path / "counters") as store, SqliteCounterStore(tmp_path / "counters") as beside:
            async with connect(f"{url}?client=1", security=security(store)) as meter:
                found = []
                for _ in range(3):
                    await meter.get(NAME)
                    found.append(beside.received(name))
                assert found == sorted(set(found))
            assert threading.get_ident() not in store.threads

    with serving(Server(device()), "tcp://127.0.0.1:0") as (url,):
        run(colour, scenario)


def test_the_event_loop_goes_on_while_the_file_is_locked(tmp_path: Path) -> None:
    async def scenario() -> None:
        with SqliteCounterStore(tmp_path / "counters") as store:
            async with dlms.aio.connect(f"{url}?client=1", security=security(store)) as meter:
                other = sqlite3.connect(tmp_path / "counters", isolation_level=None)
                other.execute("BEGIN IMMEDIATE")
                reading = asyncio.create_task(meter.get(NAME))
                for _ in range(20):
                    await asyncio.sleep(0.01)
                assert not reading.done()
                other.execute("ROLLBACK")
                other.close()
                assert await reading == b"a meter of ours"

    with serving(Server(device()), "tcp://127.0.0.1:0") as (url,):
        asyncio.run(asyncio.wait_for(scenario(), 20))


@pytest.mark.parametrize("colour", COLOURS)
def test_a_counter_that_another_association_took_is_a_replay(tmp_path: Path, colour: str) -> None:
    name = counter_name(TITLE, Key(EK))

    async def scenario(connect: Any) -> None:
        with SqliteCounterStore(tmp_path / "counters") as store:
            async with connect(f"{url}?client=1", security=security(store)) as meter:
                await meter.get(NAME)
                store.put_received(name, 1_000_000)
                with pytest.raises(ReplayDetected):
                    await meter.get(NAME)

    with serving(Server(device()), "tcp://127.0.0.1:0") as (url,):
        run(colour, scenario)
