"""Invariant: a message survives its JSON and its XML; altered JSON or XML gives a message or a DlmsError."""

from __future__ import annotations

import random
from typing import Any

import dlms
from dlms.errors import DlmsError
from dlms.translate import from_json, from_xml, to_json, to_text, to_xml

ANYTHING: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "zz",
    "0102",
    [],
    {},
    [1],
    {"type": "array", "value": 5},
)


def check(octets: bytes) -> None:
    try:
        message = dlms.decode(octets)
    except DlmsError:
        attempt(from_xml, octets.decode("latin-1"))
        return
    to_text(message)
    plain, markup = to_json(message), to_xml(message)
    assert str(to_json(from_json(plain))) == str(plain)  # as text: a NaN is not equal to itself
    assert to_xml(from_xml(markup)) == markup
    chance = random.Random(octets)  # noqa: S311
    spoil(plain, chance)
    attempt(from_json, plain)
    at = chance.randrange(len(markup))
    attempt(from_xml, markup[:at] + chance.choice("<>/\"'& x0") + markup[at + 1 :])


def attempt(read: Any, form: Any) -> None:
    try:
        dlms.encode(read(form))
    except DlmsError:
        return


def spoil(plain: Any, chance: random.Random) -> None:
    """Put anything in some place of the tree."""
    while True:
        places = list(plain) if isinstance(plain, dict) else list(range(len(plain)))
        if not places:
            return
        place = chance.choice(places)
        below = plain[place]
        if isinstance(below, (dict, list)) and below and chance.random() < 0.8:
            plain = below
            continue
        plain[place] = chance.choice(ANYTHING)
        return
