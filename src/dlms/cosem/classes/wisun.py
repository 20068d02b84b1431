"""Wi-SUN: a mesh of radios, with RPL and MPL."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData
from dlms.data import Boolean, Enum, Integer, Long, LongUnsigned, OctetString, Unsigned
from dlms.grammar import array


class WiSunSetup(InterfaceClass, class_id=95, version=0, title="Wi-SUN setup", methods_at=(1, 0x78)):
    """Wi-SUN setup: network, channels and the state of joining.

    One source; uncertain: the codes of enumerations and the elements of structures were not seen, and the argument
    of the method is by analogy.
    """

    network_name = attribute(2, OctetString, static=True)
    routing_method = attribute(3, Enum)
    pan_id = attribute(4, LongUnsigned)
    disc_imin = attribute(5, Unsigned, static=True)
    disc_imax = attribute(6, Unsigned, static=True)
    data_message_imin = attribute(7, Unsigned, static=True)
    data_message_imax = attribute(8, Unsigned, static=True)
    default_dio_interval_min = attribute(9, Unsigned, static=True)
    default_dio_interval_doublings = attribute(10, Unsigned, static=True)
    channel_plan = attribute(11, AnyData, static=True)
    channel_function = attribute(12, Enum, static=True)
    excluded_channels = attribute(13, AnyData, static=True)
    join_state = attribute(14, Enum)
    reg_channel_exclusions = attribute(15, AnyData, static=True)
    reset_join_state = method(1, Integer)


class WiSunDiagnostic(InterfaceClass, class_id=96, version=0, title="Wi-SUN diagnostic", methods_at=(1, 0x30)):
    """Wi-SUN diagnostic: interfaces, neighbours and transmissions.

    One source; uncertain: the codes of enumerations and the elements of structures were not seen, and the argument
    of the method is by analogy.
    """

    sysdescr = attribute(2, OctetString)
    ifnumber = attribute(3, Integer)
    iftable = attribute(4, array(AnyData))
    neighbour_table_information = attribute(5, array(AnyData))
    transmission_information = attribute(6, array(AnyData))
    reset = method(1, Integer)


class RplDiagnostic(InterfaceClass, class_id=97, version=0, title="RPL diagnostic", methods_at=(1, 0x48)):
    """RPL diagnostic: the place of the node in its routing graph.

    One source; uncertain: the codes of enumerations and the elements of structures were not seen, and the argument
    of the method is by analogy.
    """

    rpl_instance_id = attribute(2, Unsigned)
    dodag_version_number = attribute(3, Unsigned)
    dodag_rank = attribute(4, Long)
    grounded = attribute(5, Boolean)
    mode_of_operation = attribute(6, Enum)
    dodag_prf = attribute(7, Unsigned)
    dodag_dtsn = attribute(8, Unsigned)
    dodag_id = attribute(9, OctetString)
    reset = method(1, Integer)


class MplDiagnostic(InterfaceClass, class_id=98, version=0, title="MPL diagnostic", methods_at=(1, 0x70)):
    """MPL diagnostic: parameters of multicast forwarding.

    One source; uncertain: the codes of enumerations and the elements of structures were not seen, and the argument
    of the method is by analogy.
    """

    proactive_forwarding = attribute(2, Boolean)
    z = attribute(3, Unsigned)
    tunit = attribute(4, Unsigned)
    se_lifetime = attribute(5, LongUnsigned)
    dm_k = attribute(6, Unsigned)
    dm_imin = attribute(7, LongUnsigned)
    dm_imax = attribute(8, Unsigned)
    dm_t_exp = attribute(9, LongUnsigned)
    c_k = attribute(10, Unsigned)
    c_imin = attribute(11, LongUnsigned)
    c_imax = attribute(12, Unsigned)
    c_t_exp = attribute(13, LongUnsigned)
    reset = method(1, Integer)
