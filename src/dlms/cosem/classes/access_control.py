"""Access control and management: firmware images, security, functions and ports."""

from __future__ import annotations

from typing import Annotated, Any

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import (
    AnyData,
    LogicalNameOctets,
    ObjectDefinition,
    ProtectionParameters,
    RestrictedObjectDefinition,
    ValueDefinition,
)
from dlms.data import (
    BitString,
    Boolean,
    DoubleLongUnsigned,
    Integer,
    LongUnsigned,
    OctetString,
    Unsigned,
)
from dlms.enumerations import (
    CertificateEntity,
    CertificateIdentificationType,
    CertificateType,
    CodeTable,
    ImageTransferStatus,
    KeyId,
    SecurityPolicyV0,
    SecurityPolicyV1,
    SecuritySuite,
)
from dlms.grammar import array, structure


@structure
class ImageToActivateInfo:
    """One image that activation would put to use."""

    image_to_activate_size: Annotated[int, DoubleLongUnsigned]
    image_to_activate_identification: Annotated[bytes, OctetString]
    image_to_activate_signature: Annotated[bytes, OctetString]


@structure
class ImageTransferInitiate:
    """The image whose transfer begins."""

    image_identifier: Annotated[bytes, OctetString]
    image_size: Annotated[int, DoubleLongUnsigned]


@structure
class ImageBlock:
    """One block of an image; numbers begin with 0."""

    image_block_number: Annotated[int, DoubleLongUnsigned]
    image_block_value: Annotated[bytes, OctetString]


class ImageTransfer(InterfaceClass, class_id=18, version=0, methods_at=(1, 0x40)):
    """Image transfer: a firmware image, sent in blocks, verified and activated."""

    image_block_size = attribute(2, DoubleLongUnsigned, static=True)
    image_transferred_blocks_status = attribute(3, BitString)
    image_first_not_transferred_block_number = attribute(4, DoubleLongUnsigned)
    image_transfer_enabled = attribute(5, Boolean, static=True)
    image_transfer_status = attribute(6, ImageTransferStatus)
    image_to_activate_info = attribute(7, array(ImageToActivateInfo))
    image_transfer_initiate = method(1, ImageTransferInitiate)
    image_block_transfer = method(2, ImageBlock)
    image_verify = method(3, Integer)
    image_activate = method(4, Integer)


class DataProtection(InterfaceClass, class_id=30, version=0):
    """Data protection: attributes read, written and methods invoked under protection of their own.

    Uncertain: the arguments of the methods and the options of a key were not seen.
    """

    protection_buffer = attribute(2, OctetString, static=None)
    protection_object_list = attribute(3, array(RestrictedObjectDefinition), static=None)
    protection_parameters_get = attribute(4, array(ProtectionParameters), static=None)
    protection_parameters_set = attribute(5, array(ProtectionParameters), static=None)
    required_protection = attribute(6, SecurityPolicyV1, static=None)
    get_protected_attributes = method(1, AnyData, note="argument not seen")
    set_protected_attributes = method(2, AnyData, note="argument not seen")
    invoke_protected_method = method(3, AnyData, note="argument not seen")


@structure
class KeyTransferData:
    """A key, wrapped under the master key."""

    key_id: KeyId
    key_wrapped: Annotated[bytes, OctetString]


@structure
class KeyAgreementData:
    """The ephemeral public key that a key is agreed with, signed."""

    key_id: KeyId
    key_data: Annotated[bytes, OctetString]


@structure
class CertificateInfo:
    """What a certificate of the device says."""

    certificate_entity: CertificateEntity
    certificate_type: CertificateType
    serial_number: Annotated[bytes, OctetString]
    issuer: Annotated[bytes, OctetString]
    subject: Annotated[bytes, OctetString]
    subject_alt_name: Annotated[bytes, OctetString]


@structure
class CertificateIdentification:
    """A certificate by entity (CertificateByEntity) or by serial number (CertificateBySerialNumber)."""

    certificate_identification_type: CertificateIdentificationType
    certification_identification_options: Annotated[Any, AnyData]


@structure
class CertificateByEntity:
    """A certificate by whose it is and what for."""

    certificate_entity: CertificateEntity
    certificate_type: CertificateType
    system_title: Annotated[bytes, OctetString]


@structure
class CertificateBySerialNumber:
    """A certificate by its number and issuer."""

    serial_number: Annotated[bytes, OctetString]
    issuer: Annotated[bytes, OctetString]


class SecuritySetupV0(InterfaceClass, class_id=64, version=0, methods_at=(1, 0x28)):
    """Security setup, version 0."""

    security_policy = attribute(2, SecurityPolicyV0, static=True)
    security_suite = attribute(3, SecuritySuite, static=True)
    client_system_title = attribute(4, OctetString)
    server_system_title = attribute(5, OctetString, static=True)
    security_activate = method(1, SecurityPolicyV0)
    global_key_transfer = method(2, array(KeyTransferData))


class SecuritySetup(InterfaceClass, class_id=64, version=1, methods_at=(1, 0x30)):
    """Security setup: suite, policy, keys and certificates of a logical device."""

    security_policy = attribute(2, SecurityPolicyV1, static=True)
    security_suite = attribute(3, SecuritySuite, static=True)
    client_system_title = attribute(4, OctetString)
    server_system_title = attribute(5, OctetString, static=True)
    certificates = attribute(6, array(CertificateInfo))
    security_activate = method(1, SecurityPolicyV1)
    key_transfer = method(2, array(KeyTransferData))
    key_agreement = method(3, array(KeyAgreementData))
    generate_key_pair = method(4, CertificateType)
    generate_certificate_request = method(5, CertificateType)
    import_certificate = method(6, OctetString)
    export_certificate = method(7, CertificateIdentification)
    remove_certificate = method(8, CertificateIdentification)


@structure
class FunctionStatus:
    """Whether a function is on."""

    function_name: Annotated[bytes, OctetString]
    function_status: Annotated[bool, Boolean]


@structure
class FunctionDefinition:
    """The objects that make up a function."""

    function_name: Annotated[bytes, OctetString]
    function_specifications: Annotated[list[ObjectDefinition], array(ObjectDefinition)]


class FunctionControl(InterfaceClass, class_id=122, version=0, methods_at=(1, 0x20)):
    """Function control: functions of the device by name, switched on and off."""

    activation_status = attribute(2, array(FunctionStatus))
    function_list = attribute(3, array(FunctionDefinition), static=True)
    set_function_status = method(1, array(FunctionStatus))
    add_function = method(2, FunctionDefinition)
    remove_function = method(3, OctetString, note="function_name")


@structure
class ArrayObject:
    """An attribute that is an array, under a number."""

    array_object_id: Annotated[int, Unsigned]
    array_object_element: ValueDefinition


@structure
class EntryRange:
    """Entries of an array by index, both ends included."""

    from_index: Annotated[int, LongUnsigned]
    to_index: Annotated[int, LongUnsigned]


@structure
class EntriesOfArray:
    """Some entries of one array."""

    array_object_id: Annotated[int, Unsigned]
    entries: EntryRange


@structure
class IndexedEntry:
    """An entry and its place in the array."""

    index: Annotated[int, LongUnsigned]
    entry: Annotated[Any, AnyData]


@structure
class EntryOfArray:
    """One entry of one array."""

    array_object_id: Annotated[int, Unsigned]
    entry: IndexedEntry


class ArrayManager(InterfaceClass, class_id=123, version=0, methods_at=(1, 0x20)):
    """Array manager: entries of array attributes of other objects, one by one."""

    array_object_list = attribute(2, array(ArrayObject), static=True)
    retrieve_number_of_entries = method(1, Unsigned, note="array_object_id")
    retrieve_entries = method(2, EntriesOfArray)
    insert_entry = method(3, EntryOfArray)
    update_entry = method(4, EntryOfArray)
    remove_entries = method(5, EntriesOfArray)


class PortProtectionMode(CodeTable):
    """protection_mode of Communication port protection."""

    LOCKED = 0
    LOCKED_ON_FAILED_ATTEMPTS = 1
    UNLOCKED = 2


class PortProtectionStatus(CodeTable):
    """protection_status of Communication port protection."""

    UNLOCKED = 0
    TEMPORARILY_LOCKED = 1
    LOCKED = 2


class CommunicationPortProtection(InterfaceClass, class_id=124, version=0, methods_at=(1, 0x50)):
    """Communication port protection: a port that failed attempts lock."""

    protection_mode = attribute(2, PortProtectionMode, static=True)
    allowed_failed_attempts = attribute(3, LongUnsigned, static=True)
    initial_lockout_time = attribute(4, DoubleLongUnsigned, static=True, note="seconds")
    steepness_factor = attribute(5, Unsigned, static=True)
    max_lockout_time = attribute(6, DoubleLongUnsigned, static=True, note="seconds")
    port_reference = attribute(7, LogicalNameOctets, static=True)
    protection_status = attribute(8, PortProtectionStatus)
    failed_attempts = attribute(9, DoubleLongUnsigned)
    cumulative_failed_attempts = attribute(10, DoubleLongUnsigned)
    reset = method(1, Integer)


class Attestation(InterfaceClass, class_id=170, version=0):
    """Attestation: a token that vouches for the device (one source)."""

    attestation_token = attribute(2, OctetString, static=None)
    qualification_declaration = attribute(3, OctetString, static=None)
    generate_attestation_token = method(1, AnyData, note="argument not seen")
