"""Too much of everything: what a server holds stays small, whoever stops is forgotten, others are served."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import struct
import threading
import time
import tracemalloc

import pytest
from tests.association.meter import (
    CLOCK,
    CTOS,
    DIGEST,
    ENERGY,
    LONG,
    MANAGER,
    NOW,
    PASSWORD,
    PUBLIC,
    READER,
    aarq,
    attribute,
    initiate,
)
from tests.association.requests import BY_LOGICAL_NAME, GET, meter_with_profile
from tests.server.watched import Watched, accepted, watched

from dlms.apdu import decode, encode
from dlms.apdu.acse import Rlrq
from dlms.apdu.exception import ExceptionResponse
from dlms.apdu.get import GetRequestNext, GetRequestNormal, GetResponseNormal, GetResponseWithDatablock
from dlms.data import OctetString
from dlms.results import DataAccessResult
from dlms.server import ServerLimits
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.wrapper import build

pytestmark = pytest.mark.usefixtures("no_traceback")
TCP, HDLC, UDP = "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0", "udp://127.0.0.1:0"
BOTH = pytest.mark.parametrize("url", [TCP, HDLC])
THE_TIME = OctetString(NOW.octets)
LONG_VALUE = 60_000
ENOUGH = 1 << 21
HALF_OPEN = 200


# ---- too much -----------------------------------------------------------------------------------------------------


@BOTH
def test_more_than_an_apdu_may_have(url: str) -> None:
    """A WPDU that announces too much, and segments without end: nothing is kept of them, and a connection is lost at
    the most."""
    with watched(url, limits=ServerLimits(longest_apdu=2000)) as of, of.raw().connect() as raw:
        if url == TCP:
            raw.send(build(bytes(60_000), source=MANAGER, destination=1))
        else:
            for number in range(20):
                control = {"send_sequence": number % 8, "receive_sequence": 0}
                segment = control_octet(FrameKind.I, poll_final=True, **control)
                raw.send(Frame(HdlcAddress(1), HdlcAddress(MANAGER), segment, bytes(200), segmented=True).encode())
                if (answer := raw.receive_frame(0.3)) is not None and answer.kind is FrameKind.DM:
                    break
            else:
                pytest.fail("segments without end are taken")
            raw.close()
            raw = of.raw().connect()
        assert accepted(raw.ask(encode(aarq())))
        raw.close()


@BOTH
def test_many_requests_at_once_are_answered_in_order(url: str) -> None:
    numbers = [index % 16 for index in range(300)]
    with watched(url) as of, of.opened() as raw:
        for number in numbers:
            raw.send_apdu(encode(GetRequestNormal(0xC0 | number, attribute(CLOCK.time))))
        answers = [decode(raw.receive_apdu() or b"") for _ in numbers]
    assert answers == [GetResponseNormal(0xC0 | number, THE_TIME) for number in numbers]


def test_a_client_that_reads_nothing_is_held_and_others_are_served() -> None:
    """The server takes no more than it can hand out: neither memory nor answers grow, and all come in the end."""
    device = meter_with_profile()
    device[LONG.value] = OctetString(bytes(LONG_VALUE))
    asked = build(encode(GetRequestNormal(0xC1, attribute(LONG.value))), source=MANAGER, destination=1)
    with watched(TCP, device) as of, of.opened() as raw:
        tracemalloc.start()
        try:
            count = 1000
            raw.send(asked * count)
            of.serves()
            time.sleep(0.2)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held < ENOUGH, "far from the 60 MB that it asked for"
        for _ in range(count):
            answer = raw.receive_apdu()
            assert answer is not None
            assert len(answer) > LONG_VALUE


def test_a_client_that_never_reads_is_ended() -> None:
    device = meter_with_profile()
    device[LONG.value] = OctetString(bytes(LONG_VALUE))
    asked = build(encode(GetRequestNormal(0xC1, attribute(LONG.value))), source=MANAGER, destination=1)
    with watched(TCP, device, limits=ServerLimits(inactivity_timeout=0.3)) as of, of.opened() as raw:
        raw.send(asked * 1000)
        of.comes_to_rest()


# ---- those that stop ----------------------------------------------------------------------------------------------


@BOTH
def test_half_open_connections(url: str) -> None:
    """Two hundred that say nothing, half a word, that they want to connect, or that they are about to prove
    themselves: all are ended, and others are served before and after."""
    limits = ServerLimits(half_open_timeout=3.0, connections=HALF_OPEN + 10)
    with watched(url, limits=limits) as of:
        opening = encode(aarq(6, CTOS))
        idle = [of.raw(DIGEST) for _ in range(HALF_OPEN)]
        for index, raw in enumerate(idle):
            if index % 4 == 1:
                raw.send(b"\x00\x01\x00" if url == TCP else b"\x7e\xa0\x10")
            elif index % 4 == 2 and url == HDLC:
                raw.send(raw.frame(FrameKind.SNRM))
            elif index % 4 == 3:
                assert accepted(raw.connect().ask(opening))
        assert of.server.connections == HALF_OPEN
        of.serves()
        assert all(raw.ended for raw in idle)
        for raw in idle:
            raw.close()


@BOTH
def test_a_client_that_stops_in_the_middle_of_a_block_transfer(url: str) -> None:
    device = meter_with_profile()
    with watched(url, device, limits=ServerLimits(inactivity_timeout=0.5)) as of:
        information = initiate(size=128)
        with of.opened(user_information=information) as silent:
            assert isinstance(decode(silent.ask(encode(GetRequestNormal(0xC1, attribute(LONG.value))))),
                              GetResponseWithDatablock)  # fmt: skip
            assert silent.ended
        for message in ("set first block", "action first block"):
            raw = of.opened()
            raw.send_apdu(encode(BY_LOGICAL_NAME[message]))
            raw.receive_apdu()
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.close()  # without a word: RST


def test_a_client_that_goes_while_its_request_is_served() -> None:
    device = meter_with_profile()
    cancelled: list[bool] = []

    async def slow() -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return 1

    device[CLOCK.time_zone] = slow
    with watched(TCP, device) as of:
        for _ in range(5):
            with of.opened() as raw:
                raw.send_apdu(encode(GetRequestNormal(0xC1, attribute(CLOCK.time_zone))))
                until = time.monotonic() + 5
                while not of.tasks() and time.monotonic() < until:
                    time.sleep(0.005)
            of.comes_to_rest()
    assert cancelled == [True] * 5


# ---- several at once ----------------------------------------------------------------------------------------------


def test_two_clients_interleaved_on_one_connection() -> None:
    """Each has its own association, rights, blocks and numbers."""
    with watched(TCP) as of, of.raw() as raw:
        blocks: dict[int, bytes] = {MANAGER: b"", PUBLIC: b""}
        last = dict.fromkeys(blocks, 0)
        for client, size in ((MANAGER, 128), (PUBLIC, 200)):
            raw.client = client
            assert accepted(raw.ask(encode(aarq(user_information=initiate(size=size)))))
        going = list(blocks)
        while going:
            for client in list(going):
                raw.client = client
                request = (
                    GetRequestNext(0xC1, last[client])
                    if last[client]
                    else GetRequestNormal(0xC1, attribute(LONG.value))
                )
                block = decode(raw.ask(encode(request))).result
                last[client] = block.block_number
                blocks[client] += block.result
                if block.last_block:
                    going.remove(client)
        assert last[MANAGER] > last[PUBLIC]
        assert blocks[MANAGER] == blocks[PUBLIC]
        for client, result in ((MANAGER, DataAccessResult.SUCCESS), (PUBLIC, DataAccessResult.READ_WRITE_DENIED)):
            raw.client = client
            assert decode(raw.ask(encode(BY_LOGICAL_NAME["set"]))).result == result


def test_memory_is_flat_whatever_comes() -> None:
    """Connections with garbage, rejected and accepted associations, and associations left: as much is held after three
    hundred of them as after one hundred."""
    noise = random.Random(7)

    def attack(of: Watched) -> None:
        for index in range(100):
            with of.raw() as raw:
                match index % 4:
                    case 0:
                        raw.send(noise.randbytes(200))
                    case 1:
                        raw.ask(encode(aarq(context=9)))
                    case 2:
                        raw.ask(encode(aarq()))
                        raw.ask(encode(BY_LOGICAL_NAME["set first block"]))
                    case 3:
                        raw.ask(encode(GET))
        of.comes_to_rest()
        gc.collect()

    with watched(TCP) as of:
        attack(of)
        tracemalloc.start()
        try:
            attack(of)
            before, _ = tracemalloc.get_traced_memory()
            attack(of)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert after - before < 16_384


def test_datagrams_from_many_addresses_are_bounded() -> None:
    """Who asks for no association leaves nothing; who does not prove himself makes room for who comes."""
    with watched(UDP, limits=ServerLimits(connections=20, half_open_timeout=1.0)) as of:
        honest = of.raw()
        assert accepted(honest.ask(encode(aarq())))
        raws = [of.raw(DIGEST) for _ in range(60)]
        for raw in raws:
            raw.ask(encode(GET))
        of.comes_to_rest(1)
        for raw in raws:
            assert accepted(raw.ask(encode(aarq(6, CTOS))))
        of.comes_to_rest(20)
        assert decode(honest.ask(encode(GET))).result == THE_TIME
        of.serves()
        for raw in raws:
            raw.close()
        honest.ask(encode(Rlrq()))
        honest.close()


def test_associations_from_many_addresses_make_room_for_those_who_prove_themselves() -> None:
    """One association without a proof costs a made-up address one datagram: they do not shut out who knows a secret,
    and he is not ended for them."""
    with watched(UDP, limits=ServerLimits(connections=20, inactivity_timeout=1.0)) as of:
        reader = of.raw(READER)
        assert accepted(reader.ask(encode(aarq(1, PASSWORD))))
        raws = [of.raw(PUBLIC) for _ in range(40)]
        for raw in raws:
            assert accepted(raw.ask(encode(aarq())))
            raw.close()
        assert of.server.connections == 20
        assert decode(reader.ask(encode(GET))).result == THE_TIME
        with of.raw(READER) as another:
            assert accepted(another.ask(encode(aarq(1, PASSWORD))))
            another.ask(encode(Rlrq()))
        reader.ask(encode(Rlrq()))
        reader.close()


def test_datagrams_that_come_while_a_function_is_at_work_are_bounded() -> None:
    device = meter_with_profile()
    goes_on = threading.Event()

    async def slow() -> int:
        while not goes_on.is_set():
            await asyncio.sleep(0.01)
        return 1

    device[CLOCK.time_zone] = slow
    with watched(UDP, device) as of, of.raw() as raw:
        assert accepted(raw.ask(encode(aarq())))
        for number in range(300):
            raw.send_apdu(encode(GetRequestNormal(0xC0 | number % 16, attribute(CLOCK.time_zone))))
            of.tasks()  # it has read this one
        goes_on.set()
        answers = 0
        while raw.receive_apdu(0.3) is not None:
            answers += 1
        assert ServerLimits().waiting_requests < answers < 2 * ServerLimits().waiting_requests
        raw.ask(encode(Rlrq()))


def test_requests_of_another_address_are_not_of_this_association() -> None:
    with watched(UDP) as of, of.raw() as raw, of.raw() as other:
        assert accepted(raw.ask(encode(aarq())))
        assert isinstance(decode(other.ask(encode(GetRequestNormal(0xC1, attribute(ENERGY.value))))), ExceptionResponse)
        raw.ask(encode(Rlrq()))
