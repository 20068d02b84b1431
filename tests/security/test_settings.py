"""What a caller may say about security, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlms.errors import ConfigurationError
from dlms.security.counters import MemoryCounterStore, ReplayRule
from dlms.security.keys import Key
from dlms.security.settings import Mechanism, Policy, Security

EK, AK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = "4D4D4D0000000001"
GMAC: dict[str, Any] = {
    "authentication": "hls-gmac", "policy": "authenticated+encrypted", "client_system_title": TITLE,
    "encryption_key": EK, "authentication_key": AK,
}  # fmt: skip


def test_nothing_said_is_nothing_done() -> None:
    security = Security()
    assert (security.authentication, security.policy, security.ciphered) == (Mechanism.NONE, Policy.NONE, False)


def test_a_table_and_arguments_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER_KEY", EK)
    table = {**GMAC, "url": "tcp://192.0.2.7", "encryption_key": {"env": "METER_KEY"}, "replay": "per_association"}
    security = Security.from_mapping(table)
    assert security.encryption_key == Key(EK)
    assert security.replay == ReplayRule("per_association")
    assert security.client_system_title == bytes.fromhex(TITLE)
    for secret in (EK, AK):
        assert secret not in repr(security)
        assert secret.lower() not in repr(security)


def test_the_longest_leap_of_a_counter_stands_in_a_table_too() -> None:
    table = {**GMAC, "replay": {"name": "per_association", "max_forward_jump": 1000}}
    assert Security.from_mapping(table).replay == ReplayRule("per_association", max_forward_jump=1000)
    assert Security.from_mapping({**GMAC, "replay": {"max_forward_jump": 9}}).replay == ReplayRule("strict", 9)


def test_passwords() -> None:
    assert Security("lls", password="12345678").password == b"12345678"
    assert Security.from_mapping({"authentication": "lls", "password": {"hex": "0001"}}).password == b"\0\1"
    assert "hunter2" not in repr(Security("lls", password="hunter2"))


def test_passwords_of_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("12345678\n")
    monkeypatch.setenv("METER_PASSWORD", "12345678")
    for given in (
        "12345678",
        {"file": str(tmp_path / "password")},
        {"env": "METER_PASSWORD"},
        {"hex": "31 32333435363738"},
    ):
        assert Security.from_mapping({"authentication": "lls", "password": given}).password == b"12345678"
    with pytest.raises(ConfigurationError, match="meter: password"):
        Security.from_mapping({"authentication": "lls", "password": {"hex": "00", "file": "x"}}, "meter")


def test_what_each_needs_is_enough() -> None:
    """The least that every mechanism and policy can do with."""
    title = {"client_system_title": TITLE}
    both = {"encryption_key": EK, "authentication_key": AK, **title}
    assert not Security("lls", password=b"x", policy="none").ciphered
    assert Security("lls", password=b"x", policy="encrypted", encryption_key=EK, **title).ciphered
    assert Security(policy="authenticated", **both).ciphered
    assert Security(initiate_policy="encrypted", encryption_key=EK, **title).ciphered
    assert not Security("hls-gmac", **both).ciphered
    assert Security("hls-sha256", password=b"x", **title).client_system_title == bytes.fromhex(TITLE)
    assert Security("hls-2", password=b"x", manufacturer_reply=lambda challenge, secret: secret).manufacturer_reply
    assert Security(**GMAC, challenge_length=8).with_changes(challenge_length=64).challenge_length == 64
    assert Security(**GMAC, replay=ReplayRule("strict", max_forward_jump=1)).replay.max_forward_jump == 1
    assert Security(**{**GMAC, "policy": "authenticated"}, initiate_policy="authenticated+encrypted").ciphered
    assert Security(**GMAC, dedicated_key=True).dedicated_key


def test_counters_are_kept_where_the_caller_says() -> None:
    store = MemoryCounterStore(first=5)
    assert Security(counters=store).counters is store
    assert Security().counters is not Security().counters


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"authentication": "md5"}, "is one of"),
        ({"policy": "all"}, "is one of"),
        ({"suite": 1}, "suite 1"),
        ({"suite": False}, "suite False"),
        ({"ciphering": "any"}, "ciphering"),
        ({"challenge_length": 7}, "8 to 64"),
        ({"challenge_length": 65}, "8 to 64"),
        ({"client_system_title": None}, "client_system_title"),
        ({"client_system_title": b"123"}, "8 octets"),
        ({"encryption_key": None}, "encryption_key"),
        ({"authentication_key": None}, "authentication_key"),
        ({"password": "hunter2"}, "name a mechanism"),
        ({"authentication": "lls"}, "lls needs a password"),
        ({"authentication": "hls-sha1"}, "hls-sha1 needs a password"),
        ({"authentication": ["lls"]}, "is one of"),
        ({"policy": 1}, "is one of"),
        ({"authentication": "none", "policy": "none"}, "nothing uses them"),
        ({"authentication": "none", "policy": "none", "encryption_key": None}, "nothing uses them"),
        ({"authentication": "none", "policy": "none", "authentication_key": None}, "nothing uses them"),
        ({"policy": "none", "authentication_key": None}, "an authentication_key is needed"),
        ({"authentication": "none", "authentication_key": None}, "an authentication_key is needed"),
        (
            {
                "authentication": "hls-sha256",
                "password": "x",
                "policy": "none",
                "encryption_key": None,
                "authentication_key": None,
                "client_system_title": None,
            },
            "a client_system_title is needed",
        ),
        ({"initiate_policy": "authenticated"}, "protects no less"),
        ({"policy": "none", "dedicated_key": True}, "dedicated"),
        ({"authentication": "hls-2", "password": "hunter2"}, "manufacturer_reply"),
        ({"authentication": "lls", "password": "hünter2"}, "ASCII"),
        ({"replay": "never"}, "replay"),
        ({"replay": {"name": "never"}}, "replay"),
        ({"replay": {"name": "strict", "jump": 5}}, "not jump"),
        ({"replay": {"max_forward_jump": "5"}}, "above 0, not '5'"),
        ({"replay": ReplayRule("strict", max_forward_jump=-5)}, "above 0, not -5"),
        ({"replay": {"max_forward_jump": 0}}, "above 0, not 0"),
        ({"challenge_length": "16"}, "8 to 64"),
        ({"dedicated_key": "no"}, "true or false"),
        ({"suite": "0"}, "suite '0'"),
        ({"encryption_key": b"00" * 16}, "encryption_key: a key of suite 0 has 16 octets, not 32"),
        ({"authentication_key": "00" * 32}, "authentication_key: a key of suite 0 has 16 octets, not 32"),
        ({"master_key": bytes(32)}, "master_key: a key of suite 0"),
        ({"encryption_key": 5}, "octets or hexadecimal text, not int"),
    ],
)
def test_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        Security(**{**GMAC, **change})
    assert "hunter2" not in str(refused.value)
    assert EK not in str(refused.value)
