"""Objects, registers and load profiles of the jDLMS server, read by our client over real sockets."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import numpy as np
import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.client import Deadlines
from dlms.cosem.classes import AssociationLNV1, Clock, ProfileGeneric, Register
from dlms.security import Security
from dlms.units import Unit

UTC = datetime.UTC
FIRST = datetime.datetime(2024, 1, 1, tzinfo=UTC)
DAY = datetime.timedelta(days=1)
KEYS: dict[str, Any] = {
    "policy": "authenticated+encrypted",
    "client_system_title": "4D4D4D0000000001",
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
    "replay": "per_association",
}
PUBLIC, CIPHERED = (16, Security()), (1, Security("hls-gmac", **KEYS))
CLOCK, ENERGY = "0-0:1.0.0*255:2", "1-0:1.8.0*255:2"


def options(serve: Serve, link: str, who: tuple[int, Security], pdu: int = 0xFFFF) -> tuple[str, dict[str, Any]]:
    server = serve("jdlms", link, "ln")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return f"{scheme}://127.0.0.1:{server.port}?client={who[0]}", {
        "security": who[1], "quirks": "jdlms-server", "deadlines": Deadlines(response=20), "max_receive_pdu_size": pdu,
    }  # fmt: skip


def connect(
    serve: Serve, link: str = "wrapper", who: tuple[int, Security] = PUBLIC, pdu: int = 0xFFFF
) -> dlms.client.Meter:
    url, arguments = options(serve, link, who, pdu)
    return dlms.connect(url, **arguments)


def test_the_objects_of_the_current_association(serve: Serve) -> None:
    with connect(serve) as meter:
        found = meter.objects()
    assert {Clock("0.0.1.0.0.255"), Register("1.0.1.8.0.255"), ProfileGeneric("1.0.99.2.0.255")} < set(found)
    assert AssociationLNV1("0.0.40.0.0.255") in found


def test_a_register_in_one_step(serve: Serve) -> None:
    with connect(serve) as meter:
        raw = meter.get(Register("1.0.1.8.0.255").value)
        quantity = meter.read(Register("1.0.1.8.0.255"))
    assert (quantity.value * 10, quantity.unit) == (raw, Unit.WATT_HOUR)


@pytest.mark.parametrize("access", ["range", "entry", "all"])
@pytest.mark.parametrize(("link", "who", "pdu"), [
    ("wrapper", PUBLIC, 0xFFFF), ("wrapper", CIPHERED, 512), ("hdlc", PUBLIC, 256), ("hdlc", CIPHERED, 1024),
])  # fmt: skip
def test_a_day_of_a_load_profile(serve: Serve, link: str, who: Any, pdu: int, access: Any) -> None:
    with connect(serve, link, who, pdu) as meter:
        profile = meter.read_profile("1.0.99.1.0.255", FIRST + DAY, FIRST + 2 * DAY, access=access)
    assert profile.columns[ENERGY].tolist() == [1000 + 7 * row for row in range(96, 192)]
    assert profile.columns[CLOCK][0] == np.datetime64("2024-01-02T00:00:00.000")
    assert not profile.gaps(np.datetime64("2024-01-02"), np.datetime64("2024-01-03"))
    assert profile.units == {ENERGY: Unit.WATT_HOUR}


@pytest.mark.parametrize(("who", "pdu"), [(PUBLIC, 0xFFFF), (CIPHERED, 1024)])
def test_ten_thousand_rows(serve: Serve, who: Any, pdu: int) -> None:
    with connect(serve, "wrapper", who, pdu) as meter:
        profile = meter.read_profile("1.0.99.2.0.255")
    assert np.array_equal(profile.columns[ENERGY], 1000 + 7 * np.arange(10_000))
    assert not profile.gaps()
    assert profile.time_basis == "utc"


def test_some_columns_of_a_range_without_rows(serve: Serve) -> None:
    with connect(serve) as meter:
        assert len(meter.read_profile("1.0.99.1.0.255", FIRST - 2 * DAY, FIRST - DAY)) == 0
        profile = meter.read_profile("1.0.99.1.0.255", FIRST, FIRST + DAY, columns=["1.0.1.8.0.255"])
    assert list(profile.columns) == [CLOCK, ENERGY]
    assert len(profile) == 96


def test_the_same_under_asyncio(serve: Serve) -> None:
    url, arguments = options(serve, "wrapper", CIPHERED)

    async def read() -> Any:
        async with dlms.aio.connect(url, **arguments) as meter:
            profile = await meter.read_profile("1.0.99.1.0.255", FIRST, FIRST + DAY)
            return await meter.objects(), await meter.read(Register("1.0.1.8.0.255")), profile

    objects, quantity, profile = asyncio.run(read())
    assert Clock("0.0.1.0.0.255") in objects
    assert quantity.unit == Unit.WATT_HOUR
    assert len(profile) == 96
