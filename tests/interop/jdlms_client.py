"""jDLMS's client as a process of its own, and values in the notation in which it prints them."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from tests.interop.peers import JAVA, class_path

from dlms.data import loads

NAMES = {
    "BitString": "bits", "DoubleLong": "i32", "DoubleLongUnsigned": "u32", "Integer": "i8", "Long": "i16",
    "Unsigned": "u8", "LongUnsigned": "u16", "Long64": "i64", "Long64Unsigned": "u64", "Enum": "enum", "Bcd": "bcd",
    "VisibleString": "vs", "Utf8String": "utf8",
}  # fmt: skip
PART = re.compile(r"[\[{]|[\]}]|[^\[\]{};]+")


class JdlmsClient:
    """One session of jDLMS: a line in, a line out."""

    def __init__(self, *arguments: str) -> None:
        command = [*JAVA, "-cp", class_path("jdlms"), "peer.Client", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, **pipes)

    def ask(self, *lines: str) -> list[str]:
        """The answers to all lines, one each; the session is over then."""
        answers, errors = self.answers(*lines)
        assert len(answers) == len(lines), errors
        return answers

    def answers(self, *lines: str) -> tuple[list[str], str]:
        """The answers until it gives up, and what it says then."""
        try:
            out, errors = self._process.communicate("\n".join(lines) + "\n", timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, errors = self._process.communicate()
        return out.splitlines()[1:], errors[:2000]


def notation(octets: bytes) -> str:
    """A Data as jDLMS's client prints it."""
    return _notation(loads(octets, typed=True))


def _notation(data: Any) -> str:
    kind, value = type(data).__name__, data.value
    match kind:
        case "NullData":
            return "null"
        case "Boolean":
            return f"b:{str(value).lower()}"
        case "OctetString":
            return f"os:{value.hex().upper()}"
        case "DateTime" | "Date" | "Time":
            return f"{ {'DateTime': 'dt', 'Date': 'date', 'Time': 'time'}[kind] }:{value.octets.hex().upper()}"
        case "Float32" | "Float64":
            return f"f{kind[5:]}:{value}"
        case "Array":
            return f"[{';'.join(map(_notation, data.elements))}]"
        case "Structure":
            return f"{{{';'.join(map(_notation, data.elements))}}}"
    return f"{NAMES[kind]}:{value}"


def parts(text: str) -> Any:
    """What the notation says: lists for arrays and structures, words for the rest."""
    open_lists: list[list[Any]] = [[]]
    for part in PART.findall(text):
        if part in "[{":
            open_lists.append([])
        elif part in "]}":
            whole = open_lists.pop()
            open_lists[-1].append(whole)
        else:
            open_lists[-1].append(part.partition(":")[2])
    return open_lists[0][0]


def listed(object_list: str) -> list[tuple[int, str, int]]:
    """Class, logical name and number of every attribute that an object list says may be read."""
    return [
        (int(class_id), ".".join(str(octet) for octet in bytes.fromhex(name)), int(number))
        for class_id, _, name, (attributes, _) in parts(object_list)
        for number, mode, _ in attributes
        if mode != "0"
    ]
