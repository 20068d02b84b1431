"""Profiles in what was decoded, and the files and tables that they become."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from dlms import data
from dlms.cli.outcome import CallAtFault, extra
from dlms.cosem.capture import capture_objects as definitions
from dlms.cosem.profile import Profile, unpack_profile
from dlms.cosem.table import Table
from dlms.data import Data
from dlms.errors import EncodeError
from dlms.grammar import Message, node
from dlms.grammar.nodes import AnyData, Choice, Contents, Node, SequenceOf
from dlms.grammar.nodes import Sequence as SequenceNode
from dlms.logical_name import LogicalName
from dlms.translate.recognition import quoted
from dlms.translate.words import alternative_of, fields_of, printed

FORMATS: Final = (".parquet", ".csv", ".npz")
_CAPTURE: Final = re.compile(r"(?:(\d{1,5})/)?([\d:.*-]+?)(?::(\d{1,3}))?(?:\[(\d{1,5})\])?", re.ASCII)
CLOCK, REGISTER = 8, 3


CaptureObject: TypeAlias = tuple[int, LogicalName, int, int]


def capture_objects(text: str) -> list[Any]:
    """Capture objects from attribute 3 of the profile in hexadecimal, or from a list of
    `[CLASS/]OBIS[:ATTRIBUTE][[INDEX]]` with commas between. Without a class it is a Clock or a Register. DlmsError for
    what is neither."""
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}\s*){7,}", text):
        found = data.loads(bytes.fromhex(text))
        if not isinstance(found, list):
            raise EncodeError("attribute 3 of a profile is an array")
        return list(definitions(found))
    return [_capture_object(part.strip()) for part in text.split(",")]


def _capture_object(text: str) -> CaptureObject:
    match = _CAPTURE.fullmatch(text)
    if match is None:
        raise EncodeError(f"expected [CLASS/]OBIS[:ATTRIBUTE][[INDEX]], got {text!r:.60}")
    class_id, name, attribute, index = match.groups()
    logical_name = LogicalName(name)
    is_clock = (logical_name.a, logical_name.c, logical_name.d) == (0, 1, 0)
    kind = int(class_id) if class_id else CLOCK if is_clock else REGISTER
    return (kind, logical_name, int(attribute or 2), int(index or 0))


# ---- found ------------------------------------------------------------------------------------------------------


def buffers(value: Message | Data) -> Iterator[data.Array | data.CompactArray]:
    """The profile buffers in a message or a Data: arrays of equal structures, and compact-arrays; the outermost."""
    for found in [value] if isinstance(value, Data) else data_in(node(type(value)), value):
        yield from _buffers(found)


def data_in(of: Node, value: Any) -> Iterator[Data]:
    """Every Data in a message."""
    match of:
        case SequenceNode():
            for field, member in fields_of(of, value):
                yield from data_in(field.node, member)
        case Choice():
            yield from data_in(alternative_of(of, value).node, value)
        case Contents() if value is not None:
            yield from data_in(of.of, value)
        case SequenceOf():
            for member in value:
                yield from data_in(of.of, member)
        case AnyData():
            yield value


def _buffers(value: Data) -> Iterator[data.Array | data.CompactArray]:
    if isinstance(value, data.CompactArray) or (isinstance(value, data.Array) and _is_buffer(value)):
        yield value
    elif isinstance(value, (data.Array, data.Structure)):
        for member in value:
            yield from _buffers(member)


def _is_buffer(value: data.Array) -> bool:
    lengths = {len(row) if isinstance(row, data.Structure) else -1 for row in value}
    return len(lengths) == 1 and lengths.isdisjoint({-1, 0})


def _width(value: data.Array | data.CompactArray) -> int:
    """How many columns the rows of a buffer have."""
    if isinstance(value, data.Array):
        first = value.elements[0]
        return len(first) if isinstance(first, data.Structure) else 1
    return len(value.type_description) if isinstance(value.type_description, tuple) else 1


def profiles(values: Iterable[Message | Data], captures: Sequence[Any] | None, period: int | None) -> list[Profile]:
    """The profiles in these messages. Capture objects are taken for those with as many columns; CallAtFault where
    profiles are found, and none of them has."""
    found = [buffer for value in values for buffer in buffers(value)]
    widths = sorted({_width(buffer) for buffer in found})
    if captures is not None and found and len(captures) not in widths:
        columns = " or ".join(map(str, widths))
        raise CallAtFault(
            f"--capture-objects: {len(captures)} of them, where the profiles found have {columns} columns"
        )
    return [
        unpack_profile(
            data.dumps(buffer),
            captures if captures is not None and _width(buffer) == len(captures) else None,
            capture_period=period,
        )
        for buffer in found
    ]


# ---- written ----------------------------------------------------------------------------------------------------


def check_files(columns: Path | None, plot: Path | None) -> None:
    """Refuse what cannot be written, before anything is read."""
    if columns is not None:
        if columns.suffix not in FORMATS:
            raise CallAtFault(f"--columns writes {', '.join(FORMATS)}, not {columns}")
        if columns.suffix == ".parquet":
            extra("pyarrow.parquet", "arrow")
    if plot is not None:
        formats = extra("matplotlib.backend_bases", "plot").FigureCanvasBase.filetypes
        if plot.suffix.removeprefix(".").lower() not in formats:
            raise CallAtFault(f"--plot draws {', '.join(f'.{name}' for name in sorted(formats))}, not {plot}")


def write_columns(found: Sequence[Profile], path: Path) -> list[Path]:
    """Write each profile to `path`, from the second on with -2, -3 ... before the suffix; where they went."""
    write = {".parquet": _write_parquet, ".csv": _write_csv, ".npz": _write_npz}[path.suffix]
    return [_written(write, profile, numbered(path, at)) for at, profile in enumerate(found, 1)]


def _written(write: Any, profile: Profile, path: Path) -> Path:
    try:
        write(profile, path)
    except OSError as error:
        raise CallAtFault(f"cannot write {path}: {error.strerror or error}") from None
    return path


def numbered(path: Path, number: int) -> Path:
    """`load.png`, `load-2.png`, ..."""
    return path if number == 1 else path.with_stem(f"{path.stem}-{number}")


def _write_parquet(profile: Profile, path: Path) -> None:
    extra("pyarrow.parquet", "arrow").write_table(profile.to_arrow(), path)


def _write_csv(profile: Profile, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(profile.columns)
        writer.writerows([cell_text(cell) for cell in row] for row in profile.rows())


def _write_npz(profile: Profile, path: Path) -> None:
    arrays = {
        name: values.astype(str) if values.dtype.kind == "O" else values for name, values in profile.columns.items()
    }
    masks = {f"{name}.mask": mask for name, mask in profile.mask.items()}
    members: dict[str, Any] = arrays | masks
    np.savez_compressed(path, allow_pickle=False, **members)


def cell_text(cell: Any) -> str:
    """A cell as text: empty where there is none, times as ISO 8601, octets as hexadecimal digits."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.isoformat()
    return printed(cell) if isinstance(cell, bytes) else str(cell)


# ---- shown ------------------------------------------------------------------------------------------------------


def column_title(profile: Profile, name: str) -> str:
    """What the object of a column means, and its unit."""
    try:
        meaning = LogicalName(name.rpartition(":")[0]).meaning()
    except EncodeError:
        meaning = name
    unit = profile.units[name].symbol if name in profile.units else ""
    return f"{meaning} [{unit}]" if unit else meaning


def table_lines(profile: Profile, head: int, tail: int) -> Iterator[str]:
    """The first and the last rows, scaled where the scaler is known, under the names of the columns. Times in UTC end
    in Z; others are local, as the meter sent them."""
    scaled = profile.scaled()
    columns = [(name, [_shown(cell) for cell in _cells(profile, scaled, name)]) for name in profile.columns]
    count = len(profile)
    rows = [*range(min(head, count)), *range(max(head, count - tail), count)]
    widths = [max([len(name), *(len(cells[row]) for row in rows)]) for name, cells in columns]
    yield "  ".join(name.rjust(width) for (name, _), width in zip(columns, widths, strict=True))
    for at, row in enumerate(rows):
        if at == head and row != head:
            yield f"... {row - head} rows ..."
        yield "  ".join(cells[row].rjust(width) for (_, cells), width in zip(columns, widths, strict=True))


def _cells(profile: Profile, scaled: Table, name: str) -> list[Any]:
    if profile.columns[name].dtype.kind != "M":
        return scaled.cells(name)
    at = list(profile.columns).index(name)
    return [row[at] for row in profile.rows()]  # which know the times in UTC from the others


def _shown(cell: Any) -> str:
    if isinstance(cell, datetime.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S") + ("" if cell.tzinfo is None else "Z")
    if isinstance(cell, str):
        return quoted(cell)
    return format(cell, ".10g") if isinstance(cell, float) else cell_text(cell)
