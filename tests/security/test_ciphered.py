"""Ciphered APDUs opened with given keys."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import dlms
from dlms.apdu.ciphering import GeneralCiphering
from dlms.errors import DecodeError, DlmsError, MissingKey, TagMismatch
from dlms.security import Key, KeyRing, KeySet
from dlms.security.ciphered import CIPHERED, open_ciphered

EK, AK = Key("000102030405060708090A0B0C0D0E0F"), Key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
TITLE = bytes.fromhex("4D4D4D0000BC614E")
GLO_GET = bytes.fromhex("C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B")
GENERAL = bytes.fromhex("DB084D4D4D0000BC614E1E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B")
PLAIN = bytes.fromhex("C0010000080000010000FF0200")


def ring(**keys: Any) -> KeyRing:
    return KeyRing({}, KeySet(**keys))


def test_service_specific_needs_the_title_from_outside() -> None:
    message = dlms.decode(GLO_GET)
    assert isinstance(message, CIPHERED)
    opened = open_ciphered(message, ring(encryption=EK, authentication=AK, system_title=TITLE))
    assert (opened.octets, opened.authenticated, opened.invocation_counter) == (PLAIN, True, 0x01234567)
    with pytest.raises(MissingKey, match="system title"):
        open_ciphered(message, ring(encryption=EK, authentication=AK))


def test_whose_title_it_is() -> None:
    """That of the APDU before the one that is known from elsewhere, and that before the one of the keys."""
    glo_get, general = dlms.decode(GLO_GET), dlms.decode(GENERAL)
    assert isinstance(glo_get, CIPHERED)
    assert isinstance(general, CIPHERED)
    stranger = b"TST\0\0\0\0\1"
    keys = ring(encryption=EK, authentication=AK, system_title=stranger)
    assert open_ciphered(glo_get, keys, sender=TITLE).system_title == TITLE
    assert open_ciphered(general, keys, sender=stranger).system_title == TITLE
    with pytest.raises(TagMismatch):
        open_ciphered(glo_get, keys)
    with pytest.raises(DecodeError, match="8 octets, this one has 2") as refused:
        open_ciphered(glo_get, keys, sender=b"AB")
    assert (refused.value.path, refused.value.offset) == ("system-title", 0)


def test_a_key_for_tags_does_not_vouch_for_what_has_none() -> None:
    encrypted = dlms.decode(bytes.fromhex("C8122001234567411312FF935A47566827C467BC"))
    assert isinstance(encrypted, CIPHERED)
    opened = open_ciphered(encrypted, ring(encryption=EK, authentication=AK, system_title=TITLE))
    assert (opened.octets, opened.authenticated) == (PLAIN, False)


def test_general_carries_its_title() -> None:
    message = dlms.decode(GENERAL)
    assert isinstance(message, CIPHERED)
    by_title = KeyRing({TITLE: KeySet(encryption=EK, authentication=AK)})
    assert open_ciphered(message, by_title).system_title == TITLE
    with pytest.raises(MissingKey, match="4D4D4D0000BC614E"):
        open_ciphered(message, KeyRing({bytes(8): KeySet(encryption=EK)}))
    with pytest.raises(MissingKey, match="authentication key"):
        open_ciphered(message, ring(encryption=EK))
    unchecked = open_ciphered(message, ring(encryption=EK), accept_unchecked=True)
    assert (unchecked.octets, unchecked.authenticated) == (PLAIN, False)
    with pytest.raises(TagMismatch):
        open_ciphered(message, ring(encryption=EK, authentication=EK))


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("DB074D4D4D0000BC611E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B", DecodeError),
        ("DB084D4D4D0000BC614E0200C0", DecodeError),
        ("DC084D4D4D0000BC614E053001234567", DlmsError),
        ("DB084D4D4D0000BC614E116001234567000000000000000000000000", MissingKey),
        ("DB084D4D4D0000BC614E06A00123456700", DecodeError),
    ],
)
def test_what_cannot_be_opened(octets: str, error: type[DlmsError]) -> None:
    with pytest.raises(error):
        open_ciphered(dlms.decode(bytes.fromhex(octets)), ring(encryption=EK, authentication=AK))  # type: ignore[arg-type]


@pytest.mark.skipif("DLMS_CORPUS" not in os.environ, reason="DLMS_CORPUS is not set")
def test_computed_vectors_of_every_kind() -> None:
    vectors = json.loads((Path(os.environ["DLMS_CORPUS"]) / "security-vectors.json").read_text())["vectors"]
    opened = 0
    for vector in vectors:
        if vector["id"].partition("-s")[0] not in _KINDS or not isinstance(vector["output"], str):
            continue
        given = vector["inputs"]
        keys = KeySet(
            encryption=_key(given, "EK"), authentication=_key(given, "AK"), dedicated=_key(given, "DK"),
            broadcast_encryption=_key(given, "GBEK"), system_title=bytes.fromhex(given["system_title"]),
        )  # fmt: skip
        message = dlms.decode(bytes.fromhex(vector["output"]))
        assert open_ciphered(message, KeyRing({}, keys)).octets.hex().upper() == given["apdu"]  # type: ignore[arg-type]
        opened += 1
    assert opened == 21


_KINDS = {
    "glo-get-auth", "glo-get-enc", "glo-get-authenc", "glo-get-broadcast", "ded-get", "general-ded", "general-glo",
}  # fmt: skip


def _key(given: dict[str, str], name: str) -> Key | None:
    return Key(given[name]) if name in given else None


def vectors() -> list[dict[str, Any]]:
    """general-ciphering with keys that need no agreement, in every suite."""
    if "DLMS_CORPUS" not in os.environ:
        return []
    table = json.loads(Path(os.environ["DLMS_CORPUS"], "security-vectors.json").read_bytes())
    kinds = ("gc-nokeyinfo-", "gc-identified-", "gc-wrapped-")
    return [item for item in table[next(key for key in ("items", "vectors") if key in table)]
            if item["id"].startswith(kinds)]  # fmt: skip


@pytest.mark.skipif("DLMS_CORPUS" not in os.environ, reason="DLMS_CORPUS is not set")
def test_general_ciphering() -> None:
    found = vectors()
    assert len(found) > 20
    for item in found:
        given = item["inputs"]
        own = {"broadcast_encryption" if given.get("key_id") == 1 else "encryption": given.get("EK"),
               "authentication": given["AK"], "master": given.get("KEK")}  # fmt: skip
        keys = ring(**{name: Key(value) for name, value in own.items() if value})
        message = dlms.decode(bytes.fromhex(item["output"]))
        assert isinstance(message, GeneralCiphering)
        assert open_ciphered(message, keys).octets == bytes.fromhex(given["apdu"]), item["id"]
        with pytest.raises(DlmsError):
            open_ciphered(message, ring(authentication=Key(given["AK"])))


def test_a_key_that_is_agreed_on_is_not_known() -> None:
    octets = "DD00084D4D4D0000BC614E0000000102010100" + "062100000000AA"
    message = dlms.decode(bytes.fromhex(octets))
    assert isinstance(message, GeneralCiphering)
    with pytest.raises(DlmsError, match="private keys"):
        open_ciphered(message, ring(encryption=EK, authentication=AK))
