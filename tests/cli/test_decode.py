"""`dlms decode`."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest
from tests import captured

import dlms
from dlms.cli import main
from dlms.cosem.classes import ProfileGeneric, Register
from dlms.demo import fixtures
from dlms.testing import CaptureFile, simulated
from dlms.transport.capture import Record, read_capture, write_capture

GENERAL_CIPHERING = (
    "DD080102030405060708084D4D4D0000BC614E084D4D4D00000000010C07E80102020A0B0C00FFC40002AABB00"
    "1E3000000000A849AF776601610D5AAD5CDDB2D454011B671A3F708C3DAE28"
)
FIXTURES = {telegram.name: telegram for telegram in fixtures.telegrams()}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DLMS_ENCRYPTION_KEY", "DLMS_AUTHENTICATION_KEY", "DLMS_SYSTEM_TITLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def keys(tmp_path: Path) -> str:
    known = fixtures.keys()
    path = tmp_path / "keys.toml"
    path.write_text("".join(f'{name} = "{getattr(known, name).hex()}"\n' for name in known.__slots__), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", FIXTURES)
def test_every_framing(name: str, keys: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixture = FIXTURES[name]
    file = tmp_path / "capture.bin"
    file.write_bytes(fixture.octets)
    assert main(["decode", str(file), "--keys", keys]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"# 1: {fixture.framing}, at octet ")
    assert "12345678" in out
    assert ("deciphered" in out) == (fixture.invocation_counter is not None)
    authenticated = fixture.security_control is not None and bool(fixture.security_control & 0x10)
    assert ("deciphered, authenticated" in out) == authenticated
    assert main(["decode", fixture.octets.hex(":"), "--keys", keys, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "data-notification"
    assert main(["decode", fixture.octets.hex(), "--keys", keys, "--xml"]) == 0
    (apdu,) = ElementTree.fromstring(capsys.readouterr().out)  # noqa: S314
    assert apdu.tag == "data-notification"


@pytest.mark.parametrize(
    ("source", "status", "line"),
    [
        ("", 1, "empty"),
        ("C4C", 1, "odd number"),
        ("no-such-file", 2, "no such file"),
        ("C401C1000906", 1, "at octet 6"),
        ("7EA0", 1, "octet"),
        ("7EA0210502217380BC8180140502010006020100070400000001080400000001696D7E", 1, "no APDU"),  # UA
    ],
)
def test_one_clear_line(source: str, status: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", source]) == status
    err = capsys.readouterr().err
    assert err.startswith("dlms: ")
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.skipif(captured.CORPUS is None, reason=captured.REASON)
@pytest.mark.parametrize("item", [pytest.param(item, id=item["id"]) for item in captured.items()])
def test_captured_items(item: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for octets in captured.octets_of(item):
        file = tmp_path / "capture"
        file.write_bytes(octets)
        status = main(["decode", str(file)])
        err = capsys.readouterr().err
        assert (status, bool(err)) in ((0, False), (1, True)), err
        assert all(line.startswith("dlms: ") for line in err.splitlines())


def test_what_is_readable_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    octets = FIXTURES["apdu"].apdu
    assert main(["decode", octets[:-30].hex()]) == 1
    out, err = capsys.readouterr()
    assert "1-0:31.7.0*255  Current L1, instantaneous" in out
    assert "data-notification.notification-body" in err
    assert err.count("\n") == 1


def test_keys_are_not_echoed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "00112233445566778899AABBCCDDEEFF"
    file = tmp_path / "keys.toml"
    for text in (f'encryption_key = "{secret}"', f'encryption_key = "{secret}00"', f"encryption_key = {secret}"):
        file.write_text(text, encoding="utf-8")
        status = main(["decode", FIXTURES["wrapper, ciphered"].octets.hex(), "--keys", str(file)])
        out, err = capsys.readouterr()
        assert status in (1, 2)
        assert secret[:12] not in (out + err).upper()


def test_unchecked_only_by_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DLMS_ENCRYPTION_KEY", fixtures.keys().encryption_key.hex())
    octets = FIXTURES["wrapper, ciphered"].octets.hex()
    assert main(["decode", octets]) == 1
    assert "authentication key" in capsys.readouterr().err
    assert main(["decode", octets, "--accept-unchecked"]) == 0
    assert "deciphered, not authenticated" in capsys.readouterr().out


def run(*arguments: str, octets: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "dlms", *arguments], input=octets, capture_output=True)


def test_as_a_process() -> None:
    octets = FIXTURES["mbus"].octets
    done = run("decode", octets=octets + octets)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"data-notification") == 2
    done = run("decode", "-", "--json", octets=octets.hex(" ").encode())
    assert json.loads(done.stdout)["type"] == "data-notification"
    done = run("decode")
    assert (done.returncode, done.stderr) == (1, b"dlms: input: the input is empty at octet 0\n")
    assert run("decode", "--nonsense").returncode == 2
    assert run().returncode == 2


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    file = tmp_path / "many"
    file.write_bytes(FIXTURES["hdlc"].octets * 100)
    with subprocess.Popen(
        [sys.executable, "-m", "dlms", "decode", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_telegrams_on_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lines.txt"
    apdus = ["C401C1001101", "C4:01:C1:00:12:00:02", "0xC4 0x01 0xC1 0x00 0x11 0x03"]
    file.write_text("\n".join(apdus), encoding="utf-8")
    assert main(["decode", str(file), "--json"]) == 0
    assert [json.loads(line)["fields"]["result"]["value"] for line in capsys.readouterr().out.splitlines()] == [1, 2, 3]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A ciphered session, in which a day of a load profile is read in blocks: its capture file, and a key file."""
    folder = tmp_path_factory.mktemp("session")
    capture, keys = folder / "capture.txt", folder / "keys.toml"
    day = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC), datetime.datetime(2026, 1, 6, tzinfo=datetime.UTC)
    with simulated("european", seed=1) as simulation, CaptureFile(capture) as trace:
        description = simulation.meters[0].description
        with simulation.meters[0].connect(trace=trace, max_receive_pdu_size=200) as meter:
            assert len(meter.read_profile(ProfileGeneric("1.0.99.1.0.255"), *day)) == 96
    names = ("encryption_key", "authentication_key")
    keys.write_text("".join(f'{name} = "{description[name]}"\n' for name in names), encoding="ascii")
    return capture, keys


def test_a_profile_read_in_blocks(
    session: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both directions of a capture file; the titles are those of AARQ and AARE, nothing but the keys is given."""
    capture, keys = map(str, session)
    columns = tmp_path / "columns.csv"
    assert main(["decode", capture, "--keys", keys, "--columns", str(columns)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "sent, wrapper, at octet 0, from 1 to 1\naarq" in out
    assert "received, wrapper, at octet 0, from 1 to 1\naare" in out
    assert "joined from its blocks\nget-response-normal" in out
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in tmp_path.glob("columns*.csv")]
    assert max(lines) == 1 + 98  # the names, a day, and the rows around it, which the client asks for besides


def test_a_block_that_is_missing(
    session: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture, keys = session
    records = read_capture(capture.read_text(encoding="ascii"))
    blocks = [record for record in records if record.direction == "received" and len(record.octets) > 190]
    records.remove(blocks[-3])
    shortened = tmp_path / "capture.txt"
    shortened.write_text(write_capture(records), encoding="ascii")
    assert main(["decode", str(shortened), "--keys", str(keys)]) == 1
    assert "blocks: expected block" in capsys.readouterr().err


def test_general_ciphering(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A vector computed from the book: key-info absent, suite 0."""
    keys = tmp_path / "keys.toml"
    keys.write_text('encryption_key = "000102030405060708090A0B0C0D0E0F"\n'
                    'authentication_key = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"\n', encoding="ascii")  # fmt: skip
    assert main(["decode", GENERAL_CIPHERING, "--keys", str(keys)]) == 0
    assert "get-request-normal" in capsys.readouterr().out


FAULTS_OF_SESSIONS = {
    "sess-kamstrup-k351c-lls-loadprofile": "blocks: expected block 3, got block 7",
    "sess-elgama-sn-reads": "expected segment 4, got segment 7",
    "sess-elgama-sn-write": "expected frame check sequence 4190, got 2AE4",
    "sess-nartis100": "no APDU is found here",
}
"""What the sources of captured sessions left out or printed wrong; all others are read without a fault."""


@pytest.mark.skipif(captured.CORPUS is None, reason=captured.REASON)
def test_captured_sessions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both directions of every captured session as a capture file; where keys are known, nothing stays closed."""
    path, keys = tmp_path / "capture.txt", tmp_path / "keys.toml"
    sessions = [item for item in captured.items() if item["id"].startswith("sess-")]
    assert len(sessions) == 19
    for item in sessions:
        frames = [Record("sent" if each["dir"] == "C" else "received", bytes.fromhex(each["hex"]))
                  for each in item["frames"]]  # fmt: skip
        path.write_text(write_capture(frames), encoding="ascii")
        cipher, known = item.get("cipher", {}), []
        if "ek" in cipher:
            keys.write_text(f'encryption_key = "{cipher["ek"]}"\nauthentication_key = "{cipher["ak"]}"\n', "ascii")
            known = ["--keys", str(keys)]
        fault = FAULTS_OF_SESSIONS.get(item["id"])
        assert main(["decode", str(path), *known]) == (fault is not None), item["id"]
        out, err = capsys.readouterr()
        assert fault in err if fault else err == "", item["id"]
        ciphered = ("glo-get", "glo-action", "glo-initiate")
        services = sum(line.startswith(ciphered) for line in out.splitlines())
        assert out.count("deciphered, ") == (services if known else 0)
        for joined in item.get("reassembled_here", ()):
            assert f"array of {joined['elements']}" in out


@pytest.mark.parametrize("ciphering", ["service", "general"])
def test_user_information_and_the_dedicated_key_in_it(
    ciphering: Literal["service", "general"], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capture, keys = tmp_path / "session.txt", tmp_path / "keys.toml"
    with simulated() as simulation:
        meter = simulation.meters[0]
        security = replace(meter.security, dedicated_key=True, ciphering=ciphering)
        with CaptureFile(capture) as trace, dlms.connect(meter.url, security=security, trace=trace) as connected:
            assert connected.get(Register("1.0.1.8.0.255").scaler_unit) is not None
    known = {name: getattr(security, name).reveal().hex() for name in ("encryption_key", "authentication_key")}
    keys.write_text("".join(f'{name} = "{digits}"\n' for name, digits in known.items()))

    assert main(["decode", str(capture), "--keys", str(keys)]) == 0
    shown = capsys.readouterr().out
    assert "ded-get-re" in shown if ciphering == "service" else "general-ded-ciphering" in shown
    for line in ("initiate-request", "initiate-response", "get-response-normal"):
        assert re.search(rf"deciphered, authenticated, invocation counter \d+:\n{line}", shown), line

    assert main(["decode", str(capture), "--keys", str(keys), "--json"]) == 0
    kinds = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert kinds[:4] == ["aarq", "initiate-request", "aare", "initiate-response"]

    keys.write_text(keys.read_text().replace(known["encryption_key"], "00" * 16))
    assert main(["decode", str(capture), "--keys", str(keys)]) == 1
