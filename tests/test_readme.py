"""Every snippet of the README and of docs holds: those of Python run from top to bottom, `dlms` commands print what is
shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dlms.cli import main
from dlms.testing import simulated

README = Path(__file__).parent.parent / "README.md"
GUIDES = sorted((README.parent / "docs").glob("*.md"))
BLOCKS = re.findall(r"^```console\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
# Of each block, (arguments of dlms, what it prints)
CALLS = [
    [(match[1], match[2]) for match in re.finditer(r"^\$ dlms (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]
    for block in BLOCKS
]
COMMANDS = [call for calls in CALLS if not any(line.endswith(" &") for line, _ in calls) for call in calls]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_snippets_run() -> None:
    run_snippets(README, {})


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_snippets_of_a_guide_run(guide: Path) -> None:
    with simulated("european", seed=1) as simulation:
        run_snippets(guide, {"url": simulation.meters[0].url, "security": simulation.meters[0].security})


def run_snippets(guide: Path, namespace: dict[str, object]) -> None:
    text = guide.read_text(encoding="utf-8")
    snippets = list(FENCE.finditer(text))
    assert snippets, "there is no snippet"
    for snippet in snippets:
        # Leading newlines make a failing line number that of the guide.
        source = "\n" * text.count("\n", 0, snippet.start(1)) + snippet[1]
        exec(compile(source, str(guide), "exec"), namespace)  # noqa: S102


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_commands_print_what_is_shown(command: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    line, shown = command
    assert main(shlex.split(line)) == 0
    assert capsys.readouterr().out == shown


def test_the_simulated_meter_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ((meter, *clients),) = ([line for line, _ in calls] for calls in CALLS if calls and calls[0][0].endswith(" &"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-m", "dlms", *shlex.split(meter.removesuffix(" &")), "--listen", "tcp://127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith("ready ") for line in process.stdout)
        try:
            assert [main(shlex.split(client)) for client in clients] == [0] * len(clients)
        finally:
            process.kill()
    assert clients
    assert "load.png (" in capsys.readouterr().out


def test_the_makefile_has_the_commands_that_the_readme_names() -> None:
    targets = set(re.findall(r"^([\w-]+):", (README.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:\$ |`)make ([\w-]+)", README.read_text(encoding="utf-8"))) <= targets
