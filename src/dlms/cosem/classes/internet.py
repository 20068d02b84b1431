"""Internet protocols: addresses, ports, mail, time and CoAP."""

from __future__ import annotations

from typing import Annotated, Any

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData, AttributeCaptureTime, LogicalNameOctets
from dlms.data import Boolean, DoubleLongUnsigned, Integer, LongUnsigned, NullData, OctetString, Unsigned
from dlms.enumerations import CodeTable
from dlms.grammar import array, choice, structure


class TcpUdpSetup(InterfaceClass, class_id=41, version=0, title="TCP-UDP setup"):
    """TCP-UDP setup: the port of a wrapper connection."""

    tcp_udp_port = attribute(2, LongUnsigned, static=True, book_name="TCP-UDP_port")
    ip_reference = attribute(3, LogicalNameOctets, static=True, book_name="IP_reference")
    mss = attribute(4, LongUnsigned, static=True, book_name="MSS")
    nb_of_sim_conn = attribute(5, Unsigned, static=True)
    inactivity_time_out = attribute(6, LongUnsigned, static=True, note="seconds")


@structure
class IpOption:
    """An option of the IP header."""

    ip_option_type: Annotated[int, Unsigned]
    ip_option_length: Annotated[int, Unsigned]
    ip_option_data: Annotated[bytes, OctetString]


class Ipv4Setup(InterfaceClass, class_id=42, version=0, title="IPv4 setup", methods_at=(1, 0x60)):
    """IPv4 setup: the IPv4 addresses of the device."""

    dl_reference = attribute(2, LogicalNameOctets, static=True, book_name="DL_reference")
    ip_address = attribute(3, DoubleLongUnsigned, static=None, book_name="IP_address")
    multicast_ip_address = attribute(4, array(DoubleLongUnsigned), static=None, book_name="multicast_IP_address")
    ip_options = attribute(5, array(IpOption), static=None, book_name="IP_options")
    subnet_mask = attribute(6, DoubleLongUnsigned, static=None)
    gateway_ip_address = attribute(7, DoubleLongUnsigned, static=None, book_name="gateway_IP_address")
    use_dhcp_flag = attribute(8, Boolean, static=True, book_name="use_DHCP_flag")
    primary_dns_address = attribute(9, DoubleLongUnsigned, static=None, book_name="primary_DNS_address")
    secondary_dns_address = attribute(10, DoubleLongUnsigned, static=None, book_name="secondary_DNS_address")
    add_mc_ip_address = method(1, DoubleLongUnsigned, book_name="add_mc_IP_address")
    delete_mc_ip_address = method(2, DoubleLongUnsigned, book_name="delete_mc_IP_address")
    get_nbof_mc_ip_addresses = method(3, Integer, book_name="get_nbof_mc_IP_addresses")


class MacAddressSetup(InterfaceClass, class_id=43, version=0, title="MAC address setup"):
    """MAC address setup: the address of a network interface. Older editions call it Ethernet setup."""

    mac_address = attribute(2, OctetString, static=None, book_name="MAC_address")


@structure
class LcpOption:
    """An option of the link control protocol: 1 MRU, 2 ACCM, 3 authentication, 5 magic number, 7 PFC, 8 ACFC,
    9 FCS alternatives, 13 callback."""

    lcp_option_type: Annotated[int, Unsigned]
    lcp_option_length: Annotated[int, Unsigned]
    lcp_option_data: Annotated[Any, AnyData]


@structure
class IpcpOption:
    """An option of the IP control protocol: 2 compression, 3 preferred local address, 20 preferred peer address,
    21 GAO, 22 USIP."""

    ipcp_option_type: Annotated[int, Unsigned]
    ipcp_option_length: Annotated[int, Unsigned]
    ipcp_option_data: Annotated[Any, AnyData]


@structure
class PppAuthentication:
    """User name and password."""

    user_name: Annotated[bytes, OctetString]
    ppp_password: Annotated[bytes, OctetString]


class PppSetup(InterfaceClass, class_id=44, version=0, title="PPP setup"):
    """PPP setup: options of a point-to-point connection. Without authentication one source sends null-data."""

    phy_reference = attribute(2, LogicalNameOctets, static=True, book_name="PHY_reference")
    lcp_options = attribute(3, array(LcpOption), static=True, book_name="LCP_options")
    ipcp_options = attribute(4, array(IpcpOption), static=True, book_name="IPCP_options")
    ppp_authentication = attribute(5, choice(NullData, PppAuthentication), static=True, book_name="PPP_authentication")


class SmtpSetup(InterfaceClass, class_id=46, version=0, title="SMTP setup"):
    """SMTP setup: the mail server of the device."""

    server_port = attribute(2, LongUnsigned, static=True, note="25 unless set")
    user_name = attribute(3, OctetString, static=True)
    login_password = attribute(4, OctetString, static=True)
    server_address = attribute(5, OctetString, static=True)
    sender_address = attribute(6, OctetString, static=True)


class AddressConfigMode(CodeTable):
    """address_config_mode of IPv6 setup."""

    AUTO_CONFIGURATION = 0
    DHCPV6 = 1
    MANUAL = 2
    NEIGHBOUR_DISCOVERY = 3


class Ipv6AddressType(CodeTable):
    """IPv6_address_type of IPv6 setup."""

    UNICAST = 0
    MULTICAST = 1
    GATEWAY = 2


@structure
class NeighborDiscoverySetup:
    """Retries and periods of router solicitations and advertisements."""

    rs_max_retry: Annotated[int, Unsigned]
    rs_retry_wait_time: Annotated[int, LongUnsigned]
    ra_send_period: Annotated[int, DoubleLongUnsigned]


@structure
class Ipv6Address:
    """An address and the list that it belongs to."""

    ipv6_address_type: Ipv6AddressType
    ipv6_address: Annotated[bytes, OctetString]


class Ipv6Setup(InterfaceClass, class_id=48, version=0, title="IPv6 setup", methods_at=(1, 0x60)):
    """IPv6 setup: the IPv6 addresses of the device, 16 octets each."""

    dl_reference = attribute(2, LogicalNameOctets, static=True, book_name="DL_reference")
    address_config_mode = attribute(3, AddressConfigMode, static=True)
    unicast_ipv6_addresses = attribute(4, array(OctetString), static=None, book_name="unicast_IPv6_addresses")
    multicast_ipv6_addresses = attribute(5, array(OctetString), static=True, book_name="multicast_IPv6_addresses")
    gateway_ipv6_addresses = attribute(6, array(OctetString), static=True, book_name="gateway_IPv6_addresses")
    primary_dns_address = attribute(7, OctetString, static=True, book_name="primary_DNS_address")
    secondary_dns_address = attribute(8, OctetString, static=True, book_name="secondary_DNS_address")
    traffic_class = attribute(9, Unsigned, static=True, note="0 to 63")
    neighbor_discovery_setup = attribute(10, array(NeighborDiscoverySetup), static=True)
    add_ipv6_address = method(1, Ipv6Address, book_name="add_IPv6_address")
    remove_ipv6_address = method(2, Ipv6Address, book_name="remove_IPv6_address")


class NtpAuthenticationMethod(CodeTable):
    """authentication_method of NTP setup."""

    NO_SECURITY = 0
    SHARED_SECRETS = 1
    AUTOKEY_IFF = 2


@structure
class NtpAuthenticationKey:
    """A shared secret and its number."""

    key_id: Annotated[int, DoubleLongUnsigned]
    key: Annotated[bytes, OctetString]


class NtpSetup(InterfaceClass, class_id=100, version=0, title="NTP setup", methods_at=(1, 0x38)):
    """NTP setup: the server that the clock is set by."""

    activated = attribute(2, Boolean, static=True)
    server_address = attribute(3, OctetString, static=True)
    server_port = attribute(4, LongUnsigned, static=True, note="123 unless set")
    authentication_method = attribute(5, NtpAuthenticationMethod, static=True)
    authentication_keys = attribute(6, array(NtpAuthenticationKey), static=True)
    client_key = attribute(7, OctetString, static=True)
    synchronize = method(1, Integer)
    add_authentication_key = method(2, NtpAuthenticationKey)
    delete_authentication_key = method(3, DoubleLongUnsigned, note="key_id")


class CoapTransportMode(CodeTable):
    """transport_mode of CoAP setup."""

    RELIABLE = 1
    UNRELIABLE = 2
    RELIABLE_AND_UNRELIABLE = 3


class CoapSetup(InterfaceClass, class_id=152, version=0, title="CoAP setup"):
    """CoAP setup: parameters of messages over CoAP. Uncertain: the alternatives of version were not seen."""

    udp_reference = attribute(2, LogicalNameOctets, static=True, book_name="UDP_reference")
    ack_timeout = attribute(3, LongUnsigned, static=True)
    ack_random_factor = attribute(4, LongUnsigned, static=True)
    max_retransmit = attribute(5, LongUnsigned, static=True)
    nstart = attribute(6, LongUnsigned, static=True)
    delay_ack_timeout = attribute(7, LongUnsigned, static=True)
    exponential_back_off = attribute(8, LongUnsigned, static=True)
    probing_rate = attribute(9, LongUnsigned, static=True)
    coap_uri_path = attribute(10, OctetString, static=True, book_name="CoAP_uri_path")
    transport_mode = attribute(11, CoapTransportMode, static=True)
    version_ = attribute(12, AnyData, book_name="version", note="the wrapper version")
    token_length = attribute(13, Unsigned, static=True)


@structure
class CoapMessagesCounter:
    """Messages sent, received, repeated, reset, acknowledged and dropped."""

    tx: Annotated[int, DoubleLongUnsigned]
    rx: Annotated[int, DoubleLongUnsigned]
    tx_resend: Annotated[int, DoubleLongUnsigned]
    tx_reset: Annotated[int, DoubleLongUnsigned]
    rx_reset: Annotated[int, DoubleLongUnsigned]
    tx_ack: Annotated[int, DoubleLongUnsigned]
    rx_ack: Annotated[int, DoubleLongUnsigned]
    rx_drop: Annotated[int, DoubleLongUnsigned]
    tx_non_piggybacked: Annotated[int, DoubleLongUnsigned]
    max_rtx_exceeded: Annotated[int, DoubleLongUnsigned]


@structure
class CoapRequestResponseCounter:
    """Requests, responses and errors."""

    rx_requests: Annotated[int, DoubleLongUnsigned]
    tx_requests: Annotated[int, DoubleLongUnsigned]
    rx_response: Annotated[int, DoubleLongUnsigned]
    tx_response: Annotated[int, DoubleLongUnsigned]
    tx_client_error: Annotated[int, DoubleLongUnsigned]
    rx_client_error: Annotated[int, DoubleLongUnsigned]
    tx_server_error: Annotated[int, DoubleLongUnsigned]
    rx_server_error: Annotated[int, DoubleLongUnsigned]


@structure
class CoapBlockTransferCounter:
    """Block-wise transfers begun, completed and given up."""

    block_wise_transfer_started: Annotated[int, DoubleLongUnsigned]
    block_wise_transfer_completed: Annotated[int, DoubleLongUnsigned]
    block_wise_transfer_timeout: Annotated[int, DoubleLongUnsigned]


class CoapDiagnostic(InterfaceClass, class_id=153, version=0, title="CoAP diagnostic", methods_at=(1, 0x30)):
    """CoAP diagnostic: counters of messages over CoAP."""

    messages_counter = attribute(2, CoapMessagesCounter)
    request_response_counter = attribute(3, CoapRequestResponseCounter)
    coap_bt_counter = attribute(4, CoapBlockTransferCounter)
    capture_time = attribute(5, AttributeCaptureTime)
    reset = method(1, Integer)
