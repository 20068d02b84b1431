"""Invariant: any octets are a value of a declared attribute that encodes to octets of that value, or a DecodeError."""

from __future__ import annotations

from dlms.cosem.classes import ActivityCalendar, AssociationLN, Clock, ProfileGeneric, PushSetup, SecuritySetup
from dlms.errors import DecodeError, EncodeError
from dlms.grammar import decode, encode
from dlms.grammar.nodes import AnyData

DECLARED = (ActivityCalendar, AssociationLN, Clock, ProfileGeneric, PushSetup, SecuritySetup)
NODES = [attribute.node for cls in DECLARED for attribute in cls.attributes.values()]


def check(octets: bytes) -> None:
    node = NODES[octets[0] % len(NODES)] if octets else NODES[0]
    try:
        value = decode(node, octets[1:])
    except DecodeError:
        return
    try:
        again = encode(node, value)
    except EncodeError:
        return  # a plain value of a CHOICE, which wants its tag
    if not isinstance(node, AnyData):
        assert repr(decode(node, again)) == repr(value)
