"""The types of addresses under mypy: `clock.time` is an AttributeRef[CosemDateTime]."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def test_addresses_are_typed() -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml"]
    run = subprocess.run(
        [*command, str(HERE / "typed_addresses.py")], cwd=HERE.parent.parent, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
