"""The command `dlms`. Each subcommand is a module with `add_parser` and `run`.

Exit status: 0, all is well; 1, the peer or the data is at fault; 2, the call is, or an extra is not installed. What is
wrong is said in one line on stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from dlms.cli import clock, counter, decode, demo, objects, profile, simulate, values
from dlms.cli.outcome import (
    CALL_AT_FAULT,
    DATA_AT_FAULT,
    SUCCESS,
    CallAtFault,
    complain,
    drop_output,
    provide_streams,
)
from dlms.errors import ConfigurationError, DlmsError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ["main"]

SUBCOMMANDS = (decode, demo, objects, values, clock, counter, profile, simulate)


class Parser(argparse.ArgumentParser):
    """Raises CallAtFault where argparse would print the usage and end the process, and lets no OSError go unseen; so do
    its subparsers."""

    def error(self, message: str) -> NoReturn:
        raise CallAtFault(f"{message} (see {self.prog} --help)")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        (sys.stdout if file is None else file).write(self.format_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; its exit status."""
    provide_streams()
    try:
        status = _run(argv)
        sys.stdout.flush()
    except CallAtFault as fault:
        return complain(str(fault), status=fault.status)
    except DlmsError as error:
        return complain(str(error), status=CALL_AT_FAULT if isinstance(error, ConfigurationError) else DATA_AT_FAULT)
    except BrokenPipeError:
        drop_output()  # its reader has seen enough
        return DATA_AT_FAULT
    except OSError as error:  # what was to be written to was named in the call: a disk that is full, say
        where = "" if error.filename is None else f"{error.filename}: "
        return complain(f"{where}{error.strerror or error}", status=CALL_AT_FAULT)
    except KeyboardInterrupt:
        return complain("interrupted", status=130)
    return status


def _run(argv: Sequence[str] | None) -> int:
    parser = Parser(prog="dlms", description="DLMS/COSEM (IEC 62056) on the command line.")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for subcommand in SUBCOMMANDS:
        subcommand.add_parser(subparsers)
    try:
        arguments, more = parser.parse_known_args(argv)
    except SystemExit:  # argparse has printed the help
        return SUCCESS
    if more and (not hasattr(arguments, "words") or any(word.startswith("-") for word in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if more:  # argparse takes positional arguments up to the first option; these came behind it
        arguments.words += more
    status: int = arguments.run(arguments)
    return status
