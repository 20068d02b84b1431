"""`dlms simulate` as a process: its ready line, its file for --meter, its end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlms.cli import main
from dlms.simulate import MODELS
from dlms.simulate.faults import DEFAULTS


@contextlib.contextmanager
def simulate(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process, and what it printed up to its ready line."""
    command = [sys.executable, "-m", "dlms", "simulate", "--listen", "tcp://127.0.0.1:0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        try:
            while not lines or not lines[-1].startswith("ready "):
                line = process.stdout.readline()
                assert line, lines
                lines.append(line.rstrip("\n"))
            yield process, lines
        finally:
            process.kill()


@pytest.mark.parametrize("signalled", [signal.SIGINT, signal.SIGTERM])
def test_a_meter_until_it_is_told_to_end(
    signalled: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "meter.toml")
    with simulate("--meter", file) as (process, lines):
        monkeypatch.chdir(tmp_path)  # where the counters go
        ready, url, count, what = lines[-1].split(" ")
        assert (ready, count, what) == ("ready", "1", "meter")
        for _ in range(2):  # the second time with the counters of the first
            command = [
                "profile",
                "--meter",
                "meter.toml",
                "1.0.99.1.0.255",
                "--from",
                "2026-06-01",
                "--to",
                "2026-06-02",
            ]
            assert main([*command, "--tz", "UTC", "--json"]) == 0
            assert len(capsys.readouterr().out.splitlines()) == 96
        assert main(["read", url, "1/0.0.42.0.0.255:2"]) == 0
        process.send_signal(signalled)
        assert process.wait(10) == 0


def test_many_meters_on_one_port_range() -> None:
    with simulate("--meters", "20", "--seed", "3", "--fault", "reboot=0.5", "--fault", "slow=0.1") as (process, lines):
        assert lines[-1].endswith(" 20 meters")
        process.terminate()
        assert process.wait(10) == 0


def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--listen", "ftp://x"]) == 2
    assert main(["simulate", "--meters", "0"]) == 2
    assert main(["simulate", "--model", "martian"]) == 2
    assert main(["simulate", "--fault", "deaf"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_the_help_names_every_model_and_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in (*MODELS, *DEFAULTS) if name not in shown] == []


def test_a_meter_that_pushes_says_how_to_listen() -> None:
    with simulate("--model", "norwegian") as (process, lines):
        assert any(line.endswith("| dlms decode -") for line in lines)
        process.terminate()
        assert process.wait(10) == 0
