"""Running a command of `dlms` in this process."""

from __future__ import annotations

import pytest

from dlms.cli import main


def ended(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> str:
    """What the command printed; where it failed, the one line on stderr."""
    assert main(words) == status
    out, error = capsys.readouterr()
    if status == 0:
        assert error == ""
        return out
    assert out == ""
    assert error.startswith("dlms: ")
    assert error.count("\n") == 1
    return error
