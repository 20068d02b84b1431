"""What goes wrong on a command line: one line on stderr, the exit status, and never a traceback."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.commands import ended

from dlms.cli import main
from dlms.demo import fixtures
from dlms.testing import simulated
from dlms.transport.url import with_options

NUMBER = "C401C1001101"
EURO = "C401C1000C03E282AC"
WITHOUT_A_METER = "tcp://127.0.0.1:1"
DEEP = '{"type": "array", "value": [' * 3000


def process(*words: str, redirected: str = "", encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own, its streams redirected by a shell."""
    command = ["/bin/sh", "-c", f'exec "$0" -m dlms "$@" {redirected}', sys.executable, *words]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run(command, capture_output=True, env=environment, stdin=subprocess.DEVNULL, timeout=60)


# ---- streams ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "redirected", "status", "said"),
    [
        (("decode", NUMBER), ">&-", 0, b""),
        (("decode", NUMBER), "<&- >&- 2>&-", 0, b""),
        (("decode", "-"), "<&-", 1, b"dlms: input: the input is empty at octet 0\n"),
        (("decode", "nothing"), "2>&-", 2, b""),
        pytest.param(
            ("--help",), ">/dev/full", 2, b"dlms: No space left on device\n",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full"),
        ),
    ],
)  # fmt: skip
@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell of POSIX")
def test_streams_that_are_closed_or_full(words: tuple[str, ...], redirected: str, status: int, said: bytes) -> None:
    done = process(*words, redirected=redirected)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", said)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell of POSIX")
def test_an_encoding_that_lacks_a_character() -> None:
    done = process("decode", EURO, encoding="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb'utf8-string "\u20ac"' in done.stdout


def test_xml_is_the_same_whatever_the_encoding(capsys: pytest.CaptureFixture[str]) -> None:
    assert "<utf8-string>&#8364;</utf8-string>" in ended(capsys, 0, "decode", "--xml", EURO)


# ---- the call ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required: COMMAND (see dlms --help)"),
        (("martian",), "invalid choice: 'martian'"),
        (("decode", "--nonsense"), "unrecognized arguments: --nonsense"),
        (("decode", NUMBER, "two\nlines"), "unrecognized arguments: two lines"),
        (("profile", "--access", "none"), "(see dlms profile --help)"),
        (("read", WITHOUT_A_METER, "--timeout", "soon"), "invalid float value: 'soon'"),
        (("clock", "tcp://\udcff.invalid"), "a meter's URL"),
        (("read", "--meter", "meter.toml"), "a url in meter.toml"),
        (("read", WITHOUT_A_METER, f"{'1' * 5000}/1.0.1.8.0.255:2"), "expected [CLASS/]OBIS[:NUMBER], got '111"),
        (("call", WITHOUT_A_METER, f"3/1.0.1.8.0.255:{'1' * 5000}"), "a logical name reads like"),
        (("set", WITHOUT_A_METER, "", "unsigned:1"), "expected [CLASS/]OBIS[:NUMBER], got ''"),
        (("profile", WITHOUT_A_METER, "1.0.99.1.0.255", "--from", "2024-01-01"), "name the zone with --tz"),
        (("profile", WITHOUT_A_METER, "1.0.99.1.0.255", "--from", ""), "'' is no time"),
        (("clock", WITHOUT_A_METER, "--tz", "Europe"), "no zone is named 'Europe'"),
        (("clock", WITHOUT_A_METER, "--tz", "x" * 300), "no zone is named 'xxx"),
        (("clock", WITHOUT_A_METER, "--tz", ""), "no zone is named ''"),
        (("set", WITHOUT_A_METER, "1/0.0.96.1.0.255:2", "compact-array:1"), "a value is TYPE:VALUE"),
        (("set", WITHOUT_A_METER, "1/0.0.96.1.0.255:2", "unsigned:"), "true or false, not ''"),
        (("set", WITHOUT_A_METER, "1/0.0.96.1.0.255:2", DEEP), "no value"),
        (("simulate", "--listen", "tcp://127.0.0.1:0", "--meter", "none/meter.toml"), "cannot write none/meter.toml"),
        (("decode", NUMBER, "--capture-objects", "zz"), "--capture-objects: expected [CLASS/]OBIS"),
        (("decode", NUMBER, "--capture-objects", f"{'1' * 5000}/1.0.1.8.0.255"), "expected [CLASS/]OBIS"),
        (("decode", NUMBER, "--keys", "meter.toml"), "there is no key in meter.toml"),
    ],
)
def test_one_line(
    words: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("meter.toml").touch()
    assert said in ended(capsys, 2, *words)


def test_a_capture_period_that_none_can_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    octets = fixtures.load_profile().octets.hex()
    assert main(["decode", octets, "--columns", "x.csv", "--capture-period", "-5"]) == 2
    assert capsys.readouterr().err.startswith("dlms: capture_period")


def test_a_demonstration_without_its_extras_shows_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert "pip install 'dlms[arrow]'" in ended(capsys, 2, "demo", "--output", str(tmp_path))


def test_a_drawing_that_needs_more_than_is_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .pgf is drawn by TeX, and matplotlib says by a RuntimeError that there is none."""
    figure = pytest.importorskip("matplotlib.figure").Figure

    def without_tex(*_: object, **__: object) -> None:
        raise RuntimeError("'xelatex' not found")

    monkeypatch.setattr(figure, "savefig", without_tex)
    octets = fixtures.load_profile().octets.hex()
    assert main(["decode", octets, "--plot", str(tmp_path / "load.pgf")]) == 2
    assert "'xelatex' not found" in capsys.readouterr().err


def test_a_user_without_a_home(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept between commands is not kept, or has to be named."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    with simulated() as simulation:
        meter = simulation.meters[0]
        url = with_options(meter.simulated.url, client=16)
        assert "octet-string" in ended(capsys, 0, "read", url, "0.0.42.0.0.255")
        file = tmp_path / "meter.toml"
        lines = [f'{name} = "{value}"' for name, value in meter.description.items() if name != "counters"]
        file.write_text("\n".join(lines), encoding="ascii")
        assert "name a file: counters = ..." in ended(capsys, 2, "read", "--meter", str(file), "0.0.42.0.0.255")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("read", "3/1.0.1.8.0.255"), "which meter?"),
        (("read", WITHOUT_A_METER, "one.two"), "expected [CLASS/]OBIS"),
        (("profile", WITHOUT_A_METER, "1.0.99.1.0.255", "--from", "soon"), "'soon' is no time"),
        (("clock", WITHOUT_A_METER, "--timeout", "-3"), "not -3.0"),
    ],
)
def test_nobody_is_asked_for_a_password_in_vain(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: pytest.fail(f"asked for the {prompt}"))
    assert said in ended(capsys, 2, *words, "--authentication", "lls")


# ---- capture files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", ["", "\ufeff", "# Zähler im Keller\n", "\n\n"])
def test_a_capture_file_is_known_by_its_first_record(
    lead: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "capture.txt"
    path.write_text(f"{lead}- sent {NUMBER}\n", encoding="utf-8")
    assert "# 1: sent, apdu" in ended(capsys, 0, "decode", str(path))
    path.write_text(f"{lead}- sent {NUMBER}\n- recieved {NUMBER}\n", encoding="utf-8")
    assert "is not of the form `TIME sent|received OCTETS`" in ended(capsys, 1, "decode", str(path))


def test_hexadecimal_text_with_a_byte_order_mark(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_text(NUMBER, encoding="utf-8-sig")
    assert "unsigned 1" in ended(capsys, 0, "decode", str(path))
