"""G3-PLC: narrow-band OFDM power line carrier."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData
from dlms.data import BitString, Boolean, DoubleLongUnsigned, Integer, LongUnsigned, OctetString, Unsigned
from dlms.enumerations import CodeTable
from dlms.grammar import array, structure


class G3PlcMacLayerCountersV0(
    InterfaceClass, class_id=90, version=0, title="G3 NB OFDM PLC MAC layer counters", layout_known=False
):
    """G3 NB OFDM PLC MAC layer counters, version 0 of G3-PLC MAC layer counters. Only its existence was seen."""


class G3PlcMacLayerCounters(
    InterfaceClass, class_id=90, version=1, title="G3-PLC MAC layer counters", methods_at=(1, 0x50)
):
    """G3-PLC MAC layer counters: packets sent, received and lost."""

    mac_tx_data_packet_count = attribute(2, DoubleLongUnsigned, book_name="mac_Tx_data_packet_count")
    mac_rx_data_packet_count = attribute(3, DoubleLongUnsigned, book_name="mac_Rx_data_packet_count")
    mac_tx_cmd_packet_count = attribute(4, DoubleLongUnsigned, book_name="mac_Tx_cmd_packet_count")
    mac_rx_cmd_packet_count = attribute(5, DoubleLongUnsigned, book_name="mac_Rx_cmd_packet_count")
    mac_csma_fail_count = attribute(6, DoubleLongUnsigned, book_name="mac_CSMA_fail_count")
    mac_csma_no_ack_count = attribute(7, DoubleLongUnsigned, book_name="mac_CSMA_no_ACK_count")
    mac_bad_crc_count = attribute(8, DoubleLongUnsigned, book_name="mac_bad_CRC_count")
    mac_tx_data_broadcast_count = attribute(9, DoubleLongUnsigned, book_name="mac_Tx_data_broadcast_count")
    mac_rx_data_broadcast_count = attribute(10, DoubleLongUnsigned, book_name="mac_Rx_data_broadcast_count")
    reset = method(1, Integer)


class G3Modulation(CodeTable):
    """How a neighbour is sent to."""

    ROBUST = 0
    DBPSK = 1
    DQPSK = 2
    D8PSK = 3
    QAM16 = 4


class G3TransmitResolution(CodeTable):
    """The step of the transmit gain."""

    DECIBEL_6 = 0
    DECIBEL_3 = 1


class G3DeviceType(CodeTable):
    """adp_device_type of G3-PLC 6LoWPAN adaptation layer setup."""

    PAN_DEVICE = 0
    PAN_COORDINATOR = 1
    NOT_DEFINED = 2


@structure
class G3MacKey:
    """A key of the MAC layer."""

    key_id: Annotated[int, Unsigned]
    key: Annotated[bytes, OctetString]


@structure
class G3Neighbour:
    """How a neighbour is sent to and received. Uncertain: payload_modulation_scheme is called enabled in one source."""

    short_address: Annotated[int, LongUnsigned]
    payload_modulation_scheme: Annotated[bool, Boolean]
    tone_map: Annotated[str, BitString]
    modulation: G3Modulation
    tx_gain: Annotated[int, Integer]
    tx_res: G3TransmitResolution
    tx_coeff: Annotated[str, BitString]
    lqi: Annotated[int, Unsigned]
    phase_differential: Annotated[int, Integer]
    tmr_valid_time: Annotated[int, Unsigned]
    neighbour_valid_time: Annotated[int, Unsigned]


@structure
class G3PosEntry:
    """A device in the personal operating space."""

    short_address: Annotated[int, LongUnsigned]
    lqi: Annotated[int, Unsigned]
    pos_valid_time: Annotated[int, Unsigned]


class _G3PlcMacSetup(InterfaceClass):
    mac_short_address = attribute(2, LongUnsigned)
    mac_rc_coord = attribute(3, LongUnsigned, book_name="mac_RC_coord")
    mac_pan_id = attribute(4, LongUnsigned, book_name="mac_PAN_id")
    mac_key_table = attribute(5, array(G3MacKey))
    mac_frame_counter = attribute(6, DoubleLongUnsigned)
    mac_tone_mask = attribute(7, BitString, static=True)
    mac_tmr_ttl = attribute(8, Unsigned, static=True, book_name="mac_TMR_TTL")
    mac_max_frame_retries = attribute(9, Unsigned, static=True)
    mac_neighbour_table = attribute(11, array(G3Neighbour))
    mac_high_priority_window_size = attribute(12, Unsigned, static=True)
    mac_csma_fairness_limit = attribute(13, Unsigned, static=True, book_name="mac_CSMA_fairness_limit")
    mac_beacon_randomization_window_length = attribute(14, Unsigned, static=True)
    mac_a = attribute(15, Unsigned, static=True, book_name="mac_A")
    mac_k = attribute(16, Unsigned, static=True, book_name="mac_K")
    mac_min_cw_attempts = attribute(17, Unsigned, static=True, book_name="mac_min_CW_attempts")
    mac_cenelec_legacy_mode = attribute(18, Unsigned, static=True)
    mac_fcc_legacy_mode = attribute(19, Unsigned, static=True, book_name="mac_FCC_legacy_mode")
    mac_max_be = attribute(20, Unsigned, static=True, book_name="mac_max_BE")
    mac_max_csma_backoffs = attribute(21, Unsigned, static=True, book_name="mac_max_CSMA_backoffs")
    mac_min_be = attribute(22, Unsigned, static=True, book_name="mac_min_BE")
    mac_get_neighbour_table_entry = method(1, LongUnsigned, note="MAC short address")


class _G3PlcMacSetupWithTtl(_G3PlcMacSetup):
    mac_neighbour_table_entry_ttl = attribute(10, Unsigned, static=True, book_name="mac_neighbour_table_entry_TTL")


class G3PlcMacSetupV0(_G3PlcMacSetupWithTtl, class_id=91, version=0, title="G3 NB OFDM PLC MAC setup"):
    """G3 NB OFDM PLC MAC setup, version 0 of G3-PLC MAC setup. Uncertain: one source treats it like version 1."""


class G3PlcMacSetupV1(_G3PlcMacSetupWithTtl, class_id=91, version=1, title="G3-PLC MAC setup"):
    """G3-PLC MAC setup, version 1 (one source)."""


class _G3PlcMacSetupWithPos(_G3PlcMacSetup):
    mac_broadcast_max_cw_enabled = attribute(23, Boolean, static=True, book_name="mac_broadcast_max_CW_enabled")
    mac_transmit_atten = attribute(24, Unsigned, static=True)
    mac_pos_table = attribute(25, array(G3PosEntry), book_name="mac_POS_table")


class G3PlcMacSetupV2(_G3PlcMacSetupWithPos, class_id=91, version=2, title="G3-PLC MAC setup"):
    """G3-PLC MAC setup, version 2 (one source)."""

    mac_neighbour_table_entry_ttl = attribute(10, Unsigned, static=True, book_name="mac_neighbour_table_entry_TTL")


class _G3PlcMacSetupWithPosEntry(_G3PlcMacSetupWithPos):
    mac_duplicate_detection_ttl = attribute(26, Unsigned, static=True, book_name="mac_duplicate_detection_TTL")
    mac_get_pos_table_entry = method(2, LongUnsigned, note="MAC short address", book_name="mac_get_POS_table_entry")


class G3PlcMacSetupV3(_G3PlcMacSetupWithPosEntry, class_id=91, version=3, title="G3-PLC MAC setup"):
    """G3-PLC MAC setup, version 3 (one source). Attribute 10 may be mac_POS_table_entry_TTL, as in version 4."""

    mac_neighbour_table_entry_ttl = attribute(10, Unsigned, static=True, book_name="mac_neighbour_table_entry_TTL")


class G3PlcMacSetup(_G3PlcMacSetupWithPosEntry, class_id=91, version=4, title="G3-PLC MAC setup", methods_at=(1, 0xE8)):
    """G3-PLC MAC setup: addresses, keys, neighbours and the limits of channel access.

    One source for attributes 27 to 29.
    """

    mac_pos_table_entry_ttl = attribute(10, Unsigned, static=True, book_name="mac_POS_table_entry_TTL")
    mac_pos_recent_entry_threshold = attribute(27, Unsigned, static=True, book_name="mac_POS_recent_entry_threshold")
    mac_pos_recent_entries = attribute(28, LongUnsigned, static=True, book_name="mac_POS_recent_entries")
    mac_preamble_length = attribute(29, Unsigned, static=True)


@structure
class G3RoutingConfiguration:
    """The parameters of routing."""

    adp_net_traversal_time: Annotated[int, Unsigned]
    adp_routing_table_entry_ttl: Annotated[int, LongUnsigned]
    adp_kr: Annotated[int, Unsigned]
    adp_km: Annotated[int, Unsigned]
    adp_kc: Annotated[int, Unsigned]
    adp_kq: Annotated[int, Unsigned]
    adp_kh: Annotated[int, Unsigned]
    adp_krt: Annotated[int, Unsigned]
    adp_rreq_retries: Annotated[int, Unsigned]
    adp_rreq_req_wait: Annotated[int, Unsigned]
    adp_blacklist_table_entry_ttl: Annotated[int, LongUnsigned]
    adp_unicast_rreq_gen_enable: Annotated[bool, Boolean]
    adp_rlc_enabled: Annotated[bool, Boolean]
    adp_add_rev_link_cost: Annotated[int, Unsigned]


@structure
class G3Route:
    """The next hop to a destination."""

    destination_address: Annotated[int, LongUnsigned]
    next_hop_address: Annotated[int, LongUnsigned]
    route_cost: Annotated[int, LongUnsigned]
    hop_count: Annotated[int, Unsigned]
    weak_link_count: Annotated[int, Unsigned]
    valid_time: Annotated[int, LongUnsigned]


@structure
class G3ContextInformation:
    """A context that compresses addresses."""

    cid: Annotated[str, BitString]
    context_length: Annotated[int, Unsigned]
    context: Annotated[bytes, OctetString]
    c: Annotated[bool, Boolean]
    valid_lifetime: Annotated[int, LongUnsigned]


@structure
class G3BlacklistedNeighbour:
    """A neighbour that is not routed through."""

    blacklisted_neighbour_address: Annotated[int, LongUnsigned]
    valid_time: Annotated[int, LongUnsigned]


@structure
class G3BroadcastLogEntry:
    """A broadcast that was seen."""

    source_address: Annotated[int, LongUnsigned]
    sequence_number: Annotated[int, Unsigned]
    valid_time: Annotated[int, LongUnsigned]


class _G3Plc6LowpanSetup(InterfaceClass):
    adp_max_hops = attribute(2, Unsigned, static=True)
    adp_weak_lqi_value = attribute(3, Unsigned, static=True, book_name="adp_weak_LQI_value")
    adp_security_level = attribute(4, Unsigned, static=True)
    adp_prefix_table = attribute(5, array(AnyData))
    adp_routing_configuration = attribute(6, array(G3RoutingConfiguration), static=True)
    adp_broadcast_log_table_entry_ttl = attribute(
        7, LongUnsigned, static=True, book_name="adp_broadcast_log_table_entry_TTL"
    )
    adp_routing_table = attribute(8, array(G3Route))
    adp_context_information_table = attribute(9, array(G3ContextInformation))
    adp_blacklist_table = attribute(10, array(G3BlacklistedNeighbour))
    adp_broadcast_log_table = attribute(11, array(G3BroadcastLogEntry))
    adp_group_table = attribute(12, array(LongUnsigned))
    adp_max_join_wait_time = attribute(13, LongUnsigned, static=True)
    adp_path_discovery_time = attribute(14, Unsigned, static=True)
    adp_active_key_index = attribute(15, Unsigned, static=True)
    adp_metric_type = attribute(16, Unsigned, static=True)


class G3Plc6LowpanSetupV0(
    _G3Plc6LowpanSetup, class_id=92, version=0, title="G3 NB OFDM PLC 6LoWPAN adaptation layer setup"
):
    """G3 NB OFDM PLC 6LoWPAN adaptation layer setup, version 0 (one source)."""


class _G3Plc6LowpanSetupWithDeviceType(_G3Plc6LowpanSetup):
    adp_coord_short_address = attribute(17, LongUnsigned, static=True)
    adp_disable_default_routing = attribute(18, Boolean, static=True)
    adp_device_type = attribute(19, G3DeviceType, static=True)


class G3Plc6LowpanSetupV1(
    _G3Plc6LowpanSetupWithDeviceType, class_id=92, version=1, title="G3-PLC 6LoWPAN adaptation layer setup"
):
    """G3-PLC 6LoWPAN adaptation layer setup, version 1 (one source)."""


class _G3Plc6LowpanSetupWithDestinations(_G3Plc6LowpanSetupWithDeviceType):
    adp_default_coord_route_enabled = attribute(20, Boolean, static=True)
    adp_destination_address_set = attribute(21, array(LongUnsigned))


class G3Plc6LowpanSetupV2(
    _G3Plc6LowpanSetupWithDestinations, class_id=92, version=2, title="G3-PLC 6LoWPAN adaptation layer setup"
):
    """G3-PLC 6LoWPAN adaptation layer setup, version 2 (one source)."""


class _G3Plc6LowpanSetupWithLqi(_G3Plc6LowpanSetupWithDestinations):
    adp_low_lqi_value = attribute(22, Unsigned, static=True, book_name="adp_low_LQI_value")
    adp_high_lqi_value = attribute(23, Unsigned, static=True, book_name="adp_high_LQI_value")


class G3Plc6LowpanSetupV3(
    _G3Plc6LowpanSetupWithLqi, class_id=92, version=3, title="G3-PLC 6LoWPAN adaptation layer setup"
):
    """G3-PLC 6LoWPAN adaptation layer setup, version 3 (one source)."""


class G3Plc6LowpanSetup(
    _G3Plc6LowpanSetupWithLqi, class_id=92, version=4, title="G3-PLC 6LoWPAN adaptation layer setup"
):
    """G3-PLC 6LoWPAN adaptation layer setup: routing, broadcast and compression.

    One source for attributes 24 to 40; uncertain: the elements of adp_prefix_table were not seen.
    """

    adp_delay_low_lqi = attribute(24, LongUnsigned, static=True, book_name="adp_delay_low_LQI")
    adp_delay_high_lqi = attribute(25, LongUnsigned, static=True, book_name="adp_delay_high_LQI")
    adp_rreq_jitter_low_lqi = attribute(26, Unsigned, static=True, book_name="adp_RREQ_jitter_low_LQI")
    adp_rreq_jitter_high_lqi = attribute(27, Unsigned, static=True, book_name="adp_RREQ_jitter_high_LQI")
    adp_trickle_data_enabled = attribute(28, Boolean, static=True)
    adp_trickle_lqi_threshold_low = attribute(29, Unsigned, static=True, book_name="adp_trickle_LQI_threshold_low")
    adp_trickle_step = attribute(30, Unsigned, static=True)
    adp_trickle_imin = attribute(31, LongUnsigned, static=True, book_name="adp_trickle_Imin")
    adp_trickle_max_ki = attribute(32, Unsigned, static=True, book_name="adp_trickle_max_Ki")
    adp_trickle_adaptive_imin = attribute(33, Boolean, static=True, book_name="adp_trickle_adaptive_Imin")
    adp_trickle_adaptive_ki = attribute(34, Boolean, static=True, book_name="adp_trickle_adaptive_Ki")
    adp_cluster_trickle_enabled = attribute(35, Boolean, static=True)
    adp_cluster_min_lqi = attribute(36, Unsigned, static=True, book_name="adp_cluster_min_LQI")
    adp_cluster_trickle_k = attribute(37, Unsigned, static=True, book_name="adp_cluster_trickle_K")
    adp_cluster_rreq_route_cost_deviation = attribute(
        38, Unsigned, static=True, book_name="adp_cluster_RREQ_route_cost_deviation"
    )
    adp_cluster_trickle_i = attribute(39, LongUnsigned, static=True, book_name="adp_cluster_trickle_I")
    adp_trickle_lqi_threshold_high = attribute(40, Unsigned, static=True, book_name="adp_trickle_LQI_threshold_high")
