"""Access control: associations by logical and by short name, and the logical devices of a physical one."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import (
    AnyData,
    LogicalNameOctets,
    ObjectDefinition,
    ValueDefinition,
)
from dlms.data import (
    BitString,
    Boolean,
    Integer,
    Long,
    LongUnsigned,
    NullData,
    OctetString,
    Unsigned,
    VisibleString,
)
from dlms.enumerations import (
    AssociationStatus,
    AttributeAccessV0,
    AttributeAccessV1,
    AttributeAccessV3,
    MethodAccessV1,
    MethodAccessV3,
)
from dlms.grammar import array, choice, structure
from dlms.logical_name import LogicalName

AccessSelectors = choice(NullData, array(Integer))
"""The access selectors that an attribute knows: null-data for none, or their numbers."""


@structure
class UserListEntry:
    """A user of the client."""

    user_id: Annotated[int, Unsigned]
    user_name: Annotated[str, VisibleString]


# Association SN ------------------------------------------------------------------------------------------------


@structure
class ShortNameObject:
    """An object and the base_name at which its attributes begin."""

    base_name: Annotated[int, Long]
    class_id: Annotated[int, LongUnsigned]
    version: Annotated[int, Unsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]


@structure
class AttributeAccessItemV1:
    """What may be done with one attribute (Association LN versions 1 and 2, Association SN)."""

    attribute_id: Annotated[int, Integer]
    access_mode: AttributeAccessV1
    access_selectors: Annotated[list[int] | None, AccessSelectors]


@structure
class MethodAccessItemV1:
    """Whether one method may be invoked (Association LN versions 1 and 2, Association SN)."""

    method_id: Annotated[int, Integer]
    access_mode: MethodAccessV1


@structure
class ShortNameAccessRights:
    """What may be done with the object at a base_name."""

    base_name: Annotated[int, Long]
    attribute_access: Annotated[list[AttributeAccessItemV1], array(AttributeAccessItemV1)]
    method_access: Annotated[list[MethodAccessItemV1], array(MethodAccessItemV1)]


class _AssociationSN(InterfaceClass):
    object_list = attribute(2, array(ShortNameObject), static=None)
    read_by_logicalname = method(3, array(ValueDefinition))


class _AssociationSNWithServices(_AssociationSN):
    getlist_by_classid = method(1, AnyData, note="argument not seen")
    getobj_by_logicalname = method(2, AnyData, note="argument not seen")
    get_attributes_services = method(4, AnyData, book_name="get_attributes&services", note="argument not seen")
    change_lls_secret = method(5, OctetString, book_name="change_LLS_secret")
    change_hls_secret = method(6, OctetString, book_name="change_HLS_secret")
    get_hls_challenge = method(7, AnyData, book_name="get_HLS_challenge", note="argument not seen")
    reply_to_hls_challenge = method(8, OctetString, book_name="reply_to_HLS_challenge")


class AssociationSNV0(_AssociationSNWithServices, class_id=12, version=0, methods_at=(1, 0x20)):
    """Association SN, version 0 (one source, which does not say which methods belong to which version)."""


class AssociationSNV1(_AssociationSNWithServices, class_id=12, version=1, methods_at=(3, 0x30)):
    """Association SN, version 1 (one source, which does not say which methods belong to which version)."""


class _AssociationSNWithRights(_AssociationSN):
    access_rights_list = attribute(3, array(ShortNameAccessRights), static=None)
    security_setup_reference = attribute(4, LogicalNameOctets, static=None)
    reply_to_hls_authentication = method(8, OctetString, book_name="reply_to_HLS_authentication")


class AssociationSNV2(_AssociationSNWithRights, class_id=12, version=2, methods_at=(3, 0x30)):
    """Association SN, version 2."""

    get_attributes_methods = method(4, AnyData, book_name="get_attributes&methods", note="argument not seen")
    change_lls_secret = method(5, OctetString, book_name="change_LLS_secret")
    change_hls_secret = method(6, OctetString, book_name="change_HLS_secret")


class _AssociationSNWithUsers(_AssociationSNWithRights):
    user_list = attribute(5, array(UserListEntry), static=None)
    current_user = attribute(6, UserListEntry, static=None)
    change_secret = method(5, OctetString)
    add_user = method(9, UserListEntry)
    remove_user = method(10, UserListEntry)


class AssociationSNV3(_AssociationSNWithUsers, class_id=12, version=3, methods_at=(3, 0x30)):
    """Association SN, version 3 (one source)."""


class AssociationSN(_AssociationSNWithUsers, class_id=12, version=4):
    """Association SN: the objects that short names reach, and what may be done with them.

    One source shows the layout of version 4; it is that of version 3.
    """


# Association LN ------------------------------------------------------------------------------------------------


@structure
class AttributeAccessItemV0:
    """What may be done with one attribute (Association LN version 0)."""

    attribute_id: Annotated[int, Integer]
    access_mode: AttributeAccessV0
    access_selectors: Annotated[list[int] | None, AccessSelectors]


@structure
class MethodAccessItemV0:
    """Whether one method may be invoked (Association LN version 0)."""

    method_id: Annotated[int, Integer]
    access_mode: Annotated[bool, Boolean]


@structure
class AccessRightsV0:
    """What may be done with an object (Association LN version 0)."""

    attribute_access: Annotated[list[AttributeAccessItemV0], array(AttributeAccessItemV0)]
    method_access: Annotated[list[MethodAccessItemV0], array(MethodAccessItemV0)]


@structure
class ObjectListElementV0:
    """An object and what may be done with it (Association LN version 0)."""

    class_id: Annotated[int, LongUnsigned]
    version: Annotated[int, Unsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    access_rights: AccessRightsV0


@structure
class AccessRightsV1:
    """What may be done with an object (Association LN versions 1 and 2)."""

    attribute_access: Annotated[list[AttributeAccessItemV1], array(AttributeAccessItemV1)]
    method_access: Annotated[list[MethodAccessItemV1], array(MethodAccessItemV1)]


@structure
class ObjectListElementV1:
    """An object and what may be done with it (Association LN versions 1 and 2)."""

    class_id: Annotated[int, LongUnsigned]
    version: Annotated[int, Unsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    access_rights: AccessRightsV1


@structure
class AttributeAccessItem:
    """What may be done with one attribute."""

    attribute_id: Annotated[int, Integer]
    access_mode: AttributeAccessV3
    access_selectors: Annotated[list[int] | None, AccessSelectors]


@structure
class MethodAccessItem:
    """Whether one method may be invoked."""

    method_id: Annotated[int, Integer]
    access_mode: MethodAccessV3


@structure
class AccessRights:
    """What may be done with an object."""

    attribute_access: Annotated[list[AttributeAccessItem], array(AttributeAccessItem)]
    method_access: Annotated[list[MethodAccessItem], array(MethodAccessItem)]


@structure
class ObjectListElement:
    """An object and what may be done with it."""

    class_id: Annotated[int, LongUnsigned]
    version: Annotated[int, Unsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    access_rights: AccessRights


@structure
class AssociatedPartners:
    """The SAPs of the client and of the logical device."""

    client_sap: Annotated[int, Integer]
    server_sap: Annotated[int, LongUnsigned]


@structure
class ApplicationContextName:
    """An application context name, arc by arc."""

    joint_iso_ctt_element: Annotated[int, Unsigned]
    country_element: Annotated[int, Unsigned]
    country_name_element: Annotated[int, LongUnsigned]
    identified_organization_element: Annotated[int, Unsigned]
    dlms_ua_element: Annotated[int, Unsigned]
    application_context_element: Annotated[int, Unsigned]
    context_id_element: Annotated[int, Unsigned]


@structure
class AuthenticationMechanismName:
    """An authentication mechanism name, arc by arc."""

    joint_iso_ctt_element: Annotated[int, Unsigned]
    country_element: Annotated[int, Unsigned]
    country_name_element: Annotated[int, LongUnsigned]
    identified_organization_element: Annotated[int, Unsigned]
    dlms_ua_element: Annotated[int, Unsigned]
    authentication_mechanism_name_element: Annotated[int, Unsigned]
    mechanism_id_element: Annotated[int, Unsigned]


@structure
class XdlmsContextInfo:
    """The xDLMS context that was agreed; conformance has 24 bits (dlms.enumerations.Conformance)."""

    conformance: Annotated[str, BitString]
    max_receive_pdu_size: Annotated[int, LongUnsigned]
    max_send_pdu_size: Annotated[int, LongUnsigned]
    dlms_version_number: Annotated[int, Unsigned]
    quality_of_service: Annotated[int, Integer]
    cyphering_info: Annotated[bytes, OctetString]


OBJECT_LIST_SELECTORS = {1: NullData, 2: array(LongUnsigned), 3: array(ObjectDefinition), 4: ObjectDefinition}
"""Selectors of object_list: everything, objects of some classes, some objects, one object."""


class _AssociationLN(InterfaceClass):
    associated_partners_id = attribute(3, AssociatedPartners, static=True)
    application_context_name = attribute(4, choice(ApplicationContextName, OctetString), static=True)
    xdlms_context_info = attribute(5, XdlmsContextInfo, static=True, book_name="xDLMS_context_info")
    authentication_mechanism_name = attribute(6, choice(AuthenticationMechanismName, OctetString), static=True)
    association_status = attribute(8, AssociationStatus)
    reply_to_hls_authentication = method(1, OctetString, book_name="reply_to_HLS_authentication")
    change_hls_secret = method(2, OctetString, book_name="change_HLS_secret")


class AssociationLNV0(_AssociationLN, class_id=15, version=0, methods_at=(1, 0x60)):
    """Association LN, version 0. That names are structures is seen in one source."""

    object_list = attribute(2, array(ObjectListElementV0), static=True, selectors=OBJECT_LIST_SELECTORS)
    lls_secret = attribute(7, OctetString, static=None, book_name="LLS_secret")
    add_object = method(3, ObjectListElementV0)
    remove_object = method(4, ObjectListElementV0)


class AssociationLNV1(_AssociationLN, class_id=15, version=1):
    """Association LN, version 1."""

    object_list = attribute(2, array(ObjectListElementV1), static=True, selectors=OBJECT_LIST_SELECTORS)
    lls_secret = attribute(7, OctetString, static=None, book_name="LLS_secret")
    security_setup_reference = attribute(9, LogicalNameOctets, static=True)
    add_object = method(3, ObjectListElementV1)
    remove_object = method(4, ObjectListElementV1)


class _AssociationLNWithUsers(_AssociationLN):
    secret = attribute(7, OctetString, static=None)
    security_setup_reference = attribute(9, LogicalNameOctets, static=True)
    user_list = attribute(10, array(UserListEntry), static=None)
    current_user = attribute(11, UserListEntry, static=None)
    add_user = method(5, UserListEntry)
    remove_user = method(6, UserListEntry)


class AssociationLNV2(_AssociationLNWithUsers, class_id=15, version=2):
    """Association LN, version 2."""

    object_list = attribute(2, array(ObjectListElementV1), static=True, selectors=OBJECT_LIST_SELECTORS)
    add_object = method(3, ObjectListElementV1)
    remove_object = method(4, ObjectListElementV1)


class AssociationLN(_AssociationLNWithUsers, class_id=15, version=3):
    """Association LN: the objects that a client sees, what it may do with them, and how it authenticates."""

    object_list = attribute(2, array(ObjectListElement), static=True, selectors=OBJECT_LIST_SELECTORS)
    add_object = method(3, ObjectListElement)
    remove_object = method(4, ObjectListElement)


@structure
class SapAssignmentListElement:
    """A logical device and its SAP."""

    sap: Annotated[int, LongUnsigned]
    logical_device_name: Annotated[bytes, OctetString]


class SapAssignment(InterfaceClass, class_id=17, version=0, title="SAP assignment", methods_at=(1, 0x20)):
    """SAP assignment: the logical devices of a physical device."""

    sap_assignment_list = attribute(2, array(SapAssignmentListElement), static=True, book_name="SAP_assignment_list")
    connect_logical_device = method(1, SapAssignmentListElement)
