"""What a device does by itself while a server serves it: timers, async functions, notifications."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from tests.association.meter import CLOCK, ENERGY, GUARDED, KEYS, MANAGER, attribute, meter
from tests.serving import serving

import dlms
from dlms.apdu.notification import DataNotification, EventNotificationRequest
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.device.part import DeviceItself, begin
from dlms.server import LogicalDevice, Server

URLS = ["tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0", "udp://127.0.0.1:0"]


class EveryTenth:
    """A part that counts, ten times a second; it fails every other time."""

    def __init__(self, device: LogicalDevice, start: float) -> None:
        self.device = device
        self.at = start
        self.count = 0

    def next_timer(self) -> float:
        return self.at

    def tick(self, now: float) -> None:
        self.at += 0.1
        self.count += 1
        self.device[ENERGY.value] = DoubleLongUnsigned(self.count)
        if self.count % 2:
            raise ValueError("odd")


def test_a_server_ticks_its_devices(caplog: pytest.LogCaptureFixture) -> None:
    device = meter()
    with serving(Server(device), URLS[0]) as (url,), dlms.connect(url) as client:
        part = device.install(EveryTenth(device, time.time()))
        deadline = time.monotonic() + 10
        while client.get(ENERGY.value) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    time.sleep(0.2)
    count = part.count
    time.sleep(0.3)
    assert part.count == count
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_part_that_cannot_say_when_it_is_due_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    class Lost(EveryTenth):
        def next_timer(self) -> float:
            if self.at:
                raise OverflowError
            return self.at

    device = meter()
    lost, part = device.install(Lost(device, 0.0)), device.install(EveryTenth(device, 10.0))
    lost.at = 1.0
    device.tick(10.0)
    assert (lost.count, part.count) == (0, 1)
    assert "Lost" in caplog.text


def test_async_work_of_a_part_is_finished_by_the_server(caplog: pytest.LogCaptureFixture) -> None:
    device = meter()
    itself = DeviceItself(device)

    async def slow(argument: object) -> None:
        await asyncio.sleep(0.05)
        device[ENERGY.value] = DoubleLongUnsigned(1)

    async def failing(argument: object) -> None:
        await asyncio.sleep(0)
        raise ValueError

    device.on_call(ENERGY.reset, slow)
    device.on_call(CLOCK.adjust_to_minute, failing)
    with serving(Server(device), URLS[0]) as (url,), dlms.connect(url) as client:
        for ref in (CLOCK.adjust_to_minute, ENERGY.reset):
            begin(device, itself.invoke(device.find(ref.class_id, ref.logical_name), ref.method_id, None))
        deadline = time.monotonic() + 10
        while client.get(ENERGY.value) != 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert "failed" in caplog.text


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("sap", [MANAGER, GUARDED])
def test_notifications_reach_who_is_associated(url: str, sap: int) -> None:
    device = meter()
    event = EventNotificationRequest(
        cosem_attribute_descriptor=attribute(ENERGY.value), attribute_value=OctetString(b"!")
    )
    data = DataNotification(1, None, DoubleLongUnsigned(5))
    security = (
        dlms.Security("hls-gmac", policy="authenticated+encrypted", client_system_title=b"CLI\0\0\0\0\1", **KEYS)
        if sap == GUARDED
        else None
    )
    with serving(Server(device), url) as (where,), dlms.connect(f"{where}?client={sap}", security=security) as client:
        assert client.get(CLOCK.time)
        device.notify(event)
        device.notify(data, client=sap)
        device.notify(data, client=99)
        found = []
        deadline = time.monotonic() + 10
        while len(found) < 2:
            assert time.monotonic() < deadline
            assert client.get(CLOCK.time)
            found += client.notifications()
    assert found == [event, data]


def test_a_notification_too_long_for_one_client_goes_to_the_others(caplog: pytest.LogCaptureFixture) -> None:
    device = meter()
    long = DataNotification(1, None, OctetString(bytes(300)))
    short = DataNotification(2, None, OctetString(b""))
    with (
        serving(Server(device), URLS[0]) as (where,),
        dlms.connect(f"{where}?client={MANAGER}") as able,
        dlms.connect(where, max_receive_pdu_size=200) as narrow,
    ):
        device.notify(long)
        device.notify(short)
        found: dict[int, list[int]] = {0: [], 1: []}
        deadline = time.monotonic() + 10
        while 2 not in found[0] or 2 not in found[1]:
            assert time.monotonic() < deadline
            for number, client in enumerate((able, narrow)):
                assert client.get(CLOCK.time)
                found[number] += [message.long_invoke_id_and_priority for message in client.notifications()]  # type: ignore[attr-defined]
    assert found == {0: [1, 2], 1: [2]}
    assert "is not notified" in caplog.text
