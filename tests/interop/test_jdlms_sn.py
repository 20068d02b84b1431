"""Our client with short names against the jDLMS server; its quirks are those of `test_jdlms_server`.

An object is found by the look-up in object_list. With a PDU of 65535 octets jDLMS sends blocks that its wrapper cannot
carry, so that less is proposed here.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from tests.interop.conftest import Serve
from tests.shells.colours import COLOURS, run
from tests.shells.proxy import Direction, Proxy

import dlms
from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.client import Deadlines, Meter, Retries
from dlms.cosem.classes.associations import AssociationSNV2
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.types import ValueDefinition
from dlms.data import DoubleLongUnsigned, Integer, LongUnsigned, OctetString, Structure
from dlms.logical_name import LogicalName
from dlms.security import Security
from dlms.service_errors import ObjectUndefined

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
SCALER_UNIT = AttributeRef(3, "1.0.1.8.0.255", 3)
RESET = MethodRef(3, "1.0.1.8.0.255", 1)
UNDEFINED = AttributeRef(3, "1.0.9.8.0.255", 2)
PROFILE = AttributeRef(7, "1.0.99.1.0.255", 2)
LONG_PROFILE = AttributeRef(7, "1.0.99.2.0.255", 2)
ENTRIES_5_TO_6 = SelectiveAccessDescriptor(
    2, Structure((DoubleLongUnsigned(5), DoubleLongUnsigned(6), LongUnsigned(1), LongUnsigned(0)))
)


FIRST = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
COLUMN = "1-0:1.8.0*255:2"
OPTIONS: dict[str, Any] = {
    "security": Security("lls", password="12345678"),
    "short_names": True,
    "quirks": "jdlms-server",
    "deadlines": Deadlines(response=20),
}


def connect(serve: Serve, link: str = "wrapper", **options: Any) -> Meter:
    server = serve("jdlms", link, "sn")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return dlms.connect(f"{scheme}://127.0.0.1:{server.port}?client=17", **OPTIONS, **options)


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_reads_writes_and_calls(serve: Serve, link: str) -> None:
    with connect(serve, link) as meter:
        meter.set(TEXT, OctetString(b"SHORT"))
        assert meter.get(TEXT) == b"SHORT"
        assert meter.get(TEXT, SCALER_UNIT) == (b"SHORT", (-1, 30))
        meter.set(ENERGY, DoubleLongUnsigned(77))
        assert meter.get(ENERGY) == 77
        assert meter.call(RESET, Integer(0)) is None
        assert meter.get(ENERGY) == 0


def test_an_object_that_the_meter_does_not_have(serve: Serve) -> None:
    with connect(serve) as meter:
        assert isinstance(meter.get(TEXT, UNDEFINED, errors="return")[1], ObjectUndefined)


def test_values_by_the_association_itself(serve: Serve) -> None:
    """No list of objects is read for it. jDLMS returns a structure of the values, of all attributes for attribute 0."""
    association, energy = AssociationSNV2("0.0.40.0.0.255"), LogicalName(ENERGY.logical_name)
    sent: list[bytes] = []
    with connect(serve, trace=lambda what, octets: sent.append(octets) if what == "apdu sent" else None) as meter:
        asked = [ValueDefinition(3, energy, number) for number in (2, 3, 0)]
        value, scaler_unit, *every = meter.call(association.read_by_logicalname, asked)
        assert every == [energy, value, scaler_unit]
        assert meter.call(association.read_by_logicalname, []) is None
        assert [octets[:6].hex() for octets in sent[1:]] == ["050104fa3001"] * 2
        assert value == meter.get(ENERGY)


@pytest.mark.parametrize("pdu", [300, 1000, 40_000])
def test_profiles_in_blocks(serve: Serve, pdu: int) -> None:
    with connect(serve, max_receive_pdu_size=pdu) as meter:
        rows = meter.get(LONG_PROFILE if pdu > 300 else PROFILE)
        assert len(rows) == (10_000 if pdu > 300 else 1000)
        assert rows[-1][2] == 1000 + 7 * (len(rows) - 1)
        assert meter.get(LONG_PROFILE, selection=ENTRIES_5_TO_6) == rows[4:6]


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("access", ["range", "entry", "all"])
@pytest.mark.parametrize("pdu", [100, 1000])
def test_a_day_of_a_load_profile(serve: Serve, link: str, access: Any, pdu: int) -> None:
    told: list[tuple[int, int | None]] = []
    with connect(serve, link, max_receive_pdu_size=pdu, on_progress=lambda *done: told.append(done)) as meter:
        profile = meter.read_profile("1.0.99.1.0.255", FIRST + DAY, FIRST + 2 * DAY, access=access)
    assert profile.columns[COLUMN].tolist() == [1000 + 7 * row for row in range(96, 192)]
    assert not profile.gaps(np.datetime64("2024-01-02"), np.datetime64("2024-01-03"))
    assert len(set(told)) > 10 if pdu == 100 else told


def test_ten_thousand_rows(serve: Serve) -> None:
    told: list[tuple[int, int | None]] = []
    with connect(serve, max_receive_pdu_size=1000, on_progress=lambda *done: told.append(done)) as meter:
        profile = meter.read_profile("1.0.99.2.0.255")
    assert np.array_equal(profile.columns[COLUMN], 1000 + 7 * np.arange(10_000))
    rows = [done for done, total in told if total == 10_000]
    assert rows == sorted(rows)
    assert len(rows) > 100


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_profile_over_a_line_that_is_cut(serve: Serve, link: str, colour: str) -> None:
    """Nine days in small blocks; the wire is cut in the middle, the meter is called again, and the rest is read."""
    port = serve("jdlms", link, "sn").port
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    cuts = 0

    def harm(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        nonlocal cuts
        if direction == "up" or cuts or offset < 12_000:
            return [octets]
        cuts += 1
        return [octets[:7], None]

    async def scenario(open_meter: Any) -> None:
        with Proxy(("127.0.0.1", port), harm) as proxy:
            url = f"{scheme}://127.0.0.1:{proxy.port}?client=17"
            options = OPTIONS | {"max_receive_pdu_size": 300, "retries": Retries(pause=0.1)}
            async with open_meter(url, **options) as meter:
                profile = await meter.read_profile("1.0.99.1.0.255", FIRST, FIRST + 9 * DAY)
            received = len(proxy.passed["down"])
        assert profile.columns[COLUMN].tolist() == [1000 + 7 * row for row in range(9 * 96)]
        assert not profile.duplicates().any()
        assert received < 32_000  # 9 days are 24,192 octets: what came before the cut was not sent again

    run(colour, scenario)
    assert cuts == 1
