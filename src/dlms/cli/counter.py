"""`dlms counter`: our next invocation counter beside the last that a meter accepted; letting ours go on above it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Final

from dlms import client
from dlms.association.counters import COUNTER_OBJECT, CounterReading
from dlms.cli import meters
from dlms.cli.outcome import SUCCESS, CallAtFault
from dlms.cosem.classes import Data
from dlms.cosem.references import AttributeRef

PUBLIC_CLIENT: Final = 16


def add_parser(subparsers: Any) -> None:
    """`dlms counter`."""
    parser = subparsers.add_parser(
        "counter",
        help="compare invocation counters with a meter's",
        description="Show our next invocation counter beside the last that the meter accepted. That is read as the "
        "public client, which proves nothing of who answers: only --synchronise changes anything, and it changes ours.",
    )
    meters.add_arguments(parser, "", "")
    parser.add_argument("--synchronise", action="store_true", help="let ours go on above the meter's; never lowered")
    parser.add_argument("--force", action="store_true", help="even by more than 2^24, which a lie could use up")
    parser.add_argument(
        "--counter", metavar="[CLASS/]OBIS[:ATTRIBUTE]", help=f"the object with the meter's counter ({COUNTER_OBJECT})"
    )
    parser.add_argument("--public-client", type=int, default=PUBLIC_CLIENT, metavar="N", help=f"({PUBLIC_CLIENT})")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print both counters, and ours as it goes on."""
    call = meters.Call(arguments)
    call.expect(0, 0, "nothing")
    if arguments.force and not arguments.synchronise:
        raise CallAtFault("--force goes with --synchronise")
    holder = _holder(arguments.counter)
    with call.options() as options:
        reading = client.read_counter(public_client=arguments.public_client, counter=holder, **options)
    following = reading.go_on_above(force=arguments.force) if arguments.synchronise else None
    if arguments.json:
        plain = {
            "ours": reading.ours, "accepted": reading.accepted, "behind": reading.behind, "following": following
        }  # fmt: skip
        sys.stdout.write(json.dumps(plain) + "\n")
    else:
        sys.stdout.write(f"ours {reading.ours}, last accepted {reading.accepted}: {_meaning(reading, following)}\n")
    return SUCCESS


def _meaning(reading: CounterReading, following: int | None) -> str:
    if following is not None:
        return f"ours goes on at {following}" if reading.behind else "ours is above it already"
    if reading.behind:
        return f"{reading.behind} behind, --synchronise lets ours go on above"
    return "above it, as it has to be"


def _holder(text: str | None) -> AttributeRef[Any]:
    if text is None:
        return COUNTER_OBJECT
    class_id, logical_name, attribute_id = meters.address(text)
    kind = Data.class_id if class_id is None else class_id
    return meters.newest(kind, logical_name).attribute(2 if attribute_id is None else attribute_id)
