"""Proves an installation: `python -m dlms.selftest [--require-compiled]` checks the core and a few published octets.

Prints one line for each check and ends with status 1 if any failed. With `--require-compiled`, every module of the core
must have been compiled for this interpreter.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.machinery
import pkgutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from typing import TypeAlias

import dlms_core
from dlms.apdu import decode, encode
from dlms.cosem.profile import unpack_profile
from dlms.data import dumps, loads
from dlms.datetime import CosemDateTime
from dlms_core.fcs import fcs16

Check: TypeAlias = tuple[str, Callable[[], object], object]


def core_modules() -> list[str]:
    """The names of the modules of the core, those that are headers only left out."""
    return sorted(f"dlms_core.{module.name}" for module in pkgutil.iter_modules(dlms_core.__path__))


def is_compiled(name: str) -> bool:
    loader = importlib.import_module(name).__loader__
    return isinstance(loader, importlib.machinery.ExtensionFileLoader)


def gil_is_enabled() -> bool:
    """Whether this interpreter runs with the GIL; a free-threaded one does when a module asked for it."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def checks() -> Iterator[Check]:
    """(what is checked, how, what must come out)."""
    # The check value of CRC-16/X-25.
    yield "frame check sequence", lambda: fcs16(b"123456789"), 0x906E
    # Green Book, date-time of the clock object: 2012-12-31 23:00, deviation not specified.
    octets = bytes.fromhex("07DC0C1F0117000000800000")
    yield "date-time", lambda: CosemDateTime.from_octets(octets).epoch_milliseconds(), 1356994800000
    # Blue Book, compact data example (daily billing), as a structure.
    billing = bytes.fromhex("02040651EE53051129090641424344454600")
    yield "data", lambda: loads(billing), (1374573317, 41, b"ABCDEF", None)
    yield "data, encoded again", lambda: dumps(loads(billing, typed=True)), billing
    rows = bytes.fromhex("0102 0202 1100 06000004D2 0202 1108 06000004E1")
    columns = {"c0": [0, 8], "c1": [1234, 1249]}
    yield "profile", lambda: {name: values.tolist() for name, values in unpack_profile(rows).columns.items()}, columns
    # Green Book, the AARQ of an association with low level security.
    aarq = bytes.fromhex(
        "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400007E1F04B0"
    )
    yield "APDU", lambda: type(decode(aarq)).__name__, "Aarq"
    yield "APDU, encoded again", lambda: encode(decode(aarq)), aarq


def failures(require_compiled: bool) -> Iterator[tuple[str, str]]:
    """(what was checked, what is wrong with it, "" when it is right), check after check."""
    for name in core_modules():
        wrong = "not compiled for this interpreter" if require_compiled and not is_compiled(name) else ""
        yield name, wrong
    for name, compute, expected in checks():
        found = compute()
        yield name, "" if found == expected else f"expected {expected!r}, got {found!r}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        yield "free threading", "a module switched the GIL on" if gil_is_enabled() else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dlms.selftest", description="Prove this installation of dlms.")
    parser.add_argument("--require-compiled", action="store_true", help="fail if a module of the core is not compiled")
    options = parser.parse_args(arguments)
    failed = 0
    for name, wrong in failures(options.require_compiled):
        sys.stdout.write(f"FAIL  {name}: {wrong}\n" if wrong else f"ok    {name}\n")
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
