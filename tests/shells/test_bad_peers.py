"""What a bad meter may do, in both colours: a right value or one clear error, in time, the socket closed, no counter
used twice."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.shells.colours import COLOURS, run
from tests.shells.conftest import ENERGY, LONG, LONG_VALUE, NAME, Running, secured
from tests.shells.proxy import Direction, Harm
from tests.shells.wires import apdus, bad_wire, ciphered_in, counters_in, frames

from dlms import aio
from dlms.apdu import decode, encode
from dlms.apdu.acse import Aare
from dlms.apdu.get import GetResponseWithDatablock
from dlms.enumerations import Conformance
from dlms.errors import (
    ConfigurationError,
    DeadlineExceeded,
    DlmsError,
    Downgrade,
    LinkError,
    ProtocolError,
    ReplayDetected,
    TagMismatch,
)
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security.counters import MemoryCounterStore
from dlms.service_errors import ServiceError
from dlms.shell import Deadlines
from dlms_core.hdlc import Frame, FrameKind, control_octet
from dlms_core.wrapper import build

SHORT = Deadlines(transport=2, link=1, response=0.5, release=0.3)
PATIENT = Deadlines(transport=10, link=20, response=20, release=5)
"""Where the wire is cut nothing is waited for."""
HDLC = HdlcSettings(response_timeout=0.1, repetitions=2, poll_interval=0.02, acknowledge_after=0.05)
RIGHT = (b"a meter of ours", 123456, LONG_VALUE)
LONGEST = 8.0
STORE = MemoryCounterStore()
USED: dict[int, bytes] = {}
"""What was sent under each counter of STORE, in all of these tests."""

in_both_colours = pytest.mark.parametrize("colour", COLOURS)


async def session(
    colour: str, connect: Any, meter: Running, harm: Harm, link: str, *, ciphered: bool = False, **options: Any
) -> Any:
    """Three values, or the error; the wire is closed whatever happens."""
    wire = await bad_wire(colour, meter.port(link), harm)
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    if ciphered:
        options.setdefault("security", secured(counters=STORE))
    started = time.monotonic()
    outcome: Any
    try:
        url = f"{scheme}://meter:1?client={1 if ciphered else 16}"
        async with connect(url, transport=wire, deadlines=SHORT, hdlc=HDLC, **options) as connected:
            outcome = await connected.get(NAME), await connected.get(ENERGY.value), await connected.get(LONG)
    except DlmsError as error:
        outcome = error
    assert time.monotonic() - started < LONGEST
    assert wire.closed
    if ciphered:
        check_counters(bytes(wire.sent))
    assert isinstance(outcome, DlmsError) or outcome == RIGHT, outcome
    return outcome


def check_counters(sent: bytes) -> None:
    """No counter protects two APDUs; what HDLC repeats is the same, octet for octet."""
    for counter, apdu in ciphered_in(sent):
        assert USED.setdefault(counter, apdu) == apdu


def outcome_of(colour: str, meter: Running, harm: Harm, link: str, **options: Any) -> Any:
    found: list[Any] = []

    async def scenario(connect: Any) -> None:
        found.append(await session(colour, connect, meter, harm, link, **options))

    run(colour, scenario)
    return found[0]


# ---- the wire -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("link", "ciphered"), [("wrapper", False), ("wrapper", True), ("hdlc", False), ("hdlc", True)])
@pytest.mark.parametrize("where", ["up", "down"])
def test_cut_at_every_octet(meter: Running, link: str, ciphered: bool, where: Direction) -> None:
    """All cuts at once, under asyncio; the sampled ones of test_bad_wires are made for threads as well."""

    def cut_at(at: int) -> Harm:
        def cut(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
            if direction != where or offset + len(octets) <= at:
                return [octets]
            return [octets[: max(0, at - offset)], None]

        return cut

    async def one(at: int, few: asyncio.Semaphore) -> bool:
        async with few:
            wire = await bad_wire("asyncio", meter.port(link), cut_at(at))
            scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
            security = secured(counters=STORE) if ciphered else None
            url = f"{scheme}://meter:1?client={1 if ciphered else 16}"
            try:
                async with aio.connect(url, transport=wire, deadlines=PATIENT, security=security) as connected:
                    assert await connected.get(NAME) == b"a meter of ours"
                    return True
            except DlmsError:
                return False
            finally:
                assert wire.closed
                if ciphered:
                    check_counters(bytes(wire.sent))

    async def all_of_them() -> list[bool]:
        few = asyncio.Semaphore(24)
        return await asyncio.gather(*(one(at, few) for at in range(420)))

    used = len(USED)
    came_through = asyncio.run(asyncio.wait_for(all_of_them(), 60))
    assert not ciphered or len(USED) > used + 420
    assert not any(came_through[:40])
    assert came_through == sorted(came_through)  # once the value has come, nothing takes it back
    assert came_through[-1]


harms = st.lists(
    st.tuples(st.sampled_from(["up", "down"]), st.integers(0, 900), st.sampled_from(["drop", "twice", "flip", "cut"])),
    min_size=1,
    max_size=3,
)


@in_both_colours
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(what=harms)
def test_any_harm_to_a_ciphered_session(
    meter: Running, colour: str, link: str, what: list[tuple[Direction, int, str]]
) -> None:
    """Right values or one error: what arrives is authenticated, so nothing wrong can be believed."""

    def harm(direction: Direction, offset: int, octets: bytes) -> list[bytes | None]:
        pieces: list[bytes | None] = [octets]
        for where, at, kind in what:
            if where != direction or not offset <= at < offset + len(octets):
                continue
            damaged = bytearray(octets)
            damaged[at - offset] ^= 1 << at % 8
            pieces = {"drop": [], "twice": [octets, octets], "flip": [bytes(damaged)], "cut": [octets[:3], None]}[kind]
        return pieces

    outcome_of(colour, meter, harm, link, ciphered=True)


# ---- frames -------------------------------------------------------------------------------------------------------


@in_both_colours
@pytest.mark.parametrize("number", range(6))
def test_a_wrong_check_sequence_is_repaired(meter: Running, colour: str, number: int) -> None:
    def edit(count: int, frame: Frame) -> list[Frame | bytes | None]:
        octets = bytearray(frame.encode())
        if count == number:
            octets[-2] ^= 0x10
        return [bytes(octets)]

    assert outcome_of(colour, meter, frames(edit), "hdlc") == RIGHT


@in_both_colours
@pytest.mark.parametrize("number", [1, 3])
def test_a_wrong_receive_number_ends_the_link(meter: Running, colour: str, number: int) -> None:
    answers = 0

    def edit(count: int, frame: Frame) -> list[Frame | bytes | None]:
        nonlocal answers
        answers += frame.kind is FrameKind.I
        if answers != number or frame.kind is not FrameKind.I:
            return [frame]
        return [_with_control(frame, frame.control ^ 0x60)]

    outcome = outcome_of(colour, meter, frames(edit), "hdlc")
    assert isinstance(outcome, LinkError)
    assert "N(R)" in str(outcome)


@in_both_colours
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_station_that_disconnects_in_the_middle(meter: Running, colour: str, number: int) -> None:
    def edit(count: int, frame: Frame) -> list[Frame | bytes | None]:
        if count != number:
            return [frame]
        return [Frame(frame.destination, frame.source, control_octet(FrameKind.DM, poll_final=True), b"")]

    outcome = outcome_of(colour, meter, frames(edit), "hdlc")
    assert isinstance(outcome, LinkError)
    assert "DM" in str(outcome)


@in_both_colours
@pytest.mark.parametrize("kind", [FrameKind.RNR, FrameKind.RR])
def test_a_station_that_is_busy_for_ever(meter: Running, colour: str, kind: FrameKind) -> None:
    def edit(count: int, frame: Frame) -> list[Frame | bytes | None]:
        if count < 2:
            return [frame]
        number = 1 if frame.receive_sequence is None else frame.receive_sequence
        control = control_octet(kind, poll_final=True, receive_sequence=number)
        return [Frame(frame.destination, frame.source, control, b"")]

    assert isinstance(outcome_of(colour, meter, frames(edit), "hdlc"), (DeadlineExceeded, LinkError))


@in_both_colours
def test_a_station_that_rejects(meter: Running, colour: str) -> None:
    def edit(count: int, frame: Frame) -> list[Frame | bytes | None]:
        if count != 2:
            return [frame]
        control = control_octet(FrameKind.FRMR, poll_final=True)
        return [Frame(frame.destination, frame.source, control, bytes((frame.control, 0, 1)))]

    outcome = outcome_of(colour, meter, frames(edit), "hdlc")
    assert isinstance(outcome, LinkError)
    assert "FRMR" in str(outcome)


@in_both_colours
def test_every_frame_twice_and_in_another_order(meter: Running, colour: str) -> None:
    assert outcome_of(colour, meter, frames(lambda count, frame: [frame, frame]), "hdlc") == RIGHT
    kept: list[Frame] = []

    def late(count: int, frame: Frame) -> list[Frame | bytes | None]:
        kept.append(frame)
        return [frame, kept[-2]] if count % 2 and count > 2 else [frame]

    outcome_of(colour, meter, frames(late), "hdlc")


def _with_control(frame: Frame, control: int) -> Frame:
    return Frame(frame.destination, frame.source, control, frame.information, segmented=frame.segmented)


# ---- APDUs --------------------------------------------------------------------------------------------------------


@in_both_colours
@pytest.mark.parametrize("to", [0, 1, 7, 0xFFFFFFFF])
def test_a_wrong_block_number(meter: Running, colour: str, to: int) -> None:
    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        message = decode(apdu)
        if not isinstance(message, GetResponseWithDatablock) or message.result.block_number != 3:
            return [apdu]
        block = message.result
        wrong = type(block)(block.last_block, to, block.result)
        return [encode(GetResponseWithDatablock(message.invoke_id_and_priority, wrong))]

    outcome = outcome_of(colour, meter, apdus(edit), "wrapper", max_receive_pdu_size=300)
    assert isinstance(outcome, ProtocolError)
    assert "expected block 3" in str(outcome)


@in_both_colours
def test_an_answer_to_another_request_is_passed_over(meter: Running, colour: str) -> None:
    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        if apdu[:1] != b"\xc4":
            return [apdu]
        return [apdu[:2] + bytes([apdu[2] ^ 0x05]) + apdu[3:]]

    outcome = outcome_of(colour, meter, apdus(edit), "wrapper")
    assert isinstance(outcome, DeadlineExceeded)
    assert str(outcome) == f"a response did not come within {SHORT.response} s"

    def another_before(count: int, apdu: bytes) -> list[bytes | None]:
        return [*edit(count, apdu), apdu] if apdu[:1] == b"\xc4" else [apdu]

    assert outcome_of(colour, meter, apdus(another_before), "wrapper") == RIGHT


@in_both_colours
def test_a_meter_that_never_says_a_word(colour: str) -> None:
    async def scenario(connect: Any) -> None:
        with pytest.raises(DeadlineExceeded, match=r"a response did not come within 0\.5 s"):
            async with connect(f"tcp://127.0.0.1:{silent.getsockname()[1]}", deadlines=SHORT):
                pass

    with socket.create_server(("127.0.0.1", 0)) as silent:
        run(colour, scenario)


@in_both_colours
def test_a_flood_of_other_answers_does_not_prolong_the_waiting(meter: Running, colour: str) -> None:
    """Each comes well within the deadline; together they would keep the client waiting for ever."""
    flood = bytes.fromhex("C4014F0009020102")  # its invoke-id is 15

    wpdu = build(flood, source=1, destination=16)

    async def scenario(connect: Any) -> None:
        wire = await bad_wire(colour, meter.port("wrapper"), lambda direction, offset, octets: [octets])
        async with connect("tcp://meter?client=16", transport=wire, deadlines=SHORT) as connected:
            await connected.get(NAME)
            if colour == "threads":
                wire.receive = lambda timeout: (time.sleep(0.05), wpdu)[1]  # type: ignore[method-assign]
            else:

                async def receive(timeout: float | None) -> bytes:
                    await asyncio.sleep(0.05)
                    return wpdu

                wire.receive = receive  # type: ignore[method-assign]
            started = time.monotonic()
            with pytest.raises(DeadlineExceeded):
                await connected.get(NAME)
            assert time.monotonic() - started < 3

    run(colour, scenario)


@in_both_colours
@pytest.mark.parametrize("number", [2, 3])
def test_a_replayed_answer(meter: Running, colour: str, number: int) -> None:
    seen: list[bytes] = []

    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        seen.append(apdu)
        return [seen[-2]] if count == number else [apdu]

    assert isinstance(outcome_of(colour, meter, apdus(edit), "wrapper", ciphered=True), ReplayDetected)


@in_both_colours
@pytest.mark.parametrize("plain", ["C401C10009024142", "0C0100060102", "C404C1", "61"])
def test_an_answer_without_protection(meter: Running, colour: str, plain: str) -> None:
    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        return [bytes.fromhex(plain)] if count == 2 else [apdu]

    outcome = outcome_of(colour, meter, apdus(edit), "wrapper", ciphered=True)
    assert isinstance(outcome, DlmsError)
    if plain.startswith("C401"):
        assert isinstance(outcome, Downgrade)


@in_both_colours
@pytest.mark.parametrize("place", [-1, -12, -13, 8])
def test_a_forged_tag_and_forged_octets(meter: Running, colour: str, place: int) -> None:
    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        if count != 2:
            return [apdu]
        forged = bytearray(apdu)
        forged[place] ^= 0x01
        return [bytes(forged)]

    assert isinstance(outcome_of(colour, meter, apdus(edit), "wrapper", ciphered=True), TagMismatch)


@in_both_colours
def test_a_weaker_security_control(meter: Running, colour: str) -> None:
    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        return [apdu[:2] + bytes([apdu[2] & ~0x20]) + apdu[3:]] if count == 2 else [apdu]

    assert isinstance(outcome_of(colour, meter, apdus(edit), "wrapper", ciphered=True), Downgrade)


@in_both_colours
@pytest.mark.parametrize(
    "lie", [Conformance(0), Conformance.SET, ~Conformance(0), Conformance.GET | Conformance.ACTION]
)
def test_a_lying_conformance(meter: Running, colour: str, lie: Conformance) -> None:
    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        message = decode(apdu)
        if not isinstance(message, Aare):
            return [apdu]
        information: Any = message.user_information
        lying = replace(information, negotiated_conformance=Conformance(int(lie) & 0xFFFFFF))
        return [encode(replace(message, user_information=lying))]

    outcome = outcome_of(colour, meter, apdus(edit), "wrapper")
    if not lie & Conformance.GET:
        assert isinstance(outcome, ConfigurationError)
    else:
        assert outcome == RIGHT or isinstance(outcome, (ServiceError, ProtocolError))


@in_both_colours
def test_a_meter_that_never_ends(meter: Running, colour: str) -> None:
    """Blocks without end, each in time: nothing bounds them but their size, and a last block that is none."""

    def edit(count: int, apdu: bytes) -> list[bytes | None]:
        message = decode(apdu)
        if isinstance(message, GetResponseWithDatablock) and message.result.last_block:
            block = message.result
            endless = type(block)(False, block.block_number, block.result)
            return [encode(GetResponseWithDatablock(message.invoke_id_and_priority, endless))]
        return [apdu]

    outcome = outcome_of(colour, meter, apdus(edit), "wrapper", max_receive_pdu_size=600)
    assert isinstance(outcome, (ServiceError, ProtocolError))


# ---- counters -----------------------------------------------------------------------------------------------------


@in_both_colours
def test_no_counter_is_used_twice_whatever_the_wire_does(meter: Running, colour: str) -> None:
    store = MemoryCounterStore()
    counters: list[int] = []

    async def scenario(connect: Any) -> None:
        for at in range(0, 700, 35):

            def cut(direction: Direction, offset: int, octets: bytes, at: int = at) -> list[bytes | None]:
                return [octets] if direction == "up" or offset + len(octets) <= at else [None]

            wire = await bad_wire(colour, meter.port("wrapper"), cut)
            try:
                async with connect("tcp://meter?client=1", transport=wire, deadlines=SHORT,
                                   security=secured(counters=store)) as connected:  # fmt: skip
                    await connected.get(LONG)
            except DlmsError:
                pass
            counters.extend(counters_in(bytes(wire.sent)))

    run(colour, scenario)
    assert len(counters) > 30
    assert len(set(counters)) == len(counters)
