"""A meter and a client's octets, for tests of the server's side without any link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any

from dlms.apdu import decode, encode
from dlms.apdu.acse import Aare, Aarq
from dlms.apdu.action import ActionRequestNormal
from dlms.apdu.ciphering import CipheredContent
from dlms.apdu.get import CosemAttributeDescriptor, CosemMethodDescriptor
from dlms.apdu.initiate import InitiateRequest, InitiateResponse
from dlms.association.server.clients import LN_SERVED, READ_AND_WRITE, SN_SERVED, ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.session import ServerSession, SessionLimits
from dlms.association.server.work import Turn
from dlms.cosem.classes import Clock, Data, Register
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.datetime import CosemDateTime
from dlms.enumerations import Conformance, MethodAccessV3
from dlms.grammar import Message, program
from dlms.results import ActionResult, AssociationResult
from dlms.security.context import SecurityContext
from dlms.security.counters import MemoryCounterStore, ReplayRule
from dlms.security.hls import gmac
from dlms.security.keys import Key
from dlms.security.protection import Protection

ENCRYPTION_KEY, AUTHENTICATION_KEY = bytes(range(16)), bytes(range(0xD0, 0xE0))
CLIENT_TITLE, SERVER_TITLE = b"CLI\x00\x00\x00\x00\x01", b"SRV\x00\x00\x00\x00\x01"
PASSWORD = b"12345678"
CONTENT = program(CipheredContent)
CLOCK = Clock("0.0.1.0.0.255")
ENERGY = Register("1.0.1.8.0.255")
LONG = Data("0.0.96.1.0.255")
NOW = CosemDateTime.from_epoch_milliseconds(1_700_000_000_000)
EVERYTHING: dict[str, Any] = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
KEYS: dict[str, Any] = {"encryption_key": ENCRYPTION_KEY, "authentication_key": AUTHENTICATION_KEY}
CTOS, STOC = bytes(range(16)), bytes(range(0x40, 0x50))
REPLY_TO_HLS = CosemMethodDescriptor(15, bytes.fromhex("0000280000FF"), 1)
PUBLIC, MANAGER, READER, GUARDED, DIGEST = 16, 1, 2, 3, 4


def meter() -> LogicalDevice:
    """A clock, an energy register, a long value; a public client and ones of every kind."""
    device = LogicalDevice(
        "DLM0000000000001",
        system_title=SERVER_TITLE,
        clients=[
            ServedClient(PUBLIC),
            ServedClient(MANAGER, **EVERYTHING),
            ServedClient(READER, authentication="lls", password=PASSWORD, **EVERYTHING),
            ServedClient(GUARDED, authentication="hls-gmac", policy="authenticated+encrypted", **KEYS, **EVERYTHING),
            ServedClient(DIGEST, authentication="hls-sha256", password=PASSWORD, **EVERYTHING),
        ],
    )
    device[CLOCK.time] = lambda: NOW
    device[CLOCK.time_zone] = 60
    device[ENERGY.value] = DoubleLongUnsigned(4711)
    device[LONG.value] = OctetString(bytes(range(256)) * 4)
    device.on_call(ENERGY.reset, lambda argument: OctetString(bytes([argument])))
    return device


def session(device: LogicalDevice, client: int, limits: SessionLimits | None = None) -> ServerSession:
    """A session whose randomness is known."""
    return ServerSession(device, client, random=lambda count: bytes(range(0x40, 0x40 + count)), limits=limits)


def answers(work: Generator[Awaitable[Any], Any, list[bytes]]) -> list[bytes]:
    """What a request comes to, where no function is async."""
    try:
        while isinstance(awaitable := next(work), Turn):
            pass
    except StopIteration as done:
        octets: list[bytes] = done.value
        return octets
    raise AssertionError(f"an unexpected awaitable: {awaitable}")


def ask(of: ServerSession, request: Message | bytes, now: float = 0.0) -> Any:
    """The decoded answer to one request; None for none."""
    octets = answers(of.respond(request if isinstance(request, bytes) else encode(request), now))
    assert len(octets) < 2
    return decode(octets[0]) if octets else None


def initiate(size: int = 0xFFFF, conformance: Conformance | None = None, **fields: Any) -> InitiateRequest:
    return InitiateRequest(
        proposed_dlms_version_number=fields.pop("version", 6),
        proposed_conformance=LN_SERVED | SN_SERVED if conformance is None else conformance,
        client_max_receive_pdu_size=size,
        **fields,
    )


def aarq(mechanism: int | None = None, value: bytes | None = None, **fields: Any) -> Aarq:
    named = {} if mechanism is None else {
        "sender_acse_requirements": "1",
        "mechanism_name": f"2.16.756.5.8.2.{mechanism}",
        "calling_authentication_value": value,
    }  # fmt: skip
    context = fields.pop("context", 1)
    values = {"user_information": initiate(), "calling_ap_title": CLIENT_TITLE, **named, **fields}
    return Aarq(application_context_name=f"2.16.756.5.8.1.{context}", **values)


def opened(
    device: LogicalDevice, client: int = MANAGER, limits: SessionLimits | None = None, **fields: Any
) -> ServerSession:
    """A session with an association that needs no proof."""
    of = session(device, client, limits)
    aare = ask(of, aarq(**fields))
    assert isinstance(aare, Aare)
    assert isinstance(aare.user_information, InitiateResponse)
    return of


def attribute(ref: AttributeRef[Any]) -> CosemAttributeDescriptor:
    return CosemAttributeDescriptor(ref.class_id, bytes(ref.logical_name), ref.attribute_id)


def method(ref: MethodRef[Any]) -> CosemMethodDescriptor:
    return CosemMethodDescriptor(ref.class_id, bytes(ref.logical_name), ref.method_id)


def client_context(**changes: Any) -> SecurityContext:
    """The client's end of a ciphered association."""
    values: dict[str, Any] = {
        "own_title": CLIENT_TITLE,
        "peer_title": SERVER_TITLE,
        "protection": Protection.AUTHENTICATED | Protection.ENCRYPTED,
        "encryption_key": Key(ENCRYPTION_KEY),
        "authentication_key": Key(AUTHENTICATION_KEY),
        "counters": MemoryCounterStore(first=100),
        "replay": ReplayRule("per_association"),
    }
    return SecurityContext(**values | changes)


def sealed(context: SecurityContext, message: Message) -> bytes:
    """A message as the client protects it."""
    store, name = context.sending_counter
    return context.protect(message, store.reserve(name))


def proof(reply: bytes) -> ActionRequestNormal:
    """What a client sends to prove itself: reply_to_hls_authentication."""
    return ActionRequestNormal(0xC1, REPLY_TO_HLS, OctetString(reply))


def prove(exchange: Callable[[bytes], Any]) -> SecurityContext:
    """Open a ciphered association and prove it by GMAC, whose server's randomness is that of `session`; the client's
    end of it. `exchange` sends a request and decodes its answer."""
    context = client_context()
    opening = aarq(5, CTOS, context=3, user_information=decode(sealed(context, initiate())))
    aare = exchange(encode(opening))
    assert isinstance(aare, Aare)
    assert aare.result == AssociationResult.ACCEPTED
    context.unprotect(aare.user_information)
    keys = {name: Key(value) for name, value in KEYS.items()}
    tag = gmac(STOC, suite=0, counter=7, title=CLIENT_TITLE, **keys)
    reply = CONTENT.encode(CipheredContent(0x10, 7, b"", tag))
    answer = decode(context.unprotect(exchange(sealed(context, proof(reply)))))
    assert answer.single_response.result == ActionResult.SUCCESS
    return context


def guarded(device: LogicalDevice) -> tuple[ServerSession, SecurityContext]:
    """A ciphered session whose client has proved itself by GMAC."""
    of = session(device, GUARDED)
    return of, prove(lambda octets: ask(of, octets))
