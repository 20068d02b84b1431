"""Whatever a client writes and invokes, of the declared types: an answer, no error of ours, and time goes on."""

from __future__ import annotations

import logging
import time
from typing import Any

from fuzz.fuzz_server_session import NOW, meter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.association.meter import ask, attribute, method, opened
from tests.strategies import data_of

from dlms.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms.apdu.get import GetRequestNormal, GetResponseNormal
from dlms.apdu.set import SetRequestNormal, SetResponseNormal
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Data

ATTRIBUTES = [
    served.object.attribute(number) for served in meter().objects for number in served.object.attributes if number > 1
]
METHODS = [served.object.method(number) for served in meter().objects for number in served.object.methods]


@st.composite
def requests(draw: st.DrawFn) -> tuple[AttributeRef[Any] | MethodRef[Any], Data | None]:
    """An attribute to write or a method to invoke, with a value of its type, or a method without an argument."""
    ref = draw(st.sampled_from([*ATTRIBUTES, *METHODS]))
    assert ref.node is not None
    none = st.none() if isinstance(ref, MethodRef) else st.nothing()
    return ref, draw(data_of(ref.node) | none)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=st.lists(requests(), min_size=1, max_size=8))
def test_any_values_of_the_declared_types(asked: list[tuple[AttributeRef[Any] | MethodRef[Any], Data | None]]) -> None:
    records: list[logging.LogRecord] = []

    def heard(record: logging.LogRecord) -> bool:
        records.append(record)
        return False

    logger = logging.getLogger("dlms.server")
    logger.addFilter(heard)
    began = time.perf_counter()
    try:
        device = meter()
        session = opened(device)
        now = NOW
        for ref, value in asked:
            if isinstance(ref, AttributeRef):
                request = SetRequestNormal(
                    invoke_id_and_priority=0xC1, cosem_attribute_descriptor=attribute(ref), value=value
                )
                assert isinstance(ask(session, request), SetResponseNormal)
                assert isinstance(ask(session, GetRequestNormal(0xC1, attribute(ref))), GetResponseNormal)
            else:
                assert isinstance(ask(session, ActionRequestNormal(0xC1, method(ref), value)), ActionResponseNormal)
            for seconds in (0, 60, 86400):
                now += seconds
                device.tick(now)
    finally:
        logger.removeFilter(heard)
    assert [record.getMessage() for record in records if record.levelno >= logging.ERROR] == []
    assert time.perf_counter() - began < 5
