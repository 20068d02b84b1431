"""A logical device: objects with values, and whom they are served to. The server's side of the declared classes.

    device = LogicalDevice("ABC0000000000001", clients=[ServedClient(16)])
    clock = Clock("0.0.1.0.0.255")
    device[clock.time] = lambda: CosemDateTime(...)     # asked at every read; may be an async function
    device[clock.time_zone] = 60                        # encoded now, by the declared type
    device[Register("1.0.1.8.0.255").value] = DoubleLongUnsigned(4711)    # a CHOICE wants a typed value
    device.on_set(clock.time, set_the_clock)            # called with the decoded value
    device.on_call(clock.adjust_to_quarter, adjust)     # called with the decoded argument
    device.allow(clock.time, READ_AND_WRITE, client=1)

Functions may be async. They raise classes of dlms.service_errors for the client to see (`raise ReadWriteDenied`); any
other exception is logged and answered with other-reason, a time-out with temporary-failure.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from dlms.association.negotiated import ASSOCIATION_BASE_NAME
from dlms.association.server.clients import ServedClient
from dlms.association.server.parts import Parts
from dlms.association.server.selective_rows import SelectiveRows
from dlms.cosem.classes import Data as DataObject
from dlms.cosem.declare import InterfaceClass, UntypedObject, interface_classes, interface_object
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Data, OctetString, loads
from dlms.enumerations import AttributeAccessV3, MethodAccessV3
from dlms.errors import ConfigurationError, DlmsError
from dlms.grammar import dumps
from dlms.grammar.nodes import Node
from dlms.grammar.programs import data_program
from dlms.logical_name import LogicalName
from dlms.security.counters import CounterStore, MemoryCounterStore
from dlms.service_errors import ObjectClassInconsistent, ObjectUndefined, OtherReason, ScopeOfAccessViolated

T = TypeVar("T")
Outcome: TypeAlias = T | Awaitable[T]
Reader: TypeAlias = Callable[[], Outcome[Any]]
SelectiveReader: TypeAlias = Callable[[int | None, Any], Outcome[Any]]
"""(access selector or None, decoded access parameters) -> value, or an iterator over the octets of its Data."""
Taker: TypeAlias = Callable[[Any], Outcome[Any]]
"""(decoded value or argument) -> what a method returns; None for nothing."""

LOGICAL_DEVICE_NAME: Final = LogicalName("0.0.42.0.0.255")
FIRST_BASE_NAME: Final = 0x0100
NO_BASE_NAME: Final = 0x10000
"""Beyond every short name."""
METHODS_AFTER_ATTRIBUTES: Final = 8
UNTYPED_ATTRIBUTES: Final = 16
"""Attributes that an object which is not declared has room for, whichever it is given later."""


class ServedObject:
    """One object of a device: the octets or functions behind its attributes and methods, by number. Where all short
    names are taken its base_name is NO_BASE_NAME."""

    __slots__ = ("base_name", "calls", "object", "octets", "readers", "setters")

    def __init__(self, of: InterfaceClass, base_name: int) -> None:
        self.object = of
        self.base_name = base_name
        self.octets: dict[int, bytes] = {1: _LOGICAL_NAME.encode(of.logical_name)}
        self.readers: dict[int, SelectiveReader] = {}
        self.setters: dict[int, Taker] = {}
        self.calls: dict[int, Taker] = {}

    @property
    def attribute_ids(self) -> list[int]:
        """The numbers of the attributes that there are."""
        return sorted({*self.octets, *self.readers, *self.setters})

    def node(self, attribute_id: int) -> Node | None:
        """The declared type of an attribute; None where there is none."""
        declaration = self.object.attributes.get(attribute_id)
        return None if declaration is None else declaration.node

    def argument_node(self, method_id: int) -> Node | None:
        """The declared type of a method's argument; None where there is none."""
        declaration = self.object.methods.get(method_id)
        return None if declaration is None else declaration.node

    def short_name_size(self) -> int:
        """How many short names the object takes up, a multiple of 8."""
        declared = max(self.object.attributes, default=UNTYPED_ATTRIBUTES)
        attributes = max(declared, *self.attribute_ids)
        methods = max([0, *self.object.methods, *self.calls])
        offset = self.object.short_name_offset_of_method(methods) if methods else None
        end = 8 * attributes + METHODS_AFTER_ATTRIBUTES * methods
        return max(end, 0 if offset is None else offset + 8)

    def reaches(self, name: int) -> bool:
        """Whether a short name is one of this object's."""
        return self.base_name <= name < self.base_name + self.short_name_size()


class LogicalDevice(Parts):
    """The objects of one logical device and the clients that it serves.

    `name` is the logical device name (up to 16 octets, the first three the manufacturer's), `sap` its SAP (1: the
    management logical device), `system_title` its own: it is needed to cipher, and by HLS 5 and 6. Counters are kept
    in `counters`; where keys outlive the process, so must it. A device is used by one thread. What it does by itself
    are its parts (dlms.device): `install(part)`.
    """

    def __init__(
        self,
        name: str | bytes,
        *,
        sap: int = 1,
        system_title: bytes | None = None,
        clients: Iterable[ServedClient] = (),
        counters: CounterStore | None = None,
    ) -> None:
        super().__init__()
        self.name = name.encode("ascii") if isinstance(name, str) else name
        if not 0 < len(self.name) <= 16:
            raise ConfigurationError(f"a logical device name has 1 to 16 octets, not {len(self.name)}")
        if system_title is not None and len(system_title) != 8:
            raise ConfigurationError(f"a system title has 8 octets, not {len(system_title)}")
        self.sap = sap
        self.system_title = system_title
        self.counters: CounterStore = MemoryCounterStore() if counters is None else counters
        self.client_titles: dict[int, bytes] = {}
        """The system title under which each client last opened a ciphered association, by client SAP."""
        self._clients: dict[int, ServedClient] = {}
        self._objects: dict[LogicalName, ServedObject] = {}
        self._by_base_name: list[ServedObject] = []
        self._next_base_name = FIRST_BASE_NAME
        self._rights: dict[tuple[int | None, type[Any], int, bytes, int], int] = {}
        self._secrets: dict[int, Callable[[ServedClient], object]] = {}
        for client in clients:
            self.serve(client)
        self[DataObject(LOGICAL_DEVICE_NAME).value] = OctetString(self.name)

    # ---- whom it serves -------------------------------------------------------------------------------------------

    def serve(self, client: ServedClient) -> None:
        """Serve a client SAP; one that is served already is served anew from its next association on."""
        if client.can_cipher and self.system_title is None:
            raise ConfigurationError(f"client {client.sap} has keys: the device needs a system_title")
        self._clients[client.sap] = client

    @property
    def clients(self) -> Mapping[int, ServedClient]:
        """Whom it serves, by client SAP."""
        return MappingProxyType(self._clients)

    def on_secret(self, client: int, function: Callable[[ServedClient], object]) -> None:
        """Let a client change its own password or HLS secret by its Association object; that of HLS in an encrypted
        request only. `function(client)` is called with the client as it is served from its next association on, so that
        the secret can be kept; where it raises, nothing changes. Without a function no secret is changed."""
        self._secrets[client] = function

    def changes_secret(self, client: int) -> bool:
        """Whether a client may change its own secret."""
        return client in self._secrets

    def change_secret(self, client: int, secret: bytes) -> None:
        """A client's new secret, by its Association object; raises OtherReason for one without octets."""
        if not secret:
            raise OtherReason
        renewed = replace(self._clients[client], password=secret)
        self._secrets[client](renewed)
        self.serve(renewed)

    def allow(self, ref: AttributeRef | MethodRef, access: int, *, client: int | None = None) -> None:
        """Set the access rights of an attribute (AttributeAccessV3) or method (MethodAccessV3): of every client, or of
        one, which comes before those of every client. What wants a protected answer is denied where there can be none,
        and so is what wants a signature: security suite 0 has none."""
        number = ref.attribute_id if isinstance(ref, AttributeRef) else ref.method_id
        self._rights[client, type(ref), ref.class_id, ref.logical_name, number] = int(access)

    def attribute_access(self, client: ServedClient, of: InterfaceClass, attribute_id: int) -> AttributeAccessV3:
        """What `client` may do with an attribute. The logical name is there to be read, always."""
        if attribute_id == 1:
            return AttributeAccessV3.READ
        found = self._right(client, AttributeRef, of, attribute_id)
        return client.attributes if found is None else AttributeAccessV3(found)

    def method_access(self, client: ServedClient, of: InterfaceClass, method_id: int) -> MethodAccessV3:
        """Whether `client` may invoke a method."""
        found = self._right(client, MethodRef, of, method_id)
        return client.methods if found is None else MethodAccessV3(found)

    def _right(self, client: ServedClient, kind: type[Any], of: InterfaceClass, number: int) -> int | None:
        if not self._rights:
            return None
        own = self._rights.get((client.sap, kind, of.class_id, of.logical_name, number))
        return self._rights.get((None, kind, of.class_id, of.logical_name, number)) if own is None else own

    # ---- objects --------------------------------------------------------------------------------------------------

    def add(self, of: InterfaceClass, *, base_name: int | None = None) -> ServedObject:
        """Add an object, with its short name where a particular one is wanted. Naming one of its attributes adds it
        too. An object that is there keeps its place; one for which no short name is left is served by its logical name
        only."""
        found = self._objects.get(of.logical_name)
        if found is not None:
            if found.object.class_id != of.class_id:
                raise ConfigurationError(f"{of.logical_name} is an object of class {found.object.class_id} already")
            return found
        served = ServedObject(of, self._next_base_name if base_name is None else base_name)
        if base_name is not None:
            self._check_base_name(served)
        end = served.base_name + served.short_name_size()
        if end > ASSOCIATION_BASE_NAME and base_name is None:
            served.base_name = NO_BASE_NAME
        elif self._next_base_name < end <= ASSOCIATION_BASE_NAME:
            self._next_base_name = end
        self._objects[of.logical_name] = served
        insort(self._by_base_name, served, key=_base_name)
        return served

    def _check_base_name(self, served: ServedObject) -> None:
        first, last = served.base_name, served.base_name + served.short_name_size() - 1
        if first % 8 or not 0 <= first < NO_BASE_NAME:
            raise ConfigurationError(f"a base_name is a multiple of 8 below 65536, not {first}")
        place = bisect_right(self._by_base_name, last, key=_base_name)
        if place and self._by_base_name[place - 1].reaches(max(first, self._by_base_name[place - 1].base_name)):
            raise ConfigurationError(f"short name {first:04X} is too near to that of another object")

    @property
    def objects(self) -> Iterator[ServedObject]:
        """Every object, in the order in which they were added."""
        return iter(self._objects.values())

    def find(self, class_id: int, logical_name: bytes) -> ServedObject:
        """The object of a class at a name; raises ObjectUndefined and ObjectClassInconsistent."""
        found: ServedObject | None = self._objects.get(logical_name)  # type: ignore[call-overload]  # equal to its octets
        if found is None:
            raise ObjectUndefined(what=logical_name)
        if found.object.class_id != class_id:
            raise ObjectClassInconsistent(what=logical_name)
        return found

    def at_short_name(self, name: int) -> ServedObject:
        """The object that a short name belongs to, the one that begins last before it; raises ObjectUndefined."""
        place = bisect_right(self._by_base_name, name, key=_base_name)
        found = self._by_base_name[place - 1] if place else None
        if found is None or not found.reaches(name):
            raise ObjectUndefined
        return found

    def __setitem__(self, ref: AttributeRef[T], value: T | Data | Reader | SelectiveRows) -> None:
        """Give an attribute a value, or a function that is asked for it at every read.

        A value is encoded now, by the declared type; EncodeError for one that does not fit. Changing a list afterwards
        changes nothing: assign again.
        """
        served = self._served(ref)
        served.octets.pop(ref.attribute_id, None)
        served.readers.pop(ref.attribute_id, None)
        if isinstance(value, SelectiveRows):
            served.readers[ref.attribute_id] = value.select
        elif callable(value):
            served.readers[ref.attribute_id] = _without_selection(value)
        else:
            node = served.node(ref.attribute_id) if ref.node is None else ref.node
            served.octets[ref.attribute_id] = value_octets(node, value)
        self.changed()

    def __getitem__(self, ref: AttributeRef[T]) -> T | Any:
        """The value that an attribute was given or set to; KeyError where a function is asked for it, or no value."""
        served = self._objects[ref.logical_name]
        octets = served.octets[ref.attribute_id]
        node = served.node(ref.attribute_id) if ref.node is None else ref.node
        return loads(octets, typed=True) if node is None else data_program(node).decode(octets)

    def __contains__(self, ref: AttributeRef | MethodRef) -> bool:
        served = self._objects.get(ref.logical_name)
        if served is None or served.object.class_id != ref.class_id:
            return False
        return (
            ref.attribute_id in served.attribute_ids
            if isinstance(ref, AttributeRef)
            else (ref.method_id in served.calls)
        )

    def on_get(self, ref: AttributeRef, function: SelectiveReader) -> None:
        """Have `function(selector, parameters)` asked for an attribute that knows selective access."""
        served = self._served(ref)
        served.octets.pop(ref.attribute_id, None)
        served.readers[ref.attribute_id] = function

    def on_set(self, ref: AttributeRef[T], function: Callable[[T], Outcome[None]]) -> None:
        """Have `function(value)` called when a client writes an attribute. If it returns and the attribute has a value
        of its own, that becomes the one written. Without a function, writing just changes the value."""
        self._served(ref).setters[ref.attribute_id] = function

    def on_call(self, ref: MethodRef[T], function: Callable[[T], Outcome[Any]]) -> None:
        """Have `function(argument)` called when a client invokes a method; it returns None, a typed value, or a plain
        one that can have one type only. A client that gives no argument gives None where an integer is declared, or
        no type; elsewhere it is refused."""
        self._served(ref).calls[ref.method_id] = function

    def _served(self, ref: AttributeRef | MethodRef) -> ServedObject:
        return self._objects.get(ref.logical_name) or self.add(_object_of(ref))


def _base_name(of: ServedObject) -> int:
    return of.base_name


def _without_selection(reader: Reader) -> SelectiveReader:
    def read(selector: int | None, parameters: object) -> Outcome[Any]:
        if selector is not None:
            raise ScopeOfAccessViolated
        return reader()

    return read


def value_octets(node: Node | None, value: object) -> bytes:
    """The octets of a value by its declared type; a typed value needs none."""
    if node is None or isinstance(value, Data):
        return dumps(value)
    return data_program(node).encode(value)


def _object_of(ref: AttributeRef | MethodRef) -> InterfaceClass:
    """The object that a reference belongs to: of the newest version that declares it so."""
    versions = [version for class_id, version in interface_classes() if class_id == ref.class_id]
    for version in sorted(versions, reverse=True):
        of = interface_object(ref.class_id, version, ref.logical_name)
        declared = (of.attributes if isinstance(ref, AttributeRef) else of.methods).values()
        if ref.declaration is None or any(ref.declaration is known for known in declared):
            return of
    if ref.declaration is not None:
        raise DlmsError(f"no class {ref.class_id} declares {ref}")
    return UntypedObject(ref.class_id, 0, ref.logical_name)


_LOGICAL_NAME: Final = data_program(OctetString)
