"""Types that more than one interface class uses: octet-strings with a meaning, and the book's common structures."""

from __future__ import annotations

from typing import Annotated, Any, Final

from dlms.data import (
    Bcd,
    BitString,
    Boolean,
    Data,
    Date,
    DateTime,
    DoubleLong,
    DoubleLongUnsigned,
    Enum,
    Float32,
    Float64,
    Integer,
    Long,
    Long64,
    Long64Unsigned,
    LongUnsigned,
    NullData,
    OctetString,
    Time,
    Unsigned,
    Utf8String,
    VisibleString,
)
from dlms.datetime import CosemDate, CosemDateTime, CosemTime
from dlms.enumerations import KeyInfoType, ProtectionType, RestrictionType
from dlms.grammar import array, choice, data_node, octets, structure
from dlms.grammar.nodes import Field, Node, Structure
from dlms.logical_name import LogicalName
from dlms.units import ScalerUnit, Unit

# Octet-strings that mean something. Where a meter sends the Data type of the same meaning, that is accepted.
OctetStringDateTime: Final[Node[CosemDateTime]] = octets(CosemDateTime, DateTime)
"""A date-time in twelve octets."""
OctetStringDate: Final[Node[CosemDate]] = octets(CosemDate, Date)
"""A date in five octets."""
OctetStringTime: Final[Node[CosemTime]] = octets(CosemTime, Time)
"""A time in four octets."""
LogicalNameOctets: Final[Node[LogicalName]] = octets(LogicalName)
"""A logical name in six octets: the reference of another object."""

AnyData: Final[Node[Any]] = data_node(Data)
"""Data of any type."""
SimpleData: Final[Node[Any]] = choice(
    NullData, BitString, DoubleLong, DoubleLongUnsigned, OctetString, VisibleString, Utf8String, Bcd, Integer, Long,
    Unsigned, LongUnsigned, Long64, Long64Unsigned, Enum, Float32, Float64, Boolean, DateTime, Date, Time,
)  # fmt: skip
"""A value of a simple type: what a register measures. Encoding it wants a value of dlms.data."""
StatusData: Final[Node[Any]] = choice(
    NullData, BitString, DoubleLongUnsigned, OctetString, VisibleString, Utf8String, Unsigned, LongUnsigned,
    Long64Unsigned,
)  # fmt: skip
"""A status word in one of the types that the book allows."""
Buffer: Final[Node[Any]] = data_node(Data)
"""compact-array or array: rows, best read by dlms.unpack_profile."""

ScalerUnitType: Final[Node[ScalerUnit]] = Structure(
    "scaler-unit",
    (Field("scaler", "scaler", data_node(Integer)), Field("unit", "unit", data_node(Unit))),
    ScalerUnit,
)
"""scal_unit_type: the exponent of ten, and the unit."""


@structure
class ObjectDefinition:
    """An object: its class and name."""

    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]


@structure
class ValueDefinition:
    """An attribute of an object."""

    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    attribute_index: Annotated[int, Integer]


@structure
class CaptureObjectDefinition:
    """An attribute of an object, or with data_index above 0 one element of it."""

    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    attribute_index: Annotated[int, Integer]
    data_index: Annotated[int, LongUnsigned]


@structure
class Restriction:
    """Which part of a buffer is meant: none, by date or by entry; the value is null-data or a structure (from, to)."""

    restriction_type: RestrictionType
    restriction_value: Annotated[Any, AnyData]


@structure
class RestrictedObjectDefinition:
    """An attribute of an object, with the part of its buffer that is meant."""

    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    attribute_index: Annotated[int, Integer]
    data_index: Annotated[int, LongUnsigned]
    restriction: Restriction


@structure
class ActionItem:
    """A script of a script table."""

    script_logical_name: Annotated[LogicalName, LogicalNameOctets]
    script_selector: Annotated[int, LongUnsigned]


@structure
class Window:
    """A time window; its ends may have wildcards."""

    start_time: Annotated[CosemDateTime, OctetStringDateTime]
    end_time: Annotated[CosemDateTime, OctetStringDateTime]


@structure
class AttributeCaptureTime:
    """Which attribute changed last, and when."""

    attribute_id: Annotated[int, Unsigned]
    time_stamp: Annotated[CosemDateTime, DateTime]


@structure
class RangeDescriptor:
    """Access selector 1 of a profile: rows whose restricting_object lies between two values, both included."""

    restricting_object: CaptureObjectDefinition
    from_value: Annotated[Any, AnyData]
    to_value: Annotated[Any, AnyData]
    selected_values: Annotated[list[CaptureObjectDefinition], array(CaptureObjectDefinition)]


@structure
class EntryDescriptor:
    """Access selector 2 of a profile: rows and columns by number from 1; to_entry and to_selected_value 0: the last."""

    from_entry: Annotated[int, DoubleLongUnsigned]
    to_entry: Annotated[int, DoubleLongUnsigned]
    from_selected_value: Annotated[int, LongUnsigned]
    to_selected_value: Annotated[int, LongUnsigned]


@structure
class KeyInfo:
    """key_info of protection_options; the layout of key_info_options follows the type."""

    key_info_type: KeyInfoType
    key_info_options: Annotated[Any, AnyData]


@structure
class ProtectionOptions:
    """How one layer of protection is applied."""

    transaction_id: Annotated[bytes, OctetString]
    originator_system_title: Annotated[bytes, OctetString]
    recipient_system_title: Annotated[bytes, OctetString]
    other_information: Annotated[bytes, OctetString]
    key_info: KeyInfo


@structure
class ProtectionParameters:
    """One layer of protection."""

    protection_type: ProtectionType
    protection_options: ProtectionOptions
