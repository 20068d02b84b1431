"""Profiles out of the command line: columns and plots."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from dlms.cli import main
from dlms.cli.outcome import complain
from dlms.cli.profiles import capture_objects, table_lines
from dlms.cosem.profile import unpack_profile
from dlms.data import Array, OctetString, Structure, Unsigned, Utf8String, dumps
from dlms.demo import fixtures
from dlms.errors import DlmsError
from dlms.logical_name import LogicalName

PROFILE = fixtures.load_profile()
NAMES = "0-0:1.0.0*255,1/0-0:96.10.1,1.0.1.8.0.255,1-0:2.8.0,5/1-0:1.4.0:3"
OPTIONS = ["--capture-objects", NAMES, "--capture-period", "900"]


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "profile.hex"
    path.write_text(PROFILE.octets.hex(" "), encoding="ascii")
    return str(path)


@pytest.mark.parametrize("names", [NAMES, PROFILE.capture_objects.hex()])
def test_npz(names: str, capture: str, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    assert main(["decode", capture, "--columns", str(out), "--capture-objects", names, "--capture-period", "900"]) == 0
    with np.load(out) as found:
        assert found["0-0:1.0.0*255:2"].dtype == np.dtype("datetime64[ms]")
        columns = [values for name, values in found.items() if not name.endswith(".mask")]
        for values, stated in zip(columns, PROFILE.values.values(), strict=True):
            assert len(values) == len(stated)
            assert values.dtype.kind == "M" or values.tolist() == stated
        assert np.count_nonzero(found["0-0:1.0.0*255:2.mask"] & 2) > 600


def test_csv(capture: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert main(["decode", capture, "--columns", str(out), *OPTIONS]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][2:] == ["1-0:1.8.0*255:2", "1-0:2.8.0*255:2", "1-0:1.4.0*255:3"]
    assert rows[1] == ["2024-05-12T22:15:00+00:00", "0", "12000082", "2300000", "329"]


def test_parquet_of_a_bare_array(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "out.parquet"
    assert main(["decode", PROFILE.buffer.hex(), "--columns", str(out), *OPTIONS]) == 0
    table = parquet.read_table(out)
    assert table["1-0:1.8.0*255:2"].to_pylist() == list(PROFILE.values.values())[2]


def test_plot(capture: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / "out.png"
    assert main(["decode", capture, "--plot", str(out), *OPTIONS]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_several_profiles_are_numbered(tmp_path: Path) -> None:
    two = tmp_path / "two"
    two.write_bytes(PROFILE.octets * 2)
    assert main(["decode", str(two), "--columns", str(tmp_path / "out.csv")]) == 0
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "out-2.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["C401C1001101", "--columns", "out.csv"], 1, "no profile is found"),
        (["C401C1001101", "--columns", "out.xlsx"], 2, ".parquet, .csv, .npz"),
        (["C401C1001101", "--columns", "out.csv", "--capture-objects", "x"], 2, "--capture-objects"),
        ([PROFILE.buffer.hex(), "--columns", "no/such/folder/out.csv"], 2, "cannot write"),
        ([PROFILE.buffer.hex(), "--columns", "no/such/folder/out.npz"], 2, "cannot write"),
        ([PROFILE.buffer.hex(), "--columns", "no/such/folder/out.parquet"], 2, "cannot write"),
        ([PROFILE.buffer.hex(), "--plot", "no/such/folder/out.png"], 2, "cannot write"),
        ([PROFILE.buffer.hex(), "--plot", "out.nonsense"], 2, "--plot draws"),
    ],
)
def test_one_clear_line(
    arguments: list[str],
    status: int,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["decode", *arguments]) == status
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "pip"), [(["--columns", "out.parquet"], "'dlms[arrow]'"), (["--plot", "out.png"], "'dlms[plot]'")]
)
def test_an_extra_that_is_not_installed(
    option: list[str], pip: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert main(["decode", "C401C1001101", *option]) == 2
    assert f"pip install {pip}" in capsys.readouterr().err


def test_capture_objects() -> None:
    assert capture_objects("1-0:1.8.0*255:2[3], 8/0.0.1.0.0.255") == [
        (3, LogicalName("1-0:1.8.0"), 2, 3),
        (8, LogicalName("0-0:1.0.0"), 2, 0),
    ]
    with pytest.raises(DlmsError):
        capture_objects("1-0:1.8.0,")


def test_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("matplotlib")
    assert main(["demo", "--output", str(tmp_path / "demo-output")]) == 0
    out = capsys.readouterr().out
    assert "Its load profile 1.0.99.1.0.255: the last 7 days, 672 rows" in out
    assert "1-0:31.7.0*255  Current L1, instantaneous                          9.05 A" in out
    assert out.splitlines()[-1].endswith("x memcpy of the same octets.")
    assert {path.name for path in (tmp_path / "demo-output").iterdir()} == {"load_profile.parquet", "load_profile.png"}


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (f"{NAMES},1-0:2.7.0", "6 of them, where the profiles found have 5 columns"),
        ("01010904 01020304", "a capture object is"),
        ("0906 010203040506", "attribute 3 of a profile is an array"),
    ],
)
def test_capture_objects_that_are_none_of_the_profile(
    names: str, wrong: str, capture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["decode", capture, "--columns", str(out), "--capture-objects", names]) == 2
    assert f"--capture-objects: {wrong}" in capsys.readouterr().err
    assert not out.exists()


def test_the_text_of_a_meter_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rows = unpack_profile(dumps(Array([Structure([Utf8String("\x1b[2J"), Unsigned(1)])])))
    assert list(table_lines(rows, 1, 1))[1].split() == ['"\\x1b[2J"', "1"]
    complain("the meter says \x1b[2J\nand more")
    assert capsys.readouterr().err == "dlms: the meter says \\x1b[2J and more\n"


@pytest.mark.parametrize(("deviation", "shown"), [("FFC4", "23:00:00Z"), ("8000", "00:00:00")])
def test_the_table_says_which_times_are_in_utc(deviation: str, shown: str) -> None:
    clock = OctetString(bytes.fromhex(f"07EA0301FF00000000{deviation}00"))
    rows = unpack_profile(
        dumps(Array([Structure([clock, Unsigned(1)])])), [(8, "0.0.1.0.0.255", 2), (3, "1.0.1.8.0.255", 2)]
    )
    assert list(table_lines(rows, 1, 1))[1].split()[1] == shown
