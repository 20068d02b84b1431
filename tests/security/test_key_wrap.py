"""AES key wrap with the published vectors of RFC 3394, and what does not fit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dlms.cosem.classes.access_control import KeyTransferData
from dlms.enumerations import KeyId
from dlms.errors import ConfigurationError, TagMismatch
from dlms.grammar import array, dumps
from dlms.security.key_wrap import unwrap_key, wrap_key
from dlms.security.keys import Key

MASTER = Key("000102030405060708090A0B0C0D0E0F")
KEY = Key("00112233445566778899AABBCCDDEEFF")
WRAPPED = bytes.fromhex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5")  # RFC 3394, 4.1
LONG_MASTER = Key("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F")
LONG_KEY = Key("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
LONG_WRAPPED = bytes.fromhex(  # RFC 3394, 4.6
    "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"
)


@pytest.mark.parametrize(("master", "key", "wrapped"), [(MASTER, KEY, WRAPPED), (LONG_MASTER, LONG_KEY, LONG_WRAPPED)])
def test_the_vectors_of_rfc_3394(master: Key, key: Key, wrapped: bytes) -> None:
    assert wrap_key(master, key) == wrapped
    assert unwrap_key(master, wrapped) == key


@pytest.mark.skipif("DLMS_CORPUS" not in os.environ, reason="DLMS_CORPUS is not set")
@pytest.mark.parametrize("suite", ["s0", "s1", "s2"])
def test_the_argument_of_a_key_transfer(suite: str) -> None:
    vectors = json.loads((Path(os.environ["DLMS_CORPUS"]) / "security-vectors.json").read_text())["vectors"]
    vector = next(v for v in vectors if v["id"] == f"key-transfer-{suite}")
    wrapped = wrap_key(Key(vector["inputs"]["KEK"]), Key(vector["inputs"]["key"]))
    data = [KeyTransferData(KeyId(vector["inputs"]["key_id"]), wrapped)]
    assert dumps(data, array(KeyTransferData)).hex().upper() == vector["output"]


def test_every_altered_octet_is_noticed() -> None:
    for at in range(len(WRAPPED)):
        altered = bytearray(WRAPPED)
        altered[at] ^= 0x01
        with pytest.raises(TagMismatch):
            unwrap_key(MASTER, bytes(altered))


def test_another_master_key() -> None:
    with pytest.raises(TagMismatch) as caught:
        unwrap_key(KEY, WRAPPED)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("length", [0, 8, 16, 23, 25, 32, 40])
def test_a_wrapped_key_of_another_length(length: int) -> None:
    with pytest.raises(ConfigurationError, match="24 octets"):
        unwrap_key(MASTER, LONG_WRAPPED[:length])


def test_a_key_of_another_suite_is_not_wrapped() -> None:
    with pytest.raises(ConfigurationError):
        wrap_key(MASTER, LONG_KEY)
