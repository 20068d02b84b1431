"""Any octets as a ciphered APDU or under a tag: None where they do not fit, a DlmsError, or octets that sealing makes
anew."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dlms.errors import DlmsError
from dlms_core.seal import TAG_LENGTH, Sealing

ENCRYPT = AESGCM(bytes(16)).encrypt


def check(octets: bytes) -> None:
    control, counter = octets[:1] or b"\x30", int.from_bytes(octets[1:5], "big")
    of = Sealing(ENCRYPT, bytes(8), control[0], control + bytes(16))
    opened = of.opened(octets, octets[:1])
    if opened is not None:
        assert of.opened(of.apdu(octets[0], opened[1], opened[0]), octets[:1]) == opened
    content, tag = octets[5:-TAG_LENGTH], octets[5:][-TAG_LENGTH:]
    try:
        plain = of.unprotect(content, tag, counter)
    except DlmsError:
        return
    sealed, made = of.protect(content, counter)
    assert of.unprotect(sealed, made or bytes(TAG_LENGTH), counter) == content
    if plain is not None:
        assert of.protect(plain, counter)[0] == content
