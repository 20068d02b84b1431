"""`dlms counter` against a simulated meter, and against one that says what it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.commands import ended
from tests.serving import serving

import dlms
from dlms.association.counters import check_counted
from dlms.client import read_counter
from dlms.cosem.classes import Data
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.errors import ConfigurationError
from dlms.security import Security
from dlms.security.counters import MemoryCounterStore
from dlms.server import LogicalDevice, ServedClient, Server
from dlms.testing import RunningMeter, simulated

EK, TITLE = "000102030405060708090A0B0C0D0E0F", "4D4D4D0000000001"
COUNTER, OTHER = Data("0.0.43.1.0.255"), Data("0.0.43.1.3.255")


@pytest.fixture(scope="module")
def simulated_one() -> Iterator[RunningMeter]:
    with simulated() as simulation:
        yield simulation.meters[0]


def described(folder: Path, **entries: str) -> str:
    path = folder / "meter.toml"
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in entries.items()), encoding="ascii")
    return str(path)


@pytest.fixture
def meter(simulated_one: RunningMeter, tmp_path: Path) -> str:
    """The file of a meter that has heard of its client, whose counters are gone."""
    security = simulated_one.security
    security.counters.advance_to(check_counted(security), 100_000)
    with dlms.connect(simulated_one.url, security=security) as one:
        one.get(COUNTER.value)
    return described(tmp_path, **{**simulated_one.description, "counters": str(tmp_path / "counters.sqlite")})


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[LogicalDevice, str]]:
    """A device that holds whatever counter it is given, and the file of its client."""
    device = LogicalDevice("TST0000000000001", clients=[ServedClient(16), ServedClient(17)])
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,):
        yield device, described(
            tmp_path, url=f"{url}?client=1", policy="encrypted", client_system_title=TITLE, encryption_key=EK,
            counters=str(tmp_path / "counters.sqlite"),
        )  # fmt: skip


def shown(capsys: pytest.CaptureFixture[str], meter: str, *more: str) -> dict[str, int | None]:
    plain: dict[str, int | None] = json.loads(ended(capsys, 0, "counter", "--meter", meter, "--json", *more))
    return plain


def test_a_client_whose_counters_are_gone_gets_in_again(meter: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = shown(capsys, meter)
    assert before["following"] is None
    assert isinstance(before["accepted"], int)
    assert before["behind"] == before["accepted"] + 1 > 100_000
    assert shown(capsys, meter) == before  # looking changes nothing
    after = shown(capsys, meter, "--synchronise")
    assert after == {**before, "following": before["accepted"] + 1}
    ended(capsys, 0, "read", "--meter", meter, "1/0.0.96.1.0.255")
    assert shown(capsys, meter)["behind"] == 0


def test_in_words(told: tuple[LogicalDevice, str], capsys: pytest.CaptureFixture[str]) -> None:
    device, meter = told
    device[COUNTER.value] = DoubleLongUnsigned(41)
    behind = "ours 0, last accepted 41: 42 behind, --synchronise lets ours go on above\n"
    assert ended(capsys, 0, "counter", "--meter", meter) == behind
    assert ended(capsys, 0, "counter", "--meter", meter, "--synchronise") == (
        "ours 0, last accepted 41: ours goes on at 42\n"
    )
    assert ended(capsys, 0, "counter", "--meter", meter, "--synchronise") == (
        "ours 42, last accepted 41: ours is above it already\n"
    )
    assert ended(capsys, 0, "counter", "--meter", meter) == "ours 42, last accepted 41: above it, as it has to be\n"


def test_a_long_leap_has_to_be_forced(told: tuple[LogicalDevice, str], capsys: pytest.CaptureFixture[str]) -> None:
    device, meter = told
    device[COUNTER.value] = DoubleLongUnsigned(1 << 24)
    assert "forced" in ended(capsys, 1, "counter", "--meter", meter, "--synchronise")
    assert shown(capsys, meter)["ours"] == 0
    assert shown(capsys, meter, "--synchronise", "--force")["following"] == (1 << 24) + 1
    device[COUNTER.value] = DoubleLongUnsigned(0xFFFFFFFF)
    assert "used up" in ended(capsys, 1, "counter", "--meter", meter, "--synchronise", "--force")
    assert shown(capsys, meter)["ours"] == (1 << 24) + 1


def test_another_object_and_another_public_client(
    told: tuple[LogicalDevice, str], capsys: pytest.CaptureFixture[str]
) -> None:
    device, meter = told
    device[COUNTER.value], device[OTHER.value] = DoubleLongUnsigned(1), DoubleLongUnsigned(2)
    assert shown(capsys, meter, "--counter", "0.0.43.1.3.255")["accepted"] == 2
    assert shown(capsys, meter, "--counter", "1/0.0.43.1.3.255:2", "--public-client", "17")["accepted"] == 2
    assert ended(capsys, 1, "counter", "--meter", meter, "--public-client", "18")
    assert "undefined" in ended(capsys, 1, "counter", "--meter", meter, "--counter", "0.0.43.1.9.255")
    device[OTHER.value] = OctetString(b"1")
    assert "no invocation counter" in ended(capsys, 1, "counter", "--meter", meter, "--counter", "0.0.43.1.3.255")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--force",), "--force goes with --synchronise"),
        (("--counter", "one"), "OBIS"),
        (("--counter", "99999/0.0.43.1.0.255"), "class_id"),
        (("--public-client", "-1"), "client"),
        (("--public-client", "65536"), "client"),
        (("--timeout", "-1"), "seconds"),
        (("1/0.0.43.1.0.255",), "nothing"),
    ],
)
def test_what_cannot_be_asked_for(
    told: tuple[LogicalDevice, str], capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    assert said in ended(capsys, 2, "counter", "--meter", told[1], *words)


def test_who_has_no_key_has_no_counter(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is asked for it: no meter listens there."""
    assert "no counter is kept" in ended(capsys, 2, "counter", "tcp://127.0.0.1:1?client=1")
    with pytest.raises(ConfigurationError, match="no counter is kept"):
        read_counter("tcp://127.0.0.1:1?client=1")


def test_both_clients_compare(told: tuple[LogicalDevice, str]) -> None:
    device, meter = told
    device[COUNTER.value] = DoubleLongUnsigned(7)
    security = Security(
        policy="encrypted", client_system_title=TITLE, encryption_key=EK, counters=MemoryCounterStore(first=3)
    )
    for reading in (
        read_counter(meter=meter, security=security), asyncio.run(dlms.aio.read_counter(meter=meter, security=security))
    ):  # fmt: skip
        assert (reading.ours, reading.accepted, reading.behind) == (3, 7, 5)
        assert EK not in repr(reading)
    assert reading.go_on_above() == 8
    assert read_counter(meter=meter, security=security).behind == 0
