"""`dlms decode`."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests import captured

from dlms.cli import main
from dlms.demo import fixtures

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
