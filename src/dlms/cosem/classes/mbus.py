"""M-Bus: ports, and the devices behind them."""

from __future__ import annotations

from typing import Annotated, Any

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData, AttributeCaptureTime, LogicalNameOctets, Window
from dlms.data import DateTime, DoubleLongUnsigned, Enum, Integer, LongUnsigned, OctetString, Unsigned
from dlms.datetime import CosemDateTime
from dlms.enumerations import CodeTable, CommunicationSpeed, MBusEncryptionKeyStatus
from dlms.grammar import array, structure


class AddressState(CodeTable):
    """addr_state of M-Bus slave port setup."""

    NOT_ASSIGNED = 0
    ASSIGNED = 1


class MBusSlavePortSetup(InterfaceClass, class_id=25, version=0, title="M-Bus slave port setup"):
    """M-Bus slave port setup: the port of a device that is an M-Bus slave."""

    default_baud = attribute(2, CommunicationSpeed, static=None)
    avail_baud = attribute(3, CommunicationSpeed, static=None)
    addr_state = attribute(4, AddressState, static=None)
    bus_address = attribute(5, Unsigned, static=None)


@structure
class CaptureDefinitionElement:
    """What is captured from the M-Bus device. One source has an unsigned as data_information_block."""

    data_information_block: Annotated[bytes, OctetString]
    value_information_block: Annotated[bytes, OctetString]


@structure
class MBusData:
    """A value that is sent to the M-Bus device."""

    data_information_block: Annotated[bytes, OctetString]
    value_information_block: Annotated[bytes, OctetString]
    data: Annotated[Any, AnyData]


class _MBusClient(InterfaceClass):
    mbus_port_reference = attribute(2, LogicalNameOctets, static=None)
    capture_definition = attribute(3, array(CaptureDefinitionElement), static=None)
    capture_period = attribute(4, DoubleLongUnsigned, static=None, note="seconds")
    primary_address = attribute(5, Unsigned, static=None)
    identification_number = attribute(6, DoubleLongUnsigned, static=None)
    manufacturer_id = attribute(7, LongUnsigned, static=None)
    version_ = attribute(8, Unsigned, static=None, book_name="version")
    device_type = attribute(9, Unsigned, static=None)
    access_number = attribute(10, Unsigned, static=None)
    status = attribute(11, Unsigned, static=None)
    alarm = attribute(12, Unsigned, static=None)
    slave_install = method(1, Unsigned, note="primary address; one source sends an integer")
    slave_deinstall = method(2, Integer)
    capture = method(3, Integer)
    reset_alarm = method(4, Integer)
    synchronize_clock = method(5, Integer)
    data_send = method(6, array(MBusData))
    set_encryption_key = method(7, OctetString)
    transfer_key = method(8, OctetString)


class MBusClientV0(_MBusClient, class_id=72, version=0, title="M-Bus client", methods_at=(1, 0x60)):
    """M-Bus client, version 0."""


class MBusClientV1(_MBusClient, class_id=72, version=1, title="M-Bus client"):
    """M-Bus client, version 1. One source puts an array around the keys of methods 7 and 8."""

    configuration = attribute(13, LongUnsigned, static=None)
    encryption_key_status = attribute(14, MBusEncryptionKeyStatus, static=None)


class MBusClient(_MBusClient, class_id=72, version=2, title="M-Bus client"):
    """M-Bus client: a device behind the M-Bus, what is captured from it, and its key.

    Uncertain: what version 2 changed was not seen; the attributes of version 1 are shown.
    """

    configuration = attribute(13, LongUnsigned, static=None)
    encryption_key_status = attribute(14, MBusEncryptionKeyStatus, static=None)


class WirelessModeQChannelV0(
    InterfaceClass, class_id=73, version=0, title="Wireless Mode Q channel", layout_known=False
):
    """Wireless Mode Q channel, version 0. Its layout was not seen."""


class WirelessModeQChannel(InterfaceClass, class_id=73, version=1, title="Wireless Mode Q channel"):
    """Wireless Mode Q channel: the address of a device on a wireless M-Bus of mode Q."""

    addr_state = attribute(2, Enum, static=True)
    device_address = attribute(3, OctetString, static=True)
    address_mask = attribute(4, OctetString, static=True)


class MBusMasterPortSetup(InterfaceClass, class_id=74, version=0, title="M-Bus master port setup"):
    """M-Bus master port setup: the speed of the port that M-Bus devices are read through."""

    comm_speed = attribute(2, CommunicationSpeed, static=None)


class MBusPortCommunicationState(CodeTable):
    """M-Bus_port_communication_state of DLMS server M-Bus port setup."""

    NO_ACCESS = 0
    TEMPORARY_NO_ACCESS = 1
    LIMITED_ACCESS = 2
    UNLIMITED_ACCESS = 3
    WM_BUS = 4


class MBusDataHeaderType(CodeTable):
    """M-Bus_data_header_type of DLMS server M-Bus port setup."""

    NONE = 0
    SHORT = 1
    LONG = 2


class DlmsServerMBusPortSetup(InterfaceClass, class_id=76, version=0, title="DLMS server M-Bus port setup"):
    """DLMS server M-Bus port setup: an M-Bus port that carries DLMS.

    One source; uncertain: the spelling of the names was not seen.
    """

    m_bus_profile_selection = attribute(2, LogicalNameOctets, static=None, book_name="M-Bus_profile_selection")
    m_bus_port_communication_state = attribute(
        3, MBusPortCommunicationState, static=None, book_name="M-Bus_port_communication_state"
    )
    m_bus_data_header_type = attribute(4, MBusDataHeaderType, static=None, book_name="M-Bus_data_header_type")
    primary_address = attribute(5, Unsigned, static=None)
    identification_number = attribute(6, DoubleLongUnsigned, static=None)
    manufacturer_id = attribute(7, LongUnsigned, static=None)
    m_bus_version = attribute(8, Unsigned, static=None, book_name="M-Bus_version")
    device_type = attribute(9, Unsigned, static=None)
    max_pdu_size = attribute(10, LongUnsigned, static=None)
    listening_window = attribute(11, array(Window), static=None)


class MBusLinkStatus(CodeTable):
    """link_status of M-Bus diagnostic."""

    NONE = 0
    NORMAL = 1
    TEMPORARILY_INTERRUPTED = 2
    PERMANENTLY_INTERRUPTED = 3


@structure
class BroadcastFramesCounter:
    """How many broadcasts came from a client, and when the last did."""

    client_id: Annotated[int, Unsigned]
    counter: Annotated[int, DoubleLongUnsigned]
    time_stamp: Annotated[CosemDateTime, DateTime]


class MBusDiagnostic(InterfaceClass, class_id=77, version=0, title="M-Bus diagnostic"):
    """M-Bus diagnostic: counters of an M-Bus port.

    Uncertain: one source; two others show other layouts.
    """

    received_signal_strength = attribute(2, Unsigned, static=None)
    channel_id = attribute(3, Unsigned, static=None)
    link_status = attribute(4, MBusLinkStatus, static=None)
    broadcast_frames_counter = attribute(5, array(BroadcastFramesCounter), static=None)
    transmissions_counter = attribute(6, DoubleLongUnsigned, static=None)
    received_frames_counter = attribute(7, DoubleLongUnsigned, static=None)
    failed_received_frames_counter = attribute(8, DoubleLongUnsigned, static=None)
    capture_time = attribute(9, AttributeCaptureTime, static=None)
    reset = method(1, Integer)
