"""Keys from files and from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlms.errors import ConfigurationError
from dlms.security import Key, KeyRing

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


def test_the_environment() -> None:
    assert not KeyRing.from_environment({})
    ring = KeyRing.from_environment({"DLMS_ENCRYPTION_KEY": EK, "DLMS_SYSTEM_TITLE": TITLE, "DLMS_OTHER": "x"})
    keys = ring.keys_for(None)
    assert keys is not None
    assert (keys.encryption, keys.authentication, keys.system_title) == (Key(EK), None, bytes.fromhex(TITLE))


@pytest.mark.parametrize(
    "text",
    [
        "encryption_key = 5",
        'encryption_key = "00"',
        'encryption_key = "zz"',
        'encryption_key = { file = "/nonexistent" }',
        'encryption_key = { env = "DLMS_NO_SUCH_VARIABLE" }',
        'encryption_key = { env = "A", file = "B" }',
        'system_title = "00"',
        "titles = 3",
        "[titles.00]",
        "= broken",
    ],
)
def test_refused_without_echo(text: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        KeyRing.from_file(file)
    assert "zz" not in str(refused.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="no TOML"):
        KeyRing.from_file(file)


def test_a_missing_file() -> None:
    with pytest.raises(ConfigurationError):
        KeyRing.from_file("/nonexistent/keys.toml")
