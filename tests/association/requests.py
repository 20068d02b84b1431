"""A request of every service that a server knows, by logical and by short names, and what can be done to its octets."""

from __future__ import annotations

from collections.abc import Iterator

from tests.association.meter import CLOCK, ENERGY, NOW, answers, attribute, meter, method, proof

from dlms.apdu import decode, encode
from dlms.apdu.access import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessRequestSet,
)
from dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithPblock,
)
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.get import (
    CosemAttributeDescriptorWithSelection,
    DataBlockSA,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    SelectiveAccessDescriptor,
)
from dlms.apdu.read_write import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    UnconfirmedWriteRequest,
    WriteDataBlockAccess,
    WriteRequest,
)
from dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
)
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.session import ServerSession
from dlms.cosem.classes import ProfileGeneric
from dlms.cosem.types import CaptureObjectDefinition, OctetStringDateTime
from dlms.data import (
    Array,
    DoubleLongUnsigned,
    Integer,
    Long,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
)
from dlms.datetime import CosemDateTime
from dlms.grammar import Message
from dlms.server import ProfileBuffer

PROFILE = ProfileGeneric("1.0.99.1.0.255")
ROWS = 200


def meter_with_profile() -> LogicalDevice:
    """The meter of the tests with a load profile, and a method that takes any argument of its type."""
    device = meter()
    columns = [
        CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0),
        CaptureObjectDefinition(3, ENERGY.logical_name, 2, 0),
    ]
    rows = [(CosemDateTime.from_epoch_milliseconds(1_700_000_000_000 + 900_000 * i), i) for i in range(ROWS)]
    device[PROFILE.capture_objects] = columns
    device[PROFILE.buffer] = ProfileBuffer(columns, [OctetStringDateTime, DoubleLongUnsigned], rows)
    device.on_call(ENERGY.reset, Integer)
    return device


_COLUMN = Structure((LongUnsigned(8), OctetString(bytes(CLOCK.logical_name)), Integer(2), LongUnsigned(0)))
_TIME = OctetString(NOW.octets)
_RANGE = SelectiveAccessDescriptor(1, Structure((_COLUMN, _TIME, _TIME, Array((_COLUMN,)))))
_ENTRIES = Structure((DoubleLongUnsigned(1), DoubleLongUnsigned(3), LongUnsigned(1), LongUnsigned(0)))
_BY_ENTRY = SelectiveAccessDescriptor(2, _ENTRIES)
_ZONE = attribute(CLOCK.time_zone)
_SELECTED = CosemAttributeDescriptorWithSelection
GET = GetRequestNormal(0xC1, attribute(CLOCK.time))
GET_BUFFER = GetRequestNormal(0xC1, attribute(PROFILE.buffer))
SET = SetRequestNormal(invoke_id_and_priority=0xC1, cosem_attribute_descriptor=_ZONE, value=Long(3))
ACTION = ActionRequestNormal(0xC1, method(ENERGY.reset), Integer(5))

BY_LOGICAL_NAME: dict[str, Message] = {
    "get": GET,
    "get by range": GetRequestNormal(0xC1, attribute(PROFILE.buffer), _RANGE),
    "get by entry": GetRequestNormal(0xC1, attribute(PROFILE.buffer), _BY_ENTRY),
    "get next": GetRequestNext(0xC1, 1),
    "get list": GetRequestWithList(0xC1, (_SELECTED(attribute(CLOCK.time)), _SELECTED(_ZONE))),
    "set": SET,
    "set list": SetRequestWithList(0xC1, (_SELECTED(_ZONE),), (Long(3),)),
    "set first block": SetRequestWithFirstDatablock(
        invoke_id_and_priority=0xC1, cosem_attribute_descriptor=_ZONE, datablock=DataBlockSA(False, 1, b"\x10")
    ),
    "set block": SetRequestWithDatablock(0xC1, DataBlockSA(True, 2, b"\x00\x01")),
    "action": ACTION,
    "action list": ActionRequestWithList(0xC1, (method(ENERGY.reset),), (Integer(5),)),
    "action first block": ActionRequestWithFirstPblock(0xC1, method(ENERGY.reset), DataBlockSA(False, 1, b"\x0f")),
    "action block": ActionRequestWithPblock(0xC1, DataBlockSA(True, 2, b"\x01")),
    "action next": ActionRequestNextPblock(0xC1, 1),
    "proof": proof(bytes(16)),
    "access": AccessRequest(
        0x40000001,
        None,
        AccessRequestBody(
            (
                AccessRequestGet(attribute(CLOCK.time)),
                AccessRequestGetWithSelection(attribute(PROFILE.buffer), _BY_ENTRY),
                AccessRequestSet(_ZONE),
                AccessRequestAction(method(ENERGY.reset)),
            ),
            (NullData(), NullData(), Long(5), Integer(3)),
        ),
    ),
    "general block": GeneralBlockTransfer(0x81, 1, 0, encode(GET)),
}


def _by_short_name() -> dict[str, Message]:
    device = meter_with_profile()
    clock = device.find(8, CLOCK.logical_name).base_name
    energy = device.find(3, ENERGY.logical_name).base_name
    buffer = device.find(7, PROFILE.logical_name).base_name + 8
    read, write = ReadRequest((clock + 8,)), WriteRequest((clock + 16,), (Long(5),))
    return {
        "read": read,
        "read several": ReadRequest((clock + 8, energy + 8)),
        "read by entry": ReadRequest((ParameterizedAccess(buffer, 2, _ENTRIES),)),
        "read block": ReadRequest((BlockNumberAccess(1),)),
        "read in blocks": ReadRequest((ReadDataBlockAccess(True, 1, encode(read)),)),
        "write": write,
        "write unconfirmed": UnconfirmedWriteRequest((clock + 16,), (Long(5),)),
        "write in blocks": WriteRequest((WriteDataBlockAccess(True, 1),), (OctetString(encode(write)),)),
        "proof by short name": ReadRequest((ParameterizedAccess(0xFA58, 0, OctetString(bytes(16))),)),
    }


BY_SHORT_NAME: dict[str, Message] = _by_short_name()
EVERY_REQUEST = BY_LOGICAL_NAME | BY_SHORT_NAME


def damaged(octets: bytes) -> Iterator[bytes]:
    """Cut at every octet, each octet turned in several ways, and more than there should be."""
    for at in range(len(octets)):
        yield octets[:at]
        for turned in (0x01, 0x02, 0x10, 0x40, 0x80, 0xFF):
            wrong = bytearray(octets)
            wrong[at] ^= turned
            yield bytes(wrong)
    yield octets + b"\x00"
    yield octets + octets


def replies(of: ServerSession, octets: bytes) -> list[Message]:
    """What a request is answered with; what comes by a general block, without the block."""
    decoded = [decode(answer) for answer in answers(of.respond(octets, 0.0))]
    return [
        decode(m.block_data) if isinstance(m, GeneralBlockTransfer) and m.last_block and m.block_data else m
        for m in decoded
    ]
