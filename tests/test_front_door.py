"""What `import dlms` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["dlms", "dlms.testing"])
def test_what_is_loaded_later_is_listed(module: str) -> None:
    """As completion asks for it; in a process of its own, where nothing was loaded yet."""
    code = f"import {module} as it; print(set(it.__all__) - set(dir(it)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
