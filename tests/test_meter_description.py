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


@pytest.mark.parametrize("table", [{"encription_key": "00"}, {"url": "tcp://h", "quirks": "nobody"}])
def test_what_nothing_knows_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Description.of(table)


def test_no_meter_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no meter"):
        target(None, None)
    with pytest.raises(ConfigurationError, match="cannot read"):
        Description.of(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("password = 'secret")
    with pytest.raises(ConfigurationError) as fault:
        Description.of(tmp_path / "bad.toml")
    assert "secret" not in str(fault.value)
