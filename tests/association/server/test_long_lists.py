"""Lists of thousands: others have their turn while they are worked through, one connection after the other."""

from __future__ import annotations

import pytest
from tests.association.meter import CLOCK, ENERGY, NOW, aarq, attribute, method, opened
from tests.association.requests import meter_with_profile
from tests.server.watched import accepted, watched

from dlms.apdu import decode, encode
from dlms.apdu.access import AccessRequest, AccessRequestBody, AccessRequestGet
from dlms.apdu.action import ActionRequestWithList
from dlms.apdu.get import CosemAttributeDescriptorWithSelection, GetRequestNormal, GetRequestWithList
from dlms.apdu.read_write import ReadRequest, WriteRequest
from dlms.apdu.set import SetRequestWithList
from dlms.association.server.work import ITEMS_AT_ONCE, Turn
from dlms.data import Integer, Long, NullData, OctetString
from dlms.grammar import Message

MANY = 100
DEVICE = meter_with_profile()
ZONE = CosemAttributeDescriptorWithSelection(attribute(CLOCK.time_zone))
ZONE_NAME = DEVICE.find(CLOCK.class_id, CLOCK.logical_name).base_name + 16
LISTS: dict[str, Message] = {
    "get": GetRequestWithList(0xC1, (ZONE,) * MANY),
    "set": SetRequestWithList(0xC1, (ZONE,) * MANY, (Long(1),) * MANY),
    "action": ActionRequestWithList(0xC1, (method(ENERGY.reset),) * MANY, (Integer(1),) * MANY),
    "access": AccessRequest(
        0x40000001,
        None,
        AccessRequestBody((AccessRequestGet(attribute(CLOCK.time_zone)),) * MANY, (NullData(),) * MANY),
    ),
    "read": ReadRequest((ZONE_NAME,) * MANY),
    "write": WriteRequest((ZONE_NAME,) * MANY, (Long(1),) * MANY),
}


@pytest.mark.parametrize("name", LISTS)
def test_others_have_their_turn(name: str) -> None:
    of = opened(DEVICE, context=2 if name in ("read", "write") else 1)
    work = of.respond(encode(LISTS[name]), 0.0)
    turns = 0
    try:
        while True:
            assert isinstance(next(work), Turn)
            turns += 1
    except StopIteration as done:
        (answer,) = done.value
    assert turns == (MANY - 1) // ITEMS_AT_ONCE
    assert len(answer) > MANY


def test_another_client_is_served_in_the_middle_of_a_list() -> None:
    """The one that waits is not kept from its answer by thousands of things that somebody else wants."""
    device = meter_with_profile()
    of_others: list[int] = []
    read = 0

    def zone() -> int:
        nonlocal read
        read += 1
        return 60

    device[CLOCK.time_zone] = zone
    device[CLOCK.time] = lambda: of_others.append(read) or NOW  # type: ignore[func-returns-value]
    with watched("tcp://127.0.0.1:0", device) as of, of.raw() as other, of.raw() as raw:
        for client in (raw, other):
            assert accepted(client.ask(encode(aarq())))
        raw.send_apdu(encode(GetRequestWithList(0xC1, (ZONE,) * 5000)))
        time = decode(other.ask(encode(GetRequestNormal(0xC1, attribute(CLOCK.time))))).result
        assert time == OctetString(NOW.octets)
        assert raw.receive_apdu()
    assert read == 5000
    assert of_others[0] < 5000
