"""Reads wheelhouse.yaml: which wheels are built, for whom, and how each is proved.

check      the declaration against its schema, pyproject.toml and the workflow
cibw       write build/cibuildwheel.toml
matrix     print the GitHub matrix as JSON
workflow   write .github/workflows/wheels.yml
build      sdist, then for each interpreter at hand: wheel, repair, audit, clean install, smoke test, vectors
verify     compare a folder of wheels with what is declared: missing, extra and bad wheels are errors
manifest   print names, sizes and SHA-256 of a folder of wheels as JSON
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from pathlib import Path

import wheel_audit
import wheel_build
from wheel_declaration import (
    ROOT,
    WORKFLOW,
    DeclarationError,
    cibuildwheel_toml,
    contradictions,
    load,
    matrix,
    workflow_yaml,
)


def check() -> list[str]:
    """What does not agree with the declaration."""
    declaration = load()
    problems = contradictions(declaration, tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    if not WORKFLOW.exists() or WORKFLOW.read_text(encoding="utf-8") != workflow_yaml(declaration):
        problems.append(f"{WORKFLOW.relative_to(ROOT)} is not what `tools/wheelhouse.py workflow` writes")
    tomllib.loads(cibuildwheel_toml(declaration))
    return problems


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    """File name -> size in octets and SHA-256, of every wheel and sdist in a folder."""
    return {
        path.name: {"size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted(folder.iterdir())
        if path.suffix == ".whl" or path.name.endswith(".tar.gz")
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("check", "cibw", "matrix", "workflow"):
        commands.add_parser(name)
    build = commands.add_parser("build")
    build.add_argument("--interpreter", action="append", default=[], metavar="TAG", help="only this one, e.g. cp311")
    build.add_argument("--output", type=Path, default=ROOT / "wheelhouse")
    verify = commands.add_parser("verify")
    verify.add_argument("folder", type=Path)
    verify.add_argument("--only", action="append", default=[], metavar="IDENTIFIER", help="expect only these wheels")
    commands.add_parser("manifest").add_argument("folder", type=Path)
    arguments = parser.parse_args()

    problems: list[str] = []
    match arguments.command:
        case "check":
            problems = check()
        case "cibw":
            target = ROOT / "build" / "cibuildwheel.toml"
            target.parent.mkdir(exist_ok=True)
            target.write_text(cibuildwheel_toml(load()), encoding="utf-8")
        case "matrix":
            print(json.dumps({"include": matrix(load())}))
        case "workflow":
            WORKFLOW.write_text(workflow_yaml(load()), encoding="utf-8")
        case "build":
            wheel_build.build(load(), arguments.output, arguments.interpreter)
        case "verify":
            declaration = load()
            declared = [
                wheel for wheel in declaration.wheels if not arguments.only or wheel.identifier in arguments.only
            ]
            problems = wheel_audit.verify(arguments.folder, declared, declaration)
        case "manifest":
            print(json.dumps(manifest(arguments.folder), indent=1))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (DeclarationError, wheel_build.BuildError) as failure:
        sys.exit(f"error: {failure}")
