"""Quirks of associations: what each changes, octet for octet."""

from __future__ import annotations

from typing import Any

import pytest

from dlms.apdu import decode
from dlms.apdu.acse import Aarq
from dlms.apdu.initiate import InitiateRequest
from dlms.association.effects import Random, Send
from dlms.association.opening import Proposal, open_association
from dlms.errors import ConfigurationError
from dlms.quirks import Quirks
from dlms.security import Security

CIPHERED: dict[str, Any] = {
    "authentication": "lls",
    "password": "12345678",
    "policy": "authenticated+encrypted",
    "client_system_title": "4D4D4D0000000001",
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
}
PLAIN_INITIATE = Quirks(initiate_request_not_ciphered=True)


def test_initiate_request_not_ciphered() -> None:
    opening = open_association(Proposal(security=Security(**CIPHERED), quirks=PLAIN_INITIATE))
    sent = next(opening)
    assert isinstance(sent, Send)
    aarq = decode(sent.octets)
    assert isinstance(aarq, Aarq)
    assert isinstance(aarq.user_information, InitiateRequest)
    assert aarq.application_context_name == "2.16.756.5.8.1.3"


def test_a_dedicated_key_is_never_sent_in_the_clear() -> None:
    opening = open_association(Proposal(security=Security(**CIPHERED, dedicated_key=True), quirks=PLAIN_INITIATE))
    assert next(opening) == Random(16)
    with pytest.raises(ConfigurationError, match="never sent"):
        opening.send(bytes(16))
