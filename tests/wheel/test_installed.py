"""The distribution as it is installed, the wheel included: nothing here needs a source tree but tests/vectors."""

from __future__ import annotations

import ast
import importlib.metadata
import json
from pathlib import Path

import pytest

import dlms
import dlms_core
from dlms import selftest
from dlms_core.fcs import fcs16

GOLDEN = json.loads((Path(__file__).parent.parent / "vectors" / "golden.json").read_text(encoding="utf-8"))


def test_selftest(capsys: pytest.CaptureFixture[str]) -> None:
    assert selftest.main(["--require-compiled"]) == 0, capsys.readouterr().out


def test_both_packages_are_typed() -> None:
    for package in (dlms, dlms_core):
        assert (Path(package.__file__).parent / "py.typed").exists()


def test_the_metadata_name_the_command_and_the_licence() -> None:
    try:
        metadata = importlib.metadata.metadata("dlms")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("dlms is on the path but not installed")
    assert metadata["License-Expression"] == "Apache-2.0"
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="dlms")
    assert command.value == "dlms.cli:main"


@pytest.mark.parametrize("vector", GOLDEN["fcs"], ids=lambda vector: vector["octets"])
def test_frame_check_sequence(vector: dict[str, str]) -> None:
    assert fcs16(bytes.fromhex(vector["octets"])) == int(vector["fcs"], 16)


@pytest.mark.parametrize("vector", GOLDEN["data"], ids=lambda vector: vector["octets"])
def test_data(vector: dict[str, str]) -> None:
    octets = bytes.fromhex(vector["octets"])
    value = dlms.loads(octets)
    assert value == ast.literal_eval(vector["value"])
    assert type(value) is type(ast.literal_eval(vector["value"]))
    assert dlms.dumps(dlms.loads(octets, typed=True)) == octets


@pytest.mark.parametrize("vector", GOLDEN["apdus"], ids=lambda vector: vector["source"])
def test_apdus(vector: dict[str, str]) -> None:
    octets = bytes.fromhex(vector["octets"])
    message = dlms.decode(octets)
    assert type(message).__name__ == vector["type"]
    assert message.deviations == ()
    assert dlms.encode(message) == octets
