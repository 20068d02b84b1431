"""ZigBee: start-up, joining and the control of a network."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData
from dlms.data import Boolean, DoubleLongUnsigned, Enum, LongUnsigned, OctetString, Unsigned
from dlms.grammar import array


class ZigbeeSasStartup(InterfaceClass, class_id=101, version=0, title="ZigBee SAS startup"):
    """ZigBee SAS startup: how the device starts on its network."""

    short_address = attribute(2, LongUnsigned)
    extended_pan_id = attribute(3, OctetString, note="8 octets")
    pan_id = attribute(4, LongUnsigned)
    channel_mask = attribute(5, DoubleLongUnsigned)
    protocol_version = attribute(6, Unsigned, static=True)
    stack_profile = attribute(7, Enum, static=True)
    start_up_control = attribute(8, Unsigned)
    trust_center_address = attribute(9, OctetString, note="8 octets")
    link_key = attribute(10, OctetString, note="16 octets")
    network_key = attribute(11, OctetString, note="16 octets")
    use_insecure_join = attribute(12, Boolean, static=True)


class ZigbeeSasJoin(InterfaceClass, class_id=102, version=0, title="ZigBee SAS join"):
    """ZigBee SAS join: scans and attempts to join."""

    scan_attempts = attribute(2, Unsigned, static=True)
    time_between_scans = attribute(3, LongUnsigned, static=True)
    rejoin_interval = attribute(4, LongUnsigned, static=True)
    rejoin_retry_interval = attribute(5, LongUnsigned, static=True)


class ZigbeeSasApsFragmentation(InterfaceClass, class_id=103, version=0, title="ZigBee SAS APS fragmentation"):
    """ZigBee SAS APS fragmentation: how long messages are cut."""

    aps_interframe_delay = attribute(2, LongUnsigned, static=True)
    aps_max_window_size = attribute(3, LongUnsigned, static=True)


class ZigbeeNetworkControl(
    InterfaceClass, class_id=104, version=0, title="ZigBee network control", methods_at=(1, 0x20)
):
    """ZigBee network control: devices that join and leave the network of a coordinator.

    Uncertain: the elements of active_devices and the arguments of the methods were not seen.
    """

    enable_disable_joining = attribute(2, Boolean, static=True)
    join_timeout = attribute(3, LongUnsigned, static=True)
    active_devices = attribute(4, array(AnyData))
    register_device = method(1, AnyData, note="argument not seen")
    unregister_device = method(2, AnyData, note="argument not seen")
    unregister_all_devices = method(3, AnyData, note="argument not seen")
    backup_pan = method(4, AnyData, book_name="backup_PAN", note="argument not seen")
    restore_pan = method(5, AnyData, book_name="restore_PAN", note="argument not seen")
    identify_device = method(6, AnyData, note="argument not seen")
    remove_mirror = method(7, AnyData, note="argument not seen")
    update_network_key = method(8, AnyData, note="argument not seen")
    update_link_key = method(9, AnyData, note="argument not seen")
    create_pan = method(10, AnyData, book_name="create_PAN", note="argument not seen")
    remove_pan = method(11, AnyData, book_name="remove_PAN", note="argument not seen")


class ZigbeeTunnelSetup(InterfaceClass, class_id=105, version=0, title="ZigBee tunnel setup"):
    """ZigBee tunnel setup: tunnels through a ZigBee network."""

    maximum_incoming_transfer_size = attribute(2, LongUnsigned, static=True)
    maximum_outgoing_transfer_size = attribute(3, LongUnsigned, static=True)
    protocol_address = attribute(4, OctetString, static=True)
    close_tunnel_timeout = attribute(5, LongUnsigned, static=True)
