"""The object list of a meter, kept between commands: where the class of an object comes from that was named without."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from dlms import client
from dlms.cli.outcome import CallAtFault
from dlms.cosem.declare import InterfaceClass, interface_object
from dlms.errors import EncodeError
from dlms.logical_name import LogicalName
from dlms.service_errors import ObjectClassInconsistent, ObjectUnavailable, ObjectUndefined

T = TypeVar("T")
NOT_THERE: Final = (ObjectUndefined, ObjectClassInconsistent, ObjectUnavailable)
"""How a meter refuses an address that it does not have: a list that is out of date may have led to it."""


class ObjectList:
    """The objects that a client sees at a URL, as an earlier command found them.

    Meters are exchanged and get new firmware, so what was kept is a hint: it is read anew, once, when a name is not in
    it, or when the meter does not have what it says.
    """

    def __init__(self, url: str) -> None:
        self._name = f"objects-{hashlib.sha256(url.encode(errors='surrogatepass')).hexdigest()[:16]}.json"
        self._objects: tuple[InterfaceClass, ...] | None = None
        self._fresh = False

    def read(self, meter: client.Meter) -> tuple[InterfaceClass, ...]:
        """The list as the meter has it now, kept for the commands to come."""
        found = self._objects = meter.objects()
        self._fresh = True
        rows = [(each.class_id, each.version, str(each.logical_name)) for each in found]
        with contextlib.suppress(OSError, RuntimeError):  # a list that cannot be kept is read again
            folder = _folder()
            folder.mkdir(parents=True, exist_ok=True)
            (folder / self._name).write_text(json.dumps(rows), encoding="ascii")
        return found

    def use(self, meter: client.Meter, name: LogicalName, use: Callable[[InterfaceClass], T]) -> T:
        """What `use` makes of the object of that name; CallAtFault where there is none.

        Where the meter refuses it as not there, and has another by that name, `use` is called with that one.
        """
        found = self._find(name) or self._find_anew(meter, name)
        if found is None:
            raise CallAtFault(f"{name} is not in the object list: write CLASS/OBIS")
        try:
            return use(found)
        except NOT_THERE:
            anew = self._find_anew(meter, name)
            if anew is None or (anew.class_id, anew.version) == (found.class_id, found.version):
                raise
        return use(anew)

    def _find(self, name: LogicalName) -> InterfaceClass | None:
        if self._objects is None:
            self._objects = self._kept()
        return next((each for each in self._objects if each.logical_name == name), None)

    def _find_anew(self, meter: client.Meter, name: LogicalName) -> InterfaceClass | None:
        if not self._fresh:
            self.read(meter)
        return self._find(name)

    def _kept(self) -> tuple[InterfaceClass, ...]:
        with contextlib.suppress(OSError, RuntimeError, ValueError, TypeError, EncodeError):
            kept = (_folder() / self._name).read_text(encoding="ascii")
            return tuple(interface_object(*row) for row in json.loads(kept))
        return ()


def _folder() -> Path:
    """Where lists are kept; RuntimeError for a user without a home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "dlms")
