"""How an interface class is declared, and the registry of those that are.

    class Clock(InterfaceClass, class_id=8, version=0, methods_at=(1, 0x60)):
        time = attribute(2, OctetStringDateTime)
        time_zone = attribute(3, Long, static=True)
        adjust_to_quarter = method(1, Integer)

`Clock.time` is the declaration; `Clock("0.0.1.0.0.255").time` is an AttributeRef[CosemDateTime]. The types are those of
dlms.grammar, so that one declaration serves encoding, decoding, documentation and the server's dispatch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Never, Self, overload

from dlms.cosem.references import AttributeRef, MethodRef, checked
from dlms.cosem.types import LogicalNameOctets
from dlms.data import loads
from dlms.errors import ConfigurationError
from dlms.grammar import Declared, data_node, program
from dlms.grammar.declarations import DataClass
from dlms.grammar.nodes import AnyData, Node
from dlms.logical_name import LogicalName

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

__all__ = [
    "Attribute",
    "InterfaceClass",
    "Method",
    "UntypedObject",
    "attribute",
    "find_class",
    "interface_classes",
    "interface_object",
    "method",
]


class Attribute(Generic[T]):
    """The declaration of one attribute. Read from an object it is the attribute's AttributeRef."""

    __slots__ = ("attribute_id", "book_name", "decode", "name", "node", "note", "selectors", "static")

    attribute_id: int
    node: Node[T]
    """The declared type."""
    static: bool | None
    """Whether configuration changes it (True) or the process does (False); None where no source says."""
    selectors: Mapping[int, Node]
    """The type of the access parameters of selective access, by access selector."""
    name: str
    """Its name in Python."""
    book_name: str
    """Its name in the book, which may have capitals."""
    note: str
    """What the type does not say: units, ranges, doubts."""
    decode: Callable[[bytes], Any]
    """The value that octets hold by the declared type, plain where any type may stand; DecodeError. It is compiled when
    it is first asked for."""

    def __init__(
        self,
        attribute_id: int,
        node: Node[T],
        static: bool | None,
        selectors: Mapping[int, Node],
        book_name: str | None,
        note: str,
    ) -> None:
        self.attribute_id = checked("attribute_id", attribute_id, 1, 127)
        self.node = node
        self.static = static
        self.selectors = selectors
        self.decode = self._first_decode
        self.name = ""
        self.book_name = book_name or ""
        self.note = note

    def _first_decode(self, octets: bytes, /) -> Any:
        self.decode = loads if isinstance(self.node, AnyData) else program(self.node).decode
        return self.decode(octets)

    def __set_name__(self, owner: type[InterfaceClass], name: str) -> None:
        self.name = name
        self.book_name = self.book_name or name

    @overload
    def __get__(self, instance: None, owner: type[InterfaceClass]) -> Self: ...
    @overload
    def __get__(self, instance: InterfaceClass, owner: type[InterfaceClass]) -> AttributeRef[T]: ...
    def __get__(self, instance: InterfaceClass | None, owner: type[InterfaceClass]) -> Self | AttributeRef[T]:
        if instance is None:
            return self
        return AttributeRef(instance.class_id, instance.logical_name, self.attribute_id, self)

    def __set__(self, instance: InterfaceClass, value: Never) -> None:
        raise AttributeError(f"{self.name} is an address: values go through a client or a server")

    def __repr__(self) -> str:
        return f"<attribute {self.attribute_id} {self.book_name}>"


class Method(Generic[T]):
    """The declaration of one method; T is its argument. Read from an object it is the method's MethodRef."""

    __slots__ = ("book_name", "method_id", "name", "node", "note")

    method_id: int
    node: Node[T]
    """The declared type of the argument."""
    name: str
    book_name: str
    note: str

    def __init__(self, method_id: int, node: Node[T], book_name: str | None, note: str) -> None:
        self.method_id = checked("method_id", method_id, 1, 127)
        self.node = node
        self.name = ""
        self.book_name = book_name or ""
        self.note = note

    def __set_name__(self, owner: type[InterfaceClass], name: str) -> None:
        self.name = name
        self.book_name = self.book_name or name

    @overload
    def __get__(self, instance: None, owner: type[InterfaceClass]) -> Self: ...
    @overload
    def __get__(self, instance: InterfaceClass, owner: type[InterfaceClass]) -> MethodRef[T]: ...
    def __get__(self, instance: InterfaceClass | None, owner: type[InterfaceClass]) -> Self | MethodRef[T]:
        if instance is None:
            return self
        offset = instance.short_name_offset_of_method(self.method_id)
        return MethodRef(instance.class_id, instance.logical_name, self.method_id, self, offset)

    def __set__(self, instance: InterfaceClass, value: Never) -> None:
        raise AttributeError(f"{self.name} is an address: values go through a client or a server")

    def __repr__(self) -> str:
        return f"<method {self.method_id} {self.book_name}>"


@overload
def attribute(
    attribute_id: int,
    declared: Node[T],
    *,
    static: bool | None = False,
    selectors: Mapping[int, Declared] | None = None,
    book_name: str | None = None,
    note: str = "",
) -> Attribute[T]: ...
@overload
def attribute(
    attribute_id: int,
    declared: type[DataClass[T]],
    *,
    static: bool | None = False,
    selectors: Mapping[int, Declared] | None = None,
    book_name: str | None = None,
    note: str = "",
) -> Attribute[T]: ...
@overload
def attribute(
    attribute_id: int,
    declared: type[T],
    *,
    static: bool | None = False,
    selectors: Mapping[int, Declared] | None = None,
    book_name: str | None = None,
    note: str = "",
) -> Attribute[T]: ...
def attribute(
    attribute_id: int,
    declared: Any,
    *,
    static: bool | None = False,
    selectors: Mapping[int, Declared] | None = None,
    book_name: str | None = None,
    note: str = "",
) -> Attribute[Any]:
    """Declare an attribute of a type of dlms.grammar (a class of dlms.data, a @structure, an enumeration, a Node).

    `selectors` maps access selectors to the types of their access parameters; `book_name` is the book's spelling where
    Python's name differs from it.
    """
    parameters = {selector: data_node(of) for selector, of in (selectors or {}).items()}
    return Attribute(attribute_id, data_node(declared), static, MappingProxyType(parameters), book_name, note)


@overload
def method(method_id: int, argument: Node[T], *, book_name: str | None = None, note: str = "") -> Method[T]: ...
@overload
def method(
    method_id: int, argument: type[DataClass[T]], *, book_name: str | None = None, note: str = ""
) -> Method[T]: ...
@overload
def method(method_id: int, argument: type[T], *, book_name: str | None = None, note: str = "") -> Method[T]: ...
def method(method_id: int, argument: Any, *, book_name: str | None = None, note: str = "") -> Method[Any]:
    """Declare a method and the type of its argument."""
    return Method(method_id, data_node(argument), book_name, note)


_REGISTRY: Final[dict[tuple[int, int], type[InterfaceClass]]] = {}
"""Filled once by each declaration, at import."""


class InterfaceClass:
    """An object of one class and version at one logical name: a bundle of addresses.

    Declare a class by deriving from it with `class_id` and `version`; `title` is the book's name of it, read from the
    name of the class unless given. `methods_at` is the number of the first method that short names reach and its
    offset from base_name. `layout_known=False` marks a version of which no source shows the attributes. A base
    without a `class_id` only carries what versions share.
    """

    __slots__ = ("_logical_name",)

    class_id: ClassVar[int] = 0
    version: ClassVar[int] = 0
    title: ClassVar[str] = ""
    layout_known: ClassVar[bool] = True
    attributes: ClassVar[Mapping[int, Attribute]] = MappingProxyType({})
    """The declared attributes by number; 1 is the logical name."""
    methods: ClassVar[Mapping[int, Method]] = MappingProxyType({})
    _methods_at: ClassVar[tuple[int, int] | None] = None

    def __init_subclass__(
        cls,
        *,
        class_id: int | None = None,
        version: int = 0,
        title: str | None = None,
        methods_at: tuple[int, int] | None = None,
        layout_known: bool = True,
    ) -> None:
        super().__init_subclass__()
        if class_id is None:
            return
        cls.class_id = checked("class_id", class_id, 1, 0xFFFF)
        cls.version = checked("version", version, 0, 0xFF)
        cls.title = title or _title(cls.__name__)
        cls.layout_known = layout_known
        cls._methods_at = methods_at
        attributes = {1: _LOGICAL_NAME, **_numbered(cls, Attribute, "attribute_id")}
        cls.attributes = MappingProxyType(attributes)
        cls.methods = MappingProxyType(_numbered(cls, Method, "method_id"))
        if _REGISTRY.setdefault((class_id, version), cls) is not cls:
            raise ConfigurationError(f"class {class_id} version {version} is declared twice")

    def __init__(self, logical_name: str | bytes) -> None:
        self._logical_name = LogicalName(logical_name)

    @property
    def logical_name(self) -> LogicalName:
        """The name of this object (what its attribute 1 holds)."""
        return self._logical_name

    def attribute(self, attribute_id: int) -> AttributeRef[Any]:
        """The address of an attribute by number; without a type where none is declared."""
        declaration = self.attributes.get(attribute_id)
        return AttributeRef(self.class_id, self.logical_name, attribute_id, declaration)

    def method(self, method_id: int) -> MethodRef[Any]:
        """The address of a method by number; without a type where none is declared."""
        offset = self.short_name_offset_of_method(method_id)
        return MethodRef(self.class_id, self.logical_name, method_id, self.methods.get(method_id), offset)

    def short_name_offset_of_method(self, method_id: int) -> int | None:
        """What is added to base_name to invoke a method by short name; None where no source says."""
        if self._methods_at is None:
            return None
        first, offset = self._methods_at
        return offset + 8 * (method_id - first) if method_id >= first else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InterfaceClass) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[int, int, LogicalName]:
        return self.class_id, self.version, self.logical_name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.logical_name)!r})"


_LOGICAL_NAME: Final = Attribute(1, LogicalNameOctets, True, MappingProxyType({}), "logical_name", "")


def _numbered(cls: type[InterfaceClass], kind: type[Any], number: str) -> dict[int, Any]:
    """The declarations of `kind` in `cls` and its bases by number, lowest first; a later class overrides by name."""
    members: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        members |= vars(base)
    found: dict[int, Any] = {}
    for declaration in members.values():
        if isinstance(declaration, kind):
            at = getattr(declaration, number)
            if found.setdefault(at, declaration) is not declaration:
                raise ConfigurationError(f"{cls.__name__}: {number} {at} is declared twice")
    return dict(sorted(found.items()))


def _title(name: str) -> str:
    """`PushSetupV1` -> `Push setup`."""
    name = re.sub(r"V\d+$", "", name)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).split(" ")
    return " ".join([words[0], *(word if word.isupper() else word.lower() for word in words[1:])])


class UntypedObject(InterfaceClass):
    """An object of a class or version that is not declared: everything by number, nothing typed."""

    __slots__ = ("class_id", "version")

    def __init__(self, class_id: int, version: int, logical_name: str | bytes) -> None:
        super().__init__(logical_name)
        self.class_id = checked("class_id", class_id, 0, 0xFFFF)  # type: ignore[misc]
        self.version = checked("version", version, 0, 0xFF)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"UntypedObject({self.class_id}, {self.version}, {str(self.logical_name)!r})"


def interface_classes() -> Mapping[tuple[int, int], type[InterfaceClass]]:
    """Every declared class by (class_id, version)."""
    return MappingProxyType(_REGISTRY)


def find_class(class_id: int, version: int) -> type[InterfaceClass] | None:
    """The class declared for exactly this version; None where there is none."""
    return _REGISTRY.get((class_id, version))


def interface_object(class_id: int, version: int, logical_name: str | bytes) -> InterfaceClass:
    """The object that an object list reports: of its declared class, or an UntypedObject."""
    found = find_class(class_id, version)
    return UntypedObject(class_id, version, logical_name) if found is None else found(logical_name)
