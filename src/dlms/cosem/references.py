"""Typed addresses of attributes and methods. They cost no network call: a client or a server acts through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from dlms.apdu.get import CosemAttributeDescriptor, CosemMethodDescriptor
from dlms.errors import EncodeError
from dlms.grammar.nodes import Node
from dlms.logical_name import LogicalName

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from dlms.cosem.declare import Attribute, Method

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["AttributeRef", "MethodRef"]


def checked(what: str, value: int, least: int, most: int) -> int:
    """`value`, or an EncodeError where it is out of range."""
    if not least <= value <= most:
        raise EncodeError(f"{what} is {least} to {most}, got {value}")
    return value


class AttributeRef(Generic[T]):
    """The address of one attribute of one object; equal by class_id, logical name and attribute_id.

    A value read through it is a T: what the declared type makes of it. Written by number, without a declaration, it
    addresses whatever there is: `node` is None and T is Any. attribute_id 0 stands for all attributes.
    """

    __slots__ = ("_descriptor", "attribute_id", "class_id", "declaration", "logical_name")

    class_id: int
    logical_name: LogicalName
    attribute_id: int

    def __init__(
        self,
        class_id: int,
        logical_name: str | bytes,
        attribute_id: int,
        declaration: Attribute[T] | None = None,
    ) -> None:
        self.class_id = checked("class_id", class_id, 0, 0xFFFF)
        self.logical_name = LogicalName(logical_name)
        self.attribute_id = checked("attribute_id", attribute_id, -128, 127)
        self.declaration = declaration
        self._descriptor: CosemAttributeDescriptor | None = None

    @property
    def descriptor(self) -> CosemAttributeDescriptor:
        """The address as requests have it; made once."""
        if self._descriptor is None:
            self._descriptor = CosemAttributeDescriptor(self.class_id, self.logical_name, self.attribute_id)
        return self._descriptor

    @property
    def node(self) -> Node[T] | None:
        """The declared type; None where there is none."""
        return None if self.declaration is None else self.declaration.node

    @property
    def name(self) -> str:
        """The book's name of the attribute, or its number."""
        return str(self.attribute_id) if self.declaration is None else self.declaration.book_name

    @property
    def short_name_offset(self) -> int:
        """What is added to the object's base_name to address the attribute by short name."""
        return 8 * (self.attribute_id - 1)

    def _key(self) -> tuple[int, LogicalName, int]:
        return self.class_id, self.logical_name, self.attribute_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AttributeRef) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        return f"{self.class_id}/{self.logical_name}:{self.attribute_id}"

    def __repr__(self) -> str:
        return f"AttributeRef({self.class_id}, {str(self.logical_name)!r}, {self.attribute_id})"


class MethodRef(Generic[T]):
    """The address of one method of one object; equal by class_id, logical name and method_id.

    T is the type of its argument. `short_name_offset` is what is added to the object's base_name to invoke it by short
    name; None where it is not known.
    """

    __slots__ = ("class_id", "declaration", "logical_name", "method_id", "short_name_offset")

    class_id: int
    logical_name: LogicalName
    method_id: int
    short_name_offset: int | None

    def __init__(
        self,
        class_id: int,
        logical_name: str | bytes,
        method_id: int,
        declaration: Method[T] | None = None,
        short_name_offset: int | None = None,
    ) -> None:
        self.class_id = checked("class_id", class_id, 0, 0xFFFF)
        self.logical_name = LogicalName(logical_name)
        self.method_id = checked("method_id", method_id, -128, 127)
        self.declaration = declaration
        self.short_name_offset = short_name_offset

    @property
    def descriptor(self) -> CosemMethodDescriptor:
        """The address as requests have it."""
        return CosemMethodDescriptor(self.class_id, self.logical_name, self.method_id)

    @property
    def node(self) -> Node[T] | None:
        """The declared type of the argument; None where there is none."""
        return None if self.declaration is None else self.declaration.node

    @property
    def name(self) -> str:
        """The book's name of the method, or its number."""
        return str(self.method_id) if self.declaration is None else self.declaration.book_name

    def _key(self) -> tuple[int, LogicalName, int]:
        return self.class_id, self.logical_name, self.method_id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MethodRef) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        return f"{self.class_id}/{self.logical_name}:method {self.method_id}"

    def __repr__(self) -> str:
        return f"MethodRef({self.class_id}, {str(self.logical_name)!r}, {self.method_id})"
