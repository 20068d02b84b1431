"""Classes that are not of the Blue Book."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData, ScalerUnitType
from dlms.data import Boolean, OctetString


class TariffPlan(InterfaceClass, class_id=8192, version=0):
    """Tariff plan: a calendar of tariffs, Italian UNI/TS.

    One source; uncertain: the elements of plan and activation_time were not seen.
    """

    calendar_name = attribute(2, OctetString, static=None)
    enabled = attribute(3, Boolean, static=None)
    plan = attribute(4, AnyData, static=None)
    activation_time = attribute(5, AnyData, static=None)


class ExtendedData(InterfaceClass, class_id=9000, version=0):
    """Extended data: a value in force and one that waits, companion of Great Britain.

    One source; uncertain: the types of the values and the arguments of the methods were not seen.
    """

    value_active = attribute(2, AnyData, static=None)
    scaler_unit_active = attribute(3, ScalerUnitType, static=None)
    value_passive = attribute(4, AnyData, static=None)
    scaler_unit_passive = attribute(5, ScalerUnitType, static=None)
    activate_passive_value_time = attribute(6, OctetString, static=None)
    reset = method(1, AnyData, note="argument not seen")
    activate_passive_value = method(2, AnyData, note="argument not seen")
