"""The asyncio client over loopback, beside a bare `BufferedProtocol` with the same messages in the same run; many
connections at once; memory of a connection and of a long profile.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from pathlib import Path

import pytest
from benchmarks import canned
from benchmarks.bench_client import recorded
from tests.serving import serving

import dlms
from dlms.cosem.classes import Register
from dlms.data import DoubleLongUnsigned
from dlms.server import LogicalDevice, ServedClient, Server

ROUNDS, TURNS = 40, 100
CONNECTIONS, SESSIONS = 200, 400
ROWS = 100_000


class BareProtocol(asyncio.BufferedProtocol):
    """As many octets in as the answer has; then whoever waits goes on."""

    def __init__(self) -> None:
        self._room = bytearray(65536)
        self._left = 0
        self._waiter: asyncio.Future[None] | None = None

    def get_buffer(self, sizehint):
        return self._room

    def buffer_updated(self, count):
        self._left -= count
        if self._left <= 0 and self._waiter is not None:
            self._waiter.set_result(None)

    def expect(self, octets):
        self._left = octets
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter


async def best_of_both(url, port, requests, answers, options):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_connection(BareProtocol, "127.0.0.1", port)
    best = [float("inf"), float("inf")]
    async with dlms.aio.connect(url, **options) as meter:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            for _ in range(TURNS):
                await meter.get(canned.ENERGY)
            middle = time.perf_counter()
            for _ in range(TURNS):
                waiter = protocol.expect(len(answers[0]))
                transport.write(requests[0])
                await waiter
            end = time.perf_counter()
            best = [min(best[0], middle - start), min(best[1], end - middle)]
    transport.close()
    return [of / TURNS for of in best]


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "secured"])
def test_round_trip(benchmark, secured):
    """Budget: the bare one and 6 us, secured 10 us."""
    options = canned.client_options(secured=secured)
    answers = canned.secured_values(ROUNDS * TURNS + 100) if secured else canned.plain_values()
    with canned.meter(answers) as port:
        url = f"tcp://127.0.0.1:{port}?client={canned.CLIENT}&server={canned.METER}"
        requests = recorded(url, lambda meter: meter.get(canned.ENERGY), 1, **options)
        found = []

        def measured() -> None:
            found.append(asyncio.run(best_of_both(url, port, requests, answers, options)))

        benchmark.pedantic(measured, rounds=1)
    ours, bare = found[0]
    benchmark.extra_info["ratio to a bare BufferedProtocol"] = round(ours / bare, 2)
    print(
        f"\n{benchmark.name}: {ours * 1e6:.1f} us, bare {bare * 1e6:.1f} us: {(ours - bare) * 1e6:.1f} us above it,"
        f" {ours / bare:.2f} x"
    )


# ---- many connections --------------------------------------------------------------------------------------------


def serve(pipe):
    """A meter in a process of its own, for HLS-GMAC."""
    keys = {"encryption_key": canned.ENCRYPTION, "authentication_key": canned.AUTHENTICATION}
    device = LogicalDevice("DLM0000000000001", system_title=canned.METER_TITLE)
    device.serve(
        ServedClient(
            1, authentication="hls-gmac", policy="authenticated+encrypted", replay="per_association", **keys
        )
    )  # fmt: skip
    device[Register("1.0.1.8.0.255").value] = DoubleLongUnsigned(4711)
    with serving(Server([device], limits=None), "tcp://127.0.0.1:0") as urls:
        pipe.send(urls[0])
        pipe.recv()


async def sessions(url, security):
    """Sessions a second of this process's processor time, and the memory of a connection that is open."""
    done = 0

    async def connected():
        return await dlms.aio.connect(f"{url}?client=1", security=security())

    async def one():
        nonlocal done
        async with await connected() as meter:
            assert await meter.get(canned.ENERGY) == 4711
        done += 1

    async def several(count):
        for _ in range(count):
            await one()

    await one()  # what is made once is made
    done = 0
    before = resident()
    meters = await asyncio.gather(*(connected() for _ in range(CONNECTIONS)))
    memory = (resident() - before) / CONNECTIONS
    await asyncio.gather(*(meter.close() for meter in meters))
    start = time.process_time()
    await asyncio.gather(*(several(SESSIONS // CONNECTIONS) for _ in range(CONNECTIONS)))
    return done / (time.process_time() - start), memory


def resident():
    """Octets of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_sessions(benchmark):
    """Connect, associate with HLS 5, read, release: with 200 connections at once."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    url = ours.recv()
    found = []
    benchmark.pedantic(lambda: found.append(asyncio.run(sessions(url, hls))), rounds=1)
    ours.send(None)
    process.join(10)
    rate, memory = found[0]
    benchmark.extra_info["sessions a second of one core"] = round(rate)
    benchmark.extra_info["octets a connection"] = round(memory)
    print(f"\n{benchmark.name}: {rate:.0f} sessions/s of one core, {memory / 1024:.1f} KiB for an open connection")


def hls():
    return dlms.Security(
        "hls-gmac", policy="authenticated+encrypted", client_system_title=canned.CLIENT_TITLE,
        encryption_key=canned.ENCRYPTION, authentication_key=canned.AUTHENTICATION, replay="per_association",
    )  # fmt: skip


# ---- memory ------------------------------------------------------------------------------------------------------


def read_long_profile(port, pipe):
    """Peak memory above the idle client, and the octets of the columns."""
    url = f"tcp://127.0.0.1:{port}?client={canned.CLIENT}&server={canned.METER}"
    with dlms.connect(url, **canned.client_options()) as meter:
        meter.get(canned.ENERGY)  # the client has done all that it does but once
        idle = resident()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
        profile = meter.read_profile(canned.PROFILE, structure=canned.STRUCTURE)
        status = Path("/proc/self/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
        columns = sum(values.nbytes for values in profile.columns.values())
        masks = sum(mask.nbytes for mask in profile.mask.values())
        assert len(profile) == ROWS
        pipe.send((peak - idle, columns, masks))


def test_memory_of_100000_rows(benchmark):
    """Budget: 3 x the columns at the peak."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak is read from Linux's /proc")
    answers = [*canned.plain_values()[:1], *canned.profiles(canned.rows(ROWS), 4096, invoke=0x42)]
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    with canned.meter(answers) as port:
        process = spawn.Process(target=read_long_profile, args=(port, theirs))
        benchmark.pedantic(process.start, rounds=1)
        peak, columns, masks = ours.recv()
        process.join(10)
    benchmark.extra_info["ratio to the columns"] = round(peak / columns, 2)
    benchmark.extra_info["ratio to columns and masks"] = round(peak / (columns + masks), 2)
    print(
        f"\n{benchmark.name}: {peak / 1e6:.1f} MB at the peak, {peak / columns:.2f} x the columns,"
        f" {peak / (columns + masks):.2f} x columns and masks"
    )
