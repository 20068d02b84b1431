"""Opening an association: what is sent, whatever the meter would answer."""

from __future__ import annotations

import pytest

from dlms.apdu import decode
from dlms.apdu.acse import Aarq
from dlms.apdu.ciphering import GloInitiateRequest
from dlms.association.effects import Random, Reserve
from dlms.association.opening import Proposal, open_association
from dlms.security import Security
from dlms.security.protection import Protection, SecurityControl

KEY = bytes(range(0x20, 0x30))


@pytest.mark.parametrize("policy", ["authenticated", "encrypted", "authenticated+encrypted"])
@pytest.mark.parametrize("authentication_key", [None, bytes(range(0xD0, 0xE0))])
def test_a_dedicated_key_is_encrypted_whatever_the_policy(policy: str, authentication_key: bytes | None) -> None:
    if authentication_key is None and "authenticated" in policy:
        return
    security = Security(
        policy=policy, client_system_title="4D4D4D0000000001", encryption_key=bytes(range(16)),
        authentication_key=authentication_key, dedicated_key=True,
    )  # fmt: skip
    opening = open_association(Proposal(security=security))
    assert next(opening) == Random(16)
    assert isinstance(opening.send(KEY), Reserve)
    sent = opening.send(1)
    assert isinstance(sent, bytes)
    assert KEY not in sent
    aarq = decode(sent)
    assert isinstance(aarq, Aarq)
    assert isinstance(aarq.user_information, GloInitiateRequest)
    control = SecurityControl.of(aarq.user_information.ciphered_content.security_control)
    assert Protection.ENCRYPTED in control.protection
    assert (Protection.AUTHENTICATED in control.protection) == (authentication_key is not None)
