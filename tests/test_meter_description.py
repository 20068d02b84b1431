"""A meter as a TOML file describes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlms.errors import ConfigurationError
from dlms.meter_description import Description
from dlms.quirks import Quirks
from dlms.security.counters import SqliteCounterStore
from dlms.security.settings import Mechanism
from dlms.shell import Target

TOML = """
url = "tcp://192.0.2.7:4059?client=1&server=1"
authentication = "lls"
password = { hex = "3132" }
quirks = "jdlms-server"
"""


def target(url: str | None, meter: object) -> Target:
    return Target.of(
        url, meter=meter, security=None, short_names=None, quirks=None, hdlc=None, max_receive_pdu_size=0xFFFF  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_file_says_whom_to_call_and_how(tmp_path: Path) -> None:
    path = tmp_path / "meter.toml"
    path.write_text(TOML)
    described = Description.of(path)
    assert described.url == "tcp://192.0.2.7:4059?client=1&server=1"
    assert (described.security.authentication, described.security.password) == (Mechanism.LLS, b"12")
    assert described.quirks == Quirks.from_value("jdlms-server")
    assert target(None, str(path)).url.client == 1
    assert target("tcp://192.0.2.8", path).url.host == "192.0.2.8"


def test_counters_live_in_the_file_that_is_named(tmp_path: Path) -> None:
    table = {"url": "tcp://h", "counters": str(tmp_path / "counters.sqlite")}
    counters = Description.of(table).security.counters
    assert isinstance(counters, SqliteCounterStore)
    counters.close()


KEYS = {
    "policy": "encrypted", "client_system_title": "4D4D4D0000000001",
    "encryption_key": "000102030405060708090A0B0C0D0E0F",
}  # fmt: skip


def test_counters_outlive_the_process_though_no_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose counters begin again at 0 with each connection repeats its nonces."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    taken = []
    for _ in range(3):
        security = Description.of({"url": "tcp://h", **KEYS}).security
        assert isinstance(security.counters, SqliteCounterStore)
        with security.counters as counters:
            taken.append(counters.reserve("one"))
    assert taken == sorted(set(taken))
    assert [path.name for path in tmp_path.glob("state/dlms/*.sqlite")] == ["counters.sqlite"]
    assert not isinstance(Description.of({"url": "tcp://h"}).security.counters, SqliteCounterStore)


def test_counters_that_can_be_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("no folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with pytest.raises(ConfigurationError, match="counters = "):
        Description.of(KEYS)


@pytest.mark.parametrize("table", [{"encription_key": "00"}, {"url": "tcp://h", "quirks": "nobody"}])
def test_what_nothing_knows_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Description.of(table)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("url = 5", "url is text, not 5"),
        ("counters = 5", "counters is the name of a file"),
        ("server_system_title = 5", "server_system_title is hexadecimal text"),
        ('short_names = "no"', "short_names is true or false, not 'no'"),
        ("user_id = true", "user_id is a number, not True"),
        ("quirks = 5", "quirks are the name of a set or a table of them, not 5"),
        ('suite = "0"', "suite '0' is not supported"),
        ('dedicated_key = "no"', "dedicated_key is true or false"),
    ],
)
def test_an_entry_of_another_kind_is_refused(tmp_path: Path, entry: str, words: str) -> None:
    path = tmp_path / "meter.toml"
    path.write_text(f"{entry}\n")
    with pytest.raises(ConfigurationError, match=words):
        Description.of(path)


def test_no_meter_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no meter"):
        target(None, None)
    with pytest.raises(ConfigurationError, match="cannot read"):
        Description.of(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("password = 'secret")
    with pytest.raises(ConfigurationError) as fault:
        Description.of(tmp_path / "bad.toml")
    assert "secret" not in str(fault.value)
