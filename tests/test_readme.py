"""Every snippet of the README holds: the Python ones run from top to bottom, `dlms` commands print what is shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from dlms.cli import main

README = Path(__file__).parent.parent / "README.md"
# (arguments of dlms, what it prints)
COMMANDS = [
    (match[1], match[2])
    for block in re.findall(r"^```console\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    for match in re.finditer(r"^\$ dlms (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_snippets_run() -> None:
    text = README.read_text(encoding="utf-8")
    snippets = list(FENCE.finditer(text))
    assert snippets, "the README has no snippet"
    namespace: dict[str, object] = {}
    for snippet in snippets:
        # Leading newlines make a failing line number that of the README.
        source = "\n" * text.count("\n", 0, snippet.start(1)) + snippet[1]
        exec(compile(source, str(README), "exec"), namespace)  # noqa: S102


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_commands_print_what_is_shown(command: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    line, shown = command
    assert main(shlex.split(line)) == 0
    assert capsys.readouterr().out == shown


def test_the_makefile_has_the_commands_that_the_readme_names() -> None:
    targets = set(re.findall(r"^([\w-]+):", (README.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:\$ |`)make ([\w-]+)", README.read_text(encoding="utf-8"))) <= targets
