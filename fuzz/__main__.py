"""Drives the `check` of every fuzz/fuzz_*.py with atheris, each in a process of its own.

    python -m fuzz [--seconds N] [--runs N] [TARGET ...]

A target is the name of its file without `fuzz_`. The exit status is 1 if any check failed; the octets that broke it
are printed as hex.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from pathlib import Path

from fuzz.seeds import seeds

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = ROOT / "build" / "fuzz"


def targets() -> list[str]:
    """The names of the targets, in alphabetical order."""
    return sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.py"))


def drive(target: str, options: list[str]) -> None:
    """Run one target in this process with libFuzzer's options; it ends the process."""
    import atheris  # Only here: it ships for Linux and macOS alone, and the list of targets needs no engine.

    with atheris.instrument_imports(include=["dlms"]):
        module = importlib.import_module(f"fuzz.fuzz_{target}")
    atheris.Setup([f"fuzz_{target}", *options], module.check)
    atheris.Fuzz()


def run(target: str, seconds: int, runs: int, corpus: Path) -> bool:
    """Run one target in a child process and report; whether it held."""
    folder = RESULTS / target
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    options = [
        f"-max_total_time={seconds}",
        f"-runs={runs}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        f"-artifact_prefix={folder}/",
        str(corpus),
    ]
    began = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-m", "fuzz", "--drive", target, *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    done = [line.split()[-1] for line in child.stdout.splitlines() if "number_of_executed_units" in line]
    artifacts = sorted(folder.iterdir())
    held = child.returncode == 0 and not artifacts
    executed = f"{done[-1]:>10} runs" if done else " " * 15
    print(f"{'ok  ' if held else 'FAIL'}  {target:24} {executed} {time.monotonic() - began:6.1f} s", flush=True)
    if not held:
        print("\n".join(child.stdout.splitlines()[-40:]))
        for artifact in artifacts:
            print(f"reproduce: python -m fuzz --octets {artifact.read_bytes().hex()} {target}")
    return held


def main() -> int:
    if sys.argv[1:2] == ["--drive"]:
        drive(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Drive the fuzz targets with atheris.")
    parser.add_argument("target", nargs="*", help=f"one of: {', '.join(targets())} (all when none is named)")
    parser.add_argument("--seconds", type=int, default=5, help="for each target (default 5)")
    parser.add_argument("--runs", type=int, default=-1, help="at most so many for each target")
    parser.add_argument("--octets", metavar="HEX", help="give these octets to the targets once, without atheris")
    arguments = parser.parse_args()
    if unknown := set(arguments.target) - set(targets()):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = arguments.target or targets()
    if arguments.octets is not None:
        for target in chosen:
            importlib.import_module(f"fuzz.fuzz_{target}").check(bytes.fromhex(arguments.octets))
        return 0
    corpus = RESULTS / "seeds"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, octets in enumerate(seeds()):
        (corpus / f"{number:05}").write_bytes(octets)
    held = [run(target, arguments.seconds, arguments.runs, corpus) for target in chosen]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
