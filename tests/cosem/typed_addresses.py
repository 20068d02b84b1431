"""What mypy knows of addresses: checked by test_typing.py, never run."""

from __future__ import annotations

from typing import Any, assert_type

from dlms.cosem.classes import (
    AssociationLN,
    Clock,
    DisconnectControl,
    ImageTransfer,
    ProfileGeneric,
    Register,
    SapAssignment,
    ScriptTable,
)
from dlms.cosem.classes.access_control import ImageBlock
from dlms.cosem.classes.associations import AssociatedPartners, ObjectListElement
from dlms.cosem.classes.time_and_events import Script
from dlms.cosem.declare import Attribute, InterfaceClass, attribute
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.types import CaptureObjectDefinition
from dlms.data import Float32, Long
from dlms.datetime import CosemDateTime
from dlms.enumerations import ClockBase, ControlState
from dlms.units import ScalerUnit

clock = Clock("0.0.1.0.0.255")
assert_type(clock.time, AttributeRef[CosemDateTime])
assert_type(clock.time_zone, AttributeRef[int])
assert_type(clock.daylight_savings_enabled, AttributeRef[bool])
assert_type(clock.clock_base, AttributeRef[ClockBase])
assert_type(clock.shift_time, MethodRef[int])
assert_type(Clock.time, Attribute[CosemDateTime])
assert_type(clock.attribute(2), AttributeRef[Any])
assert_type(AttributeRef(8, "0.0.1.0.0.255", 2), AttributeRef[Any])
assert_type(Register("1.0.1.8.0.255").value, AttributeRef[Any])
assert_type(Register("1.0.1.8.0.255").scaler_unit, AttributeRef[ScalerUnit])
assert_type(ProfileGeneric("1.0.99.1.0.255").capture_objects, AttributeRef[list[CaptureObjectDefinition]])
assert_type(ScriptTable("0.0.10.0.0.255").scripts, AttributeRef[list[Script]])
assert_type(DisconnectControl("0.0.96.3.10.255").control_state, AttributeRef[ControlState])
assert_type(ImageTransfer("0.0.44.0.0.255").image_block_transfer, MethodRef[ImageBlock])
assert_type(ImageTransfer("0.0.44.0.0.255").image_transferred_blocks_status, AttributeRef[str])
assert_type(AssociationLN("0.0.40.0.0.255").object_list, AttributeRef[list[ObjectListElement]])
assert_type(AssociationLN("0.0.40.0.0.255").associated_partners_id, AttributeRef[AssociatedPartners])
assert_type(SapAssignment("0.0.41.0.0.255").logical_name.a, int)


class Own(InterfaceClass, class_id=40000):
    """A class of one's own."""

    number = attribute(2, Long)
    real = attribute(3, Float32)


assert_type(Own("0.0.1.0.0.255").number, AttributeRef[int])
assert_type(Own("0.0.1.0.0.255").real, AttributeRef[float])
