"""A trace without keys: what would show one shows as many asterisks instead, frames with their checks made anew.

Redacted are the password of an AARQ (LLS), the dedicated key of an initiate-request, and whatever is written to, given
to or read from what is declared to hold a key, a secret or a password: their arguments and values, in every form of
the services and in the blocks of any of them. A short name is known to be one where the client itself looked its object
up, and for the secrets of the association at their usual addresses. Whoever plays a redacted capture back gives the
asterisks as the password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

import dlms.cosem.classes  # noqa: F401  # all of them: what holds a key is looked up in their declarations
from dlms.apdu import decode, encode
from dlms.apdu.access import AccessRequest
from dlms.apdu.acse import Aarq
from dlms.apdu.action import ActionRequestNextPblock, ActionRequestWithPblock
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.get import (
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
)
from dlms.apdu.initiate import InitiateRequest
from dlms.apdu.read_write import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    WriteDataBlockAccess,
)
from dlms.apdu.set import SetRequestWithDatablock
from dlms.association.engine import Trace
from dlms.cosem.declare import InterfaceClass, interface_classes
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Array, Data, OctetString, Structure, Utf8String, VisibleString
from dlms.errors import DlmsError
from dlms.grammar import Message
from dlms.security.settings import Mechanism
from dlms.shell.target import Target
from dlms_core import llc
from dlms_core.hdlc import Frame
from dlms_core.hdlc_reader import FrameReader

HELD: Final = re.compile(r"secret|password|pin_code|key_transfer|key_table|_key$", re.IGNORECASE)
"""In the name of an attribute or a method that takes or gives a key."""
SECRET_SHORT_NAMES: Final = frozenset((0xFA40, 0xFA48))
"""Association SN, change_LLS_secret and change_HLS_secret, where its base name is the usual one."""
CONTINUED: Final = (
    SetRequestWithDatablock, ActionRequestWithPblock, GetRequestNext, ActionRequestNextPblock, GeneralBlockTransfer,
)  # fmt: skip
"""Sent within an exchange that another message began, and said what it is about."""
CONTINUED_BY_NAME: Final = (BlockNumberAccess, ReadDataBlockAccess, WriteDataBlockAccess)
"""The same in the place of a short name."""
ASKING: Final = (GetRequestNormal, GetRequestWithList, AccessRequest, ReadRequest)
DESCRIPTORS: Final = (CosemAttributeDescriptor, CosemMethodDescriptor)


class Redacted:
    """A trace that tells another all but keys. `meaning_of` says what a short name stands for."""

    def __init__(
        self,
        trace: Trace,
        target: Target,
        meaning_of: Callable[[int], AttributeRef[Any] | MethodRef[Any] | None] = lambda short_name: None,
    ) -> None:
        self._trace = trace
        self._meaning_of = meaning_of
        self._hdlc = target.url.link != "wrapper"
        self._transparency = target.hdlc is not None and target.hdlc.transparency
        self._hiding = {"apdu": False, "plaintext": False}  # whether the request under way bears a key
        self._hiding_answer = False  # of the transport
        self._original = self._shown = b""  # of an APDU with a key, what no frame has carried yet
        self._pieces: dict[bytes, bytes] = {}  # information fields with keys in them, and how they show
        self._echo = self._shown_echo = b""  # what was sent last, if it bore a key: the line may send it back

    def __call__(self, what: str, octets: bytes) -> None:
        """Tell the other trace."""
        if what == "request in blocks":
            self._announced(octets)
            return
        layer, _, direction = what.partition(" ")
        if layer == "sent":
            octets = self._sent(octets)
        elif layer == "received":
            octets = self._received(octets)
        else:
            octets = self._apdu(layer, octets, sent=direction == "sent")
        self._trace(what, octets)

    def _apdu(self, layer: str, octets: bytes, *, sent: bool) -> bytes:
        try:
            message = decode(octets)
        except DlmsError:
            return octets
        continued = _is_continued(message)
        if sent and not continued:
            self._hiding[layer] = self._bears_key(message)
            if layer == "apdu":
                self._hiding_answer = self._hiding[layer] and isinstance(message, ASKING)
        shown = octets
        if self._hiding[layer]:
            shown = encode(_starred(message))
        elif isinstance(message, Aarq):
            shown = encode(_opening(message))
        elif isinstance(message, InitiateRequest):
            shown = encode(_initiate(message))
        if sent and layer == "apdu" and shown != octets:
            if not self._hdlc:
                self._original, self._shown = octets, shown
            else:  # frames of a block may still wait to be sent when the next one comes
                before, shown_before = (self._original, self._shown) if continued else (b"", b"")
                self._original = before + llc.add(octets, response=False)
                self._shown = shown_before + llc.add(shown, response=False)
        return shown

    def _announced(self, request: bytes) -> None:
        """Blocks follow, which do not show what they are about."""
        message = decode(request)
        hiding = self._bears_key(message)
        self._hiding = {"apdu": hiding, "plaintext": hiding}
        self._hiding_answer = hiding and isinstance(message, ASKING)

    def _bears_key(self, message: Any) -> bool:
        return any(self._is_secret(part) for part in _parts(message))

    def _is_secret(self, part: Any) -> bool:
        match part:
            case CosemAttributeDescriptor():
                return (part.class_id, part.attribute_id) in secret_attributes()
            case CosemMethodDescriptor():
                return (part.class_id, part.method_id) in secret_methods()
            case ParameterizedAccess():
                return self._is_secret_name(part.variable_name)
        names = getattr(part, "variable_access_specification", ())
        return any(self._is_secret_name(name) for name in names if isinstance(name, int))

    def _is_secret_name(self, short_name: int) -> bool:
        match self._meaning_of(short_name):
            case AttributeRef(class_id=class_id, attribute_id=attribute_id):
                return (class_id, attribute_id) in secret_attributes()
            case MethodRef(class_id=class_id, method_id=method_id):
                return (class_id, method_id) in secret_methods()
        return short_name in SECRET_SHORT_NAMES

    def _sent(self, octets: bytes) -> bytes:
        if not (self._original or self._pieces):
            return octets
        if not self._hdlc:
            return octets.replace(self._original, self._shown) if self._original else octets
        found = FrameReader(transparency=self._transparency).read(octets)
        frames = [replace_information(frame, self._information(frame)) for frame in found if isinstance(frame, Frame)]
        shown = b"".join(frame.encode(transparency=self._transparency) for frame in frames)
        self._echo, self._shown_echo = (octets, shown) if shown != octets else (b"", b"")
        return shown

    def _information(self, frame: Frame) -> bytes:
        piece = frame.information
        if not piece or not self._original.startswith(piece):
            return self._pieces.get(piece, piece)  # sent again
        shown = self._shown[: len(piece)]
        self._original, self._shown = self._original[len(piece) :], self._shown[len(piece) :]
        self._pieces[piece] = shown
        return shown

    def _received(self, octets: bytes) -> bytes:
        if self._hiding_answer:
            return _stars(octets)
        size = min(len(octets), len(self._echo))
        if not size or self._echo[:size] != octets[:size]:
            self._echo = self._shown_echo = b""
            return octets
        shown = self._shown_echo[:size] + octets[size:]
        self._echo, self._shown_echo = self._echo[size:], self._shown_echo[size:]
        return shown


@cache
def secret_attributes() -> frozenset[tuple[int, int]]:
    """(class_id, attribute_id) of what holds a key, in any version of a class."""
    return _held(lambda of: of.attributes)


@cache
def secret_methods() -> frozenset[tuple[int, int]]:
    """(class_id, method_id) of what takes a key."""
    return _held(lambda of: of.methods)


def _held(members: Callable[[type[InterfaceClass]], Mapping[int, Any]]) -> frozenset[tuple[int, int]]:
    return frozenset(
        (class_id, number)
        for (class_id, _), of in interface_classes().items()
        for number, member in members(of).items()
        if HELD.search(member.name)
    )


def replace_information(frame: Frame, information: bytes) -> Frame:
    """The same frame with another information field."""
    return Frame(frame.destination, frame.source, frame.control, information, segmented=frame.segmented)


def _stars(octets: bytes) -> bytes:
    return b"*" * len(octets)


def _parts(value: Any) -> Iterator[Any]:
    """A message and all that it holds, down to its Data."""
    yield value
    if isinstance(value, tuple):
        for each in value:
            yield from _parts(each)
    elif isinstance(value, Message):
        for field in fields(value):
            yield from _parts(getattr(value, field.name))


def _is_continued(message: Any) -> bool:
    names = getattr(message, "variable_access_specification", ())
    return isinstance(message, CONTINUED) or any(isinstance(name, CONTINUED_BY_NAME) for name in names)


def _starred(value: Any) -> Any:
    """The same with asterisks for all octets and texts, and 0 for numbers, of every Data and block."""
    match value:
        case Array() | Structure():
            return type(value)([_starred(each) for each in value.elements])
        case OctetString():
            return OctetString(_stars(value.value))
        case VisibleString() | Utf8String():
            return type(value)("*" * len(value.value))
        case Data(value=int(number)) if not isinstance(number, bool):
            kind: Any = type(value)
            return kind(0)
        case bytes():
            return _stars(value)
        case tuple():
            return tuple(_starred(each) for each in value)
    if isinstance(value, DESCRIPTORS) or not isinstance(value, Message):
        return value
    shown = [field.name for field in fields(value) if field.init and field.name != "date_time"]
    return replace(value, **{name: _starred(getattr(value, name)) for name in shown})


def _opening(message: Aarq) -> Aarq:
    """An AARQ without its password, and without a dedicated key; challenges are no keys."""
    information = message.user_information
    if isinstance(information, InitiateRequest):
        message = replace(message, user_information=_initiate(information))
    value, mechanism = message.calling_authentication_value, message.mechanism_name
    if not isinstance(value, bytes) or mechanism is None or not mechanism.endswith(f".{Mechanism.LLS.value}"):
        return message
    return replace(message, calling_authentication_value=_stars(value))


def _initiate(message: InitiateRequest) -> InitiateRequest:
    key = message.dedicated_key
    return message if key is None else replace(message, dedicated_key=_stars(key))
