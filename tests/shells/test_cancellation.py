"""Operations that are given up in the middle, at any point: what comes after them is right all the same."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import ENERGY, LONG, LONG_VALUE, NAME, Running, secured
from tests.shells.wires import AsyncWire, Wire, bad_wire

import dlms
from dlms import aio
from dlms.association.client import ClientAssociation
from dlms.cosem.classes import Data
from dlms.data import OctetString
from dlms.errors import AssociationRejected, DlmsError, LinkError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.service_errors import ObjectUndefined
from dlms.shell import Deadlines, Retries
from dlms.testing import RunningMeter, simulated

LOGICAL_DEVICE_NAME = Data("0.0.42.0.0.255").value
DEADLINES = Deadlines(link=10, response=10, release=5)
SMALL = HdlcSettings(information_transmit=64, information_receive=64, window_receive=3)
LINKS = [("wrapper", False), ("wrapper", True), ("hdlc", False), ("hdlc", True)]
steps = st.lists(
    st.tuples(st.sampled_from(["get", "long", "set", "several"]), st.integers(0, 14)), min_size=1, max_size=6
)


class Turns:
    """Cancels a task once its transport was used so many times: at a point that time does not choose."""

    def __init__(self, wire: AsyncWire) -> None:
        self._wire = wire
        self.left = -1
        self.task: asyncio.Task[Any] | None = None
        for name in ("send", "receive"):
            setattr(wire, name, self._counted(getattr(wire, name)))

    def _counted(self, use: Any) -> Any:
        async def counted(*given: Any) -> Any:
            self.left -= 1
            if self.left == 0 and self.task is not None:
                self.task.cancel()
            return await use(*given)

        return counted

    async def cancel(self, operation: Any, after: int) -> None:
        self.task = asyncio.create_task(operation)
        self.left = after + 1
        await asyncio.wait([self.task])
        self.left, task = -1, self.task
        self.task = None
        if not task.cancelled():
            task.result()


def operation(meter: aio.Meter, name: str) -> Any:
    match name:
        case "get":
            return meter.get(ENERGY.value)
        case "long":
            return meter.get(LONG)
        case "several":
            return meter.get(ENERGY.value, NAME, ENERGY.scaler_unit)
    return meter.set(NAME, OctetString(b"a meter of ours"))


@pytest.mark.parametrize(("link", "ciphered"), LINKS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_up=steps)
def test_given_up_anywhere(meter: Running, link: str, ciphered: bool, given_up: list[tuple[str, int]]) -> None:
    async def scenario() -> None:
        wire = await bad_wire("asyncio", meter.port(link), lambda direction, offset, octets: [octets])
        assert isinstance(wire, AsyncWire)
        turns = Turns(wire)
        scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
        async with aio.connect(
            f"{scheme}://meter:1?client={1 if ciphered else 16}", transport=wire, deadlines=DEADLINES, hdlc=SMALL,
            security=secured() if ciphered else None, max_receive_pdu_size=300,
        ) as connected:  # fmt: skip
            for name, after in given_up:
                await turns.cancel(operation(connected, name), after)
                assert await connected.get(ENERGY.value) == 123456
            assert await connected.get(LONG) == LONG_VALUE
        assert wire.closed

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_given_up_while_it_connects_closes_the_socket(meter: Running) -> None:
    async def scenario() -> None:
        for after in range(12):
            wire = await bad_wire("asyncio", meter.port("hdlc"), lambda direction, offset, octets: [octets])
            assert isinstance(wire, AsyncWire)
            turns = Turns(wire)
            connecting = aio.connect("hdlc+tcp://meter:1?client=1", transport=wire, security=secured())

            async def connect(connecting: Any = connecting) -> aio.Meter:
                opened: aio.Meter = await connecting
                return opened

            task = asyncio.create_task(connect())
            turns.task, turns.left = task, after + 1
            await asyncio.wait([task])
            if task.cancelled():
                assert wire.closed
            else:
                turns.task = None
                await task.result().close()

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_given_up_with_short_names(meter: Running) -> None:
    """The answer that is still to come is waited for, and is taken for nothing else."""

    async def scenario() -> None:
        wire = await bad_wire("asyncio", meter.port("wrapper"), lambda direction, offset, octets: [octets])
        assert isinstance(wire, AsyncWire)
        turns = Turns(wire)
        async with aio.connect("tcp://meter?client=16", transport=wire, short_names=True) as connected:
            assert await connected.get(ENERGY.value) == 123456
            for after in (0, 1, 2):
                await turns.cancel(connected.get(NAME), after)
                assert await connected.get(ENERGY.value) == 123456

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_given_up_in_a_lost_link_is_resumed(meter: Running) -> None:
    """A task that is cancelled while the link is set up anew leaves the next one to do it."""

    async def scenario() -> None:
        retries = Retries(times=4, pause=0.02)
        async with aio.connect(f"{meter.hdlc}?client=1", security=secured(), retries=retries) as connected:
            for delay in (0.0, 0.005, 0.021, 0.025, 0.03):
                transport = connected._carrier._transport
                assert transport is not None
                await transport.close()
                reading = asyncio.create_task(connected.get(LONG))
                await asyncio.sleep(delay)
                reading.cancel()
                await asyncio.wait([reading])
                assert await connected.get(ENERGY.value) == 123456

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_counter_whose_reading_is_given_up_leaves_nobody_as_the_public_client() -> None:
    """That one has no security: what is read next would be believed though anybody could have said it."""

    async def scenario(running: RunningMeter, at: int) -> None:
        left, task = 0, None

        def trace(what: str, octets: bytes) -> None:
            nonlocal left
            left -= what == "sent"
            if left == 0 and task is not None:
                task.cancel()

        retries = Retries(times=1, pause=0.01)
        async with aio.connect(running.url, security=running.security, retries=retries, trace=trace) as connected:
            left, task = at, asyncio.create_task(connected.synchronise_counter())
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            task = None
            assert await connected.get(LOGICAL_DEVICE_NAME) == b"SIM0000010000001"
            assert isinstance(outcome, asyncio.CancelledError)  # and its traceback, which holds what was given up
            assert connected.association.negotiated.security is not None

    with simulated() as simulation:
        for at in range(1, 7):  # each of what it sends
            asyncio.run(asyncio.wait_for(scenario(simulation.meters[0], at), 10))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("public_client", [16, 99])
def test_a_counter_that_cannot_be_read_leaves_the_association_as_it_was(
    meter: Running, colour: str, public_client: int
) -> None:
    """The meter has no such object, or does not take that client."""

    async def scenario(connect: Any) -> None:
        async with connect(f"{meter.wrapper}?client=1", security=secured()) as connected:
            with pytest.raises((ObjectUndefined, AssociationRejected)):
                await connected.synchronise_counter(public_client=public_client)
            assert await connected.get(ENERGY.value) == 123456
            assert connected.association.negotiated.security is not None

    run(colour, scenario)


def test_an_answer_that_nobody_waits_for_any_more_does_not_end_the_polling(meter: Running) -> None:
    """Over HDLC a meter says nothing unasked: what was passed over leaves an answer to be asked for."""

    async def scenario() -> None:
        limits = Deadlines(response=3)
        async with aio.connect(f"{meter.hdlc}?client=16", hdlc=SMALL, deadlines=limits) as connected:
            for _ in range(3):
                reading = asyncio.create_task(connected.get(LONG))
                await asyncio.sleep(0)
                reading.cancel()
                await asyncio.wait([reading])
                connected._session._engine.awaiting = False
                assert await connected.get(ENERGY.value) == 123456

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_deadline_of_the_callers_own(meter: Running) -> None:
    async def scenario() -> None:
        async with aio.connect(f"{meter.wrapper}?client=16") as connected:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await connected.get(LONG)
            assert await connected.get(ENERGY.value) == 123456

    asyncio.run(scenario())


@pytest.mark.parametrize(("link", "ciphered"), LINKS)
def test_a_thread_that_is_interrupted(meter: Running, link: str, ciphered: bool) -> None:
    """KeyboardInterrupt comes in the middle of a wait; the meter can still be used, and is closed."""

    class Interrupted(Wire):
        after = 1 << 30

        def receive(self, timeout: float | None) -> bytes | None:
            self.after -= 1
            if self.after == 0:
                raise KeyboardInterrupt
            return super().receive(timeout)

    plain = asyncio.run(bad_wire("threads", meter.port(link), lambda direction, offset, octets: [octets]))
    wire = Interrupted(plain, lambda direction, offset, octets: [octets])
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    with dlms.connect(
        f"{scheme}://meter:1?client={1 if ciphered else 16}", transport=wire, hdlc=SMALL, max_receive_pdu_size=300,
        security=secured() if ciphered else None,
    ) as connected:  # fmt: skip
        for after in range(1, 12):
            wire.after = after
            with pytest.raises(KeyboardInterrupt):
                connected.get(LONG)
            assert connected.get(ENERGY.value) == 123456
    assert wire.closed


def test_two_threads_and_two_tasks_share_a_meter(meter: Running) -> None:
    async def scenario() -> None:
        async with aio.connect(f"{meter.hdlc}?client=16", keep_alive=0.01) as connected:
            values = await asyncio.gather(*(connected.get(ENERGY.value) for _ in range(20)))
            assert values == [123456] * 20
        with dlms.connect(f"{meter.hdlc}?client=16", keep_alive=0.01) as shared:
            reads = [asyncio.to_thread(shared.get, ENERGY.value) for _ in range(20)]
            assert await asyncio.gather(*reads) == [123456] * 20
            await asyncio.sleep(0.1)

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_an_error_of_an_operation_leaves_the_link_as_it_is(meter: Running) -> None:
    """An exception of our own code in the middle of an exchange, its answer under way."""

    class Unexpected(Exception):
        pass

    def broken(association: ClientAssociation) -> Any:
        exchange = association.get_octets(LONG)
        yield next(exchange)
        raise Unexpected

    with dlms.connect(f"{meter.hdlc}?client=16") as connected:
        for _ in range(3):
            with pytest.raises(Unexpected):
                connected._run(broken)
            assert connected.get(ENERGY.value) == 123456


@given(st.integers(0, 8), st.floats(0, 10), st.floats(1, 4), st.floats(10, 100))
def test_pauses_grow_up_to_the_longest(times: int, pause: float, growth: float, longest: float) -> None:
    pauses = list(Retries(times=times, pause=pause, growth=growth, longest_pause=longest).pauses())
    assert len(pauses) == times
    assert pauses == sorted(pauses)
    assert all(pause <= each <= longest for each in pauses)


@pytest.mark.parametrize(
    "wrong", [{"times": -1}, {"pause": -1.0}, {"growth": 0.5}, {"pause": 5.0, "longest_pause": 1.0}]
)
def test_retries_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(dlms.ConfigurationError):
        Retries(**wrong)


def test_what_is_closed_stays_closed(meter: Running) -> None:
    connected = dlms.connect(f"{meter.wrapper}?client=16", retries=Retries(times=2, pause=0.01))
    connected.close()
    connected.close()
    started = time.monotonic()
    with pytest.raises((DlmsError, LinkError)):
        connected.get(ENERGY.value)
    assert time.monotonic() - started < 1
