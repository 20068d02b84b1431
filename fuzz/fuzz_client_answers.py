"""Invariant: whatever APDU a server answers every request with, an operation of a client ends with a value or a
DlmsError."""

from collections.abc import Callable

from fuzz.live_meter import security
from fuzz.operations import chosen_by, driven

from dlms.association.client import ClientAssociation
from dlms.association.negotiated import Negotiated, vaa_name_of
from dlms.association.opening import Proposal
from dlms.enumerations import Conformance
from dlms.security import Security

WITH_INVOKE_ID = frozenset((0xC0, 0xC1, 0xC3))
EVERYTHING = Conformance(0xFFFFFF)


def check(octets: bytes) -> None:
    for short_names in (False, True):
        for of in (Security(), security()):
            driven(ClientAssociation(Proposal(security=of, short_names=short_names)).open(), lambda _: [octets])
        driven(chosen_by(octets)(association(short_names=short_names)), repeating(octets))


def association(*, short_names: bool) -> ClientAssociation:
    """One that is open, and goes unciphered: the protection is other targets' matter."""
    of = ClientAssociation(Proposal(security=security(), short_names=short_names))
    of._negotiated = Negotiated(EVERYTHING, 0x200, short_names, vaa_name_of(short_names=short_names), None, None)
    return of


def repeating(octets: bytes) -> Callable[[bytes], list[bytes]]:
    """Answers everything with `octets`, under the invoke-id of the request."""

    def answer(request: bytes) -> list[bytes]:
        if request[0] in WITH_INVOKE_ID and len(octets) > 2:
            return [octets[:2] + request[2:3] + octets[3:]]
        return [octets]

    return answer
