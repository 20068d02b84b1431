"""`dlms clock`: what a meter's clock says, and setting it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from dlms.cli import meters
from dlms.cli.outcome import SUCCESS


def add_parser(subparsers: Any) -> None:
    """`dlms clock`."""
    parser = subparsers.add_parser("clock", help="read or set the clock of a meter", description=__doc__)
    meters.add_arguments(parser, "", "")
    parser.add_argument("--set", action="store_true", help="set it to the time of this machine")
    parser.add_argument("--shift", action="store_true", help="move it there by shift_time, by 900 s at the most")
    parser.add_argument("--tz", metavar="ZONE", help="the meter's zone, such as Europe/Berlin; that of this machine")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the time that the meter had, and how far it was off."""
    call = meters.Call(arguments)
    call.expect(0, 0, "nothing")
    zone = meters.zone(arguments.tz)
    with call.connected() as meter:
        if arguments.set or arguments.shift:
            reading = meter.synchronise_clock(shift=arguments.shift, tz=zone)
        else:
            reading = meter.read_clock(tz=zone)
    ahead = None if reading.ahead is None else reading.ahead.total_seconds()
    if arguments.json:
        sys.stdout.write(json.dumps({"time": str(reading.time), "octets": reading.time.octets.hex(), "ahead": ahead}))
        sys.stdout.write("\n")
    else:
        off = "" if ahead is None else f", {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
        sys.stdout.write(f"{reading.time}{off}\n")
    return SUCCESS
