"""AES-GCM as the standard uses it: published octets, tags that do not fit, what nobody should hand in."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dlms.apdu import encode
from dlms.apdu.ciphering import CipheredContent, GloGetRequest
from dlms.errors import DecodeError
from dlms_core.seal import Sealing

TITLE = bytes.fromhex("4D4D4D0000BC614E")
KEY = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AUTHENTICATION_KEY = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
COUNTER = 0x01234567
PLAIN = bytes.fromhex("C0010000080000010000FF0200")
# The Green Book's example of a get-request of a clock's time, ciphered in every way.
EXAMPLES = {
    0x10: ("C0010000080000010000FF0200", "06725D910F9221D263877516"),
    0x20: ("411312FF935A47566827C467BC", ""),
    0x30: ("411312FF935A47566827C467BC", "7D825C3BE4A77C3FCC056B6B"),
}


def sealing(control: int) -> Sealing:
    associated = bytes((control,)) + AUTHENTICATION_KEY if control & 0x10 else b""
    return Sealing(AESGCM(KEY).encrypt, TITLE, control, associated)


@pytest.mark.parametrize("control", EXAMPLES)
def test_published_examples(control: int) -> None:
    content, tag = map(bytes.fromhex, EXAMPLES[control])
    assert sealing(control).protect(PLAIN, COUNTER) == (content, tag)
    assert sealing(control).unprotect(content, tag, COUNTER) == PLAIN


@pytest.mark.parametrize("control", [0x10, 0x30])
def test_nothing_is_released_under_a_tag_that_does_not_fit(control: int) -> None:
    content, tag = map(bytes.fromhex, EXAMPLES[control])
    of = sealing(control)
    for at in range(8 * len(tag)):
        turned = bytearray(tag)
        turned[at // 8] ^= 1 << at % 8
        assert of.unprotect(content, bytes(turned), COUNTER) is None
    assert of.unprotect(content[:-1], tag, COUNTER) is None
    assert of.unprotect(content, tag, COUNTER + 1) is None
    assert of.unprotect(content, tag, COUNTER, b"header") is None
    for length in (0, 11, 13, 16):
        with pytest.raises(DecodeError, match="tag of 12 octets"):
            of.unprotect(content, (tag + bytes(4))[:length], COUNTER)


@pytest.mark.parametrize("control", EXAMPLES)
@pytest.mark.parametrize("length", [0, 1, 13, 110, 123, 250, 251, 300])
def test_the_apdu_in_one_step_is_that_of_its_declaration(control: int, length: int) -> None:
    plain, of = bytes(range(256)) * 2, sealing(control)
    plain = plain[:length]
    apdu = of.apdu(0xC8, plain, COUNTER)
    content, tag = of.protect(plain, COUNTER)
    assert apdu == encode(GloGetRequest(CipheredContent(control, COUNTER, content, tag or None)))
    assert of.opened(apdu, b"\xc8\xc9") == (COUNTER, plain)
    assert of.opened(apdu, b"\xc9") is None
    for cut in range(len(apdu)):
        assert of.opened(apdu[:cut], b"\xc8") is None
    assert of.opened(apdu + b"\x00", b"\xc8") is None
    if control & 0x10:
        for at in range(8 * len(apdu)):
            turned = bytearray(apdu)
            turned[at // 8] ^= 1 << at % 8
            assert of.opened(bytes(turned), b"\xc8") is None


def test_only_the_same_protection_is_opened() -> None:
    apdu = sealing(0x30).apdu(0xC8, PLAIN, COUNTER)
    for control in (0x10, 0x20, 0x31):
        assert sealing(control).opened(apdu, b"\xc8") is None


def test_what_is_authenticated_besides() -> None:
    content, tag = sealing(0x30).protect(b"", COUNTER, b"header")
    assert (content, len(tag)) == (b"", 12)
    assert sealing(0x30).unprotect(content, tag, COUNTER, b"header") == b""
    assert sealing(0x30).unprotect(content, tag, COUNTER) is None


def test_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="8 octets"):
        Sealing(AESGCM(KEY).encrypt, TITLE[:7], 0x30, b"")
    for counter in (-1, 1 << 32):
        with pytest.raises(OverflowError):
            sealing(0x30).protect(PLAIN, counter)
    with pytest.raises(ValueError, match="nothing is to be protected"):
        sealing(0).apdu(0xC8, PLAIN, COUNTER)
    with pytest.raises(ValueError, match="too few octets"):
        Sealing(lambda *_: bytes(11), TITLE, 0x10, b"").protect(PLAIN, COUNTER)
