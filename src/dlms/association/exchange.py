"""One request and its response within an association: protection, matching, what comes in between."""

from __future__ import annotations

from typing import Any, TypeVar, cast, overload

from dlms.apdu import Apdu, decode_with_data_octets, encode_with_data_octets
from dlms.apdu.block_transfer import GeneralBlockTransfer
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.apdu.notification import DataNotification, EventNotificationRequest
from dlms.apdu.read_write import InformationReportRequest
from dlms.association.effects import ANSWER, Accept, Accepting, Exchange, PassOver, Reserve, Send, SetAside
from dlms.association.general_block_transfer import BlockTransfer
from dlms.association.negotiated import Negotiated
from dlms.errors import ConfigurationError, Downgrade, ProtocolError
from dlms.grammar import Message
from dlms.security.ciphered import HAS_DEDICATED_KEY, Ciphered
from dlms.security.context import SecurityContext
from dlms.security.counters import ReceivedCounter
from dlms.security.protection import Protection
from dlms.service_errors import ConfirmedServiceErrorReceived, ExceptionResponseReceived, ServiceError

M = TypeVar("M", bound=Message)
N = TypeVar("N", bound=Message)
L = TypeVar("L", bound=Message)
INVOKE = "invoke_id_and_priority"
INVOKE_ID = 0x0F
LONG_INVOKE_ID = 0xFF_FFFF
NOTIFICATIONS = (DataNotification, EventNotificationRequest, InformationReportRequest)
ERRORS = (ExceptionResponse, ConfirmedServiceError)


def error_of(message: ExceptionResponse | ConfirmedServiceError) -> ServiceError:
    """The exception that an error APDU stands for."""
    if isinstance(message, ExceptionResponse):
        return ExceptionResponseReceived(message.state_error, message.service_error, message.invocation_counter)
    return ConfirmedServiceErrorReceived(message.confirmed_service, message.service_error)


def at_once(negotiated: Negotiated, message: Message) -> bytes | None:
    """The octets of a message, ciphered where the association is, that go in one APDU; None where that takes more."""
    octets = encode_with_data_octets(message)
    if len(octets) > negotiated.room:
        return None
    security = negotiated.security
    return octets if security is None else security.sealed_at_once(message.tags[0], octets)


def protected(negotiated: Negotiated, message: Message) -> Exchange[bytes]:
    """The octets of a message, ciphered where the association is."""
    octets = at_once(negotiated, message)
    if octets is None:
        octets = yield from _protected_later(negotiated.security, message)
    return octets


def _protected_later(security: SecurityContext | None, message: Message) -> Exchange[bytes]:
    if security is None or security.protection is Protection.NONE:
        return encode_with_data_octets(message)
    return security.protect(message, (yield Reserve(*security.sending_counter)))


def unprotected(
    security: SecurityContext, message: Ciphered, besides: Protection = Protection.NONE
) -> Accepting[bytes]:
    """The plain APDU inside a received one: `SecurityContext.unprotect`, which waits where it has to."""
    plain, waiting = security.deciphered(message, besides=besides)
    if waiting is not None:
        yield Accept(*waiting)
    return plain


def opened(negotiated: Negotiated, octets: bytes) -> Accepting[Apdu]:
    """The message in received octets, its protection checked. Every Data in it is octets.

    An error APDU may come unprotected: meters that cannot decipher have no other way, and it gives no data.
    """
    message = decode_with_data_octets(octets)
    if negotiated.security is None:
        return message
    plain, waiting = _deciphered(negotiated.security, message)
    if waiting is not None:
        yield Accept(*waiting)
    return message if plain is None else decode_with_data_octets(plain)


def _deciphered(security: SecurityContext, message: Apdu) -> tuple[bytes | None, tuple[ReceivedCounter, int] | None]:
    """As `SecurityContext.deciphered`; no octets where the message is plain and may be."""
    if type(message) in HAS_DEDICATED_KEY:
        return security.deciphered(cast(Ciphered, message))
    if isinstance(message, ERRORS) or security.protection is Protection.NONE:
        return None, None
    raise Downgrade(f"the meter sent an unprotected {type(message).__name__}")


@overload
def request(negotiated: Negotiated, message: Message, one: type[M], /) -> Exchange[M]: ...
@overload
def request(negotiated: Negotiated, message: Message, one: type[M], two: type[N], /) -> Exchange[M | N]: ...
@overload
def request(
    negotiated: Negotiated, message: Message, one: type[M], two: type[N], three: type[L], /
) -> Exchange[M | N | L]: ...
def request(negotiated: Negotiated, message: Message, *expected: type[Message]) -> Exchange[Any]:
    """Send a message and wait for one of the expected classes, with the same invoke-id where it has one.

    What belongs to an earlier request that was given up is passed over, a notification set aside. Raises ServiceError
    for an error APDU and ProtocolError for anything else.
    """
    octets = at_once(negotiated, message)
    if octets is None:
        octets = yield from _protected_later(negotiated.security, message)
    if len(octets) > negotiated.longest_apdu:
        way = BlockTransfer(negotiated)
        if negotiated.security is None or negotiated.security.protection is Protection.NONE:
            tell_before_blocks(negotiated, message)
        yield from way.send(octets)
        octets = yield from way.receive()
        return (yield from answer_to(negotiated, message, expected, octets, way))
    octets = yield octets
    invoked = getattr(message, INVOKE, None)
    received = None if invoked is None else answer_at_once(negotiated, octets, invoked, expected)
    if received is None:
        received = yield from answer_to(negotiated, message, expected, octets)
    return received


def answer_at_once(negotiated: Negotiated, octets: bytes, invoked: int, expected: tuple[type[Message], ...]) -> Any:
    """The answer to what was `invoked`, of an expected class, where the octets are just that; None for what `answer_to`
    has to look at, and then nothing has been done with them."""
    security = negotiated.security
    if security is None:
        received = decode_with_data_octets(octets)
        return received if type(received) in expected and getattr(received, INVOKE, None) == invoked else None
    opened = security.opened_at_once(octets)
    if opened is None:
        return None
    counter, plain, accept = opened
    received = decode_with_data_octets(plain)
    if type(received) not in expected or getattr(received, INVOKE, None) != invoked:
        return None
    accept(counter)
    return received


def answer_to(
    negotiated: Negotiated,
    message: Message,
    expected: tuple[type[Message], ...],
    octets: bytes,
    way: BlockTransfer | None = None,
) -> Exchange[Any]:
    """The answer to a message, of an expected class, of which these octets are the first that came; `way` is that of
    the general blocks which they came in. What is for others is passed over or set aside, as `request` says."""
    security = negotiated.security
    while True:
        received = decode_with_data_octets(octets)
        if way is None and type(received) is GeneralBlockTransfer:
            way = BlockTransfer(negotiated)
            received = decode_with_data_octets((yield from way.receive(octets)))
        if security is not None:
            plain, waiting = _deciphered(security, received)
            if waiting is not None:
                yield Accept(*waiting)
            if plain is not None:
                received = decode_with_data_octets(plain)
        effect = _besides(received, message, expected)
        if effect is None:
            return received
        yield effect
        octets = (yield ANSWER) if way is None else (yield from way.receive())


def _besides(received: Message, message: Message, expected: tuple[type[Message], ...]) -> SetAside | PassOver | None:
    """What is to be done with what is no plain answer; nothing where it answers after all."""
    wanted, answered = invoke_id_of(message), invoke_id_of(received)
    another = wanted is not None and answered is not None and answered != wanted
    if isinstance(received, expected):
        return PassOver() if another else None
    if isinstance(received, NOTIFICATIONS):
        return SetAside(received)
    if isinstance(received, ERRORS):
        raise error_of(received)
    if another:
        return PassOver()
    names = " or ".join(kind.__name__ for kind in expected)
    raise ProtocolError(f"expected {names}, got {type(received).__name__}")


def tell_before_blocks(negotiated: Negotiated, message: Message) -> None:
    """Let a trace see a request as a whole, which its blocks do not show: what it bears may be no trace's business."""
    if negotiated.trace is not None:
        negotiated.trace("request in blocks", encode_with_data_octets(message))


def pass_over(negotiated: Negotiated) -> Exchange[None]:
    """Let the answer to a request that was given up pass; notifications before it are set aside."""
    while isinstance(received := (yield from opened(negotiated, (yield ANSWER))), NOTIFICATIONS):
        yield SetAside(received)


def invoke_id_of(message: Message) -> int | None:
    """The invoke-id of a message, or its long one; None where it has none."""
    octet: int | None = getattr(message, INVOKE, None)
    if octet is not None:
        return octet & INVOKE_ID
    word: int | None = getattr(message, "long_invoke_id_and_priority", None)
    return None if word is None else word & LONG_INVOKE_ID


def send_unconfirmed(negotiated: Negotiated, message: Message) -> Exchange[None]:
    """Send a message that nobody answers; ConfigurationError where it fits no APDU."""
    octets = yield from protected(negotiated, message)
    if 0 < negotiated.max_send_pdu_size < len(octets):
        raise ConfigurationError(f"an unconfirmed request of {len(octets)} octets: it has to fit one APDU")
    yield Send(octets, answered=False)
