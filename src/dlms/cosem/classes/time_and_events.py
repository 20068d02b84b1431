"""Time and event bound control: clock, scripts, calendars, monitors and switches."""

from __future__ import annotations

from typing import Annotated, Any

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import (
    ActionItem,
    AnyData,
    LogicalNameOctets,
    OctetStringDate,
    OctetStringDateTime,
    OctetStringTime,
    ScalerUnitType,
    SimpleData,
    StatusData,
    ValueDefinition,
)
from dlms.data import (
    BitString,
    Boolean,
    DateTime,
    DoubleLongUnsigned,
    Enum,
    Integer,
    Long,
    LongUnsigned,
    OctetString,
    Unsigned,
)
from dlms.datetime import CosemDate, CosemDateTime, CosemTime
from dlms.enumerations import ClockBase, ControlMode, ControlState, ScriptServiceId, SingleActionScheduleType
from dlms.grammar import array, structure
from dlms.logical_name import LogicalName


@structure
class PresetTime:
    """A time that adjust_to_preset_time sets, and the interval in which it may be set."""

    preset_time: Annotated[CosemDateTime, OctetStringDateTime]
    validity_interval_start: Annotated[CosemDateTime, OctetStringDateTime]
    validity_interval_end: Annotated[CosemDateTime, OctetStringDateTime]


class Clock(InterfaceClass, class_id=8, version=0, methods_at=(1, 0x60)):
    """Clock: date and time of the device.

    status is that of a date-time: see dlms.datetime.ClockStatus.
    """

    time = attribute(2, OctetStringDateTime)
    time_zone = attribute(3, Long, static=True, note="minutes from local time to UTC")
    status = attribute(4, Unsigned)
    daylight_savings_begin = attribute(5, OctetStringDateTime, static=True)
    daylight_savings_end = attribute(6, OctetStringDateTime, static=True)
    daylight_savings_deviation = attribute(7, Integer, static=True, note="minutes, -120 to 120")
    daylight_savings_enabled = attribute(8, Boolean, static=True)
    clock_base = attribute(9, ClockBase, static=True)
    adjust_to_quarter = method(1, Integer)
    adjust_to_measuring_period = method(2, Integer)
    adjust_to_minute = method(3, Integer)
    adjust_to_preset_time = method(4, Integer)
    preset_adjusting_time = method(5, PresetTime)
    shift_time = method(6, Long, note="seconds, -900 to 900")


@structure
class ScriptAction:
    """One action of a script: an attribute to write or a method to execute, with the value or argument."""

    service_id: ScriptServiceId
    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    index: Annotated[int, Integer]
    parameter: Annotated[Any, AnyData]


@structure
class Script:
    """A list of actions with a number."""

    script_identifier: Annotated[int, LongUnsigned]
    actions: Annotated[list[ScriptAction], array(ScriptAction)]


class ScriptTable(InterfaceClass, class_id=9, version=0, methods_at=(1, 0x20)):
    """Script table: lists of actions that execute starts."""

    scripts = attribute(2, array(Script), static=True)
    execute = method(1, LongUnsigned, note="script_identifier")


@structure
class ScheduleTableEntry:
    """A script, the times at which it runs, and the days on which it does."""

    index: Annotated[int, LongUnsigned]
    enable: Annotated[bool, Boolean]
    script_logical_name: Annotated[LogicalName, LogicalNameOctets]
    script_selector: Annotated[int, LongUnsigned]
    switch_time: Annotated[CosemTime, OctetStringTime]
    validity_window: Annotated[int, LongUnsigned]
    exec_weekdays: Annotated[str, BitString]
    exec_specdays: Annotated[str, BitString]
    begin_date: Annotated[CosemDate, OctetStringDate]
    end_date: Annotated[CosemDate, OctetStringDate]


@structure
class EnableDisable:
    """Ranges of entries: the first is disabled, the second enabled; 0 to 0 is no range."""

    first_index_a: Annotated[int, LongUnsigned]
    last_index_a: Annotated[int, LongUnsigned]
    first_index_b: Annotated[int, LongUnsigned]
    last_index_b: Annotated[int, LongUnsigned]


@structure
class IndexRange:
    """Entries by index, both ends included."""

    first_index: Annotated[int, LongUnsigned]
    last_index: Annotated[int, LongUnsigned]


class Schedule(InterfaceClass, class_id=10, version=0, methods_at=(1, 0x20)):
    """Schedule: scripts by time of day and day."""

    entries = attribute(2, array(ScheduleTableEntry), static=True)
    enable_disable = method(1, EnableDisable)
    insert = method(2, ScheduleTableEntry)
    delete = method(3, IndexRange)


@structure
class SpecialDayEntry:
    """A date with a day_id of its own."""

    index: Annotated[int, LongUnsigned]
    specialday_date: Annotated[CosemDate, OctetStringDate]
    day_id: Annotated[int, Unsigned]


class SpecialDaysTable(InterfaceClass, class_id=11, version=0, methods_at=(1, 0x10)):
    """Special days table: dates that schedules and calendars treat apart."""

    entries = attribute(2, array(SpecialDayEntry), static=True)
    insert = method(1, SpecialDayEntry)
    delete = method(2, LongUnsigned, note="index")


@structure
class Season:
    """A season: from when, and which week profile holds."""

    season_profile_name: Annotated[bytes, OctetString]
    season_start: Annotated[CosemDateTime, OctetStringDateTime]
    week_name: Annotated[bytes, OctetString]


@structure
class WeekProfile:
    """The day_id of each day of the week."""

    week_profile_name: Annotated[bytes, OctetString]
    monday: Annotated[int, Unsigned]
    tuesday: Annotated[int, Unsigned]
    wednesday: Annotated[int, Unsigned]
    thursday: Annotated[int, Unsigned]
    friday: Annotated[int, Unsigned]
    saturday: Annotated[int, Unsigned]
    sunday: Annotated[int, Unsigned]


@structure
class DayProfileAction:
    """A script that runs at a time of day."""

    start_time: Annotated[CosemTime, OctetStringTime]
    script_logical_name: Annotated[LogicalName, LogicalNameOctets]
    script_selector: Annotated[int, LongUnsigned]


@structure
class DayProfile:
    """The scripts of one kind of day."""

    day_id: Annotated[int, Unsigned]
    day_schedule: Annotated[list[DayProfileAction], array(DayProfileAction)]


class ActivityCalendar(InterfaceClass, class_id=20, version=0, methods_at=(1, 0x50)):
    """Activity calendar: seasons, weeks and days of a tariff, one calendar active and one waiting."""

    calendar_name_active = attribute(2, OctetString, static=True)
    season_profile_active = attribute(3, array(Season), static=True)
    week_profile_table_active = attribute(4, array(WeekProfile), static=True)
    day_profile_table_active = attribute(5, array(DayProfile), static=True)
    calendar_name_passive = attribute(6, OctetString, static=True)
    season_profile_passive = attribute(7, array(Season), static=True)
    week_profile_table_passive = attribute(8, array(WeekProfile), static=True)
    day_profile_table_passive = attribute(9, array(DayProfile), static=True)
    activate_passive_calendar_time = attribute(10, OctetStringDateTime, static=True)
    activate_passive_calendar = method(1, Integer)


@structure
class ActionSet:
    """What runs when a value passes a threshold."""

    action_up: ActionItem
    action_down: ActionItem


class RegisterMonitor(InterfaceClass, class_id=21, version=0):
    """Register monitor: scripts run when a value passes thresholds of its own type."""

    thresholds = attribute(2, array(SimpleData), static=True)
    monitored_value = attribute(3, ValueDefinition, static=True)
    actions = attribute(4, array(ActionSet), static=True)


@structure
class ExecutionTime:
    """A time of day and a date; the date may have wildcards."""

    time: Annotated[CosemTime, OctetStringTime]
    date: Annotated[CosemDate, OctetStringDate]


class SingleActionSchedule(InterfaceClass, class_id=22, version=0):
    """Single action schedule: one script at one or more times."""

    executed_script = attribute(2, ActionItem, static=True)
    type = attribute(3, SingleActionScheduleType, static=True)
    execution_time = attribute(4, array(ExecutionTime), static=True)


@structure
class ChangedParameter:
    """The attribute that changed last, and its value."""

    class_id: Annotated[int, LongUnsigned]
    logical_name: Annotated[LogicalName, LogicalNameOctets]
    attribute_index: Annotated[int, Integer]
    attribute_value: Annotated[Any, AnyData]


class _ParameterMonitor(InterfaceClass):
    changed_parameter = attribute(2, ChangedParameter)
    parameter_list = attribute(4, array(ValueDefinition), static=True)
    add_parameter = method(1, ValueDefinition)
    delete_parameter = method(2, ValueDefinition)


class ParameterMonitorV0(_ParameterMonitor, class_id=65, version=0, methods_at=(1, 0x20)):
    """Parameter monitor, version 0. capture_time is octet-string in one source, date-time in another."""

    capture_time = attribute(3, OctetStringDateTime)


class ParameterMonitor(_ParameterMonitor, class_id=65, version=1, methods_at=(1, 0x40)):
    """Parameter monitor: changes of attributes on a list.

    Uncertain: the codes of hash_algorithm_id and the elements of parameter_values were not seen.
    """

    capture_time = attribute(3, DateTime)
    parameter_list_name = attribute(5, OctetString, static=True)
    hash_algorithm_id = attribute(6, Enum, static=True)
    parameter_value_digest = attribute(7, OctetString)
    parameter_values = attribute(8, AnyData)


class SensorManager(InterfaceClass, class_id=67, version=0, methods_at=(1, 0x80)):
    """Sensor manager: a sensor, its raw and processed values, thresholds and actions.

    Uncertain: the elements of thresholds and actions and the codes of the enumerations were not seen.
    """

    serial_number = attribute(2, OctetString)
    metrological_identification = attribute(3, OctetString)
    output_type = attribute(4, Enum)
    adjustment_method = attribute(5, OctetString)
    sealing_method = attribute(6, Enum)
    raw_value = attribute(7, SimpleData)
    scaler_unit = attribute(8, ScalerUnitType)
    status = attribute(9, StatusData)
    capture_time = attribute(10, DateTime)
    raw_value_thresholds = attribute(11, array(AnyData))
    raw_value_actions = attribute(12, array(AnyData))
    processed_value = attribute(13, ValueDefinition)
    processed_value_thresholds = attribute(14, array(AnyData))
    processed_value_actions = attribute(15, array(AnyData))
    reset = method(1, AnyData)


@structure
class ActionRequest:
    """Which actions an actor asks for, one bit each."""

    request_actor: Annotated[int, Unsigned]
    request_action_list: Annotated[str, BitString]


class Arbitrator(InterfaceClass, class_id=68, version=0, methods_at=(1, 0x30)):
    """Arbitrator: which of several actors' requests is carried out."""

    actions = attribute(2, array(ActionItem), static=True)
    permissions_table = attribute(3, array(BitString), static=True, note="one row for each actor")
    weightings_table = attribute(4, array(array(LongUnsigned)), static=True)
    most_recent_requests_table = attribute(5, array(BitString))
    last_outcome = attribute(6, Unsigned)
    request_action = method(1, ActionRequest)
    reset = method(2, Integer)


class _DisconnectControl(InterfaceClass):
    output_state = attribute(2, Boolean)
    control_state = attribute(3, ControlState)
    control_mode = attribute(4, ControlMode, static=True)
    remote_disconnect = method(1, Integer)
    remote_reconnect = method(2, Integer)


class DisconnectControlV0(_DisconnectControl, class_id=70, version=0, methods_at=(1, 0x20)):
    """Disconnect control, version 0: control modes 0 to 6."""


class DisconnectControlV1(_DisconnectControl, class_id=70, version=1):
    """Disconnect control, version 1: control mode 7 is added. Uncertain: inferred from one source."""


class DisconnectControl(_DisconnectControl, class_id=70, version=2):
    """Disconnect control: the switch of a supply. Uncertain: what version 2 changed was not seen."""


@structure
class EmergencyProfile:
    """When the emergency threshold holds, and for how long."""

    emergency_profile_id: Annotated[int, LongUnsigned]
    emergency_activation_time: Annotated[CosemDateTime, OctetStringDateTime]
    emergency_duration: Annotated[int, DoubleLongUnsigned]


@structure
class LimiterActions:
    """What runs when the monitored value stays over or under the threshold."""

    action_over_threshold: ActionItem
    action_under_threshold: ActionItem


class Limiter(InterfaceClass, class_id=71, version=0):
    """Limiter: acts when a value stays over a threshold, with another threshold for emergencies."""

    monitored_value = attribute(2, ValueDefinition, static=True)
    threshold_active = attribute(3, SimpleData)
    threshold_normal = attribute(4, SimpleData, static=True)
    threshold_emergency = attribute(5, SimpleData, static=True)
    min_over_threshold_duration = attribute(6, DoubleLongUnsigned, static=True, note="seconds")
    min_under_threshold_duration = attribute(7, DoubleLongUnsigned, static=True, note="seconds")
    emergency_profile = attribute(8, EmergencyProfile, static=True)
    emergency_profile_group_id_list = attribute(9, array(LongUnsigned), static=True)
    emergency_profile_active = attribute(10, Boolean)
    actions = attribute(11, LimiterActions, static=True)
