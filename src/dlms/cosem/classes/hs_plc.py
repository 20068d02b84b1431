"""High-speed power line carrier, ISO/IEC 12139-1."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute
from dlms.data import Boolean, Enum, Long64Unsigned, LongUnsigned, OctetString


class HsPlcMacSetup(InterfaceClass, class_id=140, version=0, title="HS-PLC ISO/IEC 12139-1 MAC setup"):
    """HS-PLC ISO/IEC 12139-1 MAC setup: groups, stations and encryption.

    One source; the codes of encryption_mode were not seen.
    """

    group_id = attribute(2, Long64Unsigned, static=True)
    secondary_group_id = attribute(3, Long64Unsigned, static=True)
    station_id = attribute(4, Long64Unsigned, static=True)
    parent_station_id = attribute(5, Long64Unsigned, static=True)
    repeater_status = attribute(6, Boolean, static=True)
    encryption_mode = attribute(7, Enum, static=True)
    initial_encryption_key = attribute(8, OctetString, static=True)
    rts_cts = attribute(9, Boolean, static=True, book_name="rts/cts")


class HsPlcCpasSetup(InterfaceClass, class_id=141, version=0, title="HS-PLC ISO/IEC 12139-1 CPAS setup"):
    """HS-PLC ISO/IEC 12139-1 CPAS setup: addresses of the convergence layer (one source)."""

    cpas_address = attribute(2, Long64Unsigned, static=True)
    cpas_ether_type = attribute(3, LongUnsigned, static=True)
    master_station_cpas_address = attribute(4, Long64Unsigned, static=True)


class HsPlcIpSsasSetup(InterfaceClass, class_id=142, version=0, title="HS-PLC ISO/IEC 12139-1 IP SSAS setup"):
    """HS-PLC ISO/IEC 12139-1 IP SSAS setup: header compression.

    One source; the codes of ip_header_comp_type were not seen.
    """

    ip_header_comp_type = attribute(2, Enum, static=True)
    ip_alive_time = attribute(3, LongUnsigned, static=True)


class HsPlcHdlcSsasSetup(InterfaceClass, class_id=143, version=0, title="HS-PLC ISO/IEC 12139-1 HDLC SSAS setup"):
    """HS-PLC ISO/IEC 12139-1 HDLC SSAS setup: the master station (one source)."""

    master_station_id = attribute(2, Long64Unsigned, static=True)
