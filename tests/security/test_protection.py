"""Protection against published vectors, and against whoever alters them."""

from __future__ import annotations

import pickle

import pytest

from dlms.errors import ConfigurationError, DecodeError, MissingKey, TagMismatch
from dlms.security import Key, SecurityControl, protect, unprotect

EK = Key("000102030405060708090A0B0C0D0E0F")
AK = Key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
TITLE = bytes.fromhex("4D4D4D0000BC614E")
COUNTER = 0x01234567
PLAIN = bytes.fromhex("C0010000080000010000FF0200")
# The example of IEC 62056-5-3: one get-request under the three kinds of protection.
EXAMPLE = {
    0x10: ("C0010000080000010000FF0200", "06725D910F9221D263877516"),
    0x20: ("411312FF935A47566827C467BC", ""),
    0x30: ("411312FF935A47566827C467BC", "7D825C3BE4A77C3FCC056B6B"),
}


@pytest.mark.parametrize("octet", EXAMPLE)
def test_published_example(octet: int) -> None:
    content, tag = (bytes.fromhex(text) for text in EXAMPLE[octet])
    fixed = {
        "control": SecurityControl.of(octet), "invocation_counter": COUNTER, "system_title": TITLE,
        "encryption_key": EK, "authentication_key": AK,
    }  # fmt: skip
    assert protect(PLAIN, **fixed) == (content, tag)
    assert unprotect(content, tag, **fixed) == PLAIN


@pytest.mark.parametrize("octet", [0x10, 0x30])
def test_every_flipped_bit_is_refused(octet: int) -> None:
    content, tag = (bytes.fromhex(text) for text in EXAMPLE[octet])
    fixed = {
        "control": SecurityControl.of(octet), "system_title": TITLE, "encryption_key": EK, "authentication_key": AK,
    }  # fmt: skip
    whole = content + tag
    for bit in range(8 * len(whole)):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TagMismatch):
            unprotect(bytes(altered[:13]), bytes(altered[13:]), invocation_counter=COUNTER, **fixed)
    with pytest.raises(TagMismatch):
        unprotect(content, tag, invocation_counter=COUNTER + 1, **fixed)
    with pytest.raises(TagMismatch):
        unprotect(content, tag, invocation_counter=COUNTER, header=b"\0", **fixed)


def test_a_tag_is_never_skipped_unasked() -> None:
    content, tag = (bytes.fromhex(text) for text in EXAMPLE[0x30])
    fixed = {
        "control": SecurityControl.of(0x30), "invocation_counter": COUNTER, "system_title": TITLE,
        "encryption_key": EK,
    }  # fmt: skip
    with pytest.raises(MissingKey):
        unprotect(content, tag, **fixed)
    assert unprotect(content, tag, accept_unchecked=True, **fixed) == PLAIN
    with pytest.raises(TagMismatch):
        unprotect(content, bytes(12), authentication_key=AK, accept_unchecked=True, **fixed)
    for length in (0, 11, 13, 16):
        with pytest.raises(DecodeError):
            unprotect(content, (tag + bytes(4))[:length], authentication_key=AK, **fixed)
        with pytest.raises((DecodeError, MissingKey)):
            unprotect(content, (tag + bytes(4))[:length], accept_unchecked=True, **fixed)


def test_compressed_content_is_refused() -> None:
    with pytest.raises(DecodeError, match="compressed"):
        unprotect(
            b"", b"", control=SecurityControl.of(0xA0), invocation_counter=0, system_title=TITLE, encryption_key=EK
        )


@pytest.mark.parametrize("counter", [-1, 1 << 32])
def test_counter_out_of_range(counter: int) -> None:
    fixed = {"control": SecurityControl.of(0x20), "system_title": TITLE, "encryption_key": EK}
    with pytest.raises(ConfigurationError, match="32-bit"):
        protect(PLAIN, invocation_counter=counter, **fixed)
    with pytest.raises(ConfigurationError, match="32-bit"):
        unprotect(PLAIN, b"", invocation_counter=counter, **fixed)


@pytest.mark.parametrize("counter", [0, (1 << 32) - 1])
def test_counter_just_in_range(counter: int) -> None:
    fixed = {"control": SecurityControl.of(0x20), "system_title": TITLE, "encryption_key": EK}
    content, tag = protect(PLAIN, invocation_counter=counter, **fixed)
    assert unprotect(content, tag, invocation_counter=counter, **fixed) == PLAIN


@pytest.mark.parametrize("length", [0, 7, 9])
def test_a_system_title_has_eight_octets(length: int) -> None:
    with pytest.raises(ConfigurationError, match=f"this one has {length}"):
        protect(
            PLAIN, control=SecurityControl.of(0x20), invocation_counter=0, system_title=bytes(length), encryption_key=EK
        )


def test_keys_of_the_wrong_suite() -> None:
    with pytest.raises(ConfigurationError, match="suite 2"):
        protect(PLAIN, control=SecurityControl.of(0x22), invocation_counter=0, system_title=TITLE, encryption_key=EK)


@pytest.mark.parametrize("octet", range(256))
def test_security_control_keeps_its_octet(octet: int) -> None:
    assert SecurityControl.of(octet).octet == octet


def test_a_key_does_not_show() -> None:
    text = "000102030405060708090A0B0C0D0E0F"
    assert "0001" not in repr(EK)
    assert "0001" not in str([EK])
    assert Key(text) == EK
    assert Key(bytes(16)) != EK
    with pytest.raises(ConfigurationError) as refused:
        Key(text + "1F2F")
    assert "1F2F" not in str(refused.value)
    with pytest.raises(ConfigurationError) as refused:
        Key("secret")
    assert "secret" not in str(refused.value)
    with pytest.raises(TypeError):
        hash(EK)
    with pytest.raises(TypeError):
        pickle.dumps(EK)
