"""Profiles for hypothesis: `dlms` is the default; `quick` is for slow builds (sanitizers).

And what tests of servers have in common.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dlms", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dlms")


@pytest.fixture
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is sent here is the client's fault: nothing of it is an error of ours."""
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
