"""`dlms demo`: what the package does, shown on the telegrams and the load profile that ship with it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from dlms.apdu import decode
from dlms.cli.outcome import SUCCESS
from dlms.demo import fixtures
from dlms.translate import to_text


def add_parser(subparsers: Any) -> None:
    """`dlms demo`."""
    subparsers.add_parser("demo", help="decode the telegrams and the load profile that ship with it").set_defaults(
        run=run
    )


def run(_arguments: argparse.Namespace) -> int:
    """Print the telegrams as tables."""
    for telegram in fixtures.telegrams():
        sys.stdout.write(f"{telegram.name}\n{to_text(decode(telegram.apdu))}\n\n")
    return SUCCESS
