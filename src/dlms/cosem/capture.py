"""Capture objects: what the columns of a profile are, and how they are named (Blue Book, Profile generic)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from dlms.errors import ConfigurationError
from dlms.logical_name import LogicalName
from dlms.units import ScalerUnit, Unit

__all__ = ["CaptureObject", "capture_objects", "column_names", "scaler_units"]

Path: TypeAlias = tuple[int, ...]

_CLOCK, _DEMAND_REGISTER = 8, 5


class CaptureObject(NamedTuple):
    """One column of a profile: the attribute of an object, or with `data_index` > 0 an element of it."""

    class_id: int
    logical_name: LogicalName
    attribute_index: int
    data_index: int = 0

    @property
    def is_clock(self) -> bool:
        """Whether it is the time of the row: the time of a Clock, or any object named 0-b:1.0.e."""
        name = self.logical_name
        clock = self.class_id == _CLOCK or (name.a, name.c, name.d) == (0, 1, 0)
        return clock and self.attribute_index == 2 and self.data_index == 0

    @property
    def is_scaled(self) -> bool:
        """Whether the object's scaler_unit speaks of this attribute: the value, or a demand register's averages."""
        return self.attribute_index == 2 or (self.class_id == _DEMAND_REGISTER and self.attribute_index == 3)

    def __str__(self) -> str:
        element = f"[{self.data_index}]" if self.data_index else ""
        return f"{self.logical_name}:{self.attribute_index}{element}"


def _plain(value: Any) -> Any:
    """A value of `dlms.data` as plain Python, other values as they are."""
    value = getattr(value, "value", value) if not isinstance(value, int) else value
    return tuple(_plain(item) for item in value) if isinstance(value, (list, tuple)) else value


def capture_objects(values: Iterable[Any]) -> tuple[CaptureObject, ...]:
    """Capture objects as attribute 3 of a profile gives them, in the order of the columns.

    Each is a structure (class_id, logical_name, attribute_index, data_index), plain or of `dlms.data`, the
    data_index and what newer versions append being optional; or an object with these names.
    """
    return tuple(_capture_object(value) for value in values)


def _capture_object(value: Any) -> CaptureObject:
    if isinstance(value, CaptureObject):
        return value
    try:
        if hasattr(value, "class_id"):
            fields = (value.class_id, value.logical_name, value.attribute_index, getattr(value, "data_index", 0))
        else:
            fields = (*_plain(value), 0)[:4]
        class_id, name, attribute, element = fields
        return CaptureObject(class_id.__index__(), LogicalName(name), attribute.__index__(), element.__index__())
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(
            "a capture object is (class_id, logical_name, attribute_index, data_index), "
            f"got {type(value).__name__} {value!r:.80}"
        ) from error


def column_names(captures: Sequence[CaptureObject] | None, paths: Sequence[Path]) -> tuple[str, ...]:
    """The names of the columns at `paths`: `1-0:1.8.0*255:2`, `[k]` for a data_index, `#2` for a duplicate, `.0` for
    a member of a structure; `c0`, `c1`, ... where no capture object is known.
    """
    seen: Counter[str] = Counter()
    bases = []
    for capture in captures or ():
        name = str(capture)
        seen[name] += 1
        bases.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    bases += [f"c{position}" for position in range(len(bases), max((path[0] + 1 for path in paths), default=0))]
    return tuple(".".join([bases[path[0]], *map(str, path[1:])]) for path in paths)


def scaler_units(
    given: Mapping[Any, Any] | Iterable[Any],
    captures: Sequence[CaptureObject] | None,
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
        pairs = [(name, by_position.get(path[0])) for name, path in zip(names, paths, strict=True) if len(path) == 1]
    else:
        pairs = [pair for key, value in given.items() for pair in _of_key(key, value, captures, names, paths)]
    return {name: _scaler_unit(value) for name, value in pairs if value is not None}


def _of_key(
    key: Any, value: Any, captures: Sequence[CaptureObject] | None, names: Sequence[str], paths: Sequence[Path]
) -> Iterable[tuple[str, Any]]:
    if key in names:
        return [(key, value)]
    objects = captures or ()
    wanted = LogicalName(key)
    return [
        (name, value)
        for name, path in zip(names, paths, strict=True)
        if len(path) == 1
        and path[0] < len(objects)
        and objects[path[0]].logical_name == wanted
        and objects[path[0]].is_scaled
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
