"""Invariant: any octets under the right keys are answered by a server under protection or with an error APDU, no error
of ours is logged on the way, and the octets as they are get no further than that."""

from fuzz.live_meter import GUARDED, NOW, errors_of_ours_fail, meter, respond, security
from fuzz.operations import driven

from dlms.apdu import decode, encode
from dlms.apdu.ciphering import CipheredContent, GeneralGloCiphering
from dlms.apdu.exception import ConfirmedServiceError, ExceptionResponse
from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.association.server.session import ServerSession
from dlms.security.ciphered import CIPHERED
from dlms.security.context import SecurityContext
from dlms.security.protection import SecurityControl, protect

ERRORS = (ExceptionResponse, ConfirmedServiceError)


def check(octets: bytes) -> None:
    with errors_of_ours_fail():
        device = meter()
        session = ServerSession(device, GUARDED, random=bytes)
        client = ClientAssociation(Proposal(security=security()))
        assert driven(client.open(), lambda request: respond(session, request)) is None
        context = client.negotiated.security
        assert context is not None
        for request in (sealed(context, octets), octets, sealed(context, octets)):
            for answer in respond(session, request):
                assert isinstance(decode(answer), (*CIPHERED, *ERRORS)) or session.association is None
        device.tick(NOW)


def sealed(context: SecurityContext, octets: bytes) -> bytes:
    """Octets of any kind, protected as a client with the keys protects its requests."""
    store, name = context.sending_counter
    counter = store.reserve(name)
    control = SecurityControl(0, context.protection)
    information, tag = protect(
        octets, control=control, invocation_counter=counter, system_title=context.own_title,
        encryption_key=context.encryption_key, authentication_key=context.authentication_key,
    )  # fmt: skip
    return encode(GeneralGloCiphering(context.own_title, CipheredContent(control.octet, counter, information, tag)))
