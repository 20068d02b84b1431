"""Both clients against a meter of our own, over every transport: the same operations, the same outcomes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.shells.conftest import CLOCK, ENERGY, LONG, LONG_VALUE, NAME, Running, secured
from tests.shells.proxy import Proxy

import dlms
from dlms.client import Meter
from dlms.data import Integer, OctetString
from dlms.errors import AssociationRejected, ConfigurationError, DeadlineExceeded
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security.settings import Security
from dlms.service_errors import ObjectUndefined, ServiceError
from dlms.shell import Deadlines

LINKS = ["wrapper", "hdlc", "udp", "pair"]
UNKNOWN = dlms.AttributeRef(3, "1.0.99.99.99.255", 2)


def session(url: str, **options: Any) -> tuple[Any, ...]:
    with dlms.connect(url, **options) as meter:
        return _operations(meter)


def _operations(meter: Meter) -> tuple[Any, ...]:
    meter.set(NAME, OctetString(b"written"))
    outcomes = (
        meter.get(NAME),
        meter.get(LONG),
        meter.get(ENERGY.value, ENERGY.scaler_unit, UNKNOWN, errors="return"),
        meter.get(CLOCK.time),
    )
    meter.set(NAME, OctetString(b"a meter of ours"))
    return outcomes


async def async_session(url: str, **options: Any) -> tuple[Any, ...]:
    async with dlms.aio.connect(url, **options) as meter:
        await meter.set(NAME, OctetString(b"written"))
        outcomes = (
            await meter.get(NAME),
            await meter.get(LONG),
            await meter.get(ENERGY.value, ENERGY.scaler_unit, UNKNOWN, errors="return"),
            await meter.get(CLOCK.time),
        )
        await meter.set(NAME, OctetString(b"a meter of ours"))
        return outcomes


def check(outcomes: tuple[Any, ...]) -> None:
    name, long, several, time = outcomes
    assert name == b"written"
    assert long == LONG_VALUE
    assert several[0] == 123456
    assert several[1].scaler == -1
    assert isinstance(several[2], ObjectUndefined)
    assert time.year == 2024


@pytest.mark.parametrize("shell", ["threads", "asyncio"])
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "security", [None, Security("lls", password="12345678"), secured()], ids=["none", "lls", "hls"]
)
def test_every_link_and_security(meter: Running, link: str, security: Security | None, shell: str) -> None:
    client = {None: 16, "lls": 17}.get(security and security.authentication.name.lower(), 1)
    url = f"{getattr(meter, link)}?client={client}"
    if shell == "threads":
        check(session(url, security=security))
    else:
        check(asyncio.run(async_session(url, security=security)))


@pytest.mark.parametrize("window", [1, 3, 7])
def test_long_values_through_small_frames(meter: Running, window: int) -> None:
    small = HdlcSettings(information_transmit=64, information_receive=64, window_transmit=window, window_receive=window)
    check(session(f"{meter.hdlc}?client=16", hdlc=small, max_receive_pdu_size=200))


def test_the_first_error_of_several_is_raised_with_all(meter: Running) -> None:
    with dlms.connect(f"{meter.wrapper}?client=16") as connected:
        with pytest.raises(ObjectUndefined) as refused:
            connected.get(ENERGY.value, UNKNOWN)
        assert refused.value.results[0] == 123456
        with pytest.raises(ServiceError):
            connected.call(dlms.MethodRef(3, "1.0.1.8.0.255", 99), Integer(0))
        assert connected.get(ENERGY.value) == 123456


def test_refused_associations(meter: Running) -> None:
    for security, client in ((Security("lls", password="wrong"), 17), (None, 1), (None, 99)):
        with pytest.raises((AssociationRejected, dlms.DlmsError)) as refused:
            dlms.connect(f"{meter.wrapper}?client={client}", security=security, deadlines=Deadlines(response=2))
        assert not isinstance(refused.value, ConfigurationError)
    wrong = Security(
        "hls-gmac", policy="authenticated+encrypted", client_system_title="4D4D4D0000000001",
        encryption_key=bytes(16), authentication_key=bytes(16), replay="per_association",
    )  # fmt: skip
    with pytest.raises(dlms.DlmsError):
        dlms.connect(f"{meter.wrapper}?client=2", security=wrong, deadlines=Deadlines(response=2))


def test_a_cancelled_operation_leaves_the_association_usable(meter: Running) -> None:
    async def run() -> None:
        async with dlms.aio.connect(f"{meter.wrapper}?client=16", max_receive_pdu_size=100) as connected:
            for delay in (0.0, 0.001, 0.005):
                reading = asyncio.create_task(connected.get(LONG))
                await asyncio.sleep(delay)
                reading.cancel()
                await asyncio.wait([reading])
                assert await connected.get(ENERGY.value) == 123456
            assert await connected.get(LONG) == LONG_VALUE

    asyncio.run(run())


def test_a_hundred_clients_at_once(meter: Running) -> None:
    async def one(i: int) -> int:
        async with dlms.aio.connect(f"{meter.wrapper}?client={1 if i % 2 else 16}",
                                    security=secured() if i % 2 else None) as connected:  # fmt: skip
            value: int = await connected.get(ENERGY.value)
            return value

    async def run() -> list[int]:
        return await asyncio.gather(*(one(i) for i in range(100)))

    assert asyncio.run(run()) == [123456] * 100


def test_silence_ends_at_the_deadline(meter: Running) -> None:
    with (
        Proxy(("127.0.0.1", meter.port("wrapper")), lambda direction, offset, octets: []) as proxy,
        pytest.raises(DeadlineExceeded),
    ):
        dlms.connect(f"tcp://127.0.0.1:{proxy.port}", deadlines=Deadlines(response=0.2))
