"""`dlms decode`: telegrams as text, JSON or XML; profiles in them as columns and plots."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from dlms.cli.octets import content_of, recorded, ways_to_read
from dlms.cli.outcome import SUCCESS, CallAtFault, complain
from dlms.cli.plot import write_plots
from dlms.cli.profiles import capture_objects, check_files, profiles, write_columns
from dlms.cli.reading import Content, Reader, Reading
from dlms.errors import DlmsError
from dlms.security import KeyRing
from dlms.translate import to_json, to_text, to_xml
from dlms.translate.words import printed

FAULTS_TOLD: Final = 3


def add_parser(subparsers: Any) -> None:
    """`dlms decode`."""
    parser = subparsers.add_parser(
        "decode", help="decode captured octets", description="Decode captured octets; their framing is found by itself."
    )
    parser.add_argument(
        "source",
        nargs="?",
        default="-",
        metavar="FILE|-|HEX",
        help="a file (binary, hexadecimal text, or a capture file), - for stdin (the default), or hexadecimal digits",
    )
    parser.add_argument(
        "--keys",
        metavar="FILE",
        help="TOML with the keys; without it DLMS_ENCRYPTION_KEY, DLMS_AUTHENTICATION_KEY, DLMS_SYSTEM_TITLE are taken",
    )
    parser.add_argument(
        "--accept-unchecked",
        action="store_true",
        help="also open what cannot be authenticated for want of the authentication key",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object for each APDU, one on a line")
    form.add_argument("--xml", action="store_true", help="one XML element for each APDU, in an element `apdus`")
    columns = parser.add_argument_group("profiles")
    columns.add_argument(
        "--columns", metavar="FILE", type=Path, help="write the profiles found: .parquet, .csv or .npz"
    )
    columns.add_argument("--plot", metavar="FILE", type=Path, help="draw the profiles found: .png, .svg, .pdf")
    columns.add_argument(
        "--capture-objects",
        metavar="LIST",
        help="names of the columns: attribute 3 in hexadecimal, or [CLASS/]OBIS[:ATTRIBUTE] with commas between",
    )
    columns.add_argument("--capture-period", metavar="SECONDS", type=int, help="attribute 4, to rebuild null clocks")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the octets hold; 1 if anything could not be read."""
    check_files(arguments.columns, arguments.plot)
    captures = _captures(arguments)
    reader = Reader(_keys(arguments), accept_unchecked=arguments.accept_unchecked)
    content = content_of(arguments.source)
    records = recorded(content)
    readings = reader.read_records(records) if records else reader.read(ways_to_read(content))
    status = SUCCESS if readings else complain("no APDU is found here: frames without content")
    show = _show_json if arguments.json else _show_xml if arguments.xml else _show_text
    sys.stdout.write("<apdus>\n" if arguments.xml else "")
    for number, reading in enumerate(readings, 1):
        show(reading, number)
        if reading.faults:
            status = complain(
                f"{reading.where}: {_faults(reading.faults)}" if reading.contents else _faults(reading.faults)
            )
    sys.stdout.write("</apdus>\n" if arguments.xml else "")
    if arguments.columns is not None or arguments.plot is not None:
        status = max(status, _write_profiles(arguments, readings, captures))
    return status


def _captures(arguments: argparse.Namespace) -> list[Any] | None:
    try:
        return None if arguments.capture_objects is None else capture_objects(arguments.capture_objects)
    except DlmsError as error:
        raise CallAtFault(f"--capture-objects: {error}") from None


def _write_profiles(arguments: argparse.Namespace, readings: Sequence[Reading], captures: list[Any] | None) -> int:
    values = [reading.innermost for reading in readings if reading.innermost is not None]
    found = profiles(values, captures, arguments.capture_period)
    if not found:
        return complain("no profile is found here: no array of equal structures, no compact-array")
    written: list[Path] = []
    if arguments.columns is not None:
        written += write_columns(found, arguments.columns)
    if arguments.plot is not None:
        written += write_plots(found, arguments.plot)
    if not (arguments.json or arguments.xml):
        sys.stdout.write("".join(f"written: {path}\n" for path in written))
    return SUCCESS


def _keys(arguments: argparse.Namespace) -> KeyRing:
    if arguments.keys is None:
        return KeyRing.from_environment(os.environ)
    keys = KeyRing.from_file(arguments.keys)
    if not keys:
        raise CallAtFault(f"there is no key in {arguments.keys}")
    return keys


def _faults(faults: tuple[DlmsError, ...]) -> str:
    told, others = faults[:FAULTS_TOLD], len(faults) - FAULTS_TOLD
    return "; ".join(map(str, told)) + (f" (and {others} more)" if others > 0 else "")


def _show_json(reading: Reading, _number: int) -> None:
    if reading.innermost is not None:
        sys.stdout.write(json.dumps(to_json(reading.innermost)) + "\n")


def _show_xml(reading: Reading, _number: int) -> None:
    if reading.innermost is not None:  # in ASCII: XML that names no encoding is taken for UTF-8, whatever stdout has
        sys.stdout.write(to_xml(reading.innermost).encode("ascii", "xmlcharrefreplace").decode("ascii") + "\n")


def _show_text(reading: Reading, number: int) -> None:
    if not reading.contents:
        return
    blank = "\n" if number > 1 else ""
    sys.stdout.write(f"{blank}# {number}: {reading.where}\n")
    for content in reading.contents:
        sys.stdout.write(_text(content) + "\n")


def _text(content: Content) -> str:
    lead = ""
    if content.opened is not None:
        checked = "authenticated" if content.opened.authenticated else "not authenticated"
        lead = f"deciphered, {checked}, invocation counter {content.opened.invocation_counter}:\n"
    if content.value is None:
        return f"{lead}{printed(content.octets)}"
    return lead + to_text(content.value)
