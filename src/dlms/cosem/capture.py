"""Capture objects: what the columns of a profile are, and how they are named (Blue Book, Profile generic)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from dlms.cosem.references import AttributeRef
from dlms.cosem.types import CaptureObjectDefinition
from dlms.errors import ConfigurationError, EncodeError
from dlms.logical_name import LogicalName
from dlms.units import ScalerUnit, Unit

__all__ = ["capture_objects", "column_name", "column_names", "is_clock", "is_scaled", "position_of", "scaler_units"]

Path: TypeAlias = tuple[int, ...]

_CLOCK, _DEMAND_REGISTER = 8, 5


def is_clock(capture: CaptureObjectDefinition) -> bool:
    """Whether it is the time of the row: the time of a Clock, or of any object named 0-b:1.0.e."""
    name = capture.logical_name
    clock = capture.class_id == _CLOCK or (name.a, name.c, name.d) == (0, 1, 0)
    return clock and capture.attribute_index == 2 and capture.data_index == 0


def is_scaled(capture: CaptureObjectDefinition) -> bool:
    """Whether the object's scaler_unit speaks of this attribute: the value, or a demand register's averages."""
    demand = capture.class_id == _DEMAND_REGISTER and capture.attribute_index == 3
    return demand or capture.attribute_index == 2


def column_name(capture: CaptureObjectDefinition) -> str:
    """`1-0:1.8.0*255:2`, with `[k]` for a data_index."""
    element = f"[{capture.data_index}]" if capture.data_index else ""
    return f"{capture.logical_name}:{capture.attribute_index}{element}"


def _plain(value: Any) -> Any:
    """A value of `dlms.data` as plain Python, other values as they are."""
    value = getattr(value, "value", value) if not isinstance(value, int) else value
    return tuple(_plain(item) for item in value) if isinstance(value, (list, tuple)) else value


def capture_objects(values: Iterable[Any]) -> tuple[CaptureObjectDefinition, ...]:
    """Capture objects as attribute 3 of a profile gives them, in the order of the columns.

    Each is a structure (class_id, logical_name, attribute_index, data_index), plain or of `dlms.data`, the
    data_index and what newer versions append being optional; or an object with these names; or an AttributeRef.
    """
    return tuple(_capture_object(value) for value in values)


def _capture_object(value: Any) -> CaptureObjectDefinition:
    if isinstance(value, CaptureObjectDefinition):
        return value
    try:
        if isinstance(value, AttributeRef):
            fields = (value.class_id, value.logical_name, value.attribute_id, 0)
        elif hasattr(value, "class_id"):
            fields = (value.class_id, value.logical_name, value.attribute_index, getattr(value, "data_index", 0))
        else:
            fields = (*_plain(value), 0)[:4]
        class_id, name, attribute, element = fields
        return CaptureObjectDefinition(
            class_id=class_id.__index__(),
            logical_name=LogicalName(name),
            attribute_index=attribute.__index__(),
            data_index=element.__index__(),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(
            "a capture object is (class_id, logical_name, attribute_index, data_index), "
            f"got {type(value).__name__} {value!r:.80}"
        ) from error


def position_of(path: Path) -> int:
    """The position in the row, and so of the capture object, of the column at `path`."""
    return path[0] if path else 0


def column_names(captures: Sequence[CaptureObjectDefinition] | None, paths: Sequence[Path]) -> tuple[str, ...]:
    """The names of the columns at `paths`: `1-0:1.8.0*255:2`, `[k]` for a data_index, `#2` for a duplicate, `.0` for
    a member of a structure; `c0`, `c1`, ... where no capture object is known. The path () is a row that is no
    structure but one value.
    """
    seen: Counter[str] = Counter()
    bases = []
    for capture in captures or ():
        name = column_name(capture)
        seen[name] += 1
        bases.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    widest = max((position_of(path) + 1 for path in paths), default=0)
    bases += [f"c{position}" for position in range(len(bases), widest)]
    return tuple(".".join([bases[position_of(path)], *map(str, path[1:])]) for path in paths)


def scaler_units(
    given: Mapping[Any, Any] | Iterable[Any],
    captures: Sequence[CaptureObjectDefinition] | None,
    names: Sequence[str],
    paths: Sequence[Path],
) -> dict[str, ScalerUnit]:
    """Column name -> scaler and unit.

    `given` is a sequence in the order of the capture objects, None where nothing is known; or a mapping by column
    name or by logical name (then it holds for the attributes that the object's scaler_unit speaks of). Each value is
    the structure (scaler, unit) that attribute 3 of a register gives.
    """
    if not isinstance(given, Mapping):
        by_position = dict(enumerate(given))
        pairs = [
            (name, by_position.get(position_of(path)))
            for name, path in zip(names, paths, strict=True)
            if len(path) <= 1
        ]
    else:
        pairs = [pair for key, value in given.items() for pair in _of_key(key, value, captures, names, paths)]
    return {name: _scaler_unit(value) for name, value in pairs if value is not None}


def _of_key(
    key: Any,
    value: Any,
    captures: Sequence[CaptureObjectDefinition] | None,
    names: Sequence[str],
    paths: Sequence[Path],
) -> Iterable[tuple[str, Any]]:
    if key in names:
        return [(key, value)]
    objects = captures or ()
    if key in column_names(captures, [(position,) for position in range(len(objects))]):
        return []  # a column that these rows lack: there may be no rows at all
    try:
        wanted = LogicalName(key)
    except EncodeError as error:
        raise ConfigurationError(f"scaler_units: {key!r:.80} is no column and no logical name") from error
    return [
        (name, value)
        for name, path in zip(names, paths, strict=True)
        if len(path) <= 1
        and position_of(path) < len(objects)
        and objects[position_of(path)].logical_name == wanted
        and is_scaled(objects[position_of(path)])
    ]


def _scaler_unit(value: Any) -> ScalerUnit:
    try:
        if hasattr(value, "scaler"):
            scaler, unit = value.scaler, value.unit
        else:
            scaler, unit = _plain(value)
        return ScalerUnit(scaler.__index__(), Unit(unit))
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(f"a scaler_unit is (scaler, unit), got {value!r:.80}") from error
