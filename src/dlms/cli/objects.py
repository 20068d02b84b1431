"""`dlms objects`: what a meter holds."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from dlms.cli import meters
from dlms.cli.outcome import SUCCESS


def add_parser(subparsers: Any) -> None:
    """`dlms objects`."""
    parser = subparsers.add_parser("objects", help="list the objects of a meter", description=__doc__)
    meters.add_arguments(parser, "", "")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """One line for each object."""
    call = meters.Call(arguments)
    call.expect(0, 0, "nothing")
    with call.connected() as meter:
        found = call.objects.read(meter)
    for each in found:
        kind = each.title or f"class {each.class_id}"
        if arguments.json:
            plain = {
                "class_id": each.class_id, "version": each.version, "logical_name": str(each.logical_name),
                "class": kind, "meaning": each.logical_name.meaning(),
            }  # fmt: skip
            sys.stdout.write(json.dumps(plain) + "\n")
        else:
            address = f"{each.class_id}/{each.logical_name}"
            sys.stdout.write(f"{address:<24} {kind}, version {each.version}: {each.logical_name.meaning()}\n")
    return SUCCESS
