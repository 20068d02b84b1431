"""dlms.obis: every rule and every row of the catalogue."""

from __future__ import annotations

import json
import os
import re
from importlib.resources import files
from pathlib import Path

import pytest

from dlms.errors import ConfigurationError
from dlms.logical_name import LogicalName
from dlms.obis import PROFILES, catalogue, rows_of

OBIS = re.compile(r"\b\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:\*\d{1,3})?\b|\b\d{1,3}(?:\.\d{1,3}){5}\b", re.ASCII)
CORPUS = os.environ.get("DLMS_CORPUS")
# One source writes energies of electricity with A = 0, and a name that is not set.
MISUSED = {"0.0.0.0.0.0", "0.0.1.8.0.255", "0.0.2.8.0.255", "0.0.3.8.0.255", "0.0.4.8.0.255"}
MEANINGS = """
1-0:1.8.0*255     Active energy import (+A), total, current value
1-0:2.8.2*255     Active energy export (-A), rate 2, current value
1-1:1.8.0*101     Active energy import (+A), total, last billing period, channel 1
1-0:1.8.0*3       Active energy import (+A), total, billing period 3
1-0:1.8.0*103     Active energy import (+A), total, last but 2 billing period
1-0:1.8.0*126     Active energy import (+A), total, several last billing periods
1-0:3.9.0*255     Reactive energy import (+R), in the billing period, total, current value
1-0:21.7.0*255    Active power import (+P) L1, instantaneous
1-0:1.6.1*255     Active power import (+P), maximum, rate 1, current value
1-0:32.7.0*255    Voltage L1, instantaneous
1-0:32.7.124*255  Voltage L1, instantaneous, THD
1-0:32.35.124*255 Voltage L1, over limit: threshold, THD
1-0:31.7.3*255    Current L1, instantaneous, harmonic 3
1-0:81.7.40*255   Phase angle from U(L1) to I(L1), instantaneous
1-0:83.8.1*255    Losses, all phases: active line losses+, current value
1-0:1.35.0*2      Active power import (+P), over limit: threshold, threshold 2
1-0:32.32.10*255  Voltage L1, under limit: occurrence counter, residual voltage 70 to 85 %, 0.01 to 0.1 s
0-0:1.0.0*255     Clock
0-1:24.2.1*255    M-Bus value 1 captured from channel 1
0-0:40.0.3*255    Association, instance 3
0-2:96.1.0*255    Device ID 1 (manufacturing / serial number), channel 2
7-0:1.0.0*255     Meter volume, forward, undisturbed, index, at metering conditions, current
7-0:43.15.0*255   Flow rate, current average, averaging period 1, at metering conditions
7-0:41.3.0*255    Gas temperature, absolute, backup value
7-0:52.12.0*255   Conversion factor, calculation method in use
7-0:52.12.4*255   Conversion factor, calculation method 4
7-0:70.67.12*255  Gas analysis, methane, average, last interval, averaging period 1 (default 5 min)
6-0:1.0.2*255     Heat: energy, current value, rate 2
6-0:1.3.0*101     Heat: energy, billing date value, last billing period
8-0:1.0.0*255     Cold water: volume, accumulated, current value
1-0:128.1.1*255   Manufacturer specific (electricity)
0-0:96.77.0*255   Manufacturer specific
1-70:1.8.0*255    Utility specific (electricity)
1-0:93.1.1*255    Consortia specific (electricity)
1-0:94.7.1*255    Country specific: Russia (electricity)
1-0:94.6.1*255    Country specific: unknown (electricity)
0-0:77.0.0*255    Unknown: abstract
0-0:25.99.0*255   Unknown: abstract, IP, mobile network and push setup
1-0:1.59.0*255    Unknown: electricity, active power, import (+), all phases (QI+QIV)
12-0:1.2.3*255    Unknown: medium 12
"""


@pytest.mark.parametrize("line", MEANINGS.strip().splitlines())
def test_meanings(line: str) -> None:
    name, meaning = line.split(maxsplit=1)
    assert LogicalName(name).meaning() == meaning


def test_national_rows_wait_to_be_chosen() -> None:
    log = LogicalName("0-0:99.98.0")
    assert log.meaning() == "Event log"
    assert log.meaning("india") == "Event log: voltage"
    assert log.meaning("smr500") == "Standard event log containing errors and alarms (STANDARD_EVENT_LOG)"
    with pytest.raises(ConfigurationError, match="no such profile"):
        log.meaning("atlantis")


def test_a_meaning_that_only_a_companion_knows_says_whose_it_is() -> None:
    assert LogicalName("0-0:96.13.2").meaning() == "Long message, channel 2 (Luxembourg Smarty)"
    assert LogicalName("0-0:94.91.0").meaning() == "Cumulative tamper count (India IS 15959)"
    assert LogicalName("0-0:94.91.0").meaning("india") == "Cumulative tamper count"


def test_value_groups_in_words() -> None:
    assert LogicalName("1-3:1.8.2*101").value_groups == (
        "electricity",
        "channel 3",
        "active power, import (+), all phases (QI+QIV)",
        "time integral 1 (since first start: meter reading)",
        "rate 2",
        "last billing period",
    )
    own = "manufacturer specific"
    assert LogicalName("1-200:200.150.150*150").value_groups == (
        "electricity", "reserved", "unknown", own, own, own
    )  # fmt: skip


def test_every_row_of_the_catalogue() -> None:
    rows = catalogue()
    assert len(rows) == 1572
    for row in rows:
        assert row.source, row
        assert all(0 < number <= 0xFFFF for number in row.class_ids), row
        for end in (0, 1):
            name = LogicalName(group[end] for group in row.pattern.groups)
            assert row in rows_of(name)
            assert not name.meaning().startswith("Unknown"), row
            for profile in row.profiles:
                named = {other.name_of(name) for other in rows_of(name) if profile in other.profiles}
                assert row.name_of(name) in named
                assert name.meaning(profile) in named
    assert {profile for row in rows for profile in row.profiles} == set(PROFILES)


def test_every_rule_is_read() -> None:
    data = json.loads((files("dlms.obis") / "value_groups.json").read_text("utf-8"))
    for medium, of in data["quantities_of_medium"].items():
        for quantity, text in data["quantity"][of].items():
            name = LogicalName((int(medium), 0, int(quantity.split("-")[0]), 0, 0, 255))
            assert name.value_groups.quantity == text
    for quantity in data["electricity"]:
        for processing in data["electricity_processing"]:
            name = LogicalName((1, 0, int(quantity), int(processing), 1, 255))
            assert not name.meaning().startswith("Unknown"), name
            assert name.value_groups.processing == data["processing"]["electricity"][processing]
    for code, text in data["losses"].items():
        assert LogicalName((1, 0, 83, 8, int(code), 255)).value_groups.tariff == text
    for code, text in data["country"].items():
        assert LogicalName((0, 64, 94, int(code), 0, 255)).meaning() == f"Country specific: {text}"


@pytest.mark.skipif(CORPUS is None, reason="DLMS_CORPUS is not set")
def test_every_code_of_the_corpus_has_a_meaning() -> None:
    """Codes that the sources of captured telegrams state, in whatever notation."""
    names: set[str] = set()
    for path in sorted(Path(CORPUS or "").glob("push-*.json")):
        document = json.loads(path.read_text("utf-8"))
        for item in document.get("items", []):
            names.update(match[0] for match in OBIS.finditer(json.dumps(item.get("expected", {}))))
    assert len(names) > 70
    assert {name for name in names if LogicalName(name).meaning().startswith("Unknown")} == MISUSED
