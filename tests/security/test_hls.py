"""The replies of HLS against published and independently computed vectors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dlms.errors import AuthenticationFailed, ConfigurationError
from dlms.security.hls import Proof, check_challenges, gmac
from dlms.security.keys import Key
from dlms.security.settings import Mechanism

EK, AK = Key("000102030405060708090A0B0C0D0E0F"), Key("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
CLIENT, SERVER = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
C_TO_S, S_TO_C = b"K56iVagY", b"P6wRJ21F"


def test_gmac_of_the_standard() -> None:
    keys = {"suite": 0, "encryption_key": EK, "authentication_key": AK}
    assert gmac(S_TO_C, counter=1, title=CLIENT, **keys).hex().upper() == "1A52FE7DD3E72748973C1E28"
    assert gmac(C_TO_S, counter=0x01234567, title=SERVER, **keys).hex().upper() == "FE1466AFB3DBCD4F9389E2B7"


@pytest.mark.skipif("DLMS_CORPUS" not in os.environ, reason="DLMS_CORPUS is not set")
@pytest.mark.parametrize("mechanism", [Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256])
def test_digests(mechanism: Mechanism) -> None:
    vectors = json.loads((Path(os.environ["DLMS_CORPUS"]) / "security-vectors.json").read_text())
    found = [v for v in vectors["vectors"] if v["id"].startswith(f"hls{mechanism.value}-f-")]
    assert len(found) == 2
    for vector in found:
        given = {name: bytes.fromhex(text) for name, text in vector["inputs"].items()}
        answered, sent, own, peer = (
            ("StoC", "CtoS", "C", "S") if vector["id"].endswith("StoC") else ("CtoS", "StoC", "S", "C")
        )
        proof = Proof(
            mechanism=mechanism,
            challenge=given.get("challenge") or given[answered],
            own_challenge=given.get(sent, b""),
            title=given.get(f"title_{own}", b""),
            peer_title=given.get(f"title_{peer}", b""),
            secret=given["secret"],
        )
        reply = bytes.fromhex(vector["output"])
        assert proof.digest() == reply
        proof.check_digest(reply)
        for wrong in (reply[:-1], reply + b"\0", bytes(len(reply)), b""):
            with pytest.raises(AuthenticationFailed):
                proof.check_digest(wrong)


def test_the_manufacturers_own() -> None:
    plain = Proof(mechanism=Mechanism.HLS, challenge=b"12345678", own_challenge=b"87654321", secret=b"s")
    with pytest.raises(ConfigurationError):
        plain.digest()
    own = Proof(
        mechanism=Mechanism.HLS,
        challenge=b"12345678",
        own_challenge=b"87654321",
        secret=b"s",
        manufacturer_reply=lambda challenge, secret: challenge[::-1] + secret,
    )
    assert own.digest() == b"87654321s"


def test_challenges() -> None:
    check_challenges(b"12345678", b"87654321")
    for received in (b"1234567", bytes(65), b"", b"87654321"):
        with pytest.raises(AuthenticationFailed):
            check_challenges(received, b"87654321")
