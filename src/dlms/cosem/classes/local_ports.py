"""Local ports, modems and mobile networks."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import Window
from dlms.data import (
    DateTime,
    DoubleLongUnsigned,
    Enum,
    Integer,
    LongUnsigned,
    OctetString,
    Unsigned,
    VisibleString,
)
from dlms.enumerations import CodeTable, CommunicationSpeed, GsmPacketSwitchedStatus, GsmStatus
from dlms.grammar import array, structure

# Local ports ---------------------------------------------------------------------------------------------------


class DefaultMode(CodeTable):
    """default_mode of IEC local port setup."""

    IEC_62056_21 = 0
    HDLC = 1
    NOT_SPECIFIED = 2


class ResponseTime(CodeTable):
    """response_time of IEC local port setup."""

    MILLISECONDS_20 = 0
    MILLISECONDS_200 = 1


class IecLocalPortSetupV0(InterfaceClass, class_id=19, version=0, title="IEC local port setup", layout_known=False):
    """IEC local port setup, version 0. Only its existence was seen."""


class IecLocalPortSetup(InterfaceClass, class_id=19, version=1, title="IEC local port setup"):
    """IEC local port setup: an optical or electrical port of IEC 62056-21."""

    default_mode = attribute(2, DefaultMode, static=True)
    default_baud = attribute(3, CommunicationSpeed, static=True)
    prop_baud = attribute(4, CommunicationSpeed, static=True)
    response_time = attribute(5, ResponseTime, static=True)
    device_addr = attribute(6, OctetString, static=True)
    pass_p1 = attribute(7, OctetString, static=True)
    pass_p2 = attribute(8, OctetString, static=True)
    pass_w5 = attribute(9, OctetString, static=True)


class _IecHdlcSetup(InterfaceClass):
    comm_speed = attribute(2, CommunicationSpeed, static=True)
    window_size_transmit = attribute(3, Unsigned, static=True, note="1 to 7")
    window_size_receive = attribute(4, Unsigned, static=True, note="1 to 7")
    inter_octet_time_out = attribute(7, LongUnsigned, static=True, note="milliseconds")
    inactivity_time_out = attribute(8, LongUnsigned, static=True, note="seconds; 0: never")
    device_address = attribute(9, LongUnsigned, static=True)


class IecHdlcSetupV0(_IecHdlcSetup, class_id=23, version=0, title="IEC HDLC setup"):
    """IEC HDLC setup, version 0 (one source)."""

    max_info_field_length_transmit = attribute(5, Unsigned, static=True)
    max_info_field_length_receive = attribute(6, Unsigned, static=True)


class IecHdlcSetup(_IecHdlcSetup, class_id=23, version=1, title="IEC HDLC setup"):
    """IEC HDLC setup: speed, address, window and frame sizes of an HDLC port."""

    max_info_field_length_transmit = attribute(5, LongUnsigned, static=True, note="32 to 2030")
    max_info_field_length_receive = attribute(6, LongUnsigned, static=True, note="32 to 2030")


class TwistedPairMode(CodeTable):
    """mode of IEC twisted pair (1) setup."""

    INACTIVE = 0
    ACTIVE = 1


class IecTwistedPairSetupV0(InterfaceClass, class_id=24, version=0, title="IEC twisted pair (1) setup"):
    """IEC twisted pair (1) setup, version 0. primary_address_list is octet-string in another source."""

    secondary_address = attribute(2, OctetString, static=True, note="6 octets")
    primary_address_list = attribute(3, array(Unsigned), static=True)
    tabi_list = attribute(4, array(Integer), static=True)
    fatal_error = attribute(5, Enum)


class IecTwistedPairSetup(InterfaceClass, class_id=24, version=1, title="IEC twisted pair (1) setup"):
    """IEC twisted pair (1) setup: a port of IEC 62056-3-1."""

    mode = attribute(2, TwistedPairMode, static=None)
    speed = attribute(3, CommunicationSpeed, static=None)
    primary_address_list = attribute(4, array(Unsigned), static=None)
    tabi_list = attribute(5, array(Integer), static=None)


# Modems --------------------------------------------------------------------------------------------------------


@structure
class InitializationStringV0:
    """What is sent to the modem, and what it answers (Modem configuration version 0)."""

    request: Annotated[bytes, OctetString]
    response: Annotated[bytes, OctetString]


@structure
class InitializationString:
    """What is sent to the modem, what it answers, and the milliseconds to wait after that."""

    request: Annotated[bytes, OctetString]
    response: Annotated[bytes, OctetString]
    delay_after_response: Annotated[int, LongUnsigned]


class ModemConfigurationV0(InterfaceClass, class_id=27, version=0, title="PSTN modem configuration"):
    """PSTN modem configuration, version 0 of Modem configuration."""

    comm_speed = attribute(2, CommunicationSpeed, static=True)
    initialization_string = attribute(3, array(InitializationStringV0), static=True)
    modem_profile = attribute(4, array(OctetString), static=True)


class ModemConfiguration(InterfaceClass, class_id=27, version=1):
    """Modem configuration: how a modem is set up."""

    comm_speed = attribute(2, CommunicationSpeed, static=True)
    initialization_string = attribute(3, array(InitializationString), static=True)
    modem_profile = attribute(4, array(OctetString), static=True)


class AutoAnswerStatus(CodeTable):
    """status of Auto answer."""

    INACTIVE = 0
    ACTIVE = 1
    LOCKED = 2


class CallType(CodeTable):
    """What a caller on the list of Auto answer may do."""

    NORMAL_CSD = 0
    WAKE_UP = 1


@structure
class NumberOfRings:
    """After how many rings a call is taken, inside and outside the listening window."""

    nr_rings_in_window: Annotated[int, Unsigned]
    nr_rings_out_of_window: Annotated[int, Unsigned]


@structure
class AllowedCaller:
    """A caller, and what its calls do."""

    caller_id: Annotated[bytes, OctetString]
    call_type: CallType


class _AutoAnswer(InterfaceClass):
    mode = attribute(2, Enum, static=True)
    listening_window = attribute(3, array(Window), static=True)
    status = attribute(4, AutoAnswerStatus)
    number_of_calls = attribute(5, Unsigned, static=True)
    number_of_rings = attribute(6, NumberOfRings, static=True)


class AutoAnswerV0(_AutoAnswer, class_id=28, version=0):
    """Auto answer, version 0. Uncertain: two sources of four give it list_of_allowed_callers (7) too."""


class AutoAnswerV1(_AutoAnswer, class_id=28, version=1):
    """Auto answer, version 1. Uncertain: one source treats it like version 0, no other knows it."""


class AutoAnswer(_AutoAnswer, class_id=28, version=2):
    """Auto answer: when the device takes calls, and from whom."""

    list_of_allowed_callers = attribute(7, array(AllowedCaller), static=True)


class AutoConnectMode(CodeTable):
    """mode of Auto connect."""

    NO_AUTO_CONNECT = 0
    AUTO_DIALLING_ANYTIME = 1
    AUTO_DIALLING_IN_CALLING_WINDOW = 2
    REGULAR_IN_CALLING_WINDOW_ALARM_ANYTIME = 3
    SMS_VIA_PLMN = 4
    SMS_VIA_PSTN = 5
    EMAIL = 6
    PERMANENTLY_CONNECTED = 101
    PERMANENTLY_CONNECTED_WITH_CALLING_WINDOW = 102
    CONNECT_ON_INVOCATION = 103
    CONNECT_AND_DISCONNECT_ON_INVOCATION = 104


class _AutoConnect(InterfaceClass):
    mode = attribute(2, AutoConnectMode, static=True)
    repetitions = attribute(3, Unsigned, static=True)
    repetition_delay = attribute(4, LongUnsigned, static=True, note="seconds")
    calling_window = attribute(5, array(Window), static=True)
    destination_list = attribute(6, array(OctetString), static=True)


class AutoConnectV0(_AutoConnect, class_id=29, version=0, title="PSTN auto dial"):
    """PSTN auto dial, version 0 of Auto connect. Uncertain: the name of attribute 6 was not seen."""


class AutoConnectV1(_AutoConnect, class_id=29, version=1):
    """Auto connect, version 1. Uncertain: of two sources one has the method from version 2 on."""

    connect = method(1, Integer)


class AutoConnect(_AutoConnect, class_id=29, version=2):
    """Auto connect: when and where to the device connects by itself."""

    connect = method(1, Integer)


# Mobile networks -----------------------------------------------------------------------------------------------


@structure
class QualityOfServiceElement:
    """A quality of service as the network defines it."""

    precedence: Annotated[int, Unsigned]
    delay: Annotated[int, Unsigned]
    reliability: Annotated[int, Unsigned]
    peak_throughput: Annotated[int, Unsigned]
    mean_throughput: Annotated[int, Unsigned]


@structure
class QualityOfService:
    """The quality of service that is the least, and the one that is asked for."""

    default: QualityOfServiceElement
    requested: QualityOfServiceElement


class GprsModemSetup(InterfaceClass, class_id=45, version=0, title="GPRS modem setup"):
    """GPRS modem setup: access point, PIN and quality of service."""

    apn = attribute(2, OctetString, static=True, book_name="APN")
    pin_code = attribute(3, LongUnsigned, static=True, book_name="PIN_code")
    quality_of_service = attribute(4, QualityOfService, static=True)


class GsmCircuitSwitchedAttachment(CodeTable):
    """cs_attachment of GSM diagnostic."""

    INACTIVE = 0
    INCOMING_CALL = 1
    ACTIVE = 2


@structure
class CellInfoV0:
    """The cell that serves the device (GSM diagnostic version 0)."""

    cell_id: Annotated[int, LongUnsigned]
    location_id: Annotated[int, LongUnsigned]
    signal_quality: Annotated[int, Unsigned]
    ber: Annotated[int, Unsigned]


@structure
class CellInfo:
    """The cell that serves the device."""

    cell_id: Annotated[int, DoubleLongUnsigned]
    location_id: Annotated[int, LongUnsigned]
    signal_quality: Annotated[int, Unsigned]
    ber: Annotated[int, Unsigned]
    mcc: Annotated[int, LongUnsigned]
    mnc: Annotated[int, LongUnsigned]
    channel_number: Annotated[int, DoubleLongUnsigned]


@structure
class AdjacentCellV0:
    """A cell nearby (GSM diagnostic version 0)."""

    cell_id: Annotated[int, LongUnsigned]
    signal_quality: Annotated[int, Unsigned]


@structure
class AdjacentCell:
    """A cell nearby."""

    cell_id: Annotated[int, DoubleLongUnsigned]
    signal_quality: Annotated[int, Unsigned]


class _GsmDiagnostic(InterfaceClass):
    operator = attribute(2, VisibleString)
    status = attribute(3, GsmStatus)
    cs_attachment = attribute(4, GsmCircuitSwitchedAttachment)
    ps_status = attribute(5, GsmPacketSwitchedStatus)
    capture_time = attribute(8, DateTime)


class GsmDiagnosticV0(_GsmDiagnostic, class_id=47, version=0, title="GSM diagnostic"):
    """GSM diagnostic, version 0."""

    cell_info = attribute(6, CellInfoV0)
    adjacent_cells = attribute(7, array(AdjacentCellV0))


class GsmDiagnosticV1(_GsmDiagnostic, class_id=47, version=1, title="GSM diagnostic"):
    """GSM diagnostic, version 1."""

    cell_info = attribute(6, CellInfo)
    adjacent_cells = attribute(7, array(AdjacentCell))


class GsmDiagnostic(_GsmDiagnostic, class_id=47, version=2, title="GSM diagnostic"):
    """GSM diagnostic: the mobile network as the device sees it.

    Uncertain: what version 2 changed inside cell_info was not seen; that of version 1 is shown.
    """

    cell_info = attribute(6, CellInfo)
    adjacent_cells = attribute(7, array(AdjacentCell))


@structure
class LteNetworkParametersV0:
    """Timers and levels that the network gives (LTE monitoring version 0; names after one source)."""

    t3402: Annotated[int, LongUnsigned]
    t3412: Annotated[int, LongUnsigned]
    signal_quality: Annotated[int, Unsigned]
    signal_level: Annotated[int, Unsigned]
    q_rxlev_min_ce: Annotated[int, Integer]


@structure
class LteNetworkParameters:
    """Timers and levels that the network gives (names after one source)."""

    t3402: Annotated[int, LongUnsigned]
    t3412: Annotated[int, LongUnsigned]
    t3412ext2: Annotated[int, DoubleLongUnsigned]
    t3324: Annotated[int, LongUnsigned]
    tedrx: Annotated[int, DoubleLongUnsigned]
    tptw: Annotated[int, LongUnsigned]
    q_rxlev_min: Annotated[int, Integer]
    q_rxlev_min_ce: Annotated[int, Integer]
    q_rxlev_min_ce1: Annotated[int, Integer]


class CoverageEnhancement(CodeTable):
    """coverage_enhancement of LTE monitoring."""

    LEVEL_0 = 0
    LEVEL_1 = 1
    LEVEL_2 = 2


@structure
class LteQualityOfService:
    """How well the network is received (names after one source)."""

    signal_quality: Annotated[int, Integer]
    signal_level: Annotated[int, Integer]
    signal_to_noise_ratio: Annotated[int, Integer]
    coverage_enhancement: CoverageEnhancement


class LteMonitoringV0(InterfaceClass, class_id=151, version=0, title="LTE monitoring"):
    """LTE monitoring, version 0 (one source)."""

    lte_network_parameters = attribute(2, LteNetworkParametersV0, book_name="LTE_network_parameters")


class LteMonitoring(InterfaceClass, class_id=151, version=1, title="LTE monitoring"):
    """LTE monitoring: timers, levels and quality of an LTE network."""

    lte_network_parameters = attribute(2, LteNetworkParameters, book_name="LTE_network_parameters")
    lte_quality_of_service = attribute(3, LteQualityOfService, book_name="LTE_quality_of_service")
