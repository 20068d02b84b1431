"""How a command ends, and how it says what is wrong."""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from dlms.translate.recognition import harmless

SUCCESS: Final = 0
DATA_AT_FAULT: Final = 1
CALL_AT_FAULT: Final = 2


class CallAtFault(Exception):
    """What was asked for cannot be done: usage, or an extra that is not installed."""

    status = CALL_AT_FAULT


def provide_streams() -> None:
    """Streams for a process that was started without some; escapes for the characters that the encoding lacks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open as long as we run
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def complain(what: str, *, status: int = DATA_AT_FAULT) -> int:
    """Say in one line what is wrong; returns the exit status."""
    line = harmless(" ".join(what.split()))
    try:
        sys.stdout.flush()
    except OSError:
        drop_output()
    sys.stderr.write(f"dlms: {line}\n")
    return status


def drop_output() -> None:
    """Let what is still buffered for stdout go nowhere: it must not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def extra(module: str, of: str) -> ModuleType:
    """A module that the extra `of` installs."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise CallAtFault(f"this needs {package}, which is not installed: pip install 'dlms[{of}]'") from None
