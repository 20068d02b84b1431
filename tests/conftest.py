"""Profiles for hypothesis: `dlms` is the default; `quick` is for slow builds (sanitizers)."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("dlms", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dlms")
