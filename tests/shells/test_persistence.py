"""What is tried again and what is not, lost links, signs of life, other clients on the same link: in both colours."""

from __future__ import annotations

import asyncio
import datetime
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.serving import serving
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import EK, ENERGY, LONG, LONG_VALUE, NAME, Running, make_device, secured
from tests.shells.proxy import Direction, Harm, Proxy
from tests.shells.wires import counters_in

from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.cosem.types import CaptureObjectDefinition, OctetStringDateTime
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.datetime import CosemDateTime
from dlms.errors import ConnectionLost, DeadlineExceeded, LinkError, SecurityError, TransportError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security.counters import MemoryCounterStore, counter_name
from dlms.security.keys import Key
from dlms.security.settings import Security
from dlms.server import LogicalDevice, ProfileBuffer, Server
from dlms.shell import Deadlines, Retries
from dlms.transport.stream import AsyncStreamTransport

QUICK = Retries(times=3, pause=0.02, longest_pause=0.1)
SHORT = Deadlines(transport=2, link=2, response=0.4, release=0.4)
CLOCK, PROFILE = Clock("0.0.1.0.0.255"), ProfileGeneric("1.0.99.1.0.255")
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
ROWS = 300
AARQ = bytes.fromhex("A109060760857405080101")  # the context name in it
SLOW = Data("0.0.96.1.8.255").value
COUNTER = Data("0.0.43.1.0.255").value

pytestmark = pytest.mark.parametrize("colour", COLOURS)


@pytest.fixture(scope="module")
def device() -> LogicalDevice:
    made = make_device()
    columns = [
        CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0),
        CaptureObjectDefinition(3, Register("1.0.1.8.0.255").logical_name, 2, 0),
    ]
    times = (int(START.timestamp() * 1000) + 900_000 * i for i in range(ROWS))
    rows = [(CosemDateTime.from_epoch_milliseconds(at), i) for i, at in enumerate(times)]
    made[PROFILE.capture_objects] = columns
    made[PROFILE.buffer] = ProfileBuffer(columns, [OctetStringDateTime, DoubleLongUnsigned], rows)
    made[PROFILE.capture_period] = 900
    made[COUNTER] = DoubleLongUnsigned(5000)
    return made


@pytest.fixture(scope="module")
def links(device: LogicalDevice) -> Iterator[Running]:
    urls = ("tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0", "udp://127.0.0.1:0", "pair://persistent")
    with serving(Server(device), *urls) as (wrapper, hdlc, udp, pair):
        yield Running(wrapper=wrapper, hdlc=hdlc, udp=udp, pair=pair)


class Answers:
    """Harm to what the meter says: the answers of these numbers, counted over all connections, meet with `fate`."""

    def __init__(self, *numbers: int, fate: Callable[[bytes], list[bytes | None]] = lambda octets: []) -> None:
        self.numbers = numbers
        self.fate = fate
        self.count = 0

    def __call__(self, direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        if direction == "up":
            return [octets]
        self.count += 1
        return self.fate(octets) if self.count in self.numbers else [octets]


def cut(octets: bytes) -> list[bytes | None]:
    return [octets[:5], None]


def through(running: Running, harm: Harm, link: str = "wrapper") -> Proxy:
    return Proxy(("127.0.0.1", running.port(link)), harm)


def url_of(proxy: Proxy, client: int = 16, scheme: str = "tcp") -> str:
    return f"{scheme}://127.0.0.1:{proxy.port}?client={client}"


def test_a_read_that_was_not_answered_is_sent_again_and_protected_anew(links: Running, colour: str) -> None:
    store = MemoryCounterStore()

    async def scenario(connect: Any) -> None:
        # Answers 1 and 2 are the AARE and the end of HLS.
        with through(links, Answers(3)) as proxy:
            options = {"security": secured(counters=store), "deadlines": SHORT, "retries": QUICK}
            async with connect(url_of(proxy, 1), **options) as meter:
                assert await meter.get(ENERGY.value) == 123456
            counters = list(counters_in(bytes(proxy.passed["up"])))
            assert len(set(counters)) == len(counters) == 5  # AARQ, HLS, two GETs, RLRQ

    run(colour, scenario)


def test_nothing_is_tried_again_unless_asked_for(links: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with through(links, Answers(2)) as proxy:
            async with connect(url_of(proxy), deadlines=SHORT) as meter:
                with pytest.raises(DeadlineExceeded):
                    await meter.get(ENERGY.value)
                assert await meter.get(ENERGY.value) == 123456

    run(colour, scenario)


def test_what_changes_the_meter_is_repeated_only_where_that_is_safe(
    links: Running, device: LogicalDevice, colour: str
) -> None:
    written: list[bytes] = []
    device.on_set(NAME, lambda value: written.append(value.value))

    async def scenario(connect: Any) -> None:
        with through(links, Answers(2, 3)) as proxy:
            async with connect(url_of(proxy), deadlines=SHORT, retries=QUICK) as meter:
                with pytest.raises(DeadlineExceeded):
                    await meter.set(NAME, OctetString(b"once"))
                await meter.set(NAME, OctetString(b"twice"), repeat_safe=True)

    run(colour, scenario)
    assert written == [b"once", b"twice", b"twice"]


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("secure", [False, True])
def test_a_lost_link_is_set_up_anew(links: Running, colour: str, link: str, secure: bool) -> None:
    options: dict[str, Any] = {"security": secured(), "deadlines": SHORT, "retries": QUICK}
    if not secure:
        del options["security"]
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"

    async def scenario(connect: Any) -> None:
        with through(links, Answers(5, fate=cut), link) as proxy:
            async with connect(url_of(proxy, 1 if secure else 16, scheme), **options) as meter:
                for _ in range(6):
                    assert await meter.get(ENERGY.value) == 123456

    run(colour, scenario)


def test_a_lost_link_stays_lost_without_retries(links: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with through(links, Answers(2, fate=cut)) as proxy:
            async with connect(url_of(proxy), deadlines=SHORT) as meter:
                for _ in range(2):
                    with pytest.raises((LinkError, TransportError)):
                        await meter.get(ENERGY.value)

    run(colour, scenario)


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("delay", [0.25, 0.55, 1.0])
def test_an_answer_that_comes_late_is_not_that_of_the_second_try(
    links: Running, device: LogicalDevice, colour: str, link: str, delay: float
) -> None:
    asked = 0

    async def slow() -> OctetString:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.sleep(delay)
        return OctetString(bytes([asked]))

    device[SLOW] = slow
    limits = Deadlines(link=2, response=0.3, release=0.3)
    hdlc = HdlcSettings(poll_interval=0.02, acknowledge_after=0.05)

    async def scenario(connect: Any) -> None:
        url = f"{getattr(links, link)}?client=16"
        async with connect(url, deadlines=limits, retries=QUICK, hdlc=hdlc) as meter:
            value = await meter.get(SLOW)
            assert value in (b"\1", b"\2", b"\3", b"\4")
            assert delay < 0.3 or value != b"\1"
            assert await meter.get(ENERGY.value) == 123456

    run(colour, scenario)


def test_connecting_is_tried_again(links: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with through(links, Answers(1, 2, fate=cut)) as proxy:
            async with connect(url_of(proxy), deadlines=SHORT, retries=QUICK) as meter:
                assert await meter.get(ENERGY.value) == 123456
        started = time.monotonic()
        with pytest.raises(ConnectionLost):
            async with connect(url_of(proxy), deadlines=SHORT, retries=QUICK):
                pass
        assert 0.02 + 0.04 + 0.08 < time.monotonic() - started < 5

    run(colour, scenario)


@pytest.mark.parametrize("at", [4, 6, 9, 15])
def test_a_profile_goes_on_where_a_lost_link_left_off(links: Running, colour: str, at: int) -> None:
    async def scenario(connect: Any) -> None:
        answers = Answers(at, at + 5, fate=cut)
        with through(links, answers) as proxy:
            options = {"deadlines": SHORT, "retries": QUICK, "max_receive_pdu_size": 400}
            async with connect(url_of(proxy), **options) as meter:
                rows = await meter.read_profile(PROFILE, START, START + datetime.timedelta(days=3))
        assert len(rows) == 288
        assert rows.columns["1-0:1.8.0*255:2"].tolist() == list(range(288))
        assert not rows.duplicates().any()
        # What had come was not read again: less than the rows twice over.
        assert len(proxy.passed["down"]) < 1.6 * 288 * 20

    run(colour, scenario)


def test_progress_is_told_in_rows_over_a_lost_link(links: Running, colour: str) -> None:
    told: list[tuple[int, int | None]] = []

    async def scenario(connect: Any) -> None:
        with through(links, Answers(9, fate=cut)) as proxy:
            options = {"deadlines": SHORT, "retries": QUICK, "max_receive_pdu_size": 400}
            async with connect(url_of(proxy), **options, on_progress=lambda *now: told.append(now)) as meter:
                told.clear()
                await meter.read_profile(PROFILE, START, START + datetime.timedelta(days=3))

    run(colour, scenario)
    rows = [(done, total) for done, total in told if total is not None and total > 3]
    assert len(rows) > 10
    assert all(288 <= total <= 290 for _, total in rows)  # one period is read over at the beginning
    assert sorted(rows) == rows
    assert rows[-1][0] == rows[-1][1]


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_another_client_on_the_same_link(links: Running, colour: str, link: str) -> None:
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    connections = 0

    def count(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        nonlocal connections
        connections += direction == "up" and offset == 0
        return [octets]

    async def scenario(connect: Any) -> None:
        with through(links, count, link) as proxy:
            async with connect(url_of(proxy, 16, scheme)) as meter:
                assert await meter.get(ENERGY.value) == 123456
                await meter.reassociate(17, Security("lls", password="12345678"))
                assert await meter.get(ENERGY.value) == 123456
                await meter.reassociate(1, secured())
                assert await meter.get(ENERGY.value) == 123456

    run(colour, scenario)
    assert connections == 1


def test_the_counter_goes_on_above_what_the_meter_accepted(links: Running, device: LogicalDevice, colour: str) -> None:
    store = MemoryCounterStore()
    name = counter_name(bytes.fromhex("4D4D4D0000000001"), Key(EK))

    async def scenario(connect: Any) -> None:
        async with connect(f"{links.wrapper}?client=1", security=secured(counters=store)) as meter:
            device[COUNTER] = DoubleLongUnsigned(5000)
            assert await meter.synchronise_counter() == 5001
            assert store.next_value(name) > 5001  # the association is open again
            assert await meter.get(ENERGY.value) == 123456
            device[COUNTER] = DoubleLongUnsigned(7)  # lower than ours: nothing changes
            before = store.next_value(name)
            assert await meter.synchronise_counter() >= before
            device[COUNTER] = DoubleLongUnsigned(1 << 30)
            with pytest.raises(SecurityError, match="leap"):
                await meter.synchronise_counter()
            assert await meter.get(ENERGY.value) == 123456
            assert await meter.synchronise_counter(force=True) == (1 << 30) + 1

    run(colour, scenario)


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_signs_of_life_of_a_client_that_says_nothing(links: Running, colour: str, link: str) -> None:
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"

    async def scenario(connect: Any) -> None:
        with through(links, lambda direction, offset, octets: [octets], link) as proxy:
            async with connect(url_of(proxy, 16, scheme), keep_alive=0.05) as meter:
                before = len(proxy.passed["down"])
                await asyncio.sleep(0.4)
                shown = len(proxy.passed["down"]) - before
                assert await meter.get(ENERGY.value) == 123456
                assert shown > 2 * 8

    run(colour, scenario)


def test_a_missing_sign_of_life_is_a_lost_link(links: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with through(links, Answers(2)) as proxy:
            options = {"deadlines": SHORT, "keep_alive": 0.1, "retries": QUICK}
            async with connect(url_of(proxy), **options) as meter:
                await asyncio.sleep(0.8)
                assert await meter.get(ENERGY.value) == 123456
        assert bytes(proxy.passed["up"]).count(AARQ) == 2

    run(colour, scenario)


def test_short_names_do_not_take_a_late_answer_for_another(links: Running, colour: str) -> None:
    """Without invoke-ids nothing tells answers apart, so an unanswered request ends the connection."""
    late: list[bytes] = []

    def delay(octets: bytes) -> list[bytes | None]:
        late.append(octets)
        return []

    class Late(Answers):
        def __call__(self, direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
            passed = super().__call__(direction, offset, octets)
            if direction == "down" and late and self.count > max(self.numbers):
                return [late.pop(), *passed]
            return passed

    async def scenario(connect: Any) -> None:
        harm = Late(0, fate=delay)
        with through(links, harm) as proxy:
            async with connect(url_of(proxy), deadlines=SHORT, short_names=True) as meter:
                assert await meter.get(ENERGY.value) == 123456
                harm.numbers = (harm.count + 1,)
                with pytest.raises((DeadlineExceeded, LinkError)):
                    await meter.get(NAME)
                with pytest.raises(LinkError):
                    await meter.get(ENERGY.value)

    run(colour, scenario)


def test_a_transport_that_is_open_already(links: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        for url, link in (("tcp://meter?client=16", "wrapper"), ("hdlc+tcp://meter:1?client=16", "hdlc")):
            handed = socket.create_connection(("127.0.0.1", links.port(link)))
            async with connect(url, transport=handed, retries=QUICK) as meter:
                assert await meter.get(LONG) == LONG_VALUE
            if colour == "asyncio":
                streams = await asyncio.open_connection("127.0.0.1", links.port(link))
                async with connect(url, transport=streams) as meter:
                    assert await meter.get(LONG) == LONG_VALUE
                streams = await asyncio.open_connection("127.0.0.1", links.port(link))
                async with connect(url, transport=AsyncStreamTransport(*streams)) as meter:
                    assert await meter.get(NAME)

    run(colour, scenario)


def test_a_transport_that_was_handed_in_has_no_other(links: Running, colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with through(links, Answers(2, fate=cut)) as proxy:
            handed = socket.create_connection(("127.0.0.1", proxy.port))
            async with connect("tcp://meter?client=16", transport=handed, retries=QUICK, deadlines=SHORT) as meter:
                for _ in range(2):
                    with pytest.raises((LinkError, ConnectionLost)):
                        await meter.get(ENERGY.value)

    run(colour, scenario)
