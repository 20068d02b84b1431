"""Simulated meters over sockets, read by our client: profiles, events, the public client, sameness by seed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.server.test_serial_line import joined_terminals

import dlms
from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.data import DoubleLongUnsigned
from dlms.errors import ConfigurationError
from dlms.service_errors import ReadWriteDenied
from dlms.shell import Deadlines
from dlms.simulate import MODELS, Simulation
from dlms.simulate.running import running

NOW = datetime(2026, 7, 1, 12, 34, 56, tzinfo=UTC).timestamp()
PROFILE = ProfileGeneric("1.0.99.1.0.255")
DAY = (datetime(2026, 6, 29, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC))


def simulated(**settings: object) -> Simulation:
    return Simulation(time=lambda: NOW, **settings)  # type: ignore[arg-type]


async def profile_of(simulation: Simulation, number: int = 0, **how: object) -> dlms.Profile:
    meter = simulation.meters[number]
    async with dlms.aio.connect(meter.description["url"], security=meter.security) as client:
        return await client.read_profile(PROFILE, *DAY, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("access", ["range", "entry", "all"])
def test_a_day_of_the_load_profile(access: str) -> None:
    async def read() -> dlms.Profile:
        async with simulated() as simulation:
            await simulation.listen("tcp://127.0.0.1:0")
            return await profile_of(simulation, access=access)

    profile = asyncio.run(read())
    assert len(profile) == 96
    assert not profile.gaps()
    energy = profile.columns["1-0:1.8.0*255:2"]
    assert 2000 < energy[-1] - energy[0] < 30_000
    assert (np.diff(energy.astype(np.int64)) >= 0).all()


def test_registers_agree_with_the_profile() -> None:
    async def read() -> tuple[int, int, dlms.Profile]:
        async with simulated() as simulation:
            await simulation.listen("tcp://127.0.0.1:0")
            meter = simulation.meters[0]
            async with dlms.aio.connect(meter.description["url"], security=meter.security) as client:
                total, low, high = await client.get(*(Register(f"1.0.1.8.{tariff}.255").value for tariff in range(3)))
                rows = await client.read_profile(
                    PROFILE, datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 13, tzinfo=UTC)
                )
                return total, low + high, rows

    total, parts, rows = asyncio.run(read())
    assert abs(total - parts) <= 1
    assert len(rows) == 3  # at 12:00, 12:15 and 12:30; it is 12:34
    assert rows.columns["1-0:1.8.0*255:2"][-1] <= total


def test_the_public_client_finds_the_counter_and_nothing_is_written_by_it() -> None:
    async def read() -> tuple[int, int]:
        async with simulated() as simulation:
            url = await simulation.listen("tcp://127.0.0.1:0")
            counter = Data("0.0.43.1.0.255")
            async with dlms.aio.connect(url) as client:
                before = await client.get(counter.value)
                with pytest.raises(ReadWriteDenied):
                    await client.set(Clock("0.0.1.0.0.255").time_zone, 0)
            await profile_of(simulation)
            async with dlms.aio.connect(url) as client:
                return before, await client.get(counter.value)

    before, after = asyncio.run(read())
    assert before == 0
    assert after > 0


def test_the_same_seed_is_the_same_meter() -> None:
    async def read(seed: int) -> list[bytes]:
        async with simulated(seed=seed, meters=2) as simulation:
            await simulation.listen("tcp://127.0.0.1:0")
            profiles = [await profile_of(simulation, number) for number in range(2)]
            return [b"".join(values.tobytes() for values in each.columns.values()) for each in profiles]

    first, again, other = (asyncio.run(read(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first[0] != first[1]
    assert not set(first) & set(other)


@pytest.mark.parametrize("together", [False, True])
def test_many_meters(together: bool) -> None:
    async def read() -> tuple[list[str], list[bytes]]:
        async with simulated(meters=5, together=together) as simulation:
            await simulation.listen("tcp://127.0.0.1:0")
            names = []
            for meter in simulation.meters:
                async with dlms.aio.connect(f"{meter.url}?server={meter.sap}") as client:
                    names.append(await client.get(Data("0.0.42.0.0.255").value))
            return [meter.url for meter in simulation.meters], names

    urls, names = asyncio.run(read())
    assert names == [f"SIM{10_000_000 + number:013d}".encode() for number in range(1, 6)]
    assert len(set(urls)) == (1 if together else 5)


@pytest.mark.parametrize("link", ["hdlc+tcp", "udp"])
def test_other_links(link: str) -> None:
    async def read() -> int:
        async with simulated(meters=2) as simulation:
            await simulation.listen(f"{link}://127.0.0.1:0")
            return len(await profile_of(simulation, 1))

    assert asyncio.run(read()) == 96


def test_a_serial_line() -> None:
    with joined_terminals() as (ours, theirs):
        simulation = simulated(meters=2, together=True)
        with running(simulation, f"hdlc+serial://{theirs}?baud=19200") as meters:
            for meter, number in zip(meters.meters, (1, 2), strict=True):
                url = meter.url.replace(theirs, ours)
                assert url == f"hdlc+serial://{ours}?baud=19200&client=1&server={number}"
                with dlms.connect(url, security=meter.security) as client:
                    assert client.get(Data("0.0.96.1.0.255").value) == f"{10_000_000 + number}".encode()


def test_a_physical_address_is_kept_when_the_power_comes_back() -> None:
    with running(simulated(), "hdlc+tcp://127.0.0.1:0?physical=17") as meters:
        (meter,) = meters.meters
        meter.reboot(away=0.1)
        dlms.connect(f"{meter.url}&physical=17", security=meter.security).close()
        with pytest.raises(dlms.DlmsError):
            dlms.connect(f"{meter.url}&physical=18", security=meter.security, deadlines=Deadlines(link=0.5))


def test_values_change_while_it_runs() -> None:
    energy = Register("1.0.1.8.0.255")

    async def read() -> int:
        async with simulated() as simulation:
            url = await simulation.listen("tcp://127.0.0.1:0")
            async with dlms.aio.connect(url) as client:
                await client.get(energy.value)
                simulation.meters[0].device[energy.value] = DoubleLongUnsigned(7)
                value: int = await client.get(energy.value)
                return value

    assert asyncio.run(read()) == 7


def test_what_cannot_be_simulated() -> None:
    with pytest.raises(ConfigurationError, match="no model is named martian"):
        Simulation("martian")
    with pytest.raises(ConfigurationError, match="too many"):
        Simulation(meters=70_000)
    with pytest.raises(ConfigurationError, match="beyond 65535"):
        asyncio.run(Simulation(meters=20).listen("tcp://127.0.0.1:65530"))
    with pytest.raises(ConfigurationError, match="2 meters on one line are simulated together"):
        asyncio.run(Simulation(meters=2).listen("hdlc+serial:///dev/nothing"))
    assert "european" in MODELS


def test_the_same_questions_have_the_same_answers_octet_for_octet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The challenge, the ciphertexts and the tags too, as long as the client is the same."""
    monkeypatch.setattr("dlms.shell.session.os.urandom", lambda count: bytes(range(count)))

    def session(seed: int) -> list[tuple[str, bytes]]:
        heard: list[tuple[str, bytes]] = []

        def hear(what: str, octets: bytes) -> None:
            heard.append((what, octets))

        with running(simulated(seed=seed)) as simulation, simulation.meters[0].connect(trace=hear) as meter:
            meter.get(Register("1.0.1.7.0.255").value)
            meter.read_profile(PROFILE, *DAY)
        return heard

    first, again, other = (session(seed) for seed in (1, 1, 2))
    assert len(first) > 10
    assert first == again
    assert [what for what, _ in first] == [what for what, _ in other]
    assert first != other
