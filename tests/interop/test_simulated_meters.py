"""gurux-dlms and jDLMS read simulated meters of every model: association, object list, every attribute, a profile."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.interop.jdlms_client import ask
from tests.interop.peers import Unavailable, class_path, unavailable
from tests.interop.test_gurux_dlms_client import found_by

import dlms
from dlms.simulate import MODELS
from dlms.testing import RunningMeter, simulated

NOW = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
"""Soon after simulated meters began: gurux-dlms takes its time over long profiles."""
CLOCK = "{u16:8;os:0000010000FF;i8:2;u16:0}"
UNREADABLE = {"15/0.0.40.0.0.255:7"}
"""The secret of the association."""


@pytest.fixture(params=[model for model in MODELS if MODELS[model].profiles])
def meter(request: pytest.FixtureRequest) -> Iterator[RunningMeter]:
    with simulated(request.param, time=NOW.timestamp) as simulation:
        yield simulation.meters[0]


def client_of(meter: RunningMeter) -> int:
    simulated_meter = meter.simulated
    return simulated_meter.model.client(simulated_meter.keys).sap


def gurux_dlms(meter: RunningMeter, tmp_path: Path, **plan: Any) -> Any:
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")
    keys = meter.simulated.keys
    return found_by(
        tmp_path, link="wrapper", port=int(meter.simulated.url.rpartition(":")[2]), client=client_of(meter),
        authentication="hls-gmac", ciphered=True, counter=1, system_title="4D4D4D0000000002",
        encryption_key=keys.encryption_key, authentication_key=keys.authentication_key, **plan,
    )  # fmt: skip


def test_gurux_dlms_reads_rows(meter: RunningMeter, tmp_path: Path) -> None:
    profile, now = meter.simulated.model.profile, NOW.timestamp()
    entries, ranged = gurux_dlms(
        meter, tmp_path, steps=[["entries", profile, 1, 3], ["range", profile, now - 7200, now]]
    )
    with meter.connect() as ours:
        period = ours.get(dlms.AttributeRef(7, profile, 4))
        rows = [
            [cell.hex().upper() if isinstance(cell, bytes) else cell for cell in row]
            for row in ours.get(dlms.AttributeRef(7, profile, 2))
        ]
    assert entries == rows[:3]
    assert ranged == rows[-int(7200 // period) :]


def test_gurux_dlms_walks(meter: RunningMeter, tmp_path: Path) -> None:
    found = gurux_dlms(meter, tmp_path)
    refused = {name for name, value in found.items() if isinstance(value, str) and value.startswith("error ")}
    assert refused <= UNREADABLE
    assert found["1/0.0.42.0.0.255:2"] == meter.simulated.name.encode().hex().upper()
    assert len([name for name in found if name.startswith("3/")]) > 20
    with meter.connect() as ours:
        for name, value in found.items():
            if isinstance(value, int):
                class_id, _, address = name.partition("/")
                logical_name, _, attribute = address.partition(":")
                read = ours.get(dlms.AttributeRef(int(class_id), logical_name, int(attribute)))
                if name.startswith(("1/0.0.43.1", "15/")):
                    continue  # of the association
                assert read == value, name
        profile = meter.simulated.model.profile
        assert len(found[f"7/{profile}:2"]) == ours.get(dlms.AttributeRef(7, profile, 7))


def jdlms(meter: RunningMeter) -> list[str]:
    """What jDLMS's client is told of a meter."""
    try:
        class_path("jdlms")
    except Unavailable as reason:
        unavailable(str(reason))
    port = meter.simulated.url.rpartition(":")[2]
    return [port, "wrapper", "ln", str(client_of(meter)), "hls", "ciphered", "1000"]


def in_words(value: Any) -> str:
    """A value as the jDLMS client prints it, tags apart."""
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else "{}"
        return left + ";".join(map(in_words, value)) + right
    return value.hex().upper() if isinstance(value, bytes) else str(value)


def test_jdlms_reads_and_switches(meter: RunningMeter) -> None:
    profile, zone = meter.simulated.model.profile, meter.simulated.model.zone
    first, last = (f"os:{zone.moment(NOW.timestamp() - back).octets.hex().upper()}" for back in (7200, 0))
    answers = ask(
        jdlms(meter),
        f"get 7/{profile}/2/1/{{{CLOCK};{first};{last};[]}}",
        f"get 7/{profile}/2/2/{{u32:1;u32:3;u16:1;u16:0}}",
        "call 70/0.0.96.3.10.255/1=i8:0",
        "get 70/0.0.96.3.10.255/2",
        "get 3/1.0.1.7.0.255/2",
    )
    with meter.connect() as ours:
        rows = ours.get(dlms.AttributeRef(7, profile, 2))
    rendered = [in_words(row) for row in rows]

    def untagged(answer: str) -> str:
        for tag in ("u8:", "u16:", "u32:", "os:"):
            answer = answer.replace(tag, "")
        return answer

    selected = [row for row in rendered if row in untagged(answers[0])]
    assert untagged(answers[0]) == f"SUCCESS [{';'.join(selected)}]"
    assert selected == rendered[-len(selected) :]
    assert len(selected) >= 4
    assert untagged(answers[1]) == f"SUCCESS [{';'.join(rendered[:3])}]"
    assert answers[2:] == ["SUCCESS -", "SUCCESS b:false", "SUCCESS u32:0"]
