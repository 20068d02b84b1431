"""wheelhouse.yaml, what is generated from it, and an audit that finds what is wrong with a wheel."""

from __future__ import annotations

import copy
import json
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import wheel_audit
import wheel_declaration
import wheelhouse

DECLARATION = wheel_declaration.load()
CORE = wheel_declaration.ROOT / "src" / "dlms_core"


def test_the_schema_is_a_schema_and_the_declaration_fits_it() -> None:
    schema = json.loads(wheel_declaration.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(wheel_declaration.DECLARATION.read_text(encoding="utf-8")), schema)


def test_the_declaration_the_metadata_and_the_workflow_agree() -> None:
    assert wheelhouse.check() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.pop("policy"),
        lambda content: content.update(surprise=1),
        lambda content: content["interpreters"].update(pp311={}),
        lambda content: content["interpreters"].update(cp314t={}),
        lambda content: content["policy"].update({"max-wheel-size": "3 MB"}),
        lambda content: content["platforms"]["linux"]["runner"].pop("aarch64"),
        lambda content: content["platforms"]["macos"]["deployment-target"].pop("arm64"),
    ],
)
def test_a_wrong_declaration_is_refused(spoil: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    content = copy.deepcopy(DECLARATION.content)
    spoil(content)
    path = tmp_path / "wheelhouse.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(wheel_declaration.DeclarationError):
        wheel_declaration.load(path)


def test_contradictions_with_the_metadata_are_found() -> None:
    pyproject = tomllib.loads((wheel_declaration.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pyproject["project"].update(license="MIT", classifiers=[])
    found = wheel_declaration.contradictions(DECLARATION, pyproject)
    assert [problem.split(":")[0] for problem in found] == ["license", "interpreters"]


def test_the_matrix_builds_every_declared_wheel_once() -> None:
    built = [identifier for row in wheel_declaration.matrix(DECLARATION) for identifier in row["build"].split()]
    assert sorted(built) == sorted(wheel.identifier for wheel in DECLARATION.wheels)
    assert {"cp311-manylinux_x86_64", "cp314t-musllinux_aarch64", "cp312-macosx_arm64", "cp315-win_amd64"} <= {*built}


def test_exclude_takes_patterns() -> None:
    content = {**DECLARATION.content, "exclude": ["cp31?t-musllinux_*"]}
    wheels = wheel_declaration.Declaration(content).wheels
    assert not [wheel for wheel in wheels if wheel.without_gil and wheel.platform.startswith("musl")]
    assert len(wheels) == len(DECLARATION.wheels) - 2


def test_the_cibuildwheel_configuration() -> None:
    settings = tomllib.loads(wheel_declaration.cibuildwheel_toml(DECLARATION))["tool"]["cibuildwheel"]
    assert settings["build"] == [f"{interpreter}-*" for interpreter in DECLARATION["interpreters"]]
    assert settings["linux"]["manylinux-aarch64-image"] == "manylinux_2_28"
    assert "dlms.selftest --require-compiled" in settings["test-command"]
    assert {entry["select"] for entry in settings["overrides"]} == {"*-macosx_x86_64", "*-macosx_arm64"}


@pytest.mark.parametrize(
    ("name", "identifier", "glibc"),
    [
        ("dlms-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "cp311-manylinux_x86_64", (2, 17)),
        ("dlms-1-cp314-cp314t-musllinux_1_2_aarch64.whl", "cp314t-musllinux_aarch64", None),
        ("dlms-1-cp312-cp312-macosx_11_0_arm64.whl", "cp312-macosx_arm64", None),
        ("dlms-1-cp313-cp313-win_amd64.whl", "cp313-win_amd64", None),
    ],
)
def test_wheel_names(name: str, identifier: str, glibc: tuple[int, int] | None) -> None:
    parsed = wheel_audit.WheelName.parse(Path(name))
    assert parsed.identifier == identifier
    assert wheel_audit.glibc(parsed.platforms[0]) == glibc


GOOD = "dlms-0.1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
METADATA = """\
Metadata-Version: 2.4
Name: dlms
Version: 0.1.0
License-Expression: Apache-2.0
License-File: LICENSE
License-File: NOTICE
Requires-Python: >=3.11
"""


def members(platform: str = "manylinux_2_28_x86_64") -> dict[str, str]:
    """The members of a wheel that the audit has nothing against."""
    info = "dlms-0.1.0.dist-info"
    return {
        "dlms/__init__.py": "",
        "dlms/py.typed": "",
        "dlms_core/py.typed": "",
        **{f"dlms_core/{source.stem}.pyi": "" for source in CORE.glob("*.pyx")},
        **{f"dlms_core/{source.stem}.cpython-311-x86_64-linux-gnu.so": "" for source in CORE.glob("*.pyx")},
        f"{info}/METADATA": METADATA,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: cp311-cp311-{platform}\n",
        f"{info}/licenses/LICENSE": "",
        f"{info}/licenses/NOTICE": "",
    }


def write(path: Path, content: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def test_a_good_wheel_passes(tmp_path: Path) -> None:
    assert wheel_audit.audit_wheel(write(tmp_path / GOOD, members()), DECLARATION, wheel_audit.tree()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dlms_core/fault.c": ""}, "holds dlms_core/fault.c, forbidden by *.c"),
        ({"tests/test_x.py": ""}, "holds tests/test_x.py, forbidden by tests/*"),
        ({"dlms.libs/libz.so.1": ""}, "holds dlms.libs/libz.so.1 outside its packages"),
        ({"dlms/py.typed": None}, "lacks dlms/py.typed"),
        ({"dlms_core/fault.cpython-311-x86_64-linux-gnu.so": None}, "lacks the compiled fault"),
        ({"dlms-0.1.0.dist-info/licenses/NOTICE": None}, "lacks the licence file NOTICE"),
        ({"dlms-0.1.0.dist-info/WHEEL": "Tag: cp311-cp311-linux_x86_64\n"}, "says tags"),
        ({"dlms-0.1.0.dist-info/METADATA": METADATA.replace(">=3.11", ">=3.8")}, "says Requires-Python: >=3.8"),
        ({"dlms-0.1.0.dist-info/METADATA": METADATA.replace("Apache-2.0", "MIT")}, "says License-Expression: MIT"),
        ({"dlms/large.json": "0" * (DECLARATION.max_wheel_size + 1)}, "more than"),
    ],
)
def test_a_bad_wheel_is_found_out(change: dict[str, str | None], words: str, tmp_path: Path) -> None:
    content = {name: text for name, text in {**members(), **change}.items() if text is not None}
    problems = wheel_audit.audit_wheel(write(tmp_path / GOOD, content), DECLARATION, wheel_audit.tree())
    assert [problem for problem in problems if words in problem]


@pytest.mark.parametrize(
    ("platform", "words"),
    [("manylinux_2_39_x86_64", "needs glibc 2.39"), ("linux_x86_64", "which is not declared")],
)
def test_a_bad_tag_is_found_out(platform: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"dlms-0.1.0-cp311-cp311-{platform}.whl", members(platform))
    (problem,) = wheel_audit.audit_wheel(path, DECLARATION, wheel_audit.tree())
    assert words in problem


def test_verify_names_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    write(tmp_path / GOOD, members())
    wheels = DECLARATION.wheels
    here = [wheel for wheel in wheels if wheel.identifier == "cp311-manylinux_x86_64"]
    other = [wheel for wheel in wheels if wheel.identifier == "cp312-manylinux_x86_64"]
    assert wheel_audit.verify(tmp_path, here, DECLARATION) == []
    assert wheel_audit.verify(tmp_path, other, DECLARATION) == [
        "cp312-manylinux_x86_64: missing",
        f"{GOOD}: not declared",
    ]


def test_the_manifest_has_the_digest_of_every_wheel(tmp_path: Path) -> None:
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"abc")
    (tmp_path / "notes.txt").write_bytes(b"")
    assert wheelhouse.manifest(tmp_path) == {
        "a-1-py3-none-any.whl": {
            "size": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        }
    }
