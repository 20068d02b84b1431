"""Many simulated meters read by as many clients for a while: sessions/s, errors, memory.

python tools/soak.py [--meters 200] [--seconds 60]

The meters live in one process, the clients in another. Each client associates with its meter (HLS-GMAC, authenticated
and encrypted), reads a register and a day of the load profile, checks the rows, releases, and begins again. The exit
status is 1 if anything failed or the memory of either process grew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from dlms import aio
from dlms.cosem.classes import ProfileGeneric, Register
from dlms.meter_description import Description, table_of
from dlms.security.counters import MemoryCounterStore
from dlms.security.settings import Security

ENERGY = Register("1.0.1.8.0.255")
PROFILE = ProfileGeneric("1.0.99.1.0.255")
DAY = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
ROWS = 96
FIRST_PORT = 14_059
WARM_UP = 0.4
"""The part of the time after which memory has to be flat: until then pools and caches fill."""
GROWTH = 3 << 20
"""Octets that a process may grow by all the same: an allocator's arenas come and go."""


@dataclass
class Figures:
    """What happened."""

    sessions: int = 0
    seconds: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[int]] = field(default_factory=dict)
    """Resident octets of each process, sampled as time went by."""

    def growth(self, name: str) -> int:
        """By how many octets a process grew after it was warm."""
        warm = self.memory[name][int(len(self.memory[name]) * WARM_UP) :]
        half = len(warm) // 2
        return max(warm[half:], default=0) - max(warm[:half], default=0) if half else 0

    def failures(self) -> list[str]:
        """What is wrong, in words."""
        wrong = [f"{count} x {text}" for text, count in self.errors.items()]
        wrong += [f"{name} grew by {self.growth(name)} octets" for name in self.memory if self.growth(name) > GROWTH]
        return wrong if self.sessions else [*wrong, "no session"]

    def lines(self) -> Iterator[str]:
        """The figures as they are printed."""
        yield f"{self.sessions} sessions in {self.seconds:.1f} s: {self.sessions / self.seconds:.0f} sessions/s"
        yield f"{sum(self.errors.values())} errors"
        for name, samples in self.memory.items():
            if samples:
                last, growth = samples[-1] / 2**20, self.growth(name) / 2**20
                yield f"memory of the {name}: {last:.1f} MiB, {growth:+.2f} MiB since it was warm"


def resident(pid: int) -> int | None:
    """The resident memory of a process in octets; None where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return None


@contextlib.contextmanager
def meters(count: int) -> Iterator[tuple[int, list[str], Security]]:
    """Simulated meters in a process of their own: its number, their URLs, what clients need."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "meter.toml"
        command = [sys.executable, "-m", "dlms", "simulate", "--meters", str(count), "--meter", str(file)]
        command += ["--listen", f"tcp://127.0.0.1:{FIRST_PORT}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            try:
                if not any(line.startswith(b"ready ") for line in process.stdout):
                    raise SystemExit("the meters did not come up")
                table = {name: value for name, value in table_of(file).items() if name != "counters"}
                urls = [f"tcp://127.0.0.1:{FIRST_PORT + at}?client=1" for at in range(count)]
                yield process.pid, urls, Description.of(table).security
            finally:
                process.terminate()


async def client(url: str, security: Security, until: float, figures: Figures) -> None:
    """Read one meter over and over."""
    while time.perf_counter() < until:
        try:
            async with aio.connect(url, security=security) as meter:
                value = await meter.get(ENERGY.value)
                profile = await meter.read_profile(PROFILE, *DAY)
            if not isinstance(value, int) or len(profile) != ROWS:
                figures.errors[f"wrong values: {value!r}, {len(profile)} rows"] += 1
        except Exception as error:
            figures.errors[f"{type(error).__name__}: {error}"] += 1
        figures.sessions += 1


async def watch(processes: dict[str, int], until: float, figures: Figures) -> None:
    """Sample the memory of processes."""
    while time.perf_counter() < until:
        for name, pid in processes.items():
            octets = resident(pid)
            if octets is not None:
                figures.memory.setdefault(name, []).append(octets)
        await asyncio.sleep(0.25)


async def soak(urls: list[str], security: Security, seconds: float, processes: dict[str, int]) -> Figures:
    """Read the meters at `urls`, each by a client of its own, for some time."""
    figures = Figures()
    shared = replace(security, counters=MemoryCounterStore())
    began = time.perf_counter()
    until = began + seconds
    clients = [client(url, shared, until, figures) for url in urls]
    await asyncio.gather(watch(processes, until, figures), *clients)
    figures.seconds = time.perf_counter() - began
    return figures


def main() -> int:
    """Soak; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    began = time.perf_counter()
    with meters(arguments.meters) as (pid, urls, security):
        print(f"{arguments.meters} meters are up after {time.perf_counter() - began:.2f} s")
        processes = {"meters": pid, "clients": os.getpid()}
        figures = asyncio.run(soak(urls, security, arguments.seconds, processes))
    print("\n".join(figures.lines()))
    failures = figures.failures()
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
