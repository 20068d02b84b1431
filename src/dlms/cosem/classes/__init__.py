"""The interface classes of the Blue Book, one module for each of its groups; importing this declares them all.

A class of the newest version has the plain name (`PushSetup`), older ones end in theirs (`PushSetupV1`).
"""

from __future__ import annotations

from dlms.cosem.classes import access_control, associations, data_storage, push, time_and_events

__all__ = ["access_control", "associations", "data_storage", "push", "time_and_events"]
