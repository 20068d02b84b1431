"""`dlms profile`: the rows of a load profile as a table, as files and as a picture."""

from __future__ import annotations

import argparse
import datetime
import json
import math
import sys
from pathlib import Path
from typing import Any

from dlms.cli import meters
from dlms.cli.outcome import SUCCESS, CallAtFault
from dlms.cli.plot import write_plots
from dlms.cli.profiles import cell_text, check_files, table_lines, write_columns
from dlms.cosem.classes import ProfileGeneric
from dlms.errors import EncodeError
from dlms.logical_name import LogicalName

HEAD, TAIL = 12, 6


def add_parser(subparsers: Any) -> None:
    """`dlms profile`."""
    parser = subparsers.add_parser("profile", help="read a load profile", description=__doc__)
    meters.add_arguments(parser, "OBIS", "; then the logical name of the profile")
    parser.add_argument("--from", dest="start", metavar="TIME", help="ISO 8601, the first time that is wanted")
    parser.add_argument("--to", dest="stop", metavar="TIME", help="ISO 8601, the first time that is not")
    parser.add_argument("--tz", metavar="ZONE", help="zone of times without an offset, such as Europe/Berlin or UTC")
    parser.add_argument("--access", choices=("range", "entry", "all"), default="range", help="how rows are chosen")
    parser.add_argument("--select", metavar="LIST", help="logical names of the columns, with commas between")
    parser.add_argument("--columns", metavar="FILE", type=Path, help="write the rows: .parquet, .csv or .npz")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw the columns: .png, .svg, .pdf")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read the rows, and show or write them."""
    call = meters.Call(arguments)
    (text,) = call.expect(1, 1, "the logical name of the profile")
    profile = _profile(text)
    check_files(arguments.columns, arguments.plot)
    zone = meters.zone(arguments.tz)
    start, stop = _time(arguments.start, zone), _time(arguments.stop, zone)
    columns = None if arguments.select is None else [part.strip() for part in arguments.select.split(",")]
    with call.connected() as meter:
        rows = meter.read_profile(profile, start, stop, columns=columns, tz=zone, access=arguments.access)
    if arguments.json:
        for row in rows.rows():
            cells = dict(zip(rows.columns, map(_plain, row), strict=True))
            sys.stdout.write(json.dumps(cells) + "\n")
    elif not len(rows):
        sys.stdout.write("no rows\n")
    elif arguments.columns is None and arguments.plot is None:
        sys.stdout.write("".join(f"{line}\n" for line in table_lines(rows, HEAD, TAIL)))
    written: list[Path] = []
    if arguments.columns is not None:
        written += write_columns([rows], arguments.columns)
    if arguments.plot is not None:
        written += write_plots([rows], arguments.plot)
    if not arguments.json:
        sys.stdout.write("".join(f"written: {path} ({len(rows)} rows)\n" for path in written))
    return SUCCESS


def _plain(cell: Any) -> Any:
    """A cell as JSON has it, which knows neither NaN nor an infinite number."""
    known = cell is None or isinstance(cell, int) or (isinstance(cell, float) and math.isfinite(cell))
    return cell if known else cell_text(cell)


def _profile(text: str) -> ProfileGeneric:
    kind, slash, name = text.rpartition("/")
    if slash and kind != str(ProfileGeneric.class_id):
        raise CallAtFault(f"class {kind} is no profile generic")
    try:
        return ProfileGeneric(bytes(LogicalName(name)))
    except EncodeError as error:
        raise CallAtFault(str(error)) from None


def _time(text: str | None, zone: datetime.tzinfo | None) -> datetime.datetime | None:
    if text is None:
        return None
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        forms = "2024-01-31, 2024-01-31T12:00 or 2024-01-31T12:00+01:00"
        raise CallAtFault(f"{text!r:.40} is no time as {forms}") from None
    if time.tzinfo is None and zone is None:
        raise CallAtFault(f"{text} has no zone: write it with its offset, or name the zone with --tz")
    return time
