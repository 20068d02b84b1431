"""Every attribute of every declared class, served and read: by our own client here, by others' in tests/interop."""

from __future__ import annotations

import pytest
from tests.interop.every_class import every_class, expected, name, objects
from tests.serving import serving

import dlms
from dlms.association.server.clients import READ_AND_WRITE
from dlms.cosem.references import AttributeRef
from dlms.data import loads
from dlms.server import ServedClient, Server


@pytest.mark.parametrize("short_names", [False, True])
def test_every_attribute_comes_back_equal(short_names: bool) -> None:
    device = every_class([ServedClient(16)])
    held = expected(device)
    with (
        serving(Server(device), "tcp://127.0.0.1:0") as (url,),
        dlms.connect(url, short_names=short_names) as meter,
    ):
        assert set(objects()) <= set(meter.objects())
        for of in objects():
            untyped = [AttributeRef(of.class_id, of.logical_name, number) for number in of.attributes]
            assert [meter.get(ref) for ref in untyped] == [loads(held[name(ref)]) for ref in untyped]
            meter.get(*(of.attribute(number) for number in of.attributes))
        assert not meter.association.misfits
    assert len(held) == 2 + sum(len(of.attributes) for of in objects())


def test_every_attribute_is_written_as_it_was_read() -> None:
    device = every_class([ServedClient(1, attributes=READ_AND_WRITE)])
    before = expected(device)
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,), dlms.connect(f"{url}?client=1") as meter:
        for of in objects():
            for number in of.attributes:
                if number != 1:
                    ref = AttributeRef(of.class_id, of.logical_name, number)
                    meter.set(ref, loads(before[name(ref)], typed=True))
    assert expected(device).items() >= before.items()
