"""The objects of a logical device, found by their names, and the clients that it cannot have."""

from __future__ import annotations

import pytest

from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import Clock, Data, Register
from dlms.errors import ConfigurationError
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
