"""dlms.cosem.capture: what a meter says of its columns, and the names that come of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dlms.cosem.capture import capture_objects, column_names, is_clock, scaler_units
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import CaptureObjectDefinition
from dlms.errors import ConfigurationError
from dlms.logical_name import LogicalName
from dlms.units import ScalerUnit, Unit

CLOCK = (8, bytes.fromhex("0000010000FF"), 2, 0)
IMPORT = (3, bytes.fromhex("0100010800FF"), 2, 0)


def test_plain_structures_and_objects_alike() -> None:
    typed = SimpleNamespace(value=(SimpleNamespace(value=8), SimpleNamespace(value=CLOCK[1]), 2, 0))
    named = SimpleNamespace(class_id=8, logical_name="0-0:1.0.0*255", attribute_index=2)
    expected = CaptureObjectDefinition(8, LogicalName("0-0:1.0.0*255"), 2, 0)
    reference = AttributeRef(8, "0-0:1.0.0*255", 2)
    for given in (reference, CLOCK, list(CLOCK), CLOCK[:3], (*CLOCK, None, ()), typed, named, expected):
        assert capture_objects([given]) == (expected,)


@pytest.mark.parametrize("given", [(), (8,), 8, None, "8", (8, b"short", 2), (8, CLOCK[1], "2"), ("8", CLOCK[1], 2)])
def test_what_is_no_capture_object(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="capture object"):
        capture_objects([given])


@pytest.mark.parametrize(
    ("class_id", "name", "attribute", "element", "clock"),
    [
        (8, "0-0:1.0.0", 2, 0, True),
        (8, "0-1:1.0.0", 2, 0, True),
        (1, "0-0:1.0.0", 2, 0, True),
        (8, "0-0:1.0.0", 3, 0, False),
        (8, "0-0:1.0.0", 2, 1, False),
        (4, "1-0:1.6.0", 5, 0, False),
        (3, "1-0:1.8.0", 2, 0, False),
    ],
)
def test_what_is_a_clock(class_id: int, name: str, attribute: int, element: int, clock: bool) -> None:
    assert is_clock(CaptureObjectDefinition(class_id, LogicalName(name), attribute, element)) is clock


def test_names() -> None:
    captures = capture_objects([CLOCK, IMPORT, (4, *IMPORT[1:]), (7, bytes.fromhex("0100630100FF"), 2, 3), IMPORT])
    paths = [(0,), (1,), (2,), (3, 0), (3, 1, 0), (4,), (5,), (6, 2)]
    assert column_names(captures, paths) == (
        "0-0:1.0.0*255:2",
        "1-0:1.8.0*255:2",
        "1-0:1.8.0*255:2#2",
        "1-0:99.1.0*255:2[3].0",
        "1-0:99.1.0*255:2[3].1.0",
        "1-0:1.8.0*255:2#3",
        "c5",
        "c6.2",
    )
    assert column_names(None, [(0,), (1, 0), (1, 1)]) == ("c0", "c1.0", "c1.1")
    assert column_names(None, [()]) == ("c0",)
    assert column_names(captures[1:], [()]) == ("1-0:1.8.0*255:2",)
    assert column_names(captures, []) == column_names(None, []) == ()


def test_scalers_by_position_by_name_and_by_logical_name() -> None:
    captures = capture_objects([CLOCK, IMPORT, (5, bytes.fromhex("0100010400FF"), 3), (4, *IMPORT[1:2], 5)])
    paths = [(0,), (1,), (2,), (3,)]
    names = column_names(captures, paths)
    watt_hours, watts = ScalerUnit(-3, Unit(30)), ScalerUnit(0, Unit(27))
    by_position = scaler_units([None, (-3, 30), (0, 27)], captures, names, paths)
    assert by_position == {names[1]: watt_hours, names[2]: watts}
    assert scaler_units({"1-0:1.8.0*255:2": (-3, 30)}, captures, names, paths) == {names[1]: watt_hours}
    by_logical_name = {"1.0.1.8.0.255": watt_hours, LogicalName("1-0:1.4.0"): (0, 27), "0-0:96.1.0": None}
    assert scaler_units(by_logical_name, captures, names, paths) == by_position
    assert scaler_units([None, watt_hours], None, ("c0", "c1.0", "c1.1"), [(0,), (1, 0), (1, 1)]) == {}
    assert scaler_units({"c1.0": (1, 255)}, None, ("c0", "c1.0"), [(0,), (1, 0)])["c1.0"].scaler == 1


@pytest.mark.parametrize("value", [5, (1,), (1, 2, 3), ("a", "b"), "kWh"])
def test_what_is_no_scaler_unit(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="scaler_unit"):
        scaler_units([value], None, ["c0"], [(0,)])
