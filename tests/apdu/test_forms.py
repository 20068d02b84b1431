"""Every form of every APDU: its tags, and octets written by hand from the ASN.1 where no published ones are known."""

from __future__ import annotations

import pytest

import dlms
from dlms import apdu
from dlms.apdu.access import (
    AccessRequest,
    AccessRequestAction,
    AccessRequestBody,
    AccessRequestGetWithSelection,
    AccessResponse,
    AccessResponseAction,
    AccessResponseBody,
)
from dlms.apdu.action import (
    ActionRequestNextPblock,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseWithList,
    ActionResponseWithOptionalData,
    ActionResponseWithPblock,
)
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.ciphering import (
    AgreedKey,
    CipheredContent,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    IdentifiedKey,
    ProtectionHeader,
    WrappedKey,
)
from dlms.apdu.exception import ChangeScopeError, ConfirmedServiceError
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    DataBlockSA,
    SelectiveAccessDescriptor,
)
from dlms.apdu.notification import DataNotificationConfirm
from dlms.apdu.read_write import (
    BlockNumberAccess,
    InformationReportRequest,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from dlms.apdu.set import (
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseWithList,
)
from dlms.data import NullData, OctetString, Unsigned
from dlms.enumerations import KeyId
from dlms.grammar import decode, encode, nodes
from dlms.results import ActionResult, ConfirmedServiceErrorChoice, DataAccessResult, TaskError
from dlms.service_errors import ObjectUndefined

octets = bytes.fromhex
OK, FAULT = DataAccessResult.SUCCESS, DataAccessResult.HARDWARE_FAULT
CLOCK, CLOCK_OCTETS = CosemAttributeDescriptor(8, octets("0000010000FF"), 2), "00080000010000FF02"
METHOD, METHOD_OCTETS = CosemMethodDescriptor(8, octets("0000010000FF"), 1), "00080000010000FF01"
LISTED = CosemAttributeDescriptorWithSelection(CLOCK)
SELECTION = SelectiveAccessDescriptor(2, NullData())
BLOCK, BLOCK_OCTETS = DataBlockSA(False, 1, b"AB"), "0000000001024142"
CONTENT, CONTENT_OCTETS = CipheredContent(0x20, 1, b"AB"), "0720000000014142"
HEADER = ProtectionHeader(b"\x01", b"CLIENT01", b"SERVER01", b"", b"")
HEADER_OCTETS = "0101" + "08434C49454E543031" + "085345525645523031" + "00" + "00"
HEADER_FIELDS = (b"\x01", b"CLIENT01", b"SERVER01", b"", b"")

BY_HAND = [
    (
        f"C102C1{CLOCK_OCTETS}010200{BLOCK_OCTETS}",
        SetRequestWithFirstDatablock(
            invoke_id_and_priority=0xC1,
            cosem_attribute_descriptor=CLOCK,
            access_selection=SELECTION,
            datablock=BLOCK,
        ),
    ),
    (f"C103C1{BLOCK_OCTETS}", SetRequestWithDatablock(0xC1, BLOCK)),
    (f"C104C101{CLOCK_OCTETS}00011105", SetRequestWithList(0xC1, (LISTED,), (Unsigned(5),))),
    (f"C105C101{CLOCK_OCTETS}00{BLOCK_OCTETS}", SetRequestWithListAndFirstDatablock(0xC1, (LISTED,), BLOCK)),
    ("C502C100000002", SetResponseDatablock(0xC1, 2)),
    ("C503C10100000002", SetResponseLastDatablock(0xC1, FAULT, 2)),
    ("C504C102000100000002", SetResponseLastDatablockWithList(0xC1, (OK, FAULT), 2)),
    ("C505C1020001", SetResponseWithList(0xC1, (OK, FAULT))),
    ("C302C100000002", ActionRequestNextPblock(0xC1, 2)),
    (f"C303C101{METHOD_OCTETS}0100", ActionRequestWithList(0xC1, (METHOD,), (NullData(),))),
    (f"C304C1{METHOD_OCTETS}{BLOCK_OCTETS}", ActionRequestWithFirstPblock(0xC1, METHOD, BLOCK)),
    (f"C305C101{METHOD_OCTETS}{BLOCK_OCTETS}", ActionRequestWithListAndFirstPblock(0xC1, (METHOD,), BLOCK)),
    (f"C306C1{BLOCK_OCTETS}", ActionRequestWithPblock(0xC1, BLOCK)),
    (f"C702C1{BLOCK_OCTETS}", ActionResponseWithPblock(0xC1, BLOCK)),
    (
        "C703C1020001001105030101FA",
        ActionResponseWithList(
            0xC1,
            (
                ActionResponseWithOptionalData(ActionResult.SUCCESS, Unsigned(5)),
                ActionResponseWithOptionalData(ActionResult.READ_WRITE_DENIED, DataAccessResult.OTHER_REASON),
            ),
        ),
    ),
    ("C704C100000002", ActionResponseNextPblock(0xC1, 2)),
    (
        f"D900000001000203{METHOD_OCTETS}04{CLOCK_OCTETS}0200020000",
        AccessRequest(
            1,
            None,
            AccessRequestBody(
                (AccessRequestAction(METHOD), AccessRequestGetWithSelection(CLOCK, SELECTION)),
                (NullData(), NullData()),
            ),
        ),
    ),
    (
        f"DA0000000100010103{METHOD_OCTETS}010001030C",
        AccessResponse(
            1,
            None,
            AccessResponseBody(
                access_request_specification=(AccessRequestAction(METHOD),),
                access_response_list_of_data=(NullData(),),
                access_response_specification=(AccessResponseAction(ActionResult.TYPE_UNMATCHED),),
            ),
        ),
    ),
    (
        "0502050002060100020141",
        ReadRequest((BlockNumberAccess(2), ReadDataBlockAccess(True, 2, b"A"))),
    ),
    ("0C01030002", ReadResponse((2,))),
    ("060107010002011105", WriteRequest((WriteDataBlockAccess(True, 2),), (Unsigned(5),))),
    ("0D03000103020002", WriteResponse((None, DataAccessResult.READ_WRITE_DENIED, 2))),
    ("160102FA0001090141", UnconfirmedWriteRequest((0xFA00,), (OctetString(b"A"),))),
    (
        "18010F32303236303130313030303030305A0102FA00011105",
        InformationReportRequest(
            current_time="20260101000000Z", variable_access_specification=(0xFA00,), list_of_data=(Unsigned(5),)
        ),
    ),
    (
        "18000102FA00011105",
        InformationReportRequest(variable_access_specification=(0xFA00,), list_of_data=(Unsigned(5),)),
    ),
    ("0E050902", ConfirmedServiceError(ConfirmedServiceErrorChoice.READ, TaskError.TI_STOPPED)),
    ("0E060804", ConfirmedServiceError(ConfirmedServiceErrorChoice.WRITE, ChangeScopeError(4))),
    ("100000000100", DataNotificationConfirm(1, None)),
    ("E0C10002000103616263", GeneralBlockTransfer(0xC1, 2, 1, b"abc")),
    (f"DB08434C49454E543031{CONTENT_OCTETS}", GeneralGloCiphering(b"CLIENT01", CONTENT)),
    (f"DB00{CONTENT_OCTETS}", GeneralGloCiphering(b"", CONTENT)),
    (f"DC08434C49454E543031{CONTENT_OCTETS}", GeneralDedCiphering(b"CLIENT01", CONTENT)),
    (f"DD{HEADER_OCTETS}00{CONTENT_OCTETS}", GeneralCiphering(*HEADER_FIELDS, None, CONTENT)),
    (
        f"DD{HEADER_OCTETS}010001{CONTENT_OCTETS}",
        GeneralCiphering(*HEADER_FIELDS, IdentifiedKey(KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY), CONTENT),
    ),
    (
        f"DD{HEADER_OCTETS}010100024142{CONTENT_OCTETS}",
        GeneralCiphering(*HEADER_FIELDS, WrappedKey(0, b"AB"), CONTENT),
    ),
    (
        f"DD{HEADER_OCTETS}0102010200{CONTENT_OCTETS}",
        GeneralCiphering(*HEADER_FIELDS, AgreedKey(b"\x02", b""), CONTENT),
    ),
    # Neither authenticated nor encrypted: no invocation counter.
    (f"DD{HEADER_OCTETS}0003004142", GeneralCiphering(*HEADER_FIELDS, None, CipheredContent(0, None, b"AB"))),
    (f"DF{HEADER_OCTETS}024142020102", GeneralSigning(*HEADER_FIELDS, b"AB", b"\x01\x02")),
]


@pytest.mark.parametrize(("source", "message"), BY_HAND, ids=lambda value: value[:4] if isinstance(value, str) else "")
def test_by_hand(source, message):
    assert dlms.decode(octets(source)) == message
    assert dlms.decode(octets(source)).deviations == ()
    assert dlms.encode(message) == octets(source)


def test_what_general_protection_covers_of_itself():
    ciphering = GeneralCiphering(*HEADER_FIELDS, None, CONTENT)
    assert ciphering.header == HEADER
    assert encode(ProtectionHeader, ciphering.header) == octets(HEADER_OCTETS)
    signing = GeneralSigning(*HEADER_FIELDS, b"AB", b"")
    assert signing.header == HEADER
    assert encode(type(signing.signed_content), signing.signed_content) == octets(HEADER_OCTETS + "024142")


def test_the_reply_of_hls_gmac_is_ciphered_content():
    content = decode(CipheredContent, octets("10000000011A52FE7DD3E72748973C1E28"))
    assert content == CipheredContent(0x10, 1, b"", octets("1A52FE7DD3E72748973C1E28"))
    assert encode(CipheredContent, content) == octets("10000000011A52FE7DD3E72748973C1E28")


# Plain, with the global key, with the dedicated key (Green Book, tags of the service-specific ciphered APDUs).
CIPHERED = {
    "initiate-request": (0x01, 0x21, 0x41),
    "read-request": (0x05, 0x25, 0x45),
    "write-request": (0x06, 0x26, 0x46),
    "initiate-response": (0x08, 0x28, 0x48),
    "read-response": (0x0C, 0x2C, 0x4C),
    "write-response": (0x0D, 0x2D, 0x4D),
    "confirmed-service-error": (0x0E, 0x2E, 0x4E),
    "unconfirmed-write-request": (0x16, 0x36, 0x56),
    "information-report-request": (0x18, 0x38, 0x58),
    "get-request": (0xC0, 0xC8, 0xD0),
    "set-request": (0xC1, 0xC9, 0xD1),
    "event-notification-request": (0xC2, 0xCA, 0xD2),
    "action-request": (0xC3, 0xCB, 0xD3),
    "get-response": (0xC4, 0xCC, 0xD4),
    "set-response": (0xC5, 0xCD, 0xD5),
    "action-response": (0xC7, 0xCF, 0xD7),
}


def test_the_tags_of_ciphered_apdus():
    alternatives = {alternative.tag: alternative for alternative in apdu.APDU.alternatives}
    for name, (plain, glo, ded) in CIPHERED.items():
        names = [alternatives[tag].name for tag in (plain, glo, ded)]
        assert names == [name, f"glo-{name}", f"ded-{name}"]
        for tag in (glo, ded):
            message = dlms.decode(bytes([tag]) + octets(CONTENT_OCTETS))
            assert message.ciphered_content == CONTENT
            assert message.tags == (tag,)
            assert dlms.encode(message) == bytes([tag]) + octets(CONTENT_OCTETS)
    assert {0xCE, 0xD6}.isdisjoint(alternatives)


def leaves(of: nodes.Node) -> list[nodes.Sequence]:
    if isinstance(of, nodes.Choice):
        return [leaf for alternative in of.alternatives for leaf in leaves(alternative.node)]
    assert isinstance(of, nodes.Sequence)
    return [of]


def test_every_message_is_named_once_and_begins_with_its_tags():
    found = leaves(apdu.APDU)
    assert len({leaf.name for leaf in found}) == len({leaf.type.tags for leaf in found}) == len(found) > 80
    for leaf in found:
        assert leaf.type.__doc__
        assert leaf.type.__node__ is leaf


def test_descriptors_read_like_addresses() -> None:
    """As errors name what a meter refused."""
    name = bytes.fromhex("0100010800FF")
    assert str(CosemAttributeDescriptor(3, name, 2)) == "3/1-0:1.8.0*255:2"
    assert str(CosemMethodDescriptor(3, name, 1)) == "3/1-0:1.8.0*255:method 1"
    assert str(CosemAttributeDescriptor(3, b"\x01", 2)) == "3/01:2"
    refused = ObjectUndefined(what=CosemAttributeDescriptor(3, name, 2))
    assert str(refused) == "3/1-0:1.8.0*255:2: object-undefined (4)"
