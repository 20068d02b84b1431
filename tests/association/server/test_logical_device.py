"""The objects of a logical device, found by their names, and the clients that it cannot have."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.association.meter import PUBLIC, ask, attribute, opened

from dlms.apdu.get import GetRequestNormal
from dlms.apdu.read_write import ReadRequest
from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.cosem.declare import UntypedObject
from dlms.cosem.references import AttributeRef
from dlms.data import DoubleLongUnsigned, Unsigned
from dlms.errors import ConfigurationError
from dlms.logical_name import LogicalName
from dlms.service_errors import ObjectUndefined


def test_an_object_is_found_by_each_of_its_short_names_and_by_no_other() -> None:
    device = LogicalDevice("DLM0000000000001")
    placed = [
        device.add(Clock("0.0.1.0.0.255"), base_name=0x2000),
        device.add(Register("1.0.1.8.0.255"), base_name=0x1000),
        device.add(Data("0.0.96.1.0.255")),
        device.add(Data("0.0.96.1.1.255"), base_name=0x2000 - 16),  # it has two attributes: the clock begins behind it
    ]
    for of in placed:
        last = of.base_name + of.short_name_size() - 1
        assert [device.at_short_name(name) for name in (of.base_name, last)] == [of, of]
    for nobodys in (0, 0x0FF8, placed[1].base_name + placed[1].short_name_size(), 0x1FE8, 0xFA00, 0xFFFF):
        with pytest.raises(ObjectUndefined):
            device.at_short_name(nobodys)


def test_objects_for_which_no_short_name_is_left() -> None:
    """They are served by their logical names only; none is at another one's place."""
    device = LogicalDevice("DLM0000000000001", clients=[ServedClient(PUBLIC)])
    for number in range(1500):
        device[ProfileGeneric(f"1.{number >> 8}.{number & 255}.8.0.255").capture_period] = number
    placed = [of for of in device.objects if of.base_name < 0xFA00]
    assert 500 < len(placed) < 1500
    for of, follows in pairwise(placed):
        assert of.base_name + of.short_name_size() <= follows.base_name
    (listed,) = ask(opened(device, PUBLIC, context=2), ReadRequest((0xFA08,))).read_response
    assert len(listed) == len(placed) + 1
    last = AttributeRef(7, LogicalName("1.5.219.8.0.255"), 4)
    assert ask(opened(device, PUBLIC), GetRequestNormal(0xC1, attribute(last))).result == DoubleLongUnsigned(1499)


@pytest.mark.parametrize("base_name", [0x2008, 0x1FF8, 0x2018])
def test_a_short_name_of_another_object_is_refused(base_name: int) -> None:
    device = LogicalDevice("DLM0000000000001")
    device.add(Register("1.0.1.8.0.255"), base_name=0x2000)
    with pytest.raises(ConfigurationError, match="too near"):
        device.add(Register("1.0.2.8.0.255"), base_name=base_name)


def test_attributes_that_an_undeclared_object_is_given_later_have_short_names() -> None:
    device = LogicalDevice("DLM0000000000001")
    vendor = UntypedObject(9999, 0, "0.0.96.50.0.255")
    device[vendor.attribute(2)] = Unsigned(1)
    after = device.add(Data("0.0.96.1.0.255"))
    device[vendor.attribute(12)] = Unsigned(2)
    served = device.find(9999, vendor.logical_name)
    assert device.at_short_name(served.base_name + 8 * 11) is served
    assert device.at_short_name(after.base_name) is after


@pytest.mark.parametrize(
    "given",
    [
        {"encryption_key": bytes(32)},
        {"authentication_key": bytes(32)},
        {"master_key": bytes(32)},
        {"system_title": b"seven.."},
        {"system_title": b""},
    ],
)
def test_what_a_client_has_is_of_security_suite_0(given: dict[str, bytes]) -> None:
    """Found when it is configured, not when the client calls."""
    with pytest.raises(ConfigurationError, match="octets"):
        ServedClient(1, **given)  # type: ignore[arg-type]
