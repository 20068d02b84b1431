"""S-FSK power line carrier (IEC 61334), and the LLC layers of ISO/IEC 8802-2."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData
from dlms.data import Boolean, DoubleLongUnsigned, Enum, Integer, LongUnsigned, OctetString, Unsigned
from dlms.enumerations import CodeTable
from dlms.grammar import array, structure


class InitiatorElectricalPhase(CodeTable):
    """initiator_electrical_phase of S-FSK Phy&MAC setup."""

    NOT_DEFINED = 0
    PHASE_1 = 1
    PHASE_2 = 2
    PHASE_3 = 3


class DeltaElectricalPhase(CodeTable):
    """delta_electrical_phase of S-FSK Phy&MAC setup, in degrees against the initiator."""

    NOT_DEFINED = 0
    SAME = 1
    PLUS_60 = 2
    PLUS_120 = 3
    PLUS_180 = 4
    MINUS_120 = 5
    MINUS_60 = 6


class Repeater(CodeTable):
    """repeater of S-FSK Phy&MAC setup."""

    NEVER = 0
    ALWAYS = 1
    DYNAMIC = 2


@structure
class Frequencies:
    """The two frequencies of the carrier, in hertz."""

    mark_frequency: Annotated[int, DoubleLongUnsigned]
    space_frequency: Annotated[int, DoubleLongUnsigned]


class _SFskPhyMacSetup(InterfaceClass):
    initiator_electrical_phase = attribute(2, InitiatorElectricalPhase, static=True)
    delta_electrical_phase = attribute(3, DeltaElectricalPhase)
    max_receiving_gain = attribute(4, Unsigned, static=True)
    max_transmitting_gain = attribute(5, Unsigned, static=True)
    search_initiator_threshold = attribute(6, Unsigned, static=True)
    frequencies = attribute(7, Frequencies, static=True)
    mac_address = attribute(8, LongUnsigned)
    mac_group_addresses = attribute(9, array(LongUnsigned), static=True)
    repeater = attribute(10, Repeater, static=True)
    repeater_status = attribute(11, Boolean)
    min_delta_credit = attribute(12, Unsigned)
    initiator_mac_address = attribute(13, LongUnsigned)
    synchronization_locked = attribute(14, Boolean)
    transmission_speed = attribute(15, Enum, static=True)


class SFskPhyMacSetupV0(_SFskPhyMacSetup, class_id=50, version=0, title="S-FSK Phy&MAC setup"):
    """S-FSK Phy&MAC setup, version 0. Uncertain: whether it has transmission_speed was not seen."""


class SFskPhyMacSetup(_SFskPhyMacSetup, class_id=50, version=1, title="S-FSK Phy&MAC setup"):
    """S-FSK Phy&MAC setup: gains, frequencies, addresses and the repeater of a modem."""


@structure
class InitiatorDescriptor:
    """The initiator that the device belongs to."""

    system_title: Annotated[bytes, OctetString]
    mac_address: Annotated[int, LongUnsigned]
    l_sap_selector: Annotated[int, Unsigned]


class SFskActiveInitiator(InterfaceClass, class_id=51, version=0, title="S-FSK Active initiator", methods_at=(1, 0x10)):
    """S-FSK Active initiator: who the device listens to."""

    active_initiator = attribute(2, InitiatorDescriptor)
    reset_new_not_synchronized = method(1, Integer, book_name="reset_NEW_not_synchronized")


class SFskMacSynchronizationTimeouts(
    InterfaceClass, class_id=52, version=0, title="S-FSK MAC synchronization timeouts"
):
    """S-FSK MAC synchronization timeouts: when a search or a synchronization is given up."""

    search_initiator_timeout = attribute(2, LongUnsigned, static=True)
    synchronization_confirmation_timeout = attribute(3, LongUnsigned, static=True)
    time_out_not_addressed = attribute(4, LongUnsigned, static=True)
    time_out_frame_not_ok = attribute(5, LongUnsigned, static=True, book_name="time_out_frame_not_OK")


@structure
class SynchronizationRegisterElement:
    """How often the device synchronized with an address."""

    mac_address: Annotated[int, LongUnsigned]
    synchronizations_counter: Annotated[int, DoubleLongUnsigned]


@structure
class DesynchronizationListing:
    """How often, and why, synchronization was lost."""

    nb_physical_layer_desynchronization: Annotated[int, DoubleLongUnsigned]
    nb_time_out_not_addressed_desynchronization: Annotated[int, DoubleLongUnsigned]
    nb_time_out_frame_not_ok_desynchronization: Annotated[int, DoubleLongUnsigned]
    nb_write_request_desynchronization: Annotated[int, DoubleLongUnsigned]
    nb_wrong_initiator_desynchronization: Annotated[int, DoubleLongUnsigned]


@structure
class BroadcastFramesCounterElement:
    """How many broadcasts came from an address."""

    source_mac_address: Annotated[int, LongUnsigned]
    frames_counter: Annotated[int, DoubleLongUnsigned]


class SFskMacCounters(InterfaceClass, class_id=53, version=0, title="S-FSK MAC counters", methods_at=(1, 0x50)):
    """S-FSK MAC counters: frames and synchronizations."""

    synchronization_register = attribute(2, array(SynchronizationRegisterElement))
    desynchronization_listing = attribute(3, DesynchronizationListing)
    broadcast_frames_counter = attribute(4, array(BroadcastFramesCounterElement))
    repetitions_counter = attribute(5, DoubleLongUnsigned)
    transmissions_counter = attribute(6, DoubleLongUnsigned)
    crc_ok_frames_counter = attribute(7, DoubleLongUnsigned, book_name="CRC_OK_frames_counter")
    crc_nok_frames_counter = attribute(8, DoubleLongUnsigned, book_name="CRC_NOK_frames_counter")
    reset = method(1, Integer)


class Iec61334LlcSetupV0(
    InterfaceClass, class_id=55, version=0, title="S-FSK IEC 61334-4-32 LLC setup", layout_known=False
):
    """S-FSK IEC 61334-4-32 LLC setup, version 0 of IEC 61334-4-32 LLC setup. Only its existence was seen."""


class Iec61334LlcSetup(InterfaceClass, class_id=55, version=1, title="IEC 61334-4-32 LLC setup"):
    """IEC 61334-4-32 LLC setup: the longest frame, and replies that wait.

    One source; uncertain: the elements of reply_status_list were not seen.
    """

    max_frame_length = attribute(2, LongUnsigned, static=True)
    reply_status_list = attribute(3, array(AnyData))


class SFskReportingSystemList(InterfaceClass, class_id=56, version=0, title="S-FSK Reporting system list"):
    """S-FSK Reporting system list: system titles of devices that report."""

    reporting_system_list = attribute(2, array(OctetString))


class Iso8802LlcType1Setup(InterfaceClass, class_id=57, version=0, title="ISO/IEC 8802-2 LLC Type 1 setup"):
    """ISO/IEC 8802-2 LLC Type 1 setup: connectionless LLC."""

    max_octets_ui_pdu = attribute(2, LongUnsigned, static=True)


class Iso8802LlcType2Setup(InterfaceClass, class_id=58, version=0, title="ISO/IEC 8802-2 LLC Type 2 setup"):
    """ISO/IEC 8802-2 LLC Type 2 setup: windows and timers of LLC with connections."""

    transmit_window_size_k = attribute(2, Unsigned, static=True)
    receive_window_size_rw = attribute(3, Unsigned, static=True)
    max_octets_i_pdu_n1 = attribute(4, LongUnsigned, static=True)
    max_number_transmissions_n2 = attribute(5, Unsigned, static=True)
    acknowledgement_timer = attribute(6, LongUnsigned, static=True)
    p_bit_timer = attribute(7, LongUnsigned, static=True)
    reject_timer = attribute(8, LongUnsigned, static=True)
    busy_state_timer = attribute(9, LongUnsigned, static=True)


class Iso8802LlcType3Setup(InterfaceClass, class_id=59, version=0, title="ISO/IEC 8802-2 LLC Type 3 setup"):
    """ISO/IEC 8802-2 LLC Type 3 setup: acknowledged LLC without connections."""

    max_octets_acn_pdu_n3 = attribute(2, LongUnsigned, static=True)
    max_number_transmissions_n4 = attribute(3, Unsigned, static=True)
    acknowledgement_time_t1 = attribute(4, LongUnsigned, static=True)
    receive_lifetime_var_t2 = attribute(5, LongUnsigned, static=True)
    transmit_lifetime_var_t3 = attribute(6, LongUnsigned, static=True)
