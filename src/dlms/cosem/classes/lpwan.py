"""Low-power wide-area networks: SCHC and LoRaWAN."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData, LogicalNameOctets
from dlms.data import Boolean, DoubleLongUnsigned, Enum, Integer
from dlms.grammar import array


class SchcLpwanSetup(InterfaceClass, class_id=126, version=0, title="SCHC-LPWAN setup"):
    """SCHC-LPWAN setup: rules of compression and fragmentation.

    One source; uncertain: the codes of enumerations, the elements of arrays and structures and the arguments of
    methods were not seen.
    """

    lpwan_reference = attribute(2, LogicalNameOctets, static=True)
    schc_cd_rules = attribute(3, array(AnyData), static=True)
    schc_fr_param = attribute(4, AnyData, static=True)


class SchcLpwanDiagnostic(InterfaceClass, class_id=127, version=0, title="SCHC-LPWAN diagnostic", methods_at=(1, 0x40)):
    """SCHC-LPWAN diagnostic: packets and fragments (one source)."""

    schc_packets_tx_counter = attribute(2, DoubleLongUnsigned)
    schc_packets_rx_counter = attribute(3, DoubleLongUnsigned)
    schc_fragments_tx_counter = attribute(4, DoubleLongUnsigned)
    schc_fragments_rx_counter = attribute(5, DoubleLongUnsigned)
    schc_ack_tx_counter = attribute(6, DoubleLongUnsigned)
    schc_ack_rx_counter = attribute(7, DoubleLongUnsigned)
    reset = method(1, Integer)


class LoRaWanSetup(InterfaceClass, class_id=128, version=0, title="LoRaWAN setup", methods_at=(1, 0x60)):
    """LoRaWAN setup: class, region and the state of the modem.

    One source; uncertain: the codes of enumerations, the elements of arrays and structures and the arguments of
    methods were not seen.
    """

    class_ = attribute(2, Enum, book_name="class")
    state = attribute(3, Enum)
    max_transmit_eirp_setting = attribute(4, Integer, static=True, book_name="max_transmit_EIRP_setting")
    adr_mode = attribute(5, Boolean, book_name="ADR_mode")
    regional_parameters = attribute(6, Enum)
    device_operation = attribute(7, AnyData)
    modem_versions = attribute(8, AnyData, static=True)
    devaddr = attribute(9, DoubleLongUnsigned, book_name="devAddr")
    join_strategy = attribute(10, Enum)
    multicasts_parameters = attribute(11, array(AnyData))
    disconnect_from_network = method(1, AnyData, note="argument not seen")
    change_class = method(2, AnyData, note="argument not seen")
    change_region = method(3, AnyData, note="argument not seen")


class LoRaWanDiagnostic(InterfaceClass, class_id=129, version=0, title="LoRaWAN diagnostic", methods_at=(1, 0x70)):
    """LoRaWAN diagnostic: frames and the quality of reception (one source)."""

    internal_error_code = attribute(2, Enum)
    out_frames_u_counter = attribute(3, DoubleLongUnsigned)
    out_frames_c_counter = attribute(4, DoubleLongUnsigned)
    in_frames_u_counter = attribute(5, DoubleLongUnsigned)
    in_frames_c_counter = attribute(6, DoubleLongUnsigned)
    in_mac_command_counter = attribute(7, DoubleLongUnsigned)
    in_mac_ans_error_counter = attribute(8, DoubleLongUnsigned)
    in_mac_ignored_counter = attribute(9, DoubleLongUnsigned)
    in_per = attribute(10, Integer)
    in_mean_rssi_rx1 = attribute(11, Integer)
    in_mean_snr_rx1 = attribute(12, Integer)
    in_mean_rssi_rx2 = attribute(13, Integer)
    in_mean_snr_rx2 = attribute(14, Integer)
    reset = method(1, Integer)
