"""What a client of short names is told of its rights: the access_rights_list of the Association SN object."""

from __future__ import annotations

from tests.association.meter import answers, session
from tests.association.scripted import Wire

from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.association.server.clients import READ_AND_WRITE, ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.cosem.classes import AssociationSNV2, Clock, Register
from dlms.data import DoubleLongUnsigned
from dlms.enumerations import AttributeAccessV1, MethodAccessV1, MethodAccessV3
from dlms.security import Security

CURRENT = AssociationSNV2("0.0.40.0.0.255")


def test_rights_of_attributes_and_methods_by_base_name() -> None:
    device = LogicalDevice("DLM0000000000001", clients=[ServedClient(16)])
    energy, clock = Register("1.0.1.8.0.255"), Clock("0.0.1.0.0.255")
    device.add(energy, base_name=0x1000)
    device[energy.value] = DoubleLongUnsigned(1)
    device.on_call(energy.reset, lambda _: None)
    device.allow(energy.reset, MethodAccessV3.ACCESS)
    device[clock.time_zone] = 60
    device.add(clock)
    device.allow(clock.time_zone, READ_AND_WRITE, client=16)
    of = session(device, 16)
    wire = Wire(lambda octets: answers(of.respond(octets, 0.0)))
    association = ClientAssociation(Proposal(security=Security(), short_names=True))
    wire.run(association.open())
    names = {item.logical_name: item.base_name for item in wire.run(association.get(CURRENT.object_list))}
    rights = {item.base_name: item for item in wire.run(association.get(CURRENT.access_rights_list))}
    assert rights.keys() == set(names.values())
    register = rights[0x1000]
    assert [(item.attribute_id, item.access_mode) for item in register.attribute_access] == [
        (1, AttributeAccessV1.READ_ONLY), (2, AttributeAccessV1.READ_ONLY),
    ]  # fmt: skip
    assert [(item.method_id, item.access_mode) for item in register.method_access] == [(1, MethodAccessV1.ACCESS)]
    zone = {item.attribute_id: item.access_mode for item in rights[names[clock.logical_name]].attribute_access}
    assert zone[3] == AttributeAccessV1.READ_AND_WRITE
