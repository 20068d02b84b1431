"""Our client against a meter made of dlms-cosem-rs 0.1.0, a separate process, over real sockets.

What it does that jDLMS and Gurux do not: values, parameters and results in blocks of their services both ways, ACCESS,
short names under ciphering, HDLC windows, general-block-transfer (`test_general_blocks`). Against the book:

- What a method returns in blocks is the Data alone, without the result and the choice before it.
- A list of methods whose parameters go in blocks it refuses, and with short names values in blocks and HLS.
- It judges the counters of the dedicated and of the global key together: the first request under the dedicated key
  repeats the counter of the AARQ.
- Over HDLC it answers no RR and repeats nothing; its user does (`rust/src/bin/cosem.rs`).
"""

from __future__ import annotations

import datetime
import time
from typing import Any

import numpy as np
import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.association.access import AccessPart
from dlms.client import Deadlines, Meter
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.cosem.types import EntryDescriptor
from dlms.data import DoubleLongUnsigned, Integer, LongUnsigned, OctetString
from dlms.errors import AssociationRejected
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security import Security
from dlms.service_errors import ExceptionResponseReceived, ObjectUndefined, OtherReason, ReadWriteDenied, TypeUnmatched
from dlms_core.hdlc import Frame, FrameKind
from dlms_core.hdlc_reader import FrameReader

UTC = datetime.UTC
FIRST = datetime.datetime(2024, 1, 1, tzinfo=UTC)
DAY = datetime.timedelta(days=1)
PASSWORD = "12345678"
KEYS: dict[str, Any] = {
    "policy": "authenticated+encrypted",
    "client_system_title": "4D4D4D0000000001",
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
    "replay": "per_association",
}
CLIENTS: dict[str, tuple[int, dict[str, Any]]] = {
    "none": (16, {}),
    "lls": (17, {"authentication": "lls", "password": PASSWORD}),
    "lls-ciphered": (18, {"authentication": "lls", "password": PASSWORD, **KEYS}),
    "none-ciphered": (32, KEYS),
    "hls-gmac": (1, {"authentication": "hls-gmac", **KEYS}),
}
TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ECHO = MethodRef(1, "0.0.96.1.0.255", 1)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
SCALER_UNIT = AttributeRef(3, "1.0.1.8.0.255", 3)
RESET = MethodRef(3, "1.0.1.8.0.255", 1)
UNDEFINED = AttributeRef(3, "1.0.9.8.0.255", 2)
BUFFER = AttributeRef(7, "1.0.99.1.0.255", 2)
LONG_BUFFER = AttributeRef(7, "1.0.99.2.0.255", 2)
LONG = bytes(range(256)) * 3


def connect(
    serve: Serve, link: str = "wrapper", who: str = "none", *, names: str = "ln", pdu: int = 0xFFFF, block: int = 0,
    window: int = 1, port: int = 0, security: dict[str, Any] | None = None, **options: Any,
) -> Meter:  # fmt: skip
    """`pdu` is the longest that either side takes; `block` and `window` are the peer's; `port` is another way to it."""
    port = port or serve("cosem", link, names, str(pdu), str(block), str(window)).port
    number, known = CLIENTS[who]
    values: dict[str, Any] = {
        "security": Security(**known | (security or {})), "deadlines": Deadlines(link=5, response=10, release=2),
        "short_names": names == "sn", "max_receive_pdu_size": pdu, **options,
    }  # fmt: skip
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return dlms.connect(f"{scheme}://127.0.0.1:{port}?client={number}", **values)


@pytest.mark.parametrize("pdu", [0xFFFF, 200])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("who", CLIENTS)
def test_reads_writes_and_calls_whole_and_in_blocks(serve: Serve, link: str, who: str, pdu: int) -> None:
    received: list[str] = []

    def trace(what: str, octets: bytes) -> None:
        if what == ("plaintext received" if "encryption_key" in CLIENTS[who][1] else "apdu received"):
            received.append(type(dlms.decode(octets)).__name__)

    with connect(serve, link, who, pdu=pdu, trace=trace) as meter:
        for value in (LONG, b"HELLO-RUST"):
            meter.set(TEXT, OctetString(value))
            assert meter.get(TEXT) == value
            assert meter.call(ECHO, OctetString(value)) == value
        assert [energy for _, energy in meter.get(BUFFER)] == [1000 + 7 * row for row in range(1000)]
        meter.set_several((TEXT, OctetString(LONG)), (ENERGY, DoubleLongUnsigned(5)))
        assert meter.get(TEXT, ENERGY, SCALER_UNIT) == (LONG, 5, (-1, 30))
        assert meter.call_several((RESET, Integer(0)), (ECHO, Integer(3))) == (None, 3)
        assert meter.get(ENERGY) == 0
        meter.set(TEXT, OctetString(b"HELLO-RUST"))
    blocks = {"GetResponseWithDatablock", "SetResponseDatablock", "SetResponseLastDatablock",
              "SetResponseLastDatablockWithList", "ActionResponseNextPblock", "ActionResponseWithPblock"}  # fmt: skip
    assert blocks & set(received) == (blocks if pdu == 200 else set())


def test_a_list_of_methods_in_blocks_is_refused(serve: Serve) -> None:
    with connect(serve, pdu=200) as meter, pytest.raises(ExceptionResponseReceived, match="service-not-supported"):
        meter.call_several((ECHO, OctetString(LONG)), (RESET, Integer(0)))


@pytest.mark.parametrize("who", ["none", "hls-gmac"])
def test_access(serve: Serve, who: str) -> None:
    with connect(serve, who=who) as meter:
        found = meter.access(
            AccessPart.set(TEXT, OctetString(LONG)), AccessPart.get(TEXT), AccessPart.call(ECHO, LongUnsigned(7)),
            AccessPart.get(UNDEFINED), AccessPart.set(SCALER_UNIT, Integer(0)), errors="return",
        )  # fmt: skip
        assert found[:3] == (None, LONG, 7)
        assert isinstance(found[3], ObjectUndefined)
        assert isinstance(found[4], ReadWriteDenied)
        meter.set(TEXT, OctetString(b"HELLO-RUST"))


@pytest.mark.parametrize("ciphering", ["service", "general"])
def test_envelopes(serve: Serve, ciphering: str) -> None:
    with connect(serve, who="hls-gmac", security={"ciphering": ciphering}) as meter:
        assert len(meter.get(BUFFER)) == 1000


def test_a_dedicated_key_begins_with_a_counter_that_it_takes_for_a_repeated_one(serve: Serve) -> None:
    with pytest.raises(ExceptionResponseReceived, match="invocation-counter-error"):
        connect(serve, who="hls-gmac", security={"dedicated_key": True})


@pytest.mark.parametrize(("changed", "errors"), [
    ({"encryption_key": bytes(16)}, AssociationRejected), ({"authentication_key": bytes(16)}, AssociationRejected),
    ({"policy": "authenticated"}, AssociationRejected), ({"policy": "encrypted"}, AssociationRejected),
])  # fmt: skip
def test_what_is_wrong_is_one_clear_error(serve: Serve, changed: dict[str, Any], errors: type[Exception]) -> None:
    with pytest.raises(errors):
        connect(serve, who="hls-gmac", security=changed)
    with pytest.raises(AssociationRejected, match="authentication-failure"):
        connect(serve, who="lls", security={"password": "87654321"})


def test_refusals_by_their_classes(serve: Serve) -> None:
    with connect(serve) as meter:
        assert [type(each) for each in meter.get(UNDEFINED, TEXT, errors="return")] == [ObjectUndefined, bytes]
        with pytest.raises(ReadWriteDenied):
            meter.set(SCALER_UNIT, Integer(0))
        with pytest.raises(TypeUnmatched):
            meter.set(TEXT, Integer(0))


@pytest.mark.parametrize("pdu", [0xFFFF, 1024, 100])
@pytest.mark.parametrize(("link", "who"), [("wrapper", "none"), ("wrapper", "hls-gmac"), ("hdlc", "hls-gmac")])
def test_profiles_by_range_and_entry(serve: Serve, link: str, who: str, pdu: int) -> None:
    with connect(serve, link, who, pdu=pdu) as meter:
        assert len(meter.get(LONG_BUFFER)) == 10_000
        some = meter.get(BUFFER, selection=EntryDescriptor(11, 20, 1, 0))
        assert [energy for _, energy in some] == [1000 + 7 * row for row in range(10, 20)]
        for access in ("range", "entry", "all"):
            profile = meter.read_profile("1.0.99.1.0.255", FIRST + DAY, FIRST + 2 * DAY, access=access)
            assert profile.columns["1-0:1.8.0*255:2"].tolist() == [1000 + 7 * row for row in range(96, 192)]
            assert profile.columns["0-0:1.0.0*255:2"][0] == np.datetime64("2024-01-02T00:00:00.000")


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("who", ["none", "lls", "lls-ciphered", "none-ciphered"])
def test_short_names(serve: Serve, link: str, who: str) -> None:
    """Ciphered, too: each response has a counter of its own."""
    with connect(serve, link, who, names="sn") as meter:
        for value in (LONG, b"HELLO-RUST"):
            meter.set(TEXT, OctetString(value))
            assert meter.get(TEXT) == value
        text, energy, missing = meter.get(TEXT, ENERGY, UNDEFINED, errors="return")
        assert (text, energy) == (b"HELLO-RUST", 123_456)
        assert isinstance(missing, ObjectUndefined)
        assert meter.call(RESET, Integer(0)) is None
        assert meter.get(ENERGY) == 0
        meter.set(ENERGY, DoubleLongUnsigned(123_456))
        assert len(meter.get(BUFFER, selection=EntryDescriptor(5, 6, 1, 0))) == 2


@pytest.mark.parametrize("who", ["none", "none-ciphered"])
def test_short_names_in_blocks(serve: Serve, who: str) -> None:
    with connect(serve, who=who, names="sn", pdu=200) as meter:
        assert [energy for _, energy in meter.get(BUFFER)] == [1000 + 7 * row for row in range(1000)]
        with pytest.raises(OtherReason):
            meter.set(TEXT, OctetString(LONG))


def test_short_names_know_no_hls(serve: Serve) -> None:
    with pytest.raises(ExceptionResponseReceived, match="operation-not-possible"):
        connect(serve, who="hls-gmac", names="sn")


def bursts(octets: bytes) -> list[int]:
    """How many information frames went one way before the line was given up, each time."""
    found = [0]
    for frame in FrameReader().read(octets):
        assert isinstance(frame, Frame)
        found[-1] += frame.kind is FrameKind.I
        if frame.poll_final:
            found.append(0)
    return [count for count in found if count]


@pytest.mark.parametrize("who", ["none", "hls-gmac"])
@pytest.mark.parametrize("window", [1, 3, 7])
def test_hdlc_windows_both_ways(serve: Serve, window: int, who: str) -> None:
    octets: dict[str, bytearray] = {"sent": bytearray(), "received": bytearray()}

    def trace(what: str, some: bytes) -> None:
        if what in octets:
            octets[what] += some

    hdlc = HdlcSettings(window_transmit=7, window_receive=7, information_transmit=128, information_receive=128)
    with connect(serve, "hdlc", who, window=window, hdlc=hdlc, trace=trace) as meter:
        meter.set(TEXT, OctetString(LONG * 2))
        assert meter.get(TEXT) == LONG * 2
        assert len(meter.get(BUFFER)) == 1000
        meter.set(TEXT, OctetString(b"HELLO-RUST"))
    assert {what: max(bursts(bytes(stream))) for what, stream in octets.items()} == dict.fromkeys(octets, window)


def test_signs_of_life_over_hdlc(serve: Serve) -> None:
    """RR and RR: the numbers stay as they are, and the next request is answered."""
    told: list[tuple[str, bytes]] = []
    with connect(serve, "hdlc", "hls-gmac", keep_alive=0.05, trace=lambda *what: told.append(what)) as meter:
        assert meter.get(TEXT) == b"HELLO-RUST"
        del told[:]
        time.sleep(0.4)
        quiet = list(told)
        assert len(meter.get(BUFFER)) == 1000
    frames = [(what, Frame.decode(octets)) for what, octets in quiet]
    assert len(frames) > 6
    assert {frame.kind for _, frame in frames} == {FrameKind.RR}
    for what in ("sent", "received"):
        numbers = {(frame.receive_sequence, frame.poll_final) for told_of, frame in frames if told_of == what}
        assert len(numbers) == 1, what
