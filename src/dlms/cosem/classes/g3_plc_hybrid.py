"""G3-PLC Hybrid: the radio that goes with the power line."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData
from dlms.data import BitString, Boolean, DoubleLongUnsigned, Enum, Integer, LongUnsigned, Unsigned
from dlms.grammar import array


class G3PlcHybridRfMacLayerCounters(
    InterfaceClass, class_id=160, version=0, title="G3-PLC Hybrid RF MAC layer counters", methods_at=(1, 0x50)
):
    """G3-PLC Hybrid RF MAC layer counters: frames sent, received and lost by radio (one source)."""

    mac_retry_count_rf = attribute(2, DoubleLongUnsigned, book_name="mac_retry_count_RF")
    mac_multiple_retry_count_rf = attribute(3, DoubleLongUnsigned, book_name="mac_multiple_retry_count_RF")
    mac_tx_fail_count_rf = attribute(4, DoubleLongUnsigned, book_name="mac_Tx_fail_count_RF")
    mac_tx_success_count_rf = attribute(5, DoubleLongUnsigned, book_name="mac_Tx_success_count_RF")
    mac_fcs_error_count_rf = attribute(6, DoubleLongUnsigned, book_name="mac_fcs_error_count_RF")
    mac_security_failure_count_rf = attribute(7, DoubleLongUnsigned, book_name="mac_security_failure_count_RF")
    mac_duplicate_frame_count_rf = attribute(8, DoubleLongUnsigned, book_name="mac_duplicate_frame_count_RF")
    mac_rx_success_count_rf = attribute(9, DoubleLongUnsigned, book_name="mac_Rx_success_count_RF")
    reset = method(1, Integer)


class G3PlcHybridRfMacSetupV0(
    InterfaceClass, class_id=161, version=0, title="G3-PLC Hybrid RF MAC setup", layout_known=False
):
    """G3-PLC Hybrid RF MAC setup, version 0. Its layout was not seen."""


class G3PlcHybridRfMacSetup(
    InterfaceClass, class_id=161, version=1, title="G3-PLC Hybrid RF MAC setup", methods_at=(1, 0x130)
):
    """G3-PLC Hybrid RF MAC setup: channel access, power and hopping of the radio.

    One source; uncertain: the elements of mac_POS_table_RF were not seen.
    """

    mac_max_be_rf = attribute(2, Unsigned, static=True, book_name="mac_max_BE_RF")
    mac_max_csma_backoffs_rf = attribute(3, Unsigned, static=True, book_name="mac_max_CSMA_backoffs_RF")
    mac_max_frame_retries_rf = attribute(4, Unsigned, static=True, book_name="mac_max_frame_retries_RF")
    mac_min_be_rf = attribute(5, Unsigned, static=True, book_name="mac_min_BE_RF")
    mac_frame_counter_rf = attribute(6, DoubleLongUnsigned, book_name="mac_frame_counter_RF")
    mac_duplicate_detection_ttl_rf = attribute(7, Unsigned, static=True, book_name="mac_duplicate_detection_TTL_RF")
    mac_pos_table_rf = attribute(8, array(AnyData), book_name="mac_POS_table_RF")
    mac_operating_mode_rf = attribute(9, Unsigned, static=True, book_name="mac_operating_mode_RF")
    mac_channel_number_rf = attribute(10, LongUnsigned, static=True, book_name="mac_channel_number_RF")
    mac_duty_cycle_usage_rf = attribute(11, Unsigned, book_name="mac_duty_cycle_usage_RF")
    mac_duty_cycle_period_rf = attribute(12, LongUnsigned, static=True, book_name="mac_duty_cycle_period_RF")
    mac_duty_cycle_limit_rf = attribute(13, LongUnsigned, static=True, book_name="mac_duty_cycle_limit_RF")
    mac_duty_cycle_threshold_rf = attribute(14, Unsigned, static=True, book_name="mac_duty_cycle_threshold_RF")
    mac_disable_phy_rf = attribute(15, Boolean, static=True, book_name="mac_disable_PHY_RF")
    mac_frequency_band_rf = attribute(16, Enum, static=True, book_name="mac_frequency_band_RF")
    mac_transmit_atten_rf = attribute(17, Unsigned, static=True, book_name="mac_transmit_atten_RF")
    mac_adaptive_power_step_rf = attribute(18, Unsigned, static=True, book_name="mac_adaptive_power_step_RF")
    mac_adaptive_power_high_bound_rf = attribute(
        19, Unsigned, static=True, book_name="mac_adaptive_power_high_bound_RF"
    )
    mac_adaptive_power_low_bound_rf = attribute(20, Unsigned, static=True, book_name="mac_adaptive_power_low_bound_RF")
    mac_pos_recent_entries_rf = attribute(21, LongUnsigned, book_name="mac_POS_recent_entries_RF")
    mac_hopping_enabled_rf = attribute(22, Boolean, static=True, book_name="mac_hopping_enabled_RF")
    mac_broadcast_interval_duration_rf = attribute(
        23, LongUnsigned, static=True, book_name="mac_broadcast_interval_duration_RF"
    )
    mac_broadcast_slot_duration_rf = attribute(24, Unsigned, static=True, book_name="mac_broadcast_slot_duration_RF")
    mac_unicast_slot_duration_rf = attribute(25, Unsigned, static=True, book_name="mac_unicast_slot_duration_RF")
    mac_extended_bitmap_rf = attribute(26, BitString, static=True, book_name="mac_extended_bitmap_RF")
    mac_beacon_randomization_window_length_rf = attribute(
        27, LongUnsigned, static=True, book_name="mac_beacon_randomization_window_length_RF"
    )
    mac_additional_channel_scan_time_rf = attribute(
        28, Unsigned, static=True, book_name="mac_additional_channel_scan_time_RF"
    )
    mac_max_cca_attempts_retries_rf = attribute(29, Unsigned, static=True, book_name="mac_max_cca_attempts_retries_RF")
    mac_min_inter_tx_interval_rf = attribute(30, LongUnsigned, static=True, book_name="mac_min_inter_Tx_interval_RF")
    mac_initial_retry_time_rf = attribute(31, LongUnsigned, static=True, book_name="mac_initial_retry_time_RF")
    mac_maximum_retry_time_rf = attribute(32, LongUnsigned, static=True, book_name="mac_maximum_retry_time_RF")
    mac_max_clock_drift_rf = attribute(33, Unsigned, static=True, book_name="mac_max_clock_drift_RF")
    mac_fh_unicast_schedule_address_rf = attribute(
        34, LongUnsigned, static=True, book_name="mac_FH_unicast_schedule_address_RF"
    )
    mac_fh_unicast_slot_number_rf = attribute(35, LongUnsigned, static=True, book_name="mac_FH_unicast_slot_number_RF")
    mac_fh_unicast_offset_rf = attribute(36, Unsigned, static=True, book_name="mac_FH_unicast_offset_RF")
    mac_min_guard_time_rf = attribute(37, Unsigned, static=True, book_name="mac_min_guard_time_RF")
    mac_max_bcast_resync_wait_unit_rf = attribute(
        38, Unsigned, static=True, book_name="mac_max_bcast_resync_wait_unit_RF"
    )
    mac_get_pos_table_entry_rf = method(
        1, LongUnsigned, note="MAC short address, by analogy", book_name="mac_get_POS_table_entry_RF"
    )


class G3PlcHybrid6LowpanSetupV0(
    InterfaceClass, class_id=162, version=0, title="G3-PLC Hybrid 6LoWPAN adaptation layer setup", layout_known=False
):
    """G3-PLC Hybrid 6LoWPAN adaptation layer setup, version 0. Its layout was not seen."""


class G3PlcHybrid6LowpanSetup(
    InterfaceClass, class_id=162, version=1, title="G3-PLC Hybrid 6LoWPAN adaptation layer setup"
):
    """G3-PLC Hybrid 6LoWPAN adaptation layer setup: routing over both media.

    One source; uncertain: the elements of the arrays were not seen.
    """

    adp_routing_table = attribute(2, array(AnyData))
    adp_blacklist_table = attribute(3, array(AnyData))
    adp_low_lqi_value_rf = attribute(4, Unsigned, static=True, book_name="adp_low_LQI_value_RF")
    adp_high_lqi_value_rf = attribute(5, Unsigned, static=True, book_name="adp_high_LQI_value_RF")
    adp_routing_configuration_rf = attribute(6, array(AnyData), static=True, book_name="adp_routing_configuration_RF")
    adp_use_backup_media = attribute(7, Boolean, static=True)
    adp_weak_lqi_value_rf = attribute(8, Unsigned, static=True, book_name="adp_weak_LQI_value_RF")
    adp_trickle_lqi_threshold_low_rf = attribute(9, Unsigned, static=True, book_name="adp_trickle_LQI_threshold_low_RF")
    adp_delay_low_lqi_rf = attribute(10, LongUnsigned, static=True, book_name="adp_delay_low_LQI_RF")
    adp_delay_high_lqi_rf = attribute(11, LongUnsigned, static=True, book_name="adp_delay_high_LQI_RF")
    adp_rreq_jitter_low_lqi_rf = attribute(12, Unsigned, static=True, book_name="adp_RREQ_jitter_low_LQI_RF")
    adp_rreq_jitter_high_lqi_rf = attribute(13, Unsigned, static=True, book_name="adp_RREQ_jitter_high_LQI_RF")
    adp_cluster_trickle_i_rf = attribute(14, LongUnsigned, static=True, book_name="adp_cluster_trickle_I_RF")
    adp_cluster_trickle_k_rf = attribute(15, Unsigned, static=True, book_name="adp_cluster_trickle_K_RF")
    adp_cluster_min_lqi_rf = attribute(16, Unsigned, static=True, book_name="adp_cluster_min_LQI_RF")
    adp_last_gasp = attribute(17, Boolean, static=True)
    adp_probing_interval = attribute(18, Unsigned, static=True)
    adp_trickle_lqi_threshold_high_rf = attribute(
        19, Unsigned, static=True, book_name="adp_trickle_LQI_threshold_high_RF"
    )
