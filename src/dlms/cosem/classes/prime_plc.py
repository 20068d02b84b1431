"""PRIME: narrow-band OFDM power line carrier."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.data import DoubleLongUnsigned, Integer, Long, LongUnsigned, OctetString, Unsigned
from dlms.enumerations import CodeTable
from dlms.grammar import array, structure


class PrimeLlcSscsSetup(
    InterfaceClass, class_id=80, version=0, title="61334-4-32 LLC SSCS setup", methods_at=(1, 0x20)
):
    """61334-4-32 LLC SSCS setup: the addresses of the service node and its base node."""

    service_node_address = attribute(2, LongUnsigned)
    base_node_address = attribute(3, LongUnsigned)
    reset = method(1, Integer)


class PrimePhysicalLayerCounters(
    InterfaceClass, class_id=81, version=0, title="PRIME NB OFDM PLC Physical layer counters", methods_at=(1, 0x28)
):
    """PRIME NB OFDM PLC Physical layer counters: bursts lost, and why."""

    phy_stats_crc_incorrect_count = attribute(2, LongUnsigned)
    phy_stats_crc_fail_count = attribute(3, LongUnsigned)
    phy_stats_tx_drop_count = attribute(4, LongUnsigned)
    phy_stats_rx_drop_count = attribute(5, LongUnsigned)
    reset = method(1, Integer)


class PrimeMacSetup(InterfaceClass, class_id=82, version=0, title="PRIME NB OFDM PLC MAC setup"):
    """PRIME NB OFDM PLC MAC setup: timers and retries."""

    mac_min_switch_search_time = attribute(2, Unsigned, static=True)
    mac_max_promotion_pdu = attribute(3, Unsigned, static=True)
    mac_promotion_pdu_tx_period = attribute(4, Unsigned, static=True)
    mac_beacons_per_frame = attribute(5, Unsigned, static=True)
    mac_scp_max_tx_attempts = attribute(6, Unsigned, static=True)
    mac_ctl_re_tx_timer = attribute(7, Unsigned, static=True)
    mac_max_ctl_re_tx = attribute(8, Unsigned, static=True)


class PrimeMacState(CodeTable):
    """mac_state of PRIME NB OFDM PLC MAC functional parameters."""

    DISCONNECTED = 0
    TERMINAL = 1
    SWITCH = 2
    BASE = 3


class PrimeMacFunctionalParameters(
    InterfaceClass, class_id=83, version=0, title="PRIME NB OFDM PLC MAC functional parameters"
):
    """PRIME NB OFDM PLC MAC functional parameters: the place of the node in its network.

    Bits of mac_capabilities: 0 switch, 1 packet aggregation, 2 contention free period, 3 direct connection,
    4 multicast, 5 PHY robustness management, 6 ARQ, 8 switching of direct connections, 9 of multicast, 10 of PHY
    robustness management, 11 of ARQ buffering.
    """

    mac_lnid = attribute(2, Long, static=True, book_name="mac_LNID")
    mac_lsid = attribute(3, Unsigned, static=True, book_name="mac_LSID")
    mac_sid = attribute(4, Unsigned, static=True, book_name="mac_SID")
    mac_sna = attribute(5, OctetString, static=True, book_name="mac_SNA")
    mac_state = attribute(6, PrimeMacState, static=True)
    mac_scp_length = attribute(7, Long, static=True)
    mac_node_hierarchy_level = attribute(8, Unsigned, static=True)
    mac_beacon_slot_count = attribute(9, Unsigned, static=True)
    mac_beacon_rx_slot = attribute(10, Unsigned, static=True)
    mac_beacon_tx_slot = attribute(11, Unsigned, static=True)
    mac_beacon_rx_frequency = attribute(12, Unsigned, static=True)
    mac_beacon_tx_frequency = attribute(13, Unsigned, static=True)
    mac_capabilities = attribute(14, LongUnsigned, static=True)


class PrimeMacCounters(
    InterfaceClass, class_id=84, version=0, title="PRIME NB OFDM PLC MAC counters", methods_at=(1, 0x40)
):
    """PRIME NB OFDM PLC MAC counters: packets, and failures to send."""

    mac_tx_data_pkt_count = attribute(2, DoubleLongUnsigned)
    mac_rx_data_pkt_count = attribute(3, DoubleLongUnsigned)
    mac_tx_ctrl_pkt_count = attribute(4, DoubleLongUnsigned)
    mac_rx_ctrl_pkt_count = attribute(5, DoubleLongUnsigned)
    mac_csma_fail_count = attribute(6, DoubleLongUnsigned)
    mac_csma_ch_busy_count = attribute(7, DoubleLongUnsigned)
    reset = method(1, Integer)


@structure
class PrimeMulticastEntry:
    """A multicast connection and how many belong to it."""

    mcast_entry_lcid: Annotated[int, Integer]
    mcast_entry_members: Annotated[int, Long]


@structure
class PrimeDirectConnection:
    """A direct connection between two nodes."""

    dconn_entry_src_sid: Annotated[int, Long]
    dconn_entry_src_lnid: Annotated[int, Long]
    dconn_entry_src_lcid: Annotated[int, Long]
    dconn_entry_dst_sid: Annotated[int, Long]
    dconn_entry_dst_lnid: Annotated[int, Long]
    dconn_entry_dst_lcid: Annotated[int, Long]
    dconn_entry_did: Annotated[bytes, OctetString]


@structure
class PrimeAvailableSwitch:
    """A switch whose beacons are received."""

    slist_entry_sna: Annotated[bytes, OctetString]
    slist_entry_lsid: Annotated[int, Long]
    slist_entry_level: Annotated[int, Integer]
    slist_entry_rx_lvl: Annotated[int, Integer]
    slist_entry_rx_snr: Annotated[int, Integer]


@structure
class PrimePhyCommunication:
    """How a peer is sent to and received."""

    phy_comm_eui: Annotated[bytes, OctetString]
    phy_comm_tx_pwr: Annotated[int, Integer]
    phy_comm_tx_cod: Annotated[int, Integer]
    phy_comm_rx_cod: Annotated[int, Integer]
    phy_comm_rx_lvl: Annotated[int, Integer]
    phy_comm_snr: Annotated[int, Integer]
    phy_comm_tx_pwr_mod: Annotated[int, Integer]
    phy_comm_tx_cod_mod: Annotated[int, Integer]
    phy_comm_rx_cod_mod: Annotated[int, Integer]


class PrimeMacNetworkAdministrationData(
    InterfaceClass,
    class_id=85,
    version=0,
    title="PRIME NB OFDM PLC MAC network administration data",
    methods_at=(1, 0x30),
):
    """PRIME NB OFDM PLC MAC network administration data: connections, switches and peers."""

    mac_list_multicast_entries = attribute(2, array(PrimeMulticastEntry))
    mac_list_switch_table = attribute(3, array(Long))
    mac_list_direct_table = attribute(4, array(PrimeDirectConnection))
    mac_list_available_switches = attribute(5, array(PrimeAvailableSwitch))
    mac_list_phy_comm = attribute(6, array(PrimePhyCommunication))
    reset = method(1, Integer)


class PrimeApplicationIdentification(
    InterfaceClass, class_id=86, version=0, title="PRIME NB OFDM PLC Application identification"
):
    """PRIME NB OFDM PLC Application identification: firmware, vendor and product."""

    firmware_version = attribute(2, OctetString, static=True)
    vendor_id = attribute(3, LongUnsigned, static=True, book_name="vendor_Id")
    product_id = attribute(4, LongUnsigned, static=True, book_name="product_Id")
