"""Many simulated ciphered meters in one process: how soon they listen, and what memory one takes, idle and read.

A meter at a port of its own is made when its first client comes; those that share a port are made together then.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

METERS = 1000
PROGRAM = """
import asyncio, gc, os, sys, time
from dlms import aio
from dlms.cosem.classes import Register
from dlms.simulate import Simulation

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

async def main(count, together):
    simulation = Simulation()
    simulation.meters[0].device  # what all meters share
    before, began = resident(), time.perf_counter()
    async with Simulation(meters=count, together=together) as simulation:
        await simulation.listen("tcp://127.0.0.1:0")
        started, idle = time.perf_counter() - began, resident() - before
        security = simulation.meters[0].security
        for meter in simulation.meters:
            async with aio.connect(meter.description["url"], security=security) as client:
                await client.get(Register("1.0.1.8.0.255").value)
        print(started, idle / count, (resident() - before) / count)

asyncio.run(main(int(sys.argv[1]), sys.argv[2] == "together"))
"""


@pytest.mark.parametrize("place", ["ports", "together"])
def test_idle_ciphered_meters(benchmark: Any, place: str) -> None:
    def start() -> list[float]:
        command = [sys.executable, "-c", PROGRAM, str(METERS), place]
        return [float(part) for part in subprocess.run(command, capture_output=True, check=True).stdout.split()]

    started, idle, read = benchmark.pedantic(start, rounds=1, iterations=1)
    benchmark.extra_info["seconds until they listen"] = started
    benchmark.extra_info["octets of an idle meter"] = idle
    print(
        f"\n{METERS} ciphered meters ({place}): listening after {started:.2f} s, {idle / 1024:.1f} KiB each idle, "
        f"{read / 1024:.1f} KiB each once they have been read"
    )
