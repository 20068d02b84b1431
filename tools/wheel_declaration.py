"""wheelhouse.yaml as Python: the declared wheels, and the configurations of other tools that follow from them."""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

ROOT = Path(__file__).parent.parent
DECLARATION = ROOT / "wheelhouse.yaml"
SCHEMA = ROOT / "tools" / "wheelhouse.schema.json"
WORKFLOW = ROOT / ".github" / "workflows" / "wheels.yml"
CIBUILDWHEEL = "cibuildwheel==4.3.5"
UNITS = {"KiB": 1024, "MiB": 1024 * 1024}


class DeclarationError(Exception):
    """wheelhouse.yaml contradicts its schema, itself or pyproject.toml."""


@dataclass(frozen=True, order=True)
class DeclaredWheel:
    """One wheel to build: an interpreter (cp311, cp314t) on a platform, as cibuildwheel spells it."""

    interpreter: str
    platform: str  # manylinux_x86_64, musllinux_aarch64, macosx_arm64, win_amd64
    runner: str

    @property
    def identifier(self) -> str:
        return f"{self.interpreter}-{self.platform}"

    @property
    def without_gil(self) -> bool:
        return self.interpreter.endswith("t")


@dataclass(frozen=True)
class Declaration:
    """The content of wheelhouse.yaml, checked against its schema."""

    content: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.content[name]

    @property
    def max_wheel_size(self) -> int:
        number, unit = re.fullmatch(r"(\d+)(\w+)", self["policy"]["max-wheel-size"]).groups()  # type: ignore[union-attr]
        return int(number) * UNITS[unit]

    @property
    def platforms(self) -> dict[str, str]:
        """Platform, as cibuildwheel spells it -> the runner that builds it."""
        found = {}
        for system, platform in self["platforms"].items():
            for arch in platform["archs"]:
                runner = platform["runner"][arch]
                if system == "linux":
                    found.update({f"{libc}_{arch}": runner for libc in platform["libc"]})
                elif system == "macos":
                    found[f"macosx_{arch}"] = runner
                else:
                    found[f"win_{arch.lower()}"] = runner
        return found

    @property
    def wheels(self) -> list[DeclaredWheel]:
        """Every declared wheel, sorted."""
        every = (
            DeclaredWheel(interpreter, platform, runner)
            for interpreter in self["interpreters"]
            for platform, runner in self.platforms.items()
        )
        return sorted(
            wheel for wheel in every if not any(fnmatch.fnmatch(wheel.identifier, name) for name in self["exclude"])
        )


def load(path: Path = DECLARATION) -> Declaration:
    """The declaration; DeclarationError where it contradicts its schema or names an architecture without a runner."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    problems = [
        f"{'/'.join(map(str, problem.absolute_path)) or 'top'}: {problem.message}"
        for problem in jsonschema.Draft202012Validator(schema).iter_errors(content)
    ]
    if problems:
        raise DeclarationError("; ".join(problems))
    for system, platform in content["platforms"].items():
        for key in ("runner", "deployment-target"):
            if key in platform and set(platform[key]) != set(platform["archs"]):
                raise DeclarationError(f"platforms/{system}/{key}: not the same architectures as in archs")
    return Declaration(content)


def contradictions(declaration: Declaration, pyproject: dict[str, Any]) -> list[str]:
    """Where the declaration and the metadata of pyproject.toml say different things."""
    project = pyproject["project"]
    metadata = declaration["policy"]["metadata"]
    pairs = [
        ("name", declaration["distribution"], project["name"]),
        ("requires-python", declaration["requires-python"], project["requires-python"]),
        ("license", metadata["license-expression"], project["license"]),
        ("license-files", metadata["license-files"], project["license-files"]),
    ]
    found = [f"{name}: {ours!r} here, {theirs!r} in pyproject.toml" for name, ours, theirs in pairs if ours != theirs]
    versions = {name.removeprefix("cp3").removesuffix("t") for name in declaration["interpreters"]}
    claimed = {
        match[1]
        for line in project["classifiers"]
        if (match := re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", line))
    }
    if versions != claimed:
        found.append(f"interpreters: 3.{sorted(versions)} here, classifiers for 3.{sorted(claimed)} in pyproject.toml")
    return found


def cibuildwheel_toml(declaration: Declaration) -> str:
    """The configuration for `cibuildwheel --config-file`."""
    policy, test, platforms = declaration["policy"], declaration["test"], declaration["platforms"]
    in_wheel_test = [*test["smoke"], " ".join(["python -m pytest -c tests/wheel/pytest.ini", *test["pytest"]])]
    strip = "--strip " if policy["strip"] else ""
    lines = [
        "# Written by `tools/wheelhouse.py cibw` from wheelhouse.yaml.",
        "[tool.cibuildwheel]",
        f"build = {json.dumps([f'{name}-*' for name in declaration['interpreters']])}",
        f"skip = {json.dumps(declaration['exclude'])}",
        'build-frontend = "build"',
        f"test-requires = {json.dumps(test['requires'])}",
        f"test-sources = {json.dumps(test['sources'])}",
        f"test-command = {json.dumps(' && '.join(in_wheel_test))}",
    ]
    if linux := platforms.get("linux"):
        lines += ["", "[tool.cibuildwheel.linux]", f"archs = {json.dumps(linux['archs'])}"]
        lines += [
            f"{libc}-{arch}-image = {json.dumps(image)}"
            for libc, image in linux["libc"].items()
            for arch in linux["archs"]
        ]
        lines += [
            'environment-pass = ["SOURCE_DATE_EPOCH"]',
            f'repair-wheel-command = "auditwheel repair {strip}-w {{dest_dir}} {{wheel}}"',
        ]
    if macos := platforms.get("macos"):
        lines += ["", "[tool.cibuildwheel.macos]", f"archs = {json.dumps(macos['archs'])}"]
    if windows := platforms.get("windows"):
        lines += ["", "[tool.cibuildwheel.windows]", f"archs = {json.dumps(windows['archs'])}"]
    for arch, target in platforms.get("macos", {}).get("deployment-target", {}).items():
        lines += [
            "",
            "[[tool.cibuildwheel.overrides]]",
            f'select = "*-macosx_{arch}"',
            f"environment = {{ MACOSX_DEPLOYMENT_TARGET = {json.dumps(target)} }}",
        ]
    return "\n".join(lines) + "\n"


def matrix(declaration: Declaration) -> list[dict[str, str]]:
    """The rows of the GitHub matrix: one job for each runner and platform, with all its interpreters."""
    rows: dict[tuple[str, str], list[str]] = {}
    for wheel in declaration.wheels:
        rows.setdefault((wheel.platform, wheel.runner), []).append(wheel.identifier)
    return [
        {"platform": platform, "os": runner, "build": " ".join(identifiers)}
        for (platform, runner), identifiers in sorted(rows.items())
    ]


def workflow_yaml(declaration: Declaration) -> str:
    """The GitHub workflow that builds, proves and publishes the declared wheels."""
    rows = "\n".join(
        f"          - {{platform: {row['platform']}, os: {row['os']}, build: {json.dumps(row['build'])}}}"
        for row in matrix(declaration)
    )
    attestations = json.dumps(declaration["publish"]["attest"])
    return f"""\
# Written by `tools/wheelhouse.py workflow` from wheelhouse.yaml; a test compares them.
name: wheels
on:
  push:
    tags: ["v*"]
  workflow_dispatch:
permissions:
  contents: read
jobs:
  sdist:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {{fetch-depth: 0}}
      - run: pipx run build --sdist
      - uses: actions/upload-artifact@v4
        with: {{name: sdist, path: dist/*.tar.gz}}
  wheels:
    needs: sdist
    runs-on: ${{{{ matrix.os }}}}
    strategy:
      fail-fast: false
      matrix:
        include:
{rows}
    steps:
      - uses: actions/checkout@v4
        with: {{fetch-depth: 0}}
      - uses: actions/setup-python@v5
        with: {{python-version: "3.13"}}
      - uses: actions/download-artifact@v4
        with: {{name: sdist, path: dist}}
      - name: Build from the sdist, repair, test in a clean environment
        shell: bash
        run: |
          python -m pip install {CIBUILDWHEEL} PyYAML jsonschema
          python tools/wheelhouse.py cibw
          SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \\
            python -m cibuildwheel --config-file build/cibuildwheel.toml --output-dir wheelhouse dist/*.tar.gz
        env:
          CIBW_BUILD: ${{{{ matrix.build }}}}
      - uses: actions/upload-artifact@v4
        with: {{name: "wheels-${{{{ matrix.platform }}}}", path: wheelhouse/*.whl}}
  verify:
    needs: wheels
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/download-artifact@v4
        with: {{pattern: "wheels-*", path: wheelhouse, merge-multiple: true}}
      - run: python3 -m pip install PyYAML jsonschema
      - run: python3 tools/wheelhouse.py verify wheelhouse
      - run: python3 tools/wheelhouse.py manifest wheelhouse
  publish:
    if: startsWith(github.ref, 'refs/tags/v')
    needs: verify
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: actions/download-artifact@v4
        with: {{path: dist, merge-multiple: true}}
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {{attestations: {attestations}}}
"""
