"""The object of the current association, as each client sees it: the object list with its rights and selectors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, TypeAlias

from dlms.association.negotiated import ASSOCIATION_BASE_NAME
from dlms.association.server.association import ServerAssociation, State
from dlms.association.server.logical_device import NO_BASE_NAME, ServedObject
from dlms.association.server.work import LOGGER
from dlms.cosem.classes.associations import (
    AccessRights,
    AccessRightsV0,
    AccessRightsV1,
    ApplicationContextName,
    AssociatedPartners,
    AssociationLN,
    AssociationLNV0,
    AssociationLNV1,
    AssociationLNV2,
    AssociationSNV2,
    AttributeAccessItem,
    AttributeAccessItemV0,
    AttributeAccessItemV1,
    AuthenticationMechanismName,
    MethodAccessItem,
    MethodAccessItemV0,
    MethodAccessItemV1,
    ObjectListElement,
    ObjectListElementV0,
    ObjectListElementV1,
    ShortNameAccessRights,
    ShortNameObject,
    UserListEntry,
    XdlmsContextInfo,
)
from dlms.cosem.types import ObjectDefinition
from dlms.data import Array
from dlms.enumerations import (
    AssociationStatus,
    AttributeAccessV0,
    AttributeAccessV1,
    AttributeAccessV3,
    MethodAccessV1,
    MethodAccessV3,
)
from dlms.grammar.programs import data_program
from dlms.logical_name import LogicalName
from dlms.security.protection import Protection
from dlms.security.settings import Mechanism
from dlms.service_errors import ReadWriteDenied, ScopeOfAccessViolated
from dlms_core.pieces import head

CURRENT_ASSOCIATION: Final = LogicalName("0.0.40.0.0.255")
VERSIONS: Final = (AssociationLNV0, AssociationLNV1, AssociationLNV2, AssociationLN)
ELEMENTS: Final = (ObjectListElementV0, ObjectListElementV1, ObjectListElementV1, ObjectListElement)
AttributeRights: TypeAlias = tuple[int, AttributeAccessV3, list[int] | None]
MethodRights: TypeAlias = tuple[int, MethodAccessV3]
DLMS_VERSION: Final = 6
SECRET: Final = AssociationLN(CURRENT_ASSOCIATION).secret.attribute_id
CHANGE_HLS_SECRET: Final = AssociationLN(CURRENT_ASSOCIATION).change_hls_secret.method_id
SN_CHANGE_LLS_SECRET: Final = AssociationSNV2(CURRENT_ASSOCIATION).change_lls_secret.method_id
SN_CHANGE_HLS_SECRET: Final = AssociationSNV2(CURRENT_ASSOCIATION).change_hls_secret.method_id
NO_SECRET: Final = (Mechanism.NONE, Mechanism.HLS_GMAC)
READING, WRITING, AUTHENTICATED = (
    AttributeAccessV3.READ,
    AttributeAccessV3.WRITE,
    AttributeAccessV3.AUTHENTICATED_REQUEST,
)
MODES_V1: Final = {
    AttributeAccessV3(0): AttributeAccessV1.NO_ACCESS,
    READING: AttributeAccessV1.READ_ONLY,
    WRITING: AttributeAccessV1.WRITE_ONLY,
    READING | WRITING: AttributeAccessV1.READ_AND_WRITE,
    READING | AUTHENTICATED: AttributeAccessV1.AUTHENTICATED_READ_ONLY,
    WRITING | AUTHENTICATED: AttributeAccessV1.AUTHENTICATED_WRITE_ONLY,
    READING | WRITING | AUTHENTICATED: AttributeAccessV1.AUTHENTICATED_READ_AND_WRITE,
}
"""The access modes of versions 1 and 2, by what they allow."""


def association_object(association: ServerAssociation) -> ServedObject:
    """The Association object of an association, LN or SN, with the functions behind its attributes."""
    client, device = association.client, association.device
    if association.short_names:
        return _short_name_object(association)
    of = VERSIONS[client.association_version](CURRENT_ASSOCIATION)
    served = ServedObject(of, ASSOCIATION_BASE_NAME)
    partners = AssociatedPartners(client.sap if client.sap < 0x80 else -1, device.sap)
    sizes = (client.max_receive_pdu_size, association.max_send_pdu_size)

    def context_info() -> XdlmsContextInfo:
        bits = f"{int(association.conformance):024b}"
        return XdlmsContextInfo(bits, *sizes, DLMS_VERSION, 0, b"")

    def status() -> AssociationStatus:
        pending = association.state is State.ASSOCIATION_PENDING
        return AssociationStatus.ASSOCIATION_PENDING if pending else AssociationStatus.ASSOCIATED

    values: dict[int, Any] = {
        3: lambda: partners,
        4: lambda: ApplicationContextName(2, 16, 756, 5, 8, 1, association.context.value),
        5: context_info,
        6: lambda: AuthenticationMechanismName(2, 16, 756, 5, 8, 2, client.authentication.value),
        8: status,
        9: lambda: client.security_setup,
        10: lambda: [UserListEntry(number, name) for number, name in client.users.items()],
        11: lambda: UserListEntry(association.user_id or 0, client.users.get(association.user_id or 0, "")),
    }
    for attribute_id, value in values.items():
        if attribute_id in of.attributes:
            served.readers[attribute_id] = _reader(value)
    served.readers[2] = lambda selector, parameters: _object_list(association, served, selector, parameters)
    if _changes_secret(association):
        if client.authentication is Mechanism.LLS:
            served.setters[SECRET] = partial(_change_secret, association)
        else:
            served.calls[CHANGE_HLS_SECRET] = partial(_change_secret, association)
    return served


def _short_name_object(association: ServerAssociation) -> ServedObject:
    """The Association SN object: every object that has a base_name."""
    served = ServedObject(AssociationSNV2(CURRENT_ASSOCIATION), ASSOCIATION_BASE_NAME)

    def named() -> list[ServedObject]:
        return [served, *(of for of in association.device.objects if of.base_name != NO_BASE_NAME)]

    def object_list() -> list[ShortNameObject]:
        return [
            ShortNameObject(_signed(of.base_name), of.object.class_id, of.object.version, of.object.logical_name)
            for of in named()
        ]

    def access_rights_list() -> list[ShortNameAccessRights]:
        return [ShortNameAccessRights(_signed(of.base_name), *_rights_v1(association, of)) for of in named()]

    served.readers[2] = _reader(object_list)
    served.readers[3] = _reader(access_rights_list)
    served.readers[4] = _reader(lambda: association.client.security_setup)
    if _changes_secret(association):
        low = association.client.authentication is Mechanism.LLS
        served.calls[SN_CHANGE_LLS_SECRET if low else SN_CHANGE_HLS_SECRET] = partial(_change_secret, association)
    return served


def _changes_secret(association: ServerAssociation) -> bool:
    """Whether the client has a secret, keys being none, that it may change."""
    client = association.client
    return client.authentication not in NO_SECRET and association.device.changes_secret(client.sap)


def _change_secret(association: ServerAssociation, secret: bytes) -> None:
    client = association.client
    if client.authentication is not Mechanism.LLS and Protection.ENCRYPTED not in association.access.protection:
        LOGGER.warning("client %d sent a new HLS secret in clear", client.sap)
        raise ReadWriteDenied
    association.device.change_secret(client.sap, secret)


def _signed(base_name: int) -> int:
    """A base_name as the book types it: Integer16, so that FA00 is below 0."""
    return base_name - 0x10000 if base_name >= 0x8000 else base_name


def _reader(value: Any) -> Any:
    def read(selector: int | None, parameters: object) -> object:
        if selector is not None:
            raise ScopeOfAccessViolated
        return value()

    return read


def _object_list(
    association: ServerAssociation, own: ServedObject, selector: int | None, wanted: Any
) -> Iterator[bytes]:
    """The octets of the selected objects, element by element, each with what this client may do with it."""
    served = [own, *association.device.objects]
    match selector:
        case None | 1:
            chosen = served
        case 2:
            classes = set(wanted)
            chosen = [of for of in served if of.object.class_id in classes]
        case 3:
            definitions = set(wanted)
            chosen = [of for of in served if _definition(of) in definitions]
        case _:
            chosen = [of for of in served if _definition(of) == wanted]
    version = association.client.association_version
    elements = data_program(ELEMENTS[version])
    yield head(Array.tag, len(chosen))
    for of in chosen:
        yield elements.encode(_element(version, association, of))


def _definition(of: ServedObject) -> ObjectDefinition:
    return ObjectDefinition(of.object.class_id, of.object.logical_name)


def _element(version: int, association: ServerAssociation, of: ServedObject) -> object:
    attributes, methods = _rights(association, of)
    named = (of.object.class_id, of.object.version, of.object.logical_name)
    if version == 0:
        modes = [
            AttributeAccessItemV0(number, AttributeAccessV0(mode & (READING | WRITING)), selectors)
            for number, mode, selectors in attributes
        ]
        allowed = [MethodAccessItemV0(number, bool(mode & MethodAccessV3.ACCESS)) for number, mode in methods]
        return ObjectListElementV0(*named, AccessRightsV0(modes, allowed))
    if version < 3:
        return ObjectListElementV1(*named, AccessRightsV1(*_rights_v1(association, of)))
    return ObjectListElement(
        *named,
        AccessRights(
            [AttributeAccessItem(*item) for item in attributes], [MethodAccessItem(*item) for item in methods]
        ),
    )


def _rights(association: ServerAssociation, of: ServedObject) -> tuple[list[AttributeRights], list[MethodRights]]:
    """What the client may do with an object: with its attributes, by which selectors too, and with its methods."""
    access = association.access
    attributes = [
        (number, access.attribute_access(of, number), sorted(_selectors(of, number)) or None)
        for number in of.attribute_ids
    ]
    return attributes, [(number, access.method_access(of, number)) for number in sorted(of.calls)]


def _rights_v1(
    association: ServerAssociation, of: ServedObject
) -> tuple[list[AttributeAccessItemV1], list[MethodAccessItemV1]]:
    attributes, methods = _rights(association, of)
    return (
        [AttributeAccessItemV1(number, _mode_v1(mode), selectors) for number, mode, selectors in attributes],
        [MethodAccessItemV1(number, _method_mode_v1(mode)) for number, mode in methods],
    )


def _selectors(of: ServedObject, attribute_id: int) -> list[int]:
    declaration = of.object.attributes.get(attribute_id)
    selective = declaration is not None and attribute_id in of.readers
    return list(declaration.selectors) if declaration is not None and selective else []


def _mode_v1(mode: AttributeAccessV3) -> AttributeAccessV1:
    """What an old client is told; encryption, which it has no word for, counts as authentication."""
    kept = mode & (READING | WRITING)
    protected = mode & (AUTHENTICATED | AttributeAccessV3.ENCRYPTED_REQUEST)
    return MODES_V1[kept | AUTHENTICATED if kept and protected else kept]


def _method_mode_v1(mode: MethodAccessV3) -> MethodAccessV1:
    if not mode & MethodAccessV3.ACCESS:
        return MethodAccessV1.NO_ACCESS
    protected = mode & (MethodAccessV3.AUTHENTICATED_REQUEST | MethodAccessV3.ENCRYPTED_REQUEST)
    return MethodAccessV1.AUTHENTICATED_ACCESS if protected else MethodAccessV1.ACCESS
