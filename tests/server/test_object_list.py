"""The object list as clients select from it: everything, by class, by name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.association.meter import EVERYTHING, meter
from tests.serving import serving

import dlms
from dlms.cosem.classes import AssociationLNV1, Clock, Register
from dlms.cosem.classes.associations import ObjectDefinition
from dlms.data import NullData
from dlms.server import ServedClient, Server

LIST = AssociationLNV1("0.0.40.0.0.255").object_list
CLOCK, ENERGY = Clock("0.0.1.0.0.255"), Register("1.0.1.8.0.255")


@pytest.fixture(scope="module")
def client() -> Iterator[dlms.client.Meter]:
    device = meter()
    device.serve(ServedClient(9, association_version=1, **EVERYTHING))
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,), dlms.connect(f"{url}?client=9") as found:
        yield found


def definition(of: Clock | Register) -> ObjectDefinition:
    return ObjectDefinition(of.class_id, of.logical_name)


def test_everything(client: dlms.client.Meter) -> None:
    assert client.get(LIST, selection=NullData()) == client.get(LIST)


@pytest.mark.parametrize("classes", [[8], [3, 8], [9999], []])
def test_by_class(client: dlms.client.Meter, classes: list[int]) -> None:
    found = client.get(LIST, selection=classes)
    assert found == [element for element in client.get(LIST) if element.class_id in classes]
    assert bool(found) == (classes in ([8], [3, 8]))


def test_by_name(client: dlms.client.Meter) -> None:
    wanted = [definition(ENERGY), definition(Clock("0.0.1.9.0.255"))]
    found = client.get(LIST, selection=wanted)
    assert [(element.class_id, element.logical_name) for element in found] == [(3, ENERGY.logical_name)]
    (one,) = client.get(LIST, selection=definition(CLOCK))
    assert (one.class_id, one.logical_name) == (8, CLOCK.logical_name)
