"""From classes and annotations to nodes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import IntEnum, IntFlag
from inspect import get_annotations
from types import MemberDescriptorType, NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from dlms.errors import ConfigurationError
from dlms.grammar.nodes import (
    AXDR,
    Alternative,
    AnyData,
    Array,
    Choice,
    Condition,
    DataChoice,
    Enumerated,
    Field,
    Node,
    Null,
    Octets,
    Presence,
    Rules,
    Scalar,
    Sequence,
    SequenceOf,
    Structure,
)
from dlms.grammar.primitives import ContentsOf, Omissible, Tag
from dlms_core.axdr import Data, Enum
from dlms_core.record import REQUIRED, Fields, Record

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Declared: TypeAlias = Any
"""A declared type: a Node, a class of dlms.data, a class made by @sequence or @structure, or an annotation."""

_NODE = "__node__"


class DataClass(Protocol[T_co]):
    """A class of dlms.data whose plain value is a T_co."""

    tag: ClassVar[int]

    @property
    def value(self) -> T_co: ...


@dataclass(frozen=True, slots=True, init=False)
class Message(Record):
    """What every APDU, and every part of one that has fields, is.

    `deviations` lists, in words, what was harmlessly wrong with the octets that the outermost message was decoded
    from; it is no part of the message's value. `tags` are the octets of the CHOICEs around the class, outermost
    first, and its own: what an encoding begins with.
    """

    tags: ClassVar[tuple[int, ...]] = ()
    deviations: tuple[str, ...] = field(default=(), init=False, compare=False, repr=False)


def book_name(name: str) -> str:
    """`GetResponseNormal` -> `get-response-normal`; `invoke_id_and_priority` -> `invoke-id-and-priority`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


@dataclass_transform(frozen_default=True)
def sequence(
    *, tag: int | None = None, rules: Rules = AXDR, kw_only: bool = False, trailing: bool = False
) -> Callable[[type[T]], type[T]]:
    """Declare a SEQUENCE: a frozen slotted dataclass, its annotations the fields in the book's order.

    `tag` is its number in the CHOICE that it belongs to. `X | None = None` is OPTIONAL, `X = value` DEFAULT.
    """

    def declare(cls: type[T]) -> type[T]:
        if get_annotations(cls) or not is_dataclass(cls):
            by_core = issubclass(cls, Record)
            # Without a docstring dataclass asks for a signature, which CPython 3.11.2 finds in no class of the core's.
            cls.__doc__ = cls.__doc__ or f"{book_name(cls.__name__)}."
            cls = dataclass(frozen=True, slots=True, init=not by_core, kw_only=kw_only)(cls)
            if by_core:
                cls.__fields__ = _record_fields(cls)  # type: ignore[attr-defined]
        else:
            cls = _renamed(cls)
        node = Sequence(book_name(cls.__name__), cls, _fields(cls, rules), tag, rules, trailing)
        setattr(cls, _NODE, node)
        if tag is not None:
            cls.tags = (tag,)  # type: ignore[attr-defined]
        return cls

    return declare


def _record_fields(cls: type[Any]) -> Fields:
    """The fields of a dataclass as the core fills them."""
    known = fields(cls)
    given = sorted((f for f in known if f.init), key=lambda f: bool(f.kw_only))
    return Fields(
        [(f.name, slot(cls, f.name), REQUIRED if f.default is MISSING else f.default) for f in given],
        [(slot(cls, f.name), f.default) for f in known if not f.init],
        sum(not f.kw_only for f in given),
    )


def slot(cls: type[Any], attribute: str) -> MemberDescriptorType:
    """The member descriptor of a slot, wherever in the line of classes it was made."""
    descriptor: MemberDescriptorType = next(vars(base)[attribute] for base in cls.__mro__ if attribute in vars(base))
    return descriptor


def _renamed(cls: type[T]) -> type[T]:
    """A message with the fields of the one below it and a name of its own: all that it lacks are empty slots. Making a
    dataclass anew takes longer, and there are dozens of ciphered APDUs."""
    namespace = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    metaclass: Any = type(cls)
    renamed: type[T] = metaclass(cls.__name__, cls.__bases__, namespace | {"__slots__": ()})
    return renamed


@dataclass_transform(frozen_default=True)
def _structure_class(cls: type[T]) -> type[T]:
    cls = dataclass(frozen=True, slots=True)(cls)
    hints = get_type_hints(cls, include_extras=True)
    members = tuple(Field(book_name(f.name), f.name, _data_node(hints[f.name])) for f in fields(cls))  # type: ignore[arg-type]
    setattr(cls, _NODE, Structure(book_name(cls.__name__), members, cls))
    return cls


@overload
@dataclass_transform(frozen_default=True)
def structure(declared: type[T], /) -> type[T]: ...
@overload
def structure(*types: Declared) -> Structure: ...
def structure(*types: Any) -> Any:
    """`@structure` on a class: a structure with named fields, a frozen slotted dataclass. `structure(A, B)`: one
    without names, a tuple."""
    if len(types) == 1 and _is_bare_class(types[0]):
        return _structure_class(types[0])
    return Structure("structure", tuple(Field(str(i), "", _data_node(of)) for i, of in enumerate(types)))


def _is_bare_class(of: Any) -> bool:
    return isinstance(of, type) and not hasattr(of, _NODE) and not issubclass(of, (Data, IntEnum, IntFlag))


@overload
def array(of: Node[T]) -> Array[T]: ...
@overload
def array(of: type[DataClass[T]]) -> Array[T]: ...
@overload
def array(of: type[T]) -> Array[T]: ...
def array(of: Declared) -> Array[Any]:
    """array of one declared type."""
    return Array(_data_node(of))


def choice(*types: Declared) -> DataChoice:
    """One of several declared types of Data, told apart by their tags."""
    return DataChoice(tuple(_data_node(of) for of in types))


def octets(meaning: type[T], also: type[Data] | None = None) -> Octets[T]:
    """octet-string that stands for a `meaning`: a type with `from_octets(bytes)` and `octets`."""
    return Octets(meaning, also)


def node(declared: Declared) -> Node:
    """The node of anything declared; ConfigurationError for what is not."""
    if isinstance(declared, Node):
        return declared
    if isinstance(declared, type) and issubclass(declared, Data):
        return _data_node(declared)
    return _annotation_node(declared)


@overload
def data_node(declared: Node[T]) -> Node[T]: ...
@overload
def data_node(declared: type[DataClass[T]]) -> Node[T]: ...
@overload
def data_node(declared: type[T]) -> Node[T]: ...
def data_node(declared: Declared) -> Node:
    """The node of a declared type of COSEM Data; ConfigurationError for what is not. An IntEnum is the Data type enum
    here, as is an IntFlag whose bits it carries."""
    return _data_node(declared)


def _fields(cls: type[Any], rules: Rules) -> tuple[Field, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_field(cls, f.name, hints[f.name], f.default, rules) for f in fields(cls) if f.init)


def _field(cls: type[Any], attribute: str, annotation: Any, default: Any, rules: Rules) -> Field:
    extras = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    condition = next((extra for extra in extras if isinstance(extra, Condition)), None)
    tag = next((extra.octet for extra in extras if isinstance(extra, Tag)), None)
    omissible = any(isinstance(extra, Omissible) for extra in extras)
    of, optional = _without_none(annotation)
    if condition is not None:
        presence = Presence.CONDITIONAL
    elif optional and default in (None, MISSING):
        presence = Presence.OPTIONAL
    elif default is not MISSING and not omissible:
        presence = Presence.DEFAULT
    else:
        presence = Presence.REQUIRED
    if rules is Rules.BER and tag is None:
        raise ConfigurationError(f"{cls.__name__}.{attribute}: a field under BER needs a tag")
    default = None if default is MISSING else default
    return Field(book_name(attribute), attribute, node(of), presence, default, tag, condition, omissible)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation of an OPTIONAL field without its None, and whether there was one."""
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        if any(isinstance(extra, Node) for extra in extras):
            return annotation, False
        inner, optional = _without_none(inner)
        wrappers = [extra for extra in extras if isinstance(extra, ContentsOf)]
        return (Annotated[inner, *wrappers] if wrappers else inner), optional
    if _is_union(annotation) and NoneType in get_args(annotation):
        return Union[tuple(arm for arm in get_args(annotation) if arm is not NoneType)], True  # noqa: UP007
    return annotation, False


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _annotation_node(annotation: Any) -> Node:
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        for extra in extras:
            if isinstance(extra, Node):
                return extra
            if isinstance(extra, ContentsOf):
                return extra.around(node(inner))
        return node(inner)
    if _is_union(annotation):
        return Choice(tuple(_alternative(arm) for arm in get_args(annotation)))
    if get_origin(annotation) is tuple:
        return SequenceOf(node(get_args(annotation)[0]))
    declared = getattr(annotation, _NODE, None)
    if isinstance(declared, Node):
        return declared
    if isinstance(annotation, type):
        if issubclass(annotation, IntEnum):
            return Enumerated(annotation)
        if annotation is Data:
            return AnyData()
        if annotation is NoneType:
            return Null()
    raise ConfigurationError(f"{annotation!r} is no declared type")


def _alternative(arm: Any) -> Alternative:
    of = node(arm)
    tag = next((extra for extra in get_args(arm)[1:] if isinstance(extra, Tag)), None)
    if tag is not None:
        return Alternative(tag.octet, tag.name, of)
    if isinstance(of, Sequence) and of.tag is not None:
        return Alternative(of.tag, of.name, of)
    raise ConfigurationError(f"{arm!r}: an alternative of a CHOICE needs a tag")


def _data_node(declared: Any) -> Node:
    if isinstance(declared, Node):
        return declared
    if get_origin(declared) is Annotated:
        inner, *extras = get_args(declared)
        for extra in extras:
            if isinstance(extra, Node) or (isinstance(extra, type) and issubclass(extra, Data)):
                return _data_node(extra)
        return _data_node(inner)
    known = getattr(declared, _NODE, None)
    if isinstance(known, Structure):
        return known
    if isinstance(declared, type):
        if declared is Data:
            return AnyData()
        if issubclass(declared, Data):
            return Scalar(declared)
        if issubclass(declared, (IntEnum, IntFlag)):
            return Scalar(Enum, declared)
    raise ConfigurationError(f"{declared!r} is no declared type of COSEM Data")


def enclose(of: Node, tags: tuple[int, ...] = ()) -> None:
    """Tell every message class below the Choice `of` which tag octets its encoding begins with."""
    if isinstance(of, Choice):
        for alternative in of.alternatives:
            enclose(alternative.node, (*tags, alternative.tag))
    elif isinstance(of, Sequence):
        of.type.tags = tags
