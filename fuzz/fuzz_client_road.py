"""Invariant: right answers of a server, damaged on the way, give an operation of a client a value or a DlmsError, and
no request of it makes the server log an error of ours.

The first octet chooses the operation and whether it is ciphered; each answer takes two octets more: the place of an
octet, and what it is changed by.
"""

from collections.abc import Callable

from fuzz.live_meter import GUARDED, MANAGER, NOW, errors_of_ours_fail, meter, respond, security
from fuzz.operations import OPERATIONS, driven

from dlms.association.client import ClientAssociation
from dlms.association.opening import Proposal
from dlms.association.server.session import ServerSession
from dlms.security import Security


def check(octets: bytes) -> None:
    chosen = octets[0] if octets else 0
    ciphered, operation = chosen >= 0x80, OPERATIONS[chosen % len(OPERATIONS)]
    with errors_of_ours_fail():
        device = meter()
        for quarter in range(4):
            device.tick(NOW + 900 * quarter)
        session = ServerSession(device, GUARDED if ciphered else MANAGER, random=bytes)
        proposal = Proposal(security=security() if ciphered else Security(), max_receive_pdu_size=0x80 + chosen)
        association = ClientAssociation(proposal)
        road = damaging(session, octets[1:])
        driven(association.open(), road)
        for exchange in (operation, ClientAssociation.release):
            if association.is_open:
                driven(exchange(association), road)


def damaging(session: ServerSession, octets: bytes) -> Callable[[bytes], list[bytes]]:
    """The session's answers, each changed as the next two octets say; as they are once there are none."""
    changes = iter(zip(octets[::2], octets[1::2], strict=False))

    def answer(request: bytes) -> list[bytes]:
        answers = []
        for sent in respond(session, request):
            place, change = next(changes, (0, 0))
            copy = bytearray(sent)
            copy[place % len(copy)] ^= change
            answers.append(bytes(copy))
        return answers

    return answer
