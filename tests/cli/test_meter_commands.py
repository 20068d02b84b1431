"""The commands that talk to a meter, against a meter of ours: what they print, and how they end."""

from __future__ import annotations

import csv
import getpass
import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import ended
from tests.serving import serving
from tests.shells.wires import counters_in

from dlms.cosem.classes import Clock, Data, DisconnectControl, ProfileGeneric, Register
from dlms.cosem.types import CaptureObjectDefinition
from dlms.data import DoubleLongUnsigned, Float64, Integer, OctetString, Unsigned
from dlms.datetime import CosemDateTime
from dlms.enumerations import MethodAccessV3
from dlms.server import READ_AND_WRITE, LogicalDevice, ProfileBuffer, ServedClient, Server
from dlms.transport.capture import read_capture

EK, AK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = "4D4D4D0000000001"
ENERGY, CLOCK, NAME = Register("1.0.1.8.0.255"), Clock("0.0.1.0.0.255"), Data("0.0.96.1.0.255")
NUMBER, SWITCH = Data("0.0.96.3.10.255"), DisconnectControl("0.0.96.3.11.255")
PROFILE, FLOATS = ProfileGeneric("1.0.99.1.0.255"), ProfileGeneric("1.0.99.2.0.255")


def make_device(calls: list[Any]) -> LogicalDevice:
    rights: dict[str, Any] = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
    device = LogicalDevice(
        "TST0000000000001",
        system_title=b"TST\0\0\0\0\1",
        clients=[
            ServedClient(16, **rights),
            ServedClient(17, authentication="lls", password="12345678", **rights),
            ServedClient(
                1, authentication="hls-gmac", policy="authenticated+encrypted", encryption_key=EK,
                authentication_key=AK, replay="per_association", **rights,
            ),
        ],
    )  # fmt: skip
    device[NAME.value] = OctetString(b"a meter of ours")
    device[NUMBER.value] = Unsigned(5)
    device[ENERGY.value] = DoubleLongUnsigned(123456)
    device[ENERGY.scaler_unit] = (-1, 30)
    device[CLOCK.time] = CosemDateTime.from_octets(bytes.fromhex("07E80101FF00000000000000"))
    device[CLOCK.status] = 0
    captured = [
        CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0), CaptureObjectDefinition(3, ENERGY.logical_name, 2, 0),
    ]  # fmt: skip
    rows = [(bytes.fromhex(f"07E80101FF{hour:02X}000000000000"), 1000 + hour) for hour in range(24)]
    device[PROFILE.capture_objects] = captured
    device[PROFILE.capture_period] = 3600
    device[PROFILE.buffer] = ProfileBuffer(captured, (OctetString, DoubleLongUnsigned), rows)
    numbers = [(rows[0][0], number) for number in (1.5, math.nan, math.inf)]
    device[FLOATS.capture_objects] = captured
    device[FLOATS.buffer] = ProfileBuffer(captured, (OctetString, Float64), numbers)

    def disconnect(argument: int) -> Integer:
        calls.append(argument)
        return Integer(-argument - 1)

    device.on_call(SWITCH.remote_disconnect, disconnect)
    return device


@pytest.fixture(scope="module")
def calls() -> list[Any]:
    return []


@pytest.fixture(scope="module")
def url(calls: list[Any]) -> Iterator[str]:
    with serving(Server(make_device(calls)), "tcp://127.0.0.1:0") as (found,):
        yield found


def test_objects(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ended(capsys, 0, "objects", url).splitlines()
    assert any(line.startswith("3/1-0:1.8.0*255") and "Register, version 0" in line for line in lines)
    rows = [json.loads(line) for line in ended(capsys, 0, "objects", url, "--json").splitlines()]
    assert len(rows) == len(lines)
    (row,) = [row for row in rows if row["logical_name"] == str(CLOCK.logical_name)]
    assert (row["class_id"], row["version"], row["class"]) == (8, 0, "Clock")


def test_read(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, 0, "read", url, "3/1.0.1.8.0.255") == "3/1-0:1.8.0*255:2 12345.6 Wh\n"
    shown = ended(capsys, 0, "read", url, "3/1.0.1.8.0.255:2", "1/0.0.96.3.10.255", "--json").splitlines()
    assert [json.loads(line) for line in shown] == [
        {"attribute": "3/1-0:1.8.0*255:2", "data": {"type": "double-long-unsigned", "value": 123456}},
        {"attribute": "1/0-0:96.3.10*255:2", "data": {"type": "unsigned", "value": 5}},
    ]
    with_unit = json.loads(ended(capsys, 0, "read", url, "3/1.0.1.8.0.255", "--json"))
    assert with_unit["data"] == {"value": "12345.6", "unit": "Wh"}


def test_a_capture_file(url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = str(tmp_path / "capture.txt")
    for _ in range(2):  # a second session is added
        ended(capsys, 0, "read", url, "1/0.0.96.3.10.255", "--capture", path)
    shown = ended(capsys, 0, "decode", path)
    assert shown.count("sent, wrapper, at octet 0") == 1
    assert shown.count("\nrlre") == 2
    assert "cannot write" in ended(capsys, 2, "read", url, "1/0.0.96.3.10.255", "--capture", str(tmp_path))


def test_the_class_comes_from_the_object_list_once(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert ended(capsys, 0, "read", url, "1.0.1.8.0.255").startswith("3/1-0:1.8.0*255:2 12345.6 Wh")
    (cached,) = (tmp_path / "cache" / "dlms").iterdir()
    kept = json.dumps([[1, 0, "0-0:96.3.10*255"]])
    cached.write_text(kept, encoding="ascii")
    assert ended(capsys, 0, "read", url, "0.0.96.3.10.255").endswith("unsigned 5\n")
    assert cached.read_text(encoding="ascii") == kept  # nobody looked
    for nonsense in ("no list", "{}", "[[1]]", '[["1", 0, "x"]]'):
        cached.write_text(nonsense, encoding="ascii")
        ended(capsys, 0, "read", url, "1.0.1.8.0.255")


def test_an_object_list_that_is_out_of_date_is_read_once_more(
    url: str, calls: list[Any], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The meter behind the URL is another one by now: objects came, and others are of other classes."""
    energy, number, switch = "1.0.1.8.0.255", "0.0.96.3.10.255", "0.0.96.3.11.255"
    ended(capsys, 0, "objects", url)
    (cached,) = (tmp_path / "cache" / "dlms").iterdir()
    old = json.dumps([[4, 0, energy], [3, 0, number], [1, 0, switch]])

    def wrongly_kept(*command: str) -> str:
        cached.write_text(old, encoding="ascii")
        shown = ended(capsys, 0, *command)
        assert cached.read_text(encoding="ascii") != old
        return shown

    assert wrongly_kept("read", url, energy) == "3/1-0:1.8.0*255:2 12345.6 Wh\n"
    assert wrongly_kept("read", url, f"{energy}:3", number).splitlines()[-1] == "1/0-0:96.3.10*255:2 unsigned 5"
    assert "a meter of ours" in wrongly_kept("read", url, "0.0.96.1.0.255")
    wrongly_kept("set", url, f"{number}:2", "unsigned:5")
    calls.clear()
    assert wrongly_kept("call", url, f"{switch}:1", "integer:3") == "integer -4\n"
    assert calls == [3]
    wrongly_kept("objects", url)


def test_what_the_meter_does_not_have_is_asked_for_once_more_at_the_most(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    trace = tmp_path / "trace.txt"

    def lists_read(status: int, said: str, *command: str) -> int:
        assert said in ended(capsys, status, *command, "--capture", str(trace))
        shown = ended(capsys, 0, "decode", str(trace))
        trace.unlink()
        return shown.count("class-id: 15")

    unknown = "0.0.96.77.10.255"
    assert lists_read(2, "write CLASS/OBIS", "read", url, unknown) == 1
    assert lists_read(2, "write CLASS/OBIS", "read", url, unknown, unknown) == 1
    (cached,) = (tmp_path / "cache" / "dlms").iterdir()
    cached.write_text(json.dumps([[3, 0, unknown], [3, 0, "1.0.1.8.0.255"]]), encoding="ascii")
    assert lists_read(1, "undefined", "read", url, unknown) == 1
    assert lists_read(1, "1-0:1.8.0", "read", url, "1.0.1.8.0.255:9") == 1
    assert lists_read(1, "undefined", "read", url, f"3/{unknown}") == 0


def test_set(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    address = "1/0.0.96.3.10.255:2"
    assert ended(capsys, 0, "set", url, address, "unsigned:7") == ""
    assert ended(capsys, 0, "read", url, address).endswith("unsigned 7\n")
    assert ended(capsys, 0, "set", url, address, '{"type": "long", "value": -3}') == ""
    assert ended(capsys, 0, "read", url, address).endswith("long -3\n")
    for wrong in ("7", "unsigned:300", "unsigned:x", "octet-string:0g", '{"type": "none"}', '{"type":'):
        assert "value" in ended(capsys, 2, "set", url, address, wrong)
    assert "ATTRIBUTE" in ended(capsys, 2, "set", url, "1/0.0.96.3.10.255", "unsigned:7")
    assert "undefined" in ended(capsys, 1, "set", url, "1/0.0.96.77.10.255:2", "unsigned:7")


def test_call(url: str, calls: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    calls.clear()
    assert ended(capsys, 0, "call", url, "70/0.0.96.3.11.255:1", "integer:3") == "integer -4\n"
    shown = ended(capsys, 0, "call", url, "70/0.0.96.3.11.255:1", "--json")
    assert json.loads(shown) == {"method": "70/0-0:96.3.11*255:method 1", "data": {"type": "integer", "value": -1}}
    assert calls == [3, 0]
    assert "METHOD" in ended(capsys, 2, "call", url, "70/0.0.96.3.11.255")
    assert ended(capsys, 1, "call", url, "70/0.0.96.3.11.255:2")


def test_clock(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(ended(capsys, 0, "clock", url, "--tz", "UTC", "--json"))
    assert shown["octets"] == "07e80101ff00000000000000"
    assert shown["ahead"] < -86400
    ended(capsys, 0, "clock", url, "--tz", "UTC", "--set")
    assert abs(json.loads(ended(capsys, 0, "clock", url, "--tz", "UTC", "--json"))["ahead"]) < 30
    assert "ahead" in (line := ended(capsys, 0, "clock", url, "--tz", "UTC")) or "behind" in line
    assert "zone" in ended(capsys, 2, "clock", url, "--tz", "Atlantis/Middle")


def test_profile(url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    span = ["profile", url, "1.0.99.1.0.255", "--from", "2024-01-01T03:00Z", "--to", "2024-01-01T05:00Z"]
    rows = [json.loads(line) for line in ended(capsys, 0, *span, "--json").splitlines()]
    assert rows == [
        {"0-0:1.0.0*255:2": "2024-01-01T03:00:00+00:00", "1-0:1.8.0*255:2": 1003},
        {"0-0:1.0.0*255:2": "2024-01-01T04:00:00+00:00", "1-0:1.8.0*255:2": 1004},
    ]
    assert ended(capsys, 0, *span).splitlines()[1].split() == ["2024-01-01", "03:00:00Z", "100.3"]
    out = tmp_path / "rows.csv"
    assert ended(capsys, 0, *span, "--columns", str(out)) == f"written: {out} (2 rows)\n"
    with out.open(newline="") as file:
        assert len(list(csv.reader(file))) == 3
    whole = ended(capsys, 0, "profile", url, "7/1-0:99.1.0", "--access", "all", "--select", "1.0.1.8.0.255")
    assert whole.splitlines()[-1].split()[-1] == "102.3"
    for wrong in (
        ["--columns", "rows.doc"], ["--plot", "rows.doc"], ["--from", "yesterday"], ["--from", "2024-01-01"],
    ):  # fmt: skip
        ended(capsys, 2, "profile", url, "1.0.99.1.0.255", *wrong)
    assert "profile generic" in ended(capsys, 2, "profile", url, "3/1.0.99.1.0.255")
    assert ended(capsys, 1, "profile", url, "1.0.99.77.0.255")


def test_what_is_no_number_is_json_all_the_same(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ended(capsys, 0, "profile", url, "1.0.99.2.0.255", "--json").splitlines()
    rows = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert [row["1-0:1.8.0*255:2"] for row in rows] == [1.5, "nan", "inf"]


def test_a_plot(url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "load.png"
    ended(capsys, 0, "profile", url, "1.0.99.1.0.255", "--plot", str(out))
    assert out.read_bytes().startswith(b"\x89PNG")


def test_commands_go_on_with_the_counters_of_those_before(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keys from the environment and no file that names one for the counters."""
    for name, value in (("ENCRYPTION_KEY", EK), ("AUTHENTICATION_KEY", AK), ("CLIENT_SYSTEM_TITLE", TITLE)):
        monkeypatch.setenv(f"DLMS_{name}", value)
    capture = tmp_path / "capture.txt"
    for _ in range(3):
        ended(
            capsys, 0, "read", f"{url}?client=1", "3/1.0.1.8.0.255", "--authentication", "hls-gmac", "--policy",
            "authenticated+encrypted", "--replay", "per_association", "--capture", str(capture),
        )  # fmt: skip
    records = [record for record in read_capture(capture.read_text()) if record.direction == "sent"]
    counters = [counter for record in records for counter in counters_in(record.octets)]
    assert len(counters) > 10
    assert counters == sorted(set(counters))


def test_a_meter_by_its_file(
    url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(EK, encoding="ascii")
    monkeypatch.setenv("THE_OTHER_KEY", AK)
    path = tmp_path / "meter.toml"
    path.write_text(
        f'url = "{url}?client=1"\nauthentication = "hls-gmac"\npolicy = "authenticated+encrypted"\n'
        'client_system_title = "4D4D4D0000000001"\nreplay = "per_association"\n'
        f'encryption_key = {{ file = "{tmp_path / "key"}" }}\nauthentication_key = {{ env = "THE_OTHER_KEY" }}\n',
        encoding="ascii",
    )
    for command in (["read", "1.0.1.8.0.255", "--meter", str(path)], ["read", "--meter", str(path), "1.0.1.8.0.255"]):
        assert "12345.6 Wh" in ended(capsys, 0, *command)
    monkeypatch.setenv("THE_OTHER_KEY", AK[::-1])
    assert EK not in (said := ended(capsys, 1, "read", "1.0.1.8.0.255", "--meter", str(path)))
    assert AK[::-1] not in said
    monkeypatch.delenv("THE_OTHER_KEY")
    assert "THE_OTHER_KEY" in ended(capsys, 2, "read", "1.0.1.8.0.255", "--meter", str(path))
    path.write_text("url = ", encoding="ascii")
    assert "TOML" in ended(capsys, 2, "read", "1.0.1.8.0.255", "--meter", str(path))
    path.write_text('url = "tcp://127.0.0.1"\nencription_key = "00"\n', encoding="ascii")
    assert "encription_key" in ended(capsys, 2, "read", "1.0.1.8.0.255", "--meter", str(path))


def test_secrets_come_from_the_environment_or_a_prompt(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["read", f"{url}?client=17", "1/0.0.96.1.0.255", "--authentication", "lls"]
    assert "password" in ended(capsys, 2, *command)
    monkeypatch.setenv("DLMS_PASSWORD", "12345678")
    ended(capsys, 0, *command)
    monkeypatch.delenv("DLMS_PASSWORD")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: asked.append(prompt) or "12345678")
    ended(capsys, 0, *command)
    assert asked == ["password: "]

    def nobody(prompt: str, stream: object) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    assert "no password was given" in ended(capsys, 2, *command)
    monkeypatch.setenv("DLMS_PASSWORD", "87654321")
    assert "87654321" not in ended(capsys, 1, *command)


def test_a_meter_that_is_not_there(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "no connection" in ended(capsys, 1, "read", f"tcp://127.0.0.1:{port}", "1/0.0.96.1.0.255")
    assert "which meter" in ended(capsys, 2, "read", "1/0.0.96.1.0.255")
    assert "gopher" in ended(capsys, 2, "read", "gopher://127.0.0.1", "1/0.0.96.1.0.255")
    assert "key" in ended(capsys, 2, "read", f"{url}?encryption_key=00", "1/0.0.96.1.0.255")
    assert ended(capsys, 1, "read", f"{url}?client=99", "1/0.0.96.1.0.255")
    assert "OBIS" in ended(capsys, 2, "read", url, "one.two")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clock", "--timeout", "-3"), "seconds, 0 to"),
        (("clock", "--timeout", "nan"), "not nan"),
        (("read", "99999/1.0.1.8.0.255:2"), "class_id"),
        (("read", "3/1.0.1.8.0.255:128"), "not 128"),
        (("set", "3/1.0.1.8.0.255:999", "unsigned:5"), "not 999"),
        (("call", "3/1.0.1.8.0.255:999"), "not 999"),
    ],
)
def test_what_no_meter_can_be_asked_for(
    url: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    command, *rest = words
    assert said in ended(capsys, 2, command, url, *rest)


def test_addresses_that_no_meter_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert "client 999" in ended(capsys, 2, "clock", "hdlc+tcp://127.0.0.1:1?client=999")
    assert "not a meter's URL" in ended(capsys, 2, "clock", f"tcp://{'a' * 64}.example")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_in_one_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No space left" in ended(capsys, 2, "clock", url, "--capture", "/dev/full")
    for words in (["objects", url], ["read", url, "3/1.0.1.8.0.255:2", "3/1.0.99.99.0.255:2"]):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-m", "dlms", *words]
            run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        assert run.returncode
        assert "Traceback" not in run.stderr
        assert run.stderr.count("\n") == 1


def test_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert os.fspath(tmp_path) in ended(capsys, 2, "objects", "--meter", os.fspath(tmp_path / "none.toml"))
