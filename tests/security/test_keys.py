"""Keys from files and from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlms.errors import ConfigurationError
from dlms.security import Key, KeyRing, KeySet
from dlms.security.keys import table_of_file

EK, AK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = "4D4D4D0000BC614E"


def test_a_file_of_titles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ak.hex").write_text(AK + "\n")
    monkeypatch.setenv("METER_KEY", EK)
    file = tmp_path / "keys.toml"
    file.write_text(
        f'url = "ignored"\nencryption_key = "{AK}"\n'
        f"[titles.{TITLE}]\n"
        f'encryption_key = {{ env = "METER_KEY" }}\nauthentication_key = {{ file = "{tmp_path}/ak.hex" }}\n'
    )
    ring = KeyRing.from_file(file)
    named = ring.keys_for(bytes.fromhex(TITLE))
    assert named is not None
    assert (named.encryption, named.authentication) == (Key(EK), Key(AK))
    other = ring.keys_for(bytes(8))
    assert other is not None
    assert (other.encryption, other.authentication) == (Key(AK), None)
    assert EK not in repr(ring)


def test_every_key_of_a_meter(tmp_path: Path) -> None:
    names = ("encryption", "authentication", "broadcast_encryption", "dedicated", "master")
    values = [bytes([number]) * 16 for number in range(len(names))]
    file = tmp_path / "keys.toml"
    file.write_text(
        "".join(f'{name}_key = "{value.hex()}"\n' for name, value in zip(names, values, strict=True))
        + f'system_title = "{TITLE}"\n'
    )
    keys = KeyRing.from_file(file).keys_for(None)
    assert keys == KeySet(*map(Key, values), system_title=bytes.fromhex(TITLE))


def test_a_dedicated_key_belongs_to_every_set_of_a_ring() -> None:
    ring = KeyRing({bytes(8): KeySet(encryption=Key(EK))}, KeySet(encryption=Key(AK)))
    assert ring.with_dedicated(None) is ring
    dedicated = Key("E1" * 16)
    for title, encryption in ((bytes(8), EK), (bytes.fromhex(TITLE), AK), (None, AK)):
        assert ring.with_dedicated(dedicated).keys_for(title) == KeySet(encryption=Key(encryption), dedicated=dedicated)
    assert KeyRing({bytes(8): KeySet()}).with_dedicated(dedicated).keys_for(None) is None


def test_a_ring_that_holds_anything_is_true() -> None:
    assert not KeyRing({})
    assert KeyRing({}, KeySet())
    assert KeyRing({bytes(8): KeySet()})


def test_the_environment() -> None:
    assert not KeyRing.from_environment({})
    ring = KeyRing.from_environment({"DLMS_ENCRYPTION_KEY": EK, "DLMS_SYSTEM_TITLE": TITLE, "DLMS_OTHER": "x"})
    keys = ring.keys_for(None)
    assert keys is not None
    assert (keys.encryption, keys.authentication, keys.system_title) == (Key(EK), None, bytes.fromhex(TITLE))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("encryption_key = 5", "neither hexadecimal text nor"),
        ('encryption_key = "00"', "16 or 32 octets, this one has 1"),
        ('encryption_key = "zz"', "not hexadecimal"),
        ('encryption_key = { file = "/nonexistent" }', "cannot read /nonexistent"),
        ('encryption_key = { file = "no-ascii" }', "cannot read no-ascii"),
        ('encryption_key = { env = "DLMS_NO_SUCH_VARIABLE" }', "the environment has no DLMS_NO_SUCH_VARIABLE"),
        ('encryption_key = { env = "A", file = "B" }', "neither hexadecimal text nor"),
        ('system_title = "00"', "8 octets, this one has 1"),
        ("titles = 3", "`titles` is to hold tables"),
        ("titles = { 4D4D4D0000BC614E = 3 }", "`titles` is to hold tables"),
        ("[titles.00]", "8 octets, this one has 1"),
        ("= broken", "no TOML"),
    ],
)
def test_refused_without_echo(text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no-ascii").write_bytes(EK.encode() + b"\xff")
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=words) as refused:
        KeyRing.from_file(file)
    assert "zz" not in str(refused.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="no TOML"):
        KeyRing.from_file(file)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b'encryption_key = "00"\nauthentication_key = 0x5e5e5e5e00zz\n', "line 2"),
        (b"\xffx = 1", "octet 0 is not UTF-8"),
        (b"x = " + b"1" * 5000, "can be read"),
        (b"x = " + b"[" * 5000, "can be read"),
    ],
)
def test_where_a_file_is_no_toml_is_said(octets: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(octets)
    with pytest.raises(ConfigurationError, match=said) as refused:
        table_of_file(file)
    assert "5e5e" not in str(refused.value)
    assert "keys.toml" in str(refused.value)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'encryption_key = "{EK}"\n', encoding="utf-8-sig")
    assert table_of_file(file) == {"encryption_key": EK}


def test_a_path_that_none_can_be() -> None:
    with pytest.raises(ConfigurationError, match="can be read"):
        table_of_file("a\0b")


def test_a_missing_file() -> None:
    with pytest.raises(ConfigurationError):
        KeyRing.from_file("/nonexistent/keys.toml")
