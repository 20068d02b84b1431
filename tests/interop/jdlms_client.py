"""Sessions of jDLMS's client, and values in the notation in which it prints them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.interop.peers import answers, talk

from dlms.data import loads

NAMES = {
    "BitString": "bits", "DoubleLong": "i32", "DoubleLongUnsigned": "u32", "Integer": "i8", "Long": "i16",
    "Unsigned": "u8", "LongUnsigned": "u16", "Long64": "i64", "Long64Unsigned": "u64", "Enum": "enum", "Bcd": "bcd",
    "VisibleString": "vs", "Utf8String": "utf8",
}  # fmt: skip
PART = re.compile(r"[\[{]|[\]}]|[^\[\]{};]+")


def ask(arguments: Sequence[str], *lines: str) -> list[str]:
    """What jDLMS's client, told so, answers to each line."""
    return answers(talk("jdlms", *arguments, lines=lines), len(lines))


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
