"""Rules of the house that no linter knows: words, paths, floors and stubs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "src" / "dlms_core"


def tracked() -> list[Path]:
    """The files of the repository, or of the unpacked source distribution where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True
    )
    if listing.returncode:
        return [path for top in ("src", "tests", "benchmarks") for path in (ROOT / top).rglob("*") if path.is_file()]
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def texts() -> list[tuple[str, str]]:
    """(name, content) of every text file."""
    found = []
    for path in tracked():
        try:
            found.append((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


# Spelt with brackets so that this file does not match itself.
OUTSIDE = re.compile(r"/w[o]rk/|/f[a]rm/|[.][.]/shar[e]d|bash_j[o]bs")
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|raise NotImplementedErro[r]")
# Two classes of the Blue Book are called managers there.
VAGUE = re.compile(
    r"^\s*(?:cdef )?class (?!ArrayManager\b|SensorManager\b)\w*(?:Manage[r]|Helpe[r]|Handle[r]|Util[s])\b", re.MULTILINE
)
BANNED_NAME = re.compile(r"(?<![A-Za-z0-9])i[c](?![A-Za-z0-9])")


@pytest.mark.parametrize(
    ("pattern", "suffixes", "allowed"),
    [
        (OUTSIDE, None, {".ci/run"}),
        (UNFINISHED, None, set()),
        (VAGUE, {".py", ".pyx", ".pyi", ".pxd"}, set()),
        (BANNED_NAME, {".py", ".pyx", ".pyi", ".pxd", ".h"}, set()),
    ],
    ids=["paths from outside", "unfinished", "vague class names", "the banned abbreviation"],
)
def test_forbidden_words(pattern: re.Pattern[str], suffixes: set[str] | None, allowed: set[str]) -> None:
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()}"
        for name, text in texts()
        if name not in allowed and (suffixes is None or Path(name).suffix in suffixes)
        for match in pattern.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_no_module_is_called_by_a_vague_name() -> None:
    vague = {"util", "utils", "misc", "helper", "helpers", "common", "manager", "handlers"}
    assert not [path for path in tracked() if path.suffix in {".py", ".pyx"} and path.stem in vague]


def test_the_core_imports_nothing_above_it() -> None:
    """The import contracts read .py files; this reads the Cython ones."""
    upward = re.compile(r"^\s*(?:from|import|cimport)\s+dlms(?!_core)\b.*", re.MULTILINE)
    for path in CORE.glob("*.p[yx]*"):
        assert not upward.findall(path.read_text(encoding="utf-8")), path


def test_every_extension_has_its_stub() -> None:
    assert {path.stem for path in CORE.glob("*.pyx")} == {path.stem for path in CORE.glob("*.pyi")}


def test_no_generated_or_compiled_file_is_in_the_repository() -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    assert not [name for name in listing.stdout.splitlines() if Path(name).suffix in {".c", ".so", ".pyd", ".html"}]


def test_fragments_of_the_changelog_are_orphans_of_a_known_type() -> None:
    for path in (ROOT / "changelog.d").iterdir():
        assert re.fullmatch(r"\+[a-z0-9-]+\.(added|changed|fixed|security)\.md", path.name), path.name
        assert path.read_text(encoding="utf-8").strip().endswith("."), path.name
