"""Reading, writing and invoking one thing of a logical device, for one association: rights, types, functions.

What goes wrong is a ServiceError with the number to answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice, ServedObject, value_octets
from dlms.association.server.work import LOGGER, Work, called
from dlms.association.values import INTEGER
from dlms.data import NullData, Structure, dumps, loads
from dlms.enumerations import AttributeAccessV3, MethodAccessV3
from dlms.errors import DecodeError, EncodeError
from dlms.grammar.nodes import AnyData, Node
from dlms.grammar.programs import data_program
from dlms.security.protection import Protection
from dlms.service_errors import (
    ObjectUnavailable,
    ObjectUndefined,
    OtherReason,
    ReadWriteDenied,
    ScopeOfAccessViolated,
    ServiceError,
    TypeUnmatched,
)
from dlms_core.pieces import head

# As numbers: these are asked at every request, and the operators of a Flag take microseconds.
AUTHENTICATED: Final[int] = Protection.AUTHENTICATED.value
BOTH: Final[int] = AUTHENTICATED | Protection.ENCRYPTED.value
OF_REQUEST, OF_ANSWER = 2, 1
"""Access rights ask for protection by the same two bits, that of the request two places below those of a security
control, that of the answer one above."""
SIGNED: Final = int(AttributeAccessV3.DIGITALLY_SIGNED_REQUEST | AttributeAccessV3.DIGITALLY_SIGNED_RESPONSE)
UNPROTECTED: Final = int(AttributeAccessV3.READ | AttributeAccessV3.WRITE)
NULL_DATA: Final = dumps(NullData())


class Access:
    """What one client may do with a device. `association` is the object of the current association, which every
    client sees under one name."""

    def __init__(self, device: LogicalDevice, client: ServedClient, association: ServedObject | None = None) -> None:
        self.device = device
        self.client = client
        self.association = association
        self.protection = Protection.NONE
        """That of the request being served."""
        self.answer = 0
        """What its answer has to be protected by, whatever the policy: as the request is, and as the rights to what it
        tells want. A number, as in a security control."""

    def begin(self, protection: Protection, *, further: bool = False) -> None:
        """A request has come, protected so; it may be for the `further` blocks of an answer."""
        self.protection = protection
        self.answer = protection._value_ | (self.answer if further else 0)

    def find(self, class_id: int, logical_name: bytes) -> ServedObject:
        """The object that a descriptor names; raises ObjectUndefined and ObjectClassInconsistent."""
        own = self.association
        if own is not None and logical_name == own.object.logical_name and class_id == own.object.class_id:
            return own
        return self.device.find(class_id, logical_name)

    def read(
        self, served: ServedObject, attribute_id: int, selector: int | None = None, parameters: bytes = b""
    ) -> Work[bytes | Iterator[bytes]]:
        """The octets of an attribute's value: all of them, or an iterator over them where they may be many."""
        self._allowed(served, attribute_id, AttributeAccessV3.READ)
        if selector is None:
            octets = served.octets.get(attribute_id)
            if octets is not None:
                return octets
        reader = served.readers.get(attribute_id)
        if reader is None:
            if attribute_id in served.octets:
                raise ScopeOfAccessViolated  # no selective access here
            raise ObjectUnavailable if attribute_id in served.object.attributes else ObjectUndefined
        decoded = None if selector is None else self._parameters(served, attribute_id, selector, parameters)
        value = yield from called(reader, selector, decoded)
        if isinstance(value, Iterator):
            return value
        try:
            return value_octets(served.node(attribute_id), value)
        except EncodeError as error:
            LOGGER.error("%r attribute %d: %s", served.object, attribute_id, error)
            raise OtherReason from None

    def read_all(self, served: ServedObject) -> Work[bytes]:
        """The octets of attribute 0: the structure of all attributes, null-data where one cannot be read."""
        last = max([*served.object.attributes, *served.attribute_ids])
        pieces = [head(Structure.tag, last)]
        for attribute_id in range(1, last + 1):
            try:
                found = yield from self.read(served, attribute_id)
                pieces.append(found if isinstance(found, bytes) else b"".join(found))
            except ServiceError:
                pieces.append(NULL_DATA)
        return b"".join(pieces)

    def write(self, served: ServedObject, attribute_id: int, octets: bytes, selector: int | None = None) -> Work[None]:
        """Write an attribute from the octets of one Data."""
        self._allowed(served, attribute_id, AttributeAccessV3.WRITE)
        if selector is not None:
            raise ScopeOfAccessViolated
        setter = served.setters.get(attribute_id)
        stored = attribute_id in served.octets
        if setter is None and not stored:
            known = attribute_id in served.object.attributes or attribute_id in served.readers
            raise ReadWriteDenied if known else ObjectUndefined
        value = decoded_as(served.node(attribute_id), octets)
        if setter is not None:
            yield from called(setter, value)
        if stored:
            served.octets[attribute_id] = octets
        self.device.changed()

    def invoke(self, served: ServedObject, method_id: int, octets: bytes | None) -> Work[bytes | None]:
        """Invoke a method; what it returns as the octets of one Data, None for nothing. Of what is declared only an
        integer may be left out: the book has it 0 where a method needs nothing."""
        access = self.method_access(served, method_id)
        if not (access & MethodAccessV3.ACCESS and self._protected(int(access))):
            raise ReadWriteDenied
        function = served.calls.get(method_id)
        if function is None:
            raise ObjectUnavailable if method_id in served.object.methods else ObjectUndefined
        node = served.argument_node(method_id)
        if octets is None and not (node is None or node == INTEGER or isinstance(node, AnyData)):
            raise TypeUnmatched
        argument = None if octets is None else decoded_as(node, octets)
        value = yield from called(function, argument)
        self.device.changed()
        if value is None:
            return None
        try:
            return value_octets(None, value)
        except EncodeError as error:
            LOGGER.error("%r method %d: %s", served.object, method_id, error)
            raise OtherReason from None

    def method_access(self, served: ServedObject, method_id: int) -> MethodAccessV3:
        """Whether this client may invoke a method; of the association object, all that it has."""
        if served is self.association:
            return MethodAccessV3.ACCESS
        return self.device.method_access(self.client, served.object, method_id)

    def attribute_access(self, served: ServedObject, attribute_id: int) -> AttributeAccessV3:
        """The rights of this client; of the association object, what the book gives everybody."""
        if served is self.association:
            readable = attribute_id in served.octets or attribute_id in served.readers
            writable = attribute_id in served.setters
            return AttributeAccessV3(AttributeAccessV3.READ * readable | AttributeAccessV3.WRITE * writable)
        return self.device.attribute_access(self.client, served.object, attribute_id)

    def _allowed(self, served: ServedObject, attribute_id: int, wanted: AttributeAccessV3) -> None:
        access = int(self.attribute_access(served, attribute_id))
        if not (access & wanted._value_ and self._protected(access)):
            raise ReadWriteDenied

    def _protected(self, access: int) -> bool:
        """Whether the request is protected as much as the rights want, and the answer can be: then it will be. Nothing
        is signed in security suite 0."""
        if access <= UNPROTECTED:
            return True
        protection = self.protection._value_
        answer = access >> OF_ANSWER & BOTH
        unanswerable = answer and (
            not protection or (answer & AUTHENTICATED and self.client.authentication_key is None)
        )
        if access & SIGNED or access << OF_REQUEST & BOTH & ~protection or unanswerable:
            return False
        self.answer |= answer
        return True

    def _parameters(self, served: ServedObject, attribute_id: int, selector: int, octets: bytes) -> object:
        declaration = served.object.attributes.get(attribute_id)
        node = None if declaration is None else declaration.selectors.get(selector)
        if declaration is not None and node is None:
            raise ScopeOfAccessViolated
        return decoded_as(node, octets)


def decoded_as(node: Node | None, octets: bytes) -> Any:
    """The value of received Data by the declared type; raises TypeUnmatched for another type."""
    try:
        return loads(octets, typed=True) if node is None else data_program(node).decode(octets)
    except DecodeError as error:
        raise TypeUnmatched from error
