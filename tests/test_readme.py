"""Every Python snippet of the README runs, from top to bottom in one namespace."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
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


def test_the_makefile_has_the_commands_that_the_readme_names() -> None:
    targets = set(re.findall(r"^([\w-]+):", (README.parent / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:\$ |`)make ([\w-]+)", README.read_text(encoding="utf-8"))) <= targets
