"""Data storage: single values, registers, profiles and tables (Blue Book, "Parameters and measurement data")."""

from __future__ import annotations

from typing import Annotated, Any

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import (
    AnyData,
    Buffer,
    CaptureObjectDefinition,
    EntryDescriptor,
    LogicalNameOctets,
    ObjectDefinition,
    OctetStringDateTime,
    RangeDescriptor,
    RestrictedObjectDefinition,
    ScalerUnitType,
    SimpleData,
    StatusData,
)
from dlms.data import (
    DoubleLongUnsigned,
    Enum,
    Integer,
    Long64Unsigned,
    LongUnsigned,
    OctetString,
    Unsigned,
)
from dlms.enumerations import CodeTable, SortMethod
from dlms.grammar import array, structure
from dlms.logical_name import LogicalName


class Data(InterfaceClass, class_id=1, version=0):
    """Data: one value of any type. Whether it is static depends on the object."""

    value = attribute(2, AnyData, static=None)


class Register(InterfaceClass, class_id=3, version=0, methods_at=(1, 0x28)):
    """Register: a measured value with its scaler and unit."""

    value = attribute(2, SimpleData)
    scaler_unit = attribute(3, ScalerUnitType, static=True)
    reset = method(1, Integer)


class ExtendedRegister(InterfaceClass, class_id=4, version=0, methods_at=(1, 0x38)):
    """Extended register: a measured value with status and time."""

    value = attribute(2, SimpleData)
    scaler_unit = attribute(3, ScalerUnitType, static=True)
    status = attribute(4, StatusData)
    capture_time = attribute(5, OctetStringDateTime)
    reset = method(1, Integer)


class DemandRegister(InterfaceClass, class_id=5, version=0, methods_at=(1, 0x48)):
    """Demand register: the average of a quantity over periods."""

    current_average_value = attribute(2, SimpleData)
    last_average_value = attribute(3, SimpleData)
    scaler_unit = attribute(4, ScalerUnitType, static=True)
    status = attribute(5, StatusData)
    capture_time = attribute(6, OctetStringDateTime)
    start_time_current = attribute(7, OctetStringDateTime)
    period = attribute(8, DoubleLongUnsigned, static=True, note="seconds")
    number_of_periods = attribute(9, LongUnsigned, static=True)
    reset = method(1, Integer)
    next_period = method(2, Integer)


@structure
class RegisterActivationMask:
    """Which entries of register_assignment are active under a mask."""

    mask_name: Annotated[bytes, OctetString]
    index_list: Annotated[list[int], array(Unsigned)]


class RegisterActivation(InterfaceClass, class_id=6, version=0, methods_at=(1, 0x30)):
    """Register activation: which registers count at which time of a tariff."""

    register_assignment = attribute(2, array(ObjectDefinition), static=True)
    mask_list = attribute(3, array(RegisterActivationMask), static=True)
    active_mask = attribute(4, OctetString, note="mask_name of the active mask")
    add_register = method(1, ObjectDefinition)
    add_mask = method(2, RegisterActivationMask)
    delete_mask = method(3, OctetString, note="mask_name")


class ProfileGenericV0(InterfaceClass, class_id=7, version=0, layout_known=False):
    """Profile generic, version 0. Its layout was not seen; its capture objects are said to lack data_index."""


class ProfileGeneric(InterfaceClass, class_id=7, version=1, methods_at=(1, 0x58)):
    """Profile generic: rows captured from other objects.

    Methods 3 and 4 (get_buffer_by_range, get_buffer_by_index) are of earlier versions and reserved in this one.
    """

    buffer = attribute(2, Buffer, selectors={1: RangeDescriptor, 2: EntryDescriptor})
    capture_objects = attribute(3, array(CaptureObjectDefinition), static=True)
    capture_period = attribute(4, DoubleLongUnsigned, static=True, note="seconds; 0: no automatic capture")
    sort_method = attribute(5, SortMethod, static=True)
    sort_object = attribute(6, CaptureObjectDefinition, static=True)
    entries_in_use = attribute(7, DoubleLongUnsigned)
    profile_entries = attribute(8, DoubleLongUnsigned, static=True)
    reset = method(1, Integer)
    capture = method(2, Integer)


class UtilityTables(InterfaceClass, class_id=26, version=0):
    """Utility tables: a table of ANSI C12.19. The selectors of buffer in older editions were not seen."""

    table_id = attribute(2, LongUnsigned, static=None)
    length = attribute(3, DoubleLongUnsigned, static=None, note="octets in buffer")
    buffer = attribute(4, OctetString, static=None)


@structure
class TableCellDefinition:
    """The cells of a register table: group E of the logical name takes each of group_e_values in turn.

    Uncertain: the type of group_e_values was not seen.
    """

    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    group_e_values: Annotated[Any, AnyData]
    attribute_index: Annotated[int, Integer]


class RegisterTable(InterfaceClass, class_id=61, version=0, methods_at=(1, 0x28)):
    """Register table: one attribute of many objects that differ in group E of their names."""

    table_cell_values = attribute(2, Buffer)
    table_cell_definition = attribute(3, TableCellDefinition, static=True)
    scaler_unit = attribute(4, ScalerUnitType, static=True)
    reset = method(1, Integer)
    capture = method(2, Integer)


class CaptureMethod(CodeTable):
    """capture_method of Compact data. Another source counts from 1."""

    CAPTURE_UPON_INVOKING = 0
    IMPLICIT_CAPTURE_UPON_READING = 1


class _CompactData(InterfaceClass):
    compact_buffer = attribute(2, OctetString)
    template_id = attribute(4, Unsigned, static=True)
    template_description = attribute(5, OctetString, note="the type description of the buffer")
    capture_method = attribute(6, CaptureMethod, static=True)
    reset = method(1, Integer)
    capture = method(2, Integer)


class CompactDataV0(_CompactData, class_id=62, version=0):
    """Compact data, version 0 (one source)."""

    capture_objects = attribute(3, array(CaptureObjectDefinition), static=True)


class CompactData(_CompactData, class_id=62, version=1):
    """Compact data: values of other objects without their tags. template_id is the first capture object.

    Uncertain: the fifth element of a capture object, its restriction, is seen in one source.
    """

    capture_objects = attribute(3, array(RestrictedObjectDefinition), static=True)


@structure
class MappingTable:
    """What the bits of a status word stand for: ref_table_mapping is a first entry, or an array of entries."""

    ref_table_id: Annotated[int, Unsigned]
    ref_table_mapping: Annotated[Any, AnyData]


class StatusMapping(InterfaceClass, class_id=63, version=0):
    """Status mapping: a status word whose bits refer to a table of statuses."""

    status_word = attribute(2, StatusData)
    mapping_table = attribute(3, MappingTable, static=True)


class MeasurementDataMonitoring(InterfaceClass, class_id=66, version=0, methods_at=(1, 0x48)):
    """Measurement data monitoring: samples of a waveform around a trigger.

    One source; uncertain: the elements of trigger_source (origin, cause) and the codes of status were not seen.
    """

    waveform_data = attribute(2, Buffer)
    trigger_time = attribute(3, Long64Unsigned)
    trigger_source = attribute(4, AnyData)
    status = attribute(5, Enum)
    sampling_rate = attribute(6, DoubleLongUnsigned, static=True)
    number_of_samples_before_trigger = attribute(7, DoubleLongUnsigned, static=True)
    number_of_samples_after_trigger = attribute(8, DoubleLongUnsigned, static=True)
    scaler_unit = attribute(9, ScalerUnitType, static=True)
    reset = method(1, AnyData)
    trigger = method(2, AnyData)
