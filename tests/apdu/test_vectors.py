"""APDUs of the standards and of other people's test suites: decoded to what their sources state, encoded back."""

from __future__ import annotations

import pytest

import dlms
from dlms.apdu.access import AccessResponse, AccessResponseSet
from dlms.apdu.acse import Aare, Aarq, Rlre, Rlrq
from dlms.apdu.action import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResponseWithOptionalData,
)
from dlms.apdu.ciphering import CipheredContent, GloGetRequest, GloInitiateRequest
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemAttributeDescriptorWithSelection,
    CosemMethodDescriptor,
    DataBlockG,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    SelectiveAccessDescriptor,
)
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.apdu.notification import DataNotification, EventNotificationRequest
from dlms.apdu.read_write import (
    DataBlockResult,
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    WriteResponse,
)
from dlms.apdu.set import SetRequestNormal, SetResponseNormal
from dlms.data import (
    DoubleLongUnsigned,
    Enum,
    LongUnsigned,
    NullData,
    OctetString,
    Structure,
    Unsigned,
    VisibleString,
)
from dlms.enumerations import Conformance
from dlms.results import (
    AcseServiceUserDiagnostic,
    ActionResult,
    AssociationResult,
    ConfirmedServiceErrorChoice,
    DataAccessResult,
    ExceptionServiceError,
    ExceptionStateError,
    InitiateError,
    ReleaseRequestReason,
    ReleaseResponseReason,
)

octets = bytes.fromhex
CLOCK = CosemAttributeDescriptor(8, octets("0000010000FF"), 2)
LN = "2.16.756.5.8.1.1"
SN_PROPOSAL = Conformance(0x1C0320)
INITIATE_LN = InitiateRequest(
    proposed_dlms_version_number=6,
    proposed_conformance=Conformance(0x007E1F),
    client_max_receive_pdu_size=1200,
)
GRANTED_LN = InitiateResponse(
    negotiated_dlms_version_number=6,
    negotiated_conformance=Conformance(0x00501F),
    server_max_receive_pdu_size=500,
    vaa_name=7,
)

# Green Book (initiate, AARQ to RLRE, ACCESS), dlms-cosem and openspodes (the rest): facts of their test suites.
PUBLISHED = [
    ("01000000065F1F0400007E1F04B0", INITIATE_LN),
    (
        "01000000065F1F04001C032004B0",
        InitiateRequest(
            proposed_dlms_version_number=6, proposed_conformance=SN_PROPOSAL, client_max_receive_pdu_size=1200
        ),
    ),
    (
        "01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0",
        InitiateRequest(
            dedicated_key=octets("00112233445566778899AABBCCDDEEFF"),
            proposed_dlms_version_number=6,
            proposed_conformance=Conformance(0x007E1F),
            client_max_receive_pdu_size=1200,
        ),
    ),
    ("0800065F1F040000501F01F40007", GRANTED_LN),
    (
        "0800065F1F04001C032001F4FA00",
        InitiateResponse(
            negotiated_dlms_version_number=6,
            negotiated_conformance=SN_PROPOSAL,
            server_max_receive_pdu_size=500,
            vaa_name=0xFA00,
        ),
    ),
    (
        "080100065F1F0400001E1D04C80007",
        InitiateResponse(
            negotiated_quality_of_service=0,
            negotiated_dlms_version_number=6,
            negotiated_conformance=Conformance(0x001E1D),
            server_max_receive_pdu_size=1224,
            vaa_name=7,
        ),
    ),
    (
        "601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0",
        Aarq(application_context_name=LN, user_information=INITIATE_LN),
    ),
    (
        "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738"
        "BE10040E01000000065F1F0400007E1F04B0",
        Aarq(
            application_context_name=LN,
            sender_acse_requirements="1",
            mechanism_name="2.16.756.5.8.2.1",
            calling_authentication_value=b"12345678",
            user_information=INITIATE_LN,
        ),
    ),
    (
        "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000501F01F40007",
        Aare(
            application_context_name=LN,
            result=AssociationResult.ACCEPTED,
            result_source_diagnostic=AcseServiceUserDiagnostic.NULL,
            user_information=GRANTED_LN,
        ),
    ),
    (
        "611FA109060760857405080101A203020101A305A103020101BE0604040E010601",
        Aare(
            application_context_name=LN,
            result=AssociationResult.REJECTED_PERMANENT,
            result_source_diagnostic=AcseServiceUserDiagnostic.NO_REASON_GIVEN,
            user_information=ConfirmedServiceError(
                ConfirmedServiceErrorChoice.INITIATE_ERROR, InitiateError.DLMS_VERSION_TOO_LOW
            ),
        ),
    ),
    (
        "6142A109060760857405080101A203020100A305A10302010E88020780890760857405080205AA0A8008503677524A323146"
        "BE10040E0800065F1F040000501F01F40007",
        Aare(
            application_context_name=LN,
            result=AssociationResult.ACCEPTED,
            result_source_diagnostic=AcseServiceUserDiagnostic.AUTHENTICATION_REQUIRED,
            responder_acse_requirements="1",
            mechanism_name="2.16.756.5.8.2.5",
            responding_authentication_value=b"P6wRJ21F",
            user_information=GRANTED_LN,
        ),
    ),
    ("6203800100", Rlrq(ReleaseRequestReason.NORMAL)),
    ("6303800100", Rlre(ReleaseResponseReason.NORMAL)),
    ("6300", Rlre()),
    ("C001C100080000010000FF0200", GetRequestNormal(0xC1, CLOCK)),
    (
        "C0014100030100010800FF02010100",
        GetRequestNormal(
            0x41,
            CosemAttributeDescriptor(3, octets("0100010800FF"), 2),
            SelectiveAccessDescriptor(1, NullData()),
        ),
    ),
    ("C002C100000001", GetRequestNext(0xC1, 1)),
    (
        "C003C102000100002A0000FF020000080000010000FF0200",
        GetRequestWithList(
            0xC1,
            (
                CosemAttributeDescriptorWithSelection(CosemAttributeDescriptor(1, octets("00002A0000FF"), 2)),
                CosemAttributeDescriptorWithSelection(CLOCK),
            ),
        ),
    ),
    ("C401C1000600001391", GetResponseNormal(0xC1, DoubleLongUnsigned(5009))),
    ("C401C10101", GetResponseNormal(0xC1, DataAccessResult.HARDWARE_FAULT)),
    ("C40141010B", GetResponseNormal(0x41, DataAccessResult.OBJECT_UNAVAILABLE)),
    (
        "C401410002031203E8060001E240161E",
        GetResponseNormal(0x41, Structure([LongUnsigned(1000), DoubleLongUnsigned(123456), Enum(30)])),
    ),
    (
        "C4024101000000010003AABBCC",
        GetResponseWithDatablock(0x41, DataBlockG(True, 1, octets("AABBCC"))),
    ),
    (
        "C402C101000000130101",
        GetResponseWithDatablock(0xC1, DataBlockG(True, 19, DataAccessResult.HARDWARE_FAULT)),
    ),
    (
        "C403C102000600000058000600000000",
        GetResponseWithList(0xC1, (DoubleLongUnsigned(88), DoubleLongUnsigned(0))),
    ),
    (
        "C101C100080000010000FF0200090C07E50118FF0E303950FFC400",
        SetRequestNormal(
            invoke_id_and_priority=0xC1,
            cosem_attribute_descriptor=CLOCK,
            value=OctetString(octets("07E50118FF0E303950FFC400")),
        ),
    ),
    ("C501C100", SetResponseNormal(0xC1, DataAccessResult.SUCCESS)),
    (
        "C301C0000F0000280000FF010109111000001A90E6D2221FA2FD85EED61ACC22",
        ActionRequestNormal(
            0xC0,
            CosemMethodDescriptor(15, octets("0000280000FF"), 1),
            OctetString(octets("1000001A90E6D2221FA2FD85EED61ACC22")),
        ),
    ),
    (
        "C301C0000F0000280000FF0100",
        ActionRequestNormal(0xC0, CosemMethodDescriptor(15, octets("0000280000FF"), 1)),
    ),
    ("C701C00000", ActionResponseNormal(0xC0, ActionResponseWithOptionalData(ActionResult.SUCCESS))),
    (
        "C701C000010009111000001AFDE8857B728A3499106AA665D1",
        ActionResponseNormal(
            0xC0,
            ActionResponseWithOptionalData(
                ActionResult.SUCCESS, OctetString(octets("1000001AFDE8857B728A3499106AA665D1"))
            ),
        ),
    ),
    (
        "C701C0000101FA",
        ActionResponseNormal(0xC0, ActionResponseWithOptionalData(ActionResult.SUCCESS, DataAccessResult.OTHER_REASON)),
    ),
    ("0F00000001001107", DataNotification(1, None, Unsigned(7))),
    (
        "C20000030100010800FF021107",
        EventNotificationRequest(
            cosem_attribute_descriptor=CosemAttributeDescriptor(3, octets("0100010800FF"), 2),
            attribute_value=Unsigned(7),
        ),
    ),
    (
        "D80204",
        ExceptionResponse(ExceptionStateError.SERVICE_UNKNOWN, ExceptionServiceError.PDU_TOO_LONG),
    ),
    (
        "D801060000002A",
        ExceptionResponse(
            ExceptionStateError.SERVICE_NOT_ALLOWED, ExceptionServiceError.INVOCATION_COUNTER_ERROR, 0x2A
        ),
    ),
    ("0501021008", ReadRequest((0x1008,))),
    ("0C01000A0B48454C4C4F2D4A444C4D53", ReadResponse((VisibleString("HELLO-JDLMS"),))),
    (
        "050104FA0802020212000109060000600100FF",
        ReadRequest(
            (ParameterizedAccess(0xFA08, 2, Structure([LongUnsigned(1), OctetString(octets("0000600100FF"))])),)
        ),
    ),
    ("0C010201000103AABBCC", ReadResponse((DataBlockResult(True, 1, octets("AABBCC")),))),
    ("0D010100", WriteResponse((DataAccessResult.SUCCESS,))),
    ("0D0100", WriteResponse((None,))),
    (
        "C8122001234567411312FF935A47566827C467BC",
        GloGetRequest(CipheredContent(0x20, 0x01234567, octets("411312FF935A47566827C467BC"))),
    ),
    (
        "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B",
        GloGetRequest(
            CipheredContent(0x30, 0x01234567, octets("411312FF935A47566827C467BC"), octets("7D825C3BE4A77C3FCC056B6B"))
        ),
    ),
]


@pytest.mark.parametrize(("source", "message"), PUBLISHED)
def test_published(source, message):
    assert dlms.decode(octets(source)) == message
    assert dlms.encode(message) == octets(source)
    assert dlms.decode(octets(source)).deviations == ()


def test_access_of_the_green_book():
    response = dlms.decode(
        octets("DA4000000000000409083030303030303031090C07DC030C07161E0000FF88800000040100010002000200")
    )
    assert isinstance(response, AccessResponse)
    body = response.access_response_body
    assert body.access_response_list_of_data[0] == OctetString(b"00000001")
    assert body.access_response_specification[3] == AccessResponseSet(DataAccessResult.SUCCESS)


def test_aarq_with_a_dedicated_key_of_the_green_book():
    message = dlms.decode(
        octets(
            "6066A109060760857405080103A60A04084D4D4D0000BC614E8A0207808B0760857405080201AC0A80083132333435363738"
            "BE34043221303001234567801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE6841DB204D39EE6FDB"
            "8E356855"
        )
    )
    assert message.calling_ap_title == octets("4D4D4D0000BC614E")
    assert isinstance(message.user_information, GloInitiateRequest)
    assert message.user_information.ciphered_content.invocation_counter == 0x01234567
    assert message.user_information.ciphered_content.authentication_tag == octets("41DB204D39EE6FDB8E356855")
