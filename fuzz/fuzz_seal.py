"""Any octets under a tag: None where it does not fit, a DlmsError, or what sealing again gives the same octets of."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dlms.errors import DlmsError
from dlms_core.seal import TAG_LENGTH, Sealing

ENCRYPT = AESGCM(bytes(16)).encrypt


def check(octets: bytes) -> None:
    control, counter = octets[:1] or b"\x30", int.from_bytes(octets[1:5], "big")
    of = Sealing(ENCRYPT, bytes(8), control[0], control + bytes(16))
    content, tag = octets[5:-TAG_LENGTH], octets[5:][-TAG_LENGTH:]
    try:
        plain = of.unprotect(content, tag, counter)
    except DlmsError:
        return
    sealed, made = of.protect(content, counter)
    assert of.unprotect(sealed, made or bytes(TAG_LENGTH), counter) == content
    if plain is not None:
        assert of.protect(plain, counter)[0] == content
