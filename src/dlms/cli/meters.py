"""What the commands that talk to a meter share: which meter, its secrets, and which object."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import getpass
import os
import re
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeVar

from dlms import client
from dlms.cli.object_list import ObjectList
from dlms.cli.outcome import CallAtFault
from dlms.cosem.declare import InterfaceClass, find_class, interface_classes, interface_object
from dlms.errors import EncodeError
from dlms.logical_name import LogicalName
from dlms.meter_description import table_of
from dlms.shell import Deadlines
from dlms.shell.options import ConnectOptions
from dlms.transport.capture import CaptureFile

T = TypeVar("T")
SECRETS: Final = {
    "password": "DLMS_PASSWORD",
    "encryption_key": "DLMS_ENCRYPTION_KEY",
    "authentication_key": "DLMS_AUTHENTICATION_KEY",
    "client_system_title": "DLMS_CLIENT_SYSTEM_TITLE",
}
"""Entry of a meter's table -> the variable of the environment that stands in for it."""
LAST_NUMBER: Final = 127
_ADDRESS: Final = re.compile(r"(?:(\d{1,5})/)?([\d:.*-]+?)(?::(\d{1,5}))?", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser, what: str, help_of_what: str) -> None:
    """The meter, by URL or by file, and what is wanted of it."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar=f"[URL] {what}".strip(),
        help=f"the meter's URL, unless --meter has it{help_of_what}",
    )
    parser.add_argument("--meter", metavar="FILE", help="TOML file with the URL, keys and quirks of the meter")
    parser.add_argument("--authentication", metavar="NAME", help="none, lls, hls-md5, hls-sha1, hls-gmac, hls-sha256")
    parser.add_argument("--policy", metavar="NAME", help="none, authenticated, encrypted, authenticated+encrypted")
    parser.add_argument("--client-system-title", metavar="HEX")
    parser.add_argument("--quirks", metavar="NAME", help="a named set of deviations, such as jdlms-server")
    parser.add_argument("--replay", choices=("strict", "per_association"), help="how received counters are judged")
    parser.add_argument("--short-names", action="store_true", default=None, help="address by short names")
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="for each answer (30)")
    parser.add_argument("--capture", metavar="FILE", help="add what passes over the line to a file for dlms decode")
    parser.add_argument("--json", action="store_true", help="one JSON object on each line")
    parser.epilog = (
        f"Secrets come from the file, else from the environment ({', '.join(SECRETS.values())}), else from a prompt "
        "that does not show them; never from an argument. Invocation counters outlive the command: in the file that "
        "`counters` names in the meter's file, else in the user's state folder."
    )


class Address(NamedTuple):
    """`[CLASS/]OBIS[:NUMBER]`: an object, and perhaps the number of an attribute or a method."""

    class_id: int | None
    logical_name: LogicalName
    number: int | None


class Call:
    """The arguments of a command, with the URL apart from what is wanted."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.table = _table(arguments)
        words = list(arguments.words)
        if words and "://" in words[0]:
            self.table["url"] = words.pop(0)
        if "url" not in self.table:
            file = arguments.meter
            raise CallAtFault(f"which meter? Give its URL, or {'--meter FILE' if file is None else f'a url in {file}'}")
        self.words: list[str] = words
        self.objects = ObjectList(str(self.table["url"]))

    def expect(self, least: int, most: int, what: str) -> list[str]:
        """The words after the URL; CallAtFault unless there are as many as wanted."""
        if not least <= len(self.words) <= most:
            raise CallAtFault(f"wanted after the meter: {what}")
        return self.words

    @contextlib.contextmanager
    def connected(self) -> Iterator[client.Meter]:
        """The meter, with a bar of progress where somebody looks on."""
        with self.options() as options, client.connect(**options) as meter:
            yield meter

    @contextlib.contextmanager
    def options(self) -> Iterator[ConnectOptions]:
        """What the clients of dlms.client take: the meter, how patient to be, who is told of what."""
        deadlines = Deadlines(response=self.arguments.timeout)
        table = _with_secrets(self.table)  # when nothing else is wrong with the call
        with _progress() as progress, self._capture() as capture:
            yield {"meter": table, "deadlines": deadlines, "on_progress": progress, "trace": capture}

    def _capture(self) -> contextlib.AbstractContextManager[CaptureFile | None]:
        path = self.arguments.capture
        try:
            return contextlib.nullcontext() if path is None else CaptureFile(path)
        except OSError as error:
            raise CallAtFault(f"cannot write {path}: {error.strerror}") from None

    def with_thing(self, meter: client.Meter, wanted: Address, use: Callable[[InterfaceClass], T]) -> T:
        """What `use` makes of the object at an address; without a class, as the object list has it."""
        if wanted.class_id is not None:
            return use(newest(wanted.class_id, wanted.logical_name))
        return self.objects.use(meter, wanted.logical_name, use)


def zone(name: str | None) -> datetime.tzinfo | None:
    """The zone that an option names."""
    if name is None:
        return None
    try:
        return datetime.UTC if name.upper() in ("UTC", "Z") else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name that is too long
        raise CallAtFault(f"no zone is named {name!r:.60}") from None


def address(text: str) -> Address:
    """What `[CLASS/]OBIS[:NUMBER]` says."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise CallAtFault(f"expected [CLASS/]OBIS[:NUMBER], got {text!r:.60}")
    kind, name, number = match.groups()
    if number is not None and int(number) > LAST_NUMBER:
        raise CallAtFault(f"attributes and methods have numbers up to {LAST_NUMBER}, not {number}")
    try:
        logical_name = LogicalName(name)
    except EncodeError as error:
        raise CallAtFault(str(error)) from None
    return Address(None if kind is None else int(kind), logical_name, None if number is None else int(number))


def newest(class_id: int, logical_name: LogicalName) -> InterfaceClass:
    """An object of the newest version of a class; of one that is not declared without types."""
    versions = [version for known, version in interface_classes() if known == class_id]
    kind = find_class(class_id, max(versions, default=0))
    try:
        return interface_object(class_id, 0, bytes(logical_name)) if kind is None else kind(bytes(logical_name))
    except EncodeError as error:
        raise CallAtFault(str(error)) from None


def _table(arguments: argparse.Namespace) -> dict[str, Any]:
    table = dict(table_of(arguments.meter)) if arguments.meter is not None else {}
    for name in ("authentication", "policy", "client_system_title", "quirks", "replay", "short_names"):
        value = getattr(arguments, name)
        if value is not None:
            table[name] = value
    return table


def _with_secrets(table: dict[str, Any]) -> dict[str, Any]:
    """The table with what else the mechanism and the policy need, from the environment or from whoever sits there."""
    found = dict(table)
    for name in _secrets_of(table):
        if name in table:
            continue
        if SECRETS[name] in os.environ:
            found[name] = {"env": SECRETS[name]}
        elif name != "client_system_title" and sys.stdin.isatty():
            found[name] = _asked(name.replace("_", " "))
    return found


def _asked(what: str) -> str:
    try:
        return getpass.getpass(f"{what}: ", stream=sys.stderr)
    except EOFError:
        raise CallAtFault(f"no {what} was given") from None


def _secrets_of(table: dict[str, Any]) -> list[str]:
    """What the mechanism and the policy need."""
    mechanism, policy = table.get("authentication", "none"), table.get("policy", "none")
    needed = []
    if mechanism not in ("none", "hls-gmac"):
        needed.append("password")
    if mechanism == "hls-gmac" or policy != "none":
        needed += ["client_system_title", "encryption_key"]
    if mechanism == "hls-gmac" or "authenticated" in str(policy):
        needed.append("authentication_key")
    return needed


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int | None], None] | None]:
    """A bar on stderr, where that is a terminal and rich is installed."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
    except ImportError:
        yield None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None, visible=False)
        yield lambda done, total: bars.update(task, completed=done, total=total, visible=True)
