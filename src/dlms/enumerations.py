"""The code tables of the books. A number that a table does not know is kept: decoding one never fails.

Members carry the book's names in capitals; `book_name` gives them as printed (`read-write-denied`). Results
and diagnostics are in `dlms.results`, units in `dlms.units`, the status of a date-time in `dlms.datetime`.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Self

__all__ = [
    "ApplicationContext",
    "AssociationStatus",
    "AttributeAccessV0",
    "AttributeAccessV1",
    "AttributeAccessV3",
    "AuthenticationMechanism",
    "BitTable",
    "CertificateEntity",
    "CertificateIdentificationType",
    "CertificateType",
    "ClockBase",
    "CodeTable",
    "CommunicationSpeed",
    "Conformance",
    "ControlMode",
    "ControlState",
    "GsmPacketSwitchedStatus",
    "GsmStatus",
    "ImageTransferStatus",
    "KeyId",
    "KeyInfoType",
    "MBusEncryptionKeyStatus",
    "MethodAccessV0",
    "MethodAccessV1",
    "MethodAccessV3",
    "ProtectionType",
    "PushMessageType",
    "PushOperationMethod",
    "PushTransportService",
    "RestrictionType",
    "ScriptServiceId",
    "SecurityPolicyV0",
    "SecurityPolicyV1",
    "SecuritySuite",
    "SingleActionScheduleType",
    "SortMethod",
]


class CodeTable(IntEnum):
    """An enumeration of the book; an integer that it does not list becomes a member `UNKNOWN_n` of its own.

    Such members are equal by number, not identical, and are not remembered: a peer cannot fill the memory with them.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or not -(1 << 63) <= value < 1 << 64:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = int(value)
        return member

    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[int]]:
        """Pickled by number: by name, as CPython 3.11.2 and before would, a member of its own is not found."""
        return type(self), (self._value_,)

    @property
    def known(self) -> bool:
        """Whether the book lists the number."""
        return self.name in type(self).__members__

    @property
    def book_name(self) -> str:
        """The name as the book prints it."""
        return self.name.lower().replace("_", "-")


class BitTable(IntFlag):
    """A bit-string of the book; bits that it does not list are kept."""

    @classmethod
    def _missing_(cls, value: object) -> Self:
        member: Self = super()._missing_(value)
        # IntFlag remembers every combination that it was ever asked for; a peer could fill the memory with them.
        if isinstance(value, int):
            cls._value2member_map_.pop(value, None)
        return member


# Services ------------------------------------------------------------------------------------------


class Conformance(BitTable):
    """The conformance block: services of the xDLMS context (IEC 62056-5-3).

    Bit 0 of the book is the first of the 24-bit string, so the number is the three octets read big-endian.
    """

    RESERVED_ZERO = 1 << 23
    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    READ = 1 << 20
    WRITE = 1 << 19
    UNCONFIRMED_WRITE = 1 << 18
    DELTA_VALUE_ENCODING = 1 << 17  # reserved_six in older editions
    RESERVED_SEVEN = 1 << 16
    ATTRIBUTE0_SUPPORTED_WITH_SET = 1 << 15
    PRIORITY_MGMT_SUPPORTED = 1 << 14
    ATTRIBUTE0_SUPPORTED_WITH_GET = 1 << 13
    BLOCK_TRANSFER_WITH_GET_OR_READ = 1 << 12
    BLOCK_TRANSFER_WITH_SET_OR_WRITE = 1 << 11
    BLOCK_TRANSFER_WITH_ACTION = 1 << 10
    MULTIPLE_REFERENCES = 1 << 9
    INFORMATION_REPORT = 1 << 8
    DATA_NOTIFICATION = 1 << 7
    ACCESS = 1 << 6
    PARAMETERIZED_ACCESS = 1 << 5
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    EVENT_NOTIFICATION = 1 << 1
    ACTION = 1 << 0


# Associations --------------------------------------------------------------------------------------


class ApplicationContext(CodeTable):
    """Last element of the application context name, 2.16.756.5.8.1.x."""

    LOGICAL_NAME_REFERENCING_NO_CIPHERING = 1
    SHORT_NAME_REFERENCING_NO_CIPHERING = 2
    LOGICAL_NAME_REFERENCING_WITH_CIPHERING = 3
    SHORT_NAME_REFERENCING_WITH_CIPHERING = 4


class AuthenticationMechanism(CodeTable):
    """Last element of the authentication mechanism name, 2.16.756.5.8.2.x."""

    LOWEST_LEVEL_SECURITY = 0
    LOW_LEVEL_SECURITY = 1
    HIGH_LEVEL_SECURITY = 2
    HIGH_LEVEL_SECURITY_MD5 = 3
    HIGH_LEVEL_SECURITY_SHA1 = 4
    HIGH_LEVEL_SECURITY_GMAC = 5
    HIGH_LEVEL_SECURITY_SHA256 = 6
    HIGH_LEVEL_SECURITY_ECDSA = 7


class AssociationStatus(CodeTable):
    """association_status of Association LN."""

    NON_ASSOCIATED = 0
    ASSOCIATION_PENDING = 1
    ASSOCIATED = 2


class AttributeAccessV0(CodeTable):
    """access_mode of an attribute, Association LN version 0."""

    NO_ACCESS = 0
    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_AND_WRITE = 3


class AttributeAccessV1(CodeTable):
    """access_mode of an attribute, Association LN versions 1 and 2, Association SN versions 2 and 3."""

    NO_ACCESS = 0
    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_AND_WRITE = 3
    AUTHENTICATED_READ_ONLY = 4
    AUTHENTICATED_WRITE_ONLY = 5
    AUTHENTICATED_READ_AND_WRITE = 6


class AttributeAccessV3(BitTable):
    """access_mode of an attribute, Association LN version 3."""

    READ = 1 << 0
    WRITE = 1 << 1
    AUTHENTICATED_REQUEST = 1 << 2
    ENCRYPTED_REQUEST = 1 << 3
    DIGITALLY_SIGNED_REQUEST = 1 << 4
    AUTHENTICATED_RESPONSE = 1 << 5
    ENCRYPTED_RESPONSE = 1 << 6
    DIGITALLY_SIGNED_RESPONSE = 1 << 7


class MethodAccessV0(CodeTable):
    """access_mode of a method, Association LN version 0, where it is a boolean."""

    NO_ACCESS = 0
    ACCESS = 1


class MethodAccessV1(CodeTable):
    """access_mode of a method, Association LN versions 1 and 2."""

    NO_ACCESS = 0
    ACCESS = 1
    AUTHENTICATED_ACCESS = 2


class MethodAccessV3(BitTable):
    """access_mode of a method, Association LN version 3."""

    ACCESS = 1 << 0
    AUTHENTICATED_REQUEST = 1 << 2
    ENCRYPTED_REQUEST = 1 << 3
    DIGITALLY_SIGNED_REQUEST = 1 << 4
    AUTHENTICATED_RESPONSE = 1 << 5
    ENCRYPTED_RESPONSE = 1 << 6
    DIGITALLY_SIGNED_RESPONSE = 1 << 7


# Security ------------------------------------------------------------------------------------------


class SecuritySuite(CodeTable):
    """security_suite of Security setup."""

    AES_GCM_128 = 0
    ECDH_ECDSA_AES_GCM_128_SHA_256 = 1
    ECDH_ECDSA_AES_GCM_256_SHA_384 = 2


class SecurityPolicyV0(CodeTable):
    """security_policy of Security setup version 0."""

    NOTHING = 0
    ALL_MESSAGES_AUTHENTICATED = 1
    ALL_MESSAGES_ENCRYPTED = 2
    ALL_MESSAGES_AUTHENTICATED_AND_ENCRYPTED = 3


class SecurityPolicyV1(BitTable):
    """security_policy of Security setup from version 1; also required_protection of Data protection."""

    AUTHENTICATED_REQUEST = 1 << 2
    ENCRYPTED_REQUEST = 1 << 3
    DIGITALLY_SIGNED_REQUEST = 1 << 4
    AUTHENTICATED_RESPONSE = 1 << 5
    ENCRYPTED_RESPONSE = 1 << 6
    DIGITALLY_SIGNED_RESPONSE = 1 << 7


class KeyId(CodeTable):
    """key_id of key_transfer, Security setup."""

    GLOBAL_UNICAST_ENCRYPTION_KEY = 0
    GLOBAL_BROADCAST_ENCRYPTION_KEY = 1
    AUTHENTICATION_KEY = 2
    MASTER_KEY = 3


class CertificateEntity(CodeTable):
    """certificate_entity of Security setup."""

    SERVER = 0
    CLIENT = 1
    CERTIFICATION_AUTHORITY = 2
    OTHER = 3


class CertificateType(CodeTable):
    """certificate_type of Security setup."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 1
    TLS = 2
    OTHER = 3


class CertificateIdentificationType(CodeTable):
    """certificate_identification_type of Security setup."""

    BY_ENTITY = 0
    BY_SERIAL_NUMBER = 1


class ProtectionType(CodeTable):
    """protection_type of Data protection and Push setup (one source)."""

    AUTHENTICATION = 0
    ENCRYPTION = 1
    AUTHENTICATION_AND_ENCRYPTION = 2
    DIGITAL_SIGNATURE = 3


class KeyInfoType(CodeTable):
    """key_info_type of protection_options."""

    IDENTIFIED_KEY = 0
    WRAPPED_KEY = 1
    AGREED_KEY = 2


# Objects -------------------------------------------------------------------------------------------


class SortMethod(CodeTable):
    """sort_method of Profile generic."""

    FIFO = 1
    LIFO = 2
    LARGEST = 3
    SMALLEST = 4
    NEAREST_TO_ZERO = 5
    FARTHEST_FROM_ZERO = 6


class ClockBase(CodeTable):
    """clock_base of Clock."""

    NOT_DEFINED = 0
    INTERNAL_CRYSTAL = 1
    MAINS_FREQUENCY_50_HZ = 2
    MAINS_FREQUENCY_60_HZ = 3
    GPS = 4
    RADIO_CONTROLLED = 5


class ControlState(CodeTable):
    """control_state of Disconnect control."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY_FOR_RECONNECTION = 2


class ControlMode(CodeTable):
    """control_mode of Disconnect control. Letters are the transitions of the book's state diagram."""

    NONE = 0
    """Always connected."""
    MODE_1 = 1
    """Disconnect: remote (b, c), manual (f), local (g). Reconnect: remote (d), manual (e)."""
    MODE_2 = 2
    """Disconnect: remote (b, c), manual (f), local (g). Reconnect: remote (a), manual (e)."""
    MODE_3 = 3
    """Disconnect: remote (b, c), local (g). Reconnect: remote (d), manual (e)."""
    MODE_4 = 4
    """Disconnect: remote (b, c), local (g). Reconnect: remote (a), manual (e)."""
    MODE_5 = 5
    """Disconnect: remote (b, c), manual (f), local (g). Reconnect: remote (d), manual (e), local (h)."""
    MODE_6 = 6
    """Disconnect: remote (b, c), local (g). Reconnect: remote (d), manual (e), local (h)."""
    MODE_7 = 7
    """Disconnect: remote (b, c), local (g). Reconnect: remote (a, i), manual (e), local (h). One source."""


class ImageTransferStatus(CodeTable):
    """image_transfer_status of Image transfer."""

    IMAGE_TRANSFER_NOT_INITIATED = 0
    IMAGE_TRANSFER_INITIATED = 1
    IMAGE_VERIFICATION_INITIATED = 2
    IMAGE_VERIFICATION_SUCCESSFUL = 3
    IMAGE_VERIFICATION_FAILED = 4
    IMAGE_ACTIVATION_INITIATED = 5
    IMAGE_ACTIVATION_SUCCESSFUL = 6
    IMAGE_ACTIVATION_FAILED = 7


class PushTransportService(CodeTable):
    """transport_service of Push setup; 200 to 255 are the manufacturer's."""

    TCP = 0
    UDP = 1
    FTP = 2
    SMTP = 3
    SMS = 4
    HDLC = 5
    M_BUS = 6
    ZIGBEE = 7
    DLMS_GATEWAY = 8
    COAP_RELIABLE = 9
    COAP_UNRELIABLE = 10


class PushMessageType(CodeTable):
    """message of Push setup; 128 to 255 are the manufacturer's."""

    A_XDR_ENCODED_XDLMS_APDU = 0
    XML_ENCODED_XDLMS_APDU = 1


class PushOperationMethod(CodeTable):
    """push_operation_method of Push setup."""

    UNCONFIRMED_RETRY_ON_SUPPORTING_LAYER_FAILURE = 0
    UNCONFIRMED_RETRY_ON_MISSING_SUPPORTING_LAYER_CONFIRMATION = 1
    CONFIRMED_RETRY_ON_MISSING_CONFIRMATION = 2


class RestrictionType(CodeTable):
    """restriction_type of the objects of a push or a protected buffer."""

    NONE = 0
    BY_DATE = 1
    BY_ENTRY = 2


class SingleActionScheduleType(CodeTable):
    """type of Single action schedule: how many times, and what they may differ in."""

    ONE_TIME_WITH_WILDCARDS = 1
    EQUAL_TIMES_WITHOUT_WILDCARDS = 2
    EQUAL_TIMES_WITH_WILDCARDS = 3
    TIMES_WITHOUT_WILDCARDS = 4
    TIMES_WITH_WILDCARDS = 5


class ScriptServiceId(CodeTable):
    """service_id of an action of a script."""

    WRITE_ATTRIBUTE = 1
    EXECUTE_METHOD = 2


class CommunicationSpeed(CodeTable):
    """comm_speed of the local, HDLC and modem setups."""

    BAUD_300 = 0
    BAUD_600 = 1
    BAUD_1200 = 2
    BAUD_2400 = 3
    BAUD_4800 = 4
    BAUD_9600 = 5
    BAUD_19200 = 6
    BAUD_38400 = 7
    BAUD_57600 = 8
    BAUD_115200 = 9

    @property
    def baud(self) -> int | None:
        """Bits a second; None for a number that the book does not list."""
        return int(self.name.removeprefix("BAUD_")) if self.known else None


class MBusEncryptionKeyStatus(CodeTable):
    """encryption_key_status of M-Bus client (one source)."""

    NO_ENCRYPTION_KEY = 0
    ENCRYPTION_KEY_SET = 1
    ENCRYPTION_KEY_TRANSFERRED = 2
    ENCRYPTION_KEY_SET_AND_TRANSFERRED = 3
    ENCRYPTION_KEY_IN_USE = 4


class GsmStatus(CodeTable):
    """status of GSM diagnostic."""

    NOT_REGISTERED = 0
    REGISTERED_HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    REGISTERED_ROAMING = 5


class GsmPacketSwitchedStatus(CodeTable):
    """ps_status of GSM diagnostic. 7 to 9 are seen in one source."""

    INACTIVE = 0
    GPRS = 1
    EDGE = 2
    UMTS = 3
    HSDPA = 4
    LTE = 5
    CDMA = 6
    LTE_CAT_M1 = 7
    LTE_CAT_NB1 = 8
    LTE_CAT_NB2 = 9
