"""Objects, registers and load profiles of the jDLMS server, read by our client over real sockets."""

from __future__ import annotations

import asyncio
import datetime
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.interop.conftest import Serve
from tests.shells.colours import COLOURS, run
from tests.shells.proxy import Direction, Proxy

import dlms
from dlms.cli import main
from dlms.client import Deadlines, Retries
from dlms.cosem.classes import AssociationLNV1, Clock, ProfileGeneric, Register
from dlms.security import Security
from dlms.units import Unit

UTC = datetime.UTC
FIRST = datetime.datetime(2024, 1, 1, tzinfo=UTC)
DAY = datetime.timedelta(days=1)
KEYS: dict[str, Any] = {
    "policy": "authenticated+encrypted",
    "client_system_title": "4D4D4D0000000001",
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
    "replay": "per_association",
}
PUBLIC, CIPHERED = (16, Security()), (1, Security("hls-gmac", **KEYS))
CLOCK, ENERGY = "0-0:1.0.0*255:2", "1-0:1.8.0*255:2"


def options(serve: Serve, link: str, who: tuple[int, Security], pdu: int = 0xFFFF) -> tuple[str, dict[str, Any]]:
    server = serve("jdlms", link, "ln")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return f"{scheme}://127.0.0.1:{server.port}?client={who[0]}", {
        "security": who[1], "quirks": "jdlms-server", "deadlines": Deadlines(response=20), "max_receive_pdu_size": pdu,
    }  # fmt: skip


def connect(
    serve: Serve, link: str = "wrapper", who: tuple[int, Security] = PUBLIC, pdu: int = 0xFFFF
) -> dlms.client.Meter:
    url, arguments = options(serve, link, who, pdu)
    return dlms.connect(url, **arguments)


def test_the_objects_of_the_current_association(serve: Serve) -> None:
    with connect(serve) as meter:
        found = meter.objects()
    assert {Clock("0.0.1.0.0.255"), Register("1.0.1.8.0.255"), ProfileGeneric("1.0.99.2.0.255")} < set(found)
    assert AssociationLNV1("0.0.40.0.0.255") in found


@pytest.mark.parametrize("more", [-3, -1, 1, 40])
def test_a_count_of_objects_that_was_changed_on_the_way(serve: Serve, more: int) -> None:
    """Its list comes in one get-response, and says that it has more or fewer objects than there are."""
    url, arguments = options(serve, "wrapper", PUBLIC)
    port = int(url.partition("?")[0].rpartition(":")[2])
    head = re.compile(rb"(\xc4\x01.\x00\x01)(.)(?=\x02\x04\x12)", re.DOTALL)

    def harm(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        return [head.sub(lambda found: found[1] + bytes([found[2][0] + more]), octets)]

    with (
        Proxy(("127.0.0.1", port)) as proxy,
        dlms.connect(url.replace(str(port), str(proxy.port)), **arguments) as meter,
    ):
        objects = meter.objects()
        assert not meter.association.misfits
        proxy.harm = harm
        assert meter.objects() == objects
        assert len(meter.association.misfits) == 1


def test_a_register_in_one_step(serve: Serve) -> None:
    with connect(serve) as meter:
        raw = meter.get(Register("1.0.1.8.0.255").value)
        quantity = meter.read(Register("1.0.1.8.0.255"))
    assert (quantity.value * 10, quantity.unit) == (raw, Unit.WATT_HOUR)


@pytest.mark.parametrize("access", ["range", "entry", "all"])
@pytest.mark.parametrize(("link", "who", "pdu"), [
    ("wrapper", PUBLIC, 0xFFFF), ("wrapper", CIPHERED, 512), ("hdlc", PUBLIC, 256), ("hdlc", CIPHERED, 1024),
])  # fmt: skip
def test_a_day_of_a_load_profile(serve: Serve, link: str, who: Any, pdu: int, access: Any) -> None:
    url, arguments = options(serve, link, who, pdu)
    received = 0

    def trace(what: str, octets: bytes) -> None:
        nonlocal received
        received += len(octets) if what == "received" else 0

    with dlms.connect(url, trace=trace, **arguments) as meter:
        profile = meter.read_profile("1.0.99.1.0.255", FIRST + DAY, FIRST + 2 * DAY, access=access)
    assert (received > 20_000) == (access == "all")  # the meter chose the rows, or sent all
    assert profile.columns[ENERGY].tolist() == [1000 + 7 * row for row in range(96, 192)]
    assert profile.columns[CLOCK][0] == np.datetime64("2024-01-02T00:00:00.000")
    assert not profile.gaps(np.datetime64("2024-01-02"), np.datetime64("2024-01-03"))
    assert profile.units == {ENERGY: Unit.WATT_HOUR}


@pytest.mark.parametrize(("who", "pdu"), [(PUBLIC, 0xFFFF), (CIPHERED, 1024)])
def test_ten_thousand_rows(serve: Serve, who: Any, pdu: int) -> None:
    with connect(serve, "wrapper", who, pdu) as meter:
        profile = meter.read_profile("1.0.99.2.0.255")
    assert np.array_equal(profile.columns[ENERGY], 1000 + 7 * np.arange(10_000))
    assert not profile.gaps()
    assert profile.time_basis == "utc"


def test_some_columns_of_a_range_without_rows(serve: Serve) -> None:
    with connect(serve) as meter:
        assert len(meter.read_profile("1.0.99.1.0.255", FIRST - 2 * DAY, FIRST - DAY)) == 0
        profile = meter.read_profile("1.0.99.1.0.255", FIRST, FIRST + DAY, columns=["1.0.1.8.0.255"])
    assert list(profile.columns) == [CLOCK, ENERGY]
    assert len(profile) == 96


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("link", "who"), [("wrapper", PUBLIC), ("wrapper", CIPHERED), ("hdlc", CIPHERED)])
def test_a_profile_over_a_line_that_is_cut(serve: Serve, link: str, who: Any, colour: str) -> None:
    """Nine days in small blocks; the wire is cut in the third, the meter is called again, and the rest is read."""
    url, arguments = options(serve, link, who, 512)
    port = int(url.partition("?")[0].rpartition(":")[2])
    cuts = 0

    def harm(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        nonlocal cuts
        if direction == "up" or cuts or offset < 6000:
            return [octets]
        cuts += 1
        return [octets[:7], None]

    async def scenario(open_meter: Any) -> None:
        with Proxy(("127.0.0.1", port), harm) as proxy:
            through = url.replace(f":{port}", f":{proxy.port}")
            async with open_meter(through, retries=Retries(pause=0.1), **arguments) as meter:
                profile = await meter.read_profile("1.0.99.1.0.255", FIRST, FIRST + 9 * DAY)
        assert profile.columns[ENERGY].tolist() == [1000 + 7 * row for row in range(9 * 96)]
        assert not profile.duplicates().any()

    run(colour, scenario)
    assert cuts == 1


def test_the_same_under_asyncio(serve: Serve) -> None:
    url, arguments = options(serve, "wrapper", CIPHERED)

    async def read() -> Any:
        async with dlms.aio.connect(url, **arguments) as meter:
            profile = await meter.read_profile("1.0.99.1.0.255", FIRST, FIRST + DAY)
            return await meter.objects(), await meter.read(Register("1.0.1.8.0.255")), profile

    objects, quantity, profile = asyncio.run(read())
    assert Clock("0.0.1.0.0.255") in objects
    assert quantity.unit == Unit.WATT_HOUR
    assert len(profile) == 96


METER = """
url = "{url}"
authentication = "hls-gmac"
policy = "authenticated+encrypted"
client_system_title = "4D4D4D0000000001"
encryption_key = "000102030405060708090A0B0C0D0E0F"
authentication_key = {{ env = "DLMS_TEST_AUTHENTICATION_KEY" }}
replay = "per_association"
quirks = "jdlms-server"
"""


@pytest.fixture
def described(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DLMS_TEST_AUTHENTICATION_KEY", bytes(range(0xD0, 0xE0)).hex())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "meter.toml"
    path.write_text(METER.format(url=options(serve, "wrapper", CIPHERED)[0]))
    return path


def test_a_ciphered_profile_by_the_command_line(
    described: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "load.png"
    arguments = ["profile", "--meter", str(described), "1.0.99.1.0.255", "--from", "2024-01-02", "--tz", "UTC"]
    assert main([*arguments, "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "904 rows" in capsys.readouterr().out
    assert main([*arguments, "--to", "2024-01-02T00:30", "--select", "1.0.1.8.0.255", "--json"]) == 0
    assert [json.loads(line)[ENERGY] for line in capsys.readouterr().out.splitlines()] == [1672, 1679]
    assert main(arguments[:-2]) == 2
    assert "zone" in capsys.readouterr().err


def test_values_by_the_command_line(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meter = ["--meter", str(described)]
    assert main(["objects", *meter, "--json"]) == 0
    assert [row["class"] for row in map(json.loads, capsys.readouterr().out.splitlines()) if row["class_id"] == 3] == [
        "Register"
    ]
    assert main(["set", *meter, "0.0.96.1.0.255:2", "octet-string:4142"]) == 0
    assert main(["read", "--json", "0.0.96.1.0.255:2", *meter, "1.0.1.8.0.255"]) == 0
    text, energy = map(json.loads, capsys.readouterr().out.splitlines())
    assert text == {"attribute": "1/0-0:96.1.0*255:2", "data": {"type": "octet-string", "value": "4142"}}
    assert energy["data"]["unit"] == "Wh"
    assert main(["call", *meter, "1.0.1.8.0.255:1"]) == 0
    assert main(["read", *meter, "1.0.1.8.0.255"]) == 0
    assert capsys.readouterr().out.strip().endswith("0.0 Wh")


@pytest.mark.parametrize(("words", "status"), [
    (["read", "1.0.9.8.0.255"], 2), (["read", "3/1.0.9.8.0.255:2"], 1), (["set", "0.0.96.1.0.255:2", "5"], 2),
    (["set", "0.0.96.1.0.255:2", "unsigned:x"], 2), (["read", "1.0.1.8.0.255", "--nothing"], 2), (["objects", "x"], 2),
])  # fmt: skip
def test_what_is_at_fault_is_the_exit_status(
    described: Path, words: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--meter", str(described)]) == status
    assert capsys.readouterr().err


def test_the_clock_by_the_command_line(described: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clock", "--meter", str(described), "--set", "--tz", "UTC"]) == 0
    capsys.readouterr()
    assert main(["clock", "--meter", str(described), "--tz", "UTC", "--json"]) == 0
    assert abs(json.loads(capsys.readouterr().out)["ahead"]) < 60


def test_the_clock_is_set(serve: Serve) -> None:
    now = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    with connect(serve) as meter:
        meter.synchronise_clock(now)
        assert meter.read_clock(now).ahead == datetime.timedelta(0)


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_another_client(serve: Serve, link: str) -> None:
    """This server hangs up with the association: it is called anew."""
    energy = Register("1.0.1.8.0.255").value
    with connect(serve, link) as meter:
        public = meter.get(energy)
        meter.reassociate(*CIPHERED)
        assert meter.get(energy) == public
        meter.reassociate(*PUBLIC)
        assert meter.get(energy) == public


def test_stations_on_a_line(serve: Serve) -> None:
    """This server answers SNRM whatever the address, and hangs up after DISC: the line is opened anew each time."""
    url, _ = options(serve, "hdlc", PUBLIC)
    found = dlms.client.scan(url, range(1, 4), patience=0.5, attempts=2)
    assert [(station.server, station.answer) for station in found] == [(1, "UA"), (2, "UA"), (3, "UA")]


def test_signs_of_life(serve: Serve) -> None:
    """Over the wrapper; over HDLC this server takes no RR, and hangs up."""
    url, arguments = options(serve, "wrapper", CIPHERED)
    seen: list[str] = []
    with dlms.connect(url, keep_alive=0.05, trace=lambda what, _: seen.append(what), **arguments) as meter:
        before = seen.count("received")
        time.sleep(0.4)
        assert seen.count("received") > before + 2
        assert meter.get(Register("1.0.1.8.0.255").value) is not None
