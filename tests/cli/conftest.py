"""What the tests of the command line have in common."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HIDDEN = ("DLMS_PASSWORD", "DLMS_ENCRYPTION_KEY", "DLMS_AUTHENTICATION_KEY", "DLMS_CLIENT_SYSTEM_TITLE")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cache and no secret of the user's; nobody to be asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    for name in HIDDEN:
        monkeypatch.delenv(name, raising=False)
