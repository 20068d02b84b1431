"""Every ACSE and xDLMS APDU, declared once; `decode` and `encode` run the declarations (IEC 62056-5-3).

`Apdu` is the CHOICE of all of them; `APDU` is its node, from which other readings start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

from dlms.apdu.access import AccessRequest, AccessResponse
from dlms.apdu.acse import Aare, Aarq, Rlre, Rlrq
from dlms.apdu.action import ActionRequest, ActionResponse
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.ciphering import (
    DedicatedCiphered,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    GlobalCiphered,
)
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.get import GetRequest, GetResponse
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.apdu.notification import DataNotification, DataNotificationConfirm, EventNotificationRequest
from dlms.apdu.read_write import (
    InformationReportRequest,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
    WriteResponse,
)
from dlms.apdu.set import SetRequest, SetResponse
from dlms.errors import DecodeError
from dlms.grammar import Message, Tag, enclose, node
from dlms.grammar.nodes import Choice
from dlms.grammar.programs import choice_program

__all__ = [
    "APDU",
    "Apdu",
    "decode",
    "decode_first",
    "decode_front",
    "decode_with_data_octets",
    "encode",
    "encode_with_data_octets",
]

Apdu: TypeAlias = (
    InitiateRequest
    | ReadRequest
    | WriteRequest
    | InitiateResponse
    | ReadResponse
    | WriteResponse
    | ConfirmedServiceError
    | DataNotification
    | DataNotificationConfirm
    | UnconfirmedWriteRequest
    | InformationReportRequest
    | Aarq
    | Aare
    | Rlrq
    | Rlre
    | Annotated[GetRequest, Tag(0xC0, "get-request")]
    | Annotated[SetRequest, Tag(0xC1, "set-request")]
    | EventNotificationRequest
    | Annotated[ActionRequest, Tag(0xC3, "action-request")]
    | Annotated[GetResponse, Tag(0xC4, "get-response")]
    | Annotated[SetResponse, Tag(0xC5, "set-response")]
    | Annotated[ActionResponse, Tag(0xC7, "action-response")]
    | GlobalCiphered
    | DedicatedCiphered
    | ExceptionResponse
    | AccessRequest
    | AccessResponse
    | GeneralGloCiphering
    | GeneralDedCiphering
    | GeneralCiphering
    | GeneralSigning
    | GeneralBlockTransfer
)
"""Any APDU: an ACSE-APDU or an xDLMS-APDU."""


def _choice() -> Choice:
    of = node(Apdu)
    assert isinstance(of, Choice)  # noqa: S101
    enclose(of)
    return of


APDU: Final = _choice()
_program: Final = choice_program(APDU, "apdu")

decode: Final[Callable[[bytes | bytearray | memoryview], Apdu]] = _program.decode
"""The message that the octets of one APDU stand for: the leaf class. DecodeError with its path and offset."""
decode_first: Final[Callable[[bytes | bytearray | memoryview], tuple[Apdu, int]]] = _program.decode_first
"""The message of the APDU that the octets begin with, and how many of them it takes."""
decode_front: Final[Callable[[bytes | bytearray | memoryview], tuple[Apdu, DecodeError | None]]] = _program.decode_front
"""The message of an APDU and None; or, where a Data in it breaks off, the message as far as it can be read and why."""
encode: Final[Callable[[Message], bytes]] = _program.encode
"""The octets of an APDU; `encode(decode(x)) == x` for canonical x. EncodeError with the path of what does not fit."""

_octets_program: Final = choice_program(APDU, "apdu", data_as_octets=True)

decode_with_data_octets: Final[Callable[[bytes | bytearray | memoryview], Apdu]] = _octets_program.decode
"""As `decode`, but every Data in the message stays the octets that it is: a client decodes them by the declared type of
what it asked for, a profile goes from there into columns."""
encode_with_data_octets: Final[Callable[[Message], bytes]] = _octets_program.encode
"""As `encode`; a Data may be given as its octets."""
