"""Profiles for hypothesis: `dlms` is the default; `quick` is for slow builds (sanitizers).

And what tests of servers have in common.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

TESTS = itertools.count()

settings.register_profile("dlms", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dlms")


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Counters that a description names no file for are kept nowhere that outlives the test."""
    number = next(TESTS)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / f"state-{number}"))


@pytest.fixture
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is sent here is the client's fault: nothing of it is an error of ours."""
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
