"""The simulated meter as users' tests have it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import dlms
from dlms.cosem.classes import Register
from dlms.data import DoubleLongUnsigned
from dlms.testing import RunningMeter, simulated, simulated_meter

__all__ = ["simulated_meter"]
ENERGY = Register("1.0.1.8.0.255")


def test_values_change_and_every_connection_gets_in(simulated_meter: RunningMeter) -> None:
    for value in (4711, 4712):
        simulated_meter[ENERGY.value] = DoubleLongUnsigned(value)
        assert simulated_meter[ENERGY.value] == value
        with simulated_meter.connect() as meter:
            assert meter.get(ENERGY.value) == value
    with simulated_meter.connect_public() as meter:
        assert meter.get(ENERGY.value) == 4712


def test_a_client_of_asyncio(simulated_meter: RunningMeter) -> None:
    async def read() -> int:
        async with dlms.aio.connect(simulated_meter.url, security=simulated_meter.security) as meter:
            return int(await meter.get(ENERGY.value))

    assert asyncio.run(read()) > 0


def test_many_without_pytest() -> None:
    with simulated(meters=3, seed=5, together=True) as simulation:
        names = []
        for each in simulation.meters:
            with each.connect() as meter:
                names.append(meter.get(dlms.AttributeRef(1, "0.0.42.0.0.255", 2)))
    assert len(set(names)) == 3


def test_in_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from dlms.testing import simulated_meter\n")
    (tmp_path / "test_read.py").write_text(
        "def test_read(simulated_meter):\n"
        "    with simulated_meter.connect() as meter:\n"
        "        assert len(meter.objects()) > 20\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
