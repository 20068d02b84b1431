"""Wheels for the interpreters of this machine: sdist, wheel, repair, audit, and proof in a clean environment."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wheel_audit import WheelName, audit_sdist, audit_wheel, sdist_names
from wheel_declaration import ROOT, Declaration

WORK = ROOT / "build" / "wheels"
IDENTIFY = (
    "import json, sys, sysconfig, platform;"
    "t = 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else '';"
    "ok = platform.python_implementation() == 'CPython';"
    "print(json.dumps([f'cp{sys.version_info[0]}{sys.version_info[1]}{t}' if ok else '', sys.executable]))"
)


class BuildError(Exception):
    """A step failed, or a wheel is not what it must be."""


@dataclass(frozen=True)
class Interpreter:
    tag: str  # cp311, cp314t
    executable: Path


def run(command: Sequence[str | Path], cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """The standard output of a command; BuildError with the end of what it said when it fails.

    It sees nothing of PYTHONPATH: pip would take a source tree on it for an installed distribution.
    """
    environment = {key: value for key, value in (environment or os.environ).items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise BuildError(f"{' '.join(map(str, command))}\n{said}")
    return done.stdout


def interpreters_at_hand(declaration: Declaration) -> list[Interpreter]:
    """The declared interpreters that are installed here, this one first."""
    candidates = [Path(sys.executable)]
    programs = (shutil.which(f"python3.{tag.removeprefix('cp3')}") for tag in declaration["interpreters"])
    candidates += [Path(program) for program in programs if program]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates += sorted(versions.glob("3.*/bin/python"), reverse=True)
    found: dict[str, Interpreter] = {}
    for candidate in candidates:
        try:
            tag, executable = json.loads(run([candidate, "-c", IDENTIFY]))
        except BuildError:  # a shim for a version that is not installed
            continue
        if tag in declaration["interpreters"]:
            found.setdefault(tag, Interpreter(tag, Path(executable)))
    return list(found.values())


def environment_for_builds() -> dict[str, str]:
    """The environment with SOURCE_DATE_EPOCH of the last commit, so that equal sources give equal archives."""
    epoch = run(["git", "log", "-1", "--format=%ct"]).strip()
    return {**os.environ, "SOURCE_DATE_EPOCH": epoch, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def build_sdist(declaration: Declaration) -> Path:
    """The sdist, audited."""
    folder = WORK / "sdist"
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "build", "--sdist", "--outdir", folder, ROOT], environment=environment_for_builds())
    (sdist,) = folder.glob("*.tar.gz")
    if problems := audit_sdist(sdist, declaration):
        raise BuildError(f"{sdist.name}: " + "; ".join(problems))
    return sdist


def build_wheel(sdist: Path, interpreter: Interpreter, declaration: Declaration, output: Path) -> Path:
    """A wheel from the sdist, repaired into `output` and audited."""
    work = WORK / interpreter.tag
    shutil.rmtree(work, ignore_errors=True)
    run([interpreter.executable, "-m", "venv", work / "builder"])
    builder = work / "builder" / "bin" / "python"
    command: list[str | Path] = [
        builder,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        work / "raw",
        sdist,
    ]
    run(command, environment=environment_for_builds())
    (raw,) = (work / "raw").glob("*.whl")
    for older in output.glob("*.whl"):
        if WheelName.parse(older).abi == interpreter.tag:
            older.unlink()
    if sys.platform == "linux":
        strip = ["--strip"] if declaration["policy"]["strip"] else []
        tools = {**environment_for_builds(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        repair: list[str | Path] = [
            sys.executable,
            "-m",
            "auditwheel",
            "repair",
            *strip,
            "--wheel-dir",
            work / "repaired",
            raw,
        ]
        run(repair, environment=tools)
        (raw,) = (work / "repaired").glob("*.whl")
    wheel = Path(shutil.copy2(raw, output))
    if problems := audit_wheel(wheel, declaration, sdist_names(sdist)):
        raise BuildError(f"{wheel.name}: " + "; ".join(problems))
    return wheel


def requirements(wheel: Path) -> list[str]:
    """What the wheel says it needs, without its extras."""
    name = WheelName.parse(wheel)
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"{name.distribution}-{name.version}.dist-info/METADATA"))
    return [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]


def prove(wheel: Path, interpreter: Interpreter, declaration: Declaration) -> None:
    """Install the wheel into a clean environment, without an index, and run the smoke test and the vectors there."""
    work, test = WORK / interpreter.tag, declaration["test"]
    links = work / "links"
    download: list[str | Path] = ["-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", links]
    run([work / "builder" / "bin" / "python", *download, *requirements(wheel), *test["requires"]])
    shutil.copy2(wheel, links)
    run([interpreter.executable, "-m", "venv", "--clear", work / "clean"])
    python = work / "clean" / "bin" / "python"
    install: list[str | Path] = [
        "-m",
        "pip",
        "--isolated",
        "install",
        "--quiet",
        "--no-index",
        "--only-binary=:all:",
        "--find-links",
        links,
    ]
    run([python, *install, f"{declaration['distribution']}=={WheelName.parse(wheel).version}", *test["requires"]])

    place = work / "proof"  # nothing of the repository is in reach from here
    for source in test["sources"]:
        shutil.copytree(ROOT / source, place / source, ignore=shutil.ignore_patterns("__pycache__"))
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_", "DLMS_"))}
    for command in test["smoke"]:
        run([python, "-P", *command.split()[1:]], cwd=place, environment=bare)
    settings: list[str | Path] = ["-c", "tests/wheel/pytest.ini", "-p", "no:cacheprovider"]
    said = run([python, "-P", "-m", "pytest", *settings, *test["pytest"]], cwd=place, environment=bare)
    print(f"      {said.splitlines()[-1]}")


def build(declaration: Declaration, output: Path, tags: list[str]) -> list[Path]:
    """Build and prove a wheel for each interpreter at hand, or for those of `tags`; the wheels."""
    interpreters = interpreters_at_hand(declaration)
    if declaration["local"]["interpreters"] == "current":
        del interpreters[1:]
    if absent := set(tags) - {interpreter.tag for interpreter in interpreters}:
        raise BuildError(f"not at hand: {', '.join(sorted(absent))}")
    output.mkdir(parents=True, exist_ok=True)
    sdist = build_sdist(declaration)
    print(f"ok    {sdist.name} ({sdist.stat().st_size / 1024:.0f} KiB)", flush=True)
    wheels = []
    for interpreter in interpreters:
        if tags and interpreter.tag not in tags:
            continue
        began = time.monotonic()
        wheel = build_wheel(sdist, interpreter, declaration, output)
        prove(wheel, interpreter, declaration)
        size, took = wheel.stat().st_size / 1024, time.monotonic() - began
        print(f"ok    {wheel.name} ({size:.0f} KiB, {took:.0f} s)", flush=True)
        wheels.append(wheel)
    return wheels
