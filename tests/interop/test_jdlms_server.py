"""Our client against the jDLMS server, a separate process, over real sockets.

What jDLMS does against the book is let through by name:

`jdlms-server`
    hdlc_receive_numbers_ignored: its N(R) stays 0. hdlc_final_bit_missing: only the last segment has it.
    disconnect_unanswered: it closes TCP after RLRE. context_name_not_echoed: with LLS it answers the application
    context without ciphering by naming the one with ciphering.
`initiate_request_not_ciphered`
    with LLS in a ciphered context its server reads the initiate-request of the AARQ without deciphering it first, so
    that no ciphered one is ever accepted, not even that of jDLMS's own client.
`replay="per_association"`
    its invocation counters begin with 1 in every association.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.client import Deadlines, Meter
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Array, DoubleLongUnsigned, Enum, Integer, LongUnsigned, OctetString, Structure
from dlms.datetime import CosemDateTime
from dlms.errors import AssociationRejected, DlmsError, Downgrade, LinkError
from dlms.quirks import NAMED, Quirks
from dlms.security import Security
from dlms.service_errors import ObjectUndefined, ReadWriteDenied, ServiceError

KEYS: dict[str, Any] = {
    "policy": "authenticated+encrypted",
    "client_system_title": "4D4D4D0000000001",
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
    "replay": "per_association",
}
PASSWORD = "12345678"
QUIRKS = Quirks(**NAMED["jdlms-server"])
PLAIN_INITIATE = Quirks(**NAMED["jdlms-server"], initiate_request_not_ciphered=True)
CLIENTS: dict[str, tuple[int, dict[str, Any], Quirks]] = {
    "none": (16, {}, QUIRKS),
    "lls": (17, {"authentication": "lls", "password": PASSWORD}, QUIRKS),
    "lls-ciphered": (18, {"authentication": "lls", "password": PASSWORD, **KEYS}, PLAIN_INITIATE),
    "hls-gmac": (1, {"authentication": "hls-gmac", **KEYS}, QUIRKS),
}
LINKS = ("wrapper", "hdlc")
TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
SCALER_UNIT = AttributeRef(3, "1.0.1.8.0.255", 3)
RESET = MethodRef(3, "1.0.1.8.0.255", 1)
UNDEFINED = AttributeRef(3, "1.0.9.8.0.255", 2)


def connect(serve: Serve, link: str, who: str = "none", **options: Any) -> Meter:
    number, security, quirks = CLIENTS[who]
    server = serve("jdlms", link, "ln")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    values: dict[str, Any] = {
        "security": Security(**security), "quirks": quirks, "deadlines": Deadlines(response=20), **options,
    }  # fmt: skip
    return dlms.connect(f"{scheme}://127.0.0.1:{server.port}?client={number}", **values)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("who", CLIENTS)
def test_reads_writes_and_calls_whatever_the_security(serve: Serve, link: str, who: str) -> None:
    with connect(serve, link, who) as meter:
        meter.set(TEXT, OctetString(b"HELLO-JDLMS"))
        assert meter.get(TEXT) == b"HELLO-JDLMS"
        meter.set(TEXT, OctetString(bytes(range(100))))
        assert meter.get(TEXT) == bytes(range(100))
        assert meter.call(RESET, Integer(0)) is None
        assert meter.get(ENERGY, SCALER_UNIT) == (0, (-1, 30))


@pytest.mark.parametrize("link", LINKS)
def test_several_are_written_and_invoked_at_once(serve: Serve, link: str) -> None:
    sent: list[str] = []

    def trace(what: str, octets: bytes) -> None:
        sent.extend([type(dlms.decode(octets)).__name__] if what == "apdu sent" else [])

    with connect(serve, link, trace=trace) as meter:
        outcomes = meter.set_several((TEXT, OctetString(b"one")), (UNDEFINED, Integer(1)), errors="return")
        assert outcomes[0] is None
        assert isinstance(outcomes[1], ServiceError)
        assert meter.get(TEXT) == b"one"
        assert meter.call_several((RESET, Integer(0)), (RESET, Integer(0))) == (None, None)
    assert {"SetRequestWithList", "ActionRequestWithList"} <= set(sent)


SMALL_PROFILE = "1.0.99.1.0.255"
LARGE_PROFILE = "1.0.99.2.0.255"
CLOCK_COLUMN = Structure((LongUnsigned(8), OctetString(bytes.fromhex("0000010000FF")), Integer(2), LongUnsigned(0)))


def row(index: int) -> tuple[bytes, int, int, int]:
    """What the peer's profile holds: quarters of an hour from 2024-01-01 00:00, UTC."""
    return stamp(index), 4 if index % 8 == 0 else 0, 1000 + 7 * index, 2000 + 3 * index


def stamp(index: int) -> bytes:
    time = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * index)
    return CosemDateTime(
        year=time.year, month=time.month, day=time.day, day_of_week=time.isoweekday(),
        hour=time.hour, minute=time.minute, second=0, hundredths=0, deviation=0, status=0,
    ).octets  # fmt: skip


def by_range(first: int, last: int) -> SelectiveAccessDescriptor:
    bounds = (OctetString(stamp(first)), OctetString(stamp(last)))
    return SelectiveAccessDescriptor(1, Structure((CLOCK_COLUMN, *bounds, Array(()))))


def by_entry(first: int, last: int) -> SelectiveAccessDescriptor:
    parts = (DoubleLongUnsigned(first), DoubleLongUnsigned(last), LongUnsigned(1), LongUnsigned(0))
    return SelectiveAccessDescriptor(2, Structure(parts))


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("who", ["none", "hls-gmac"])
@pytest.mark.parametrize("pdu", [0xFFFF, 1024, 100])
def test_a_profile_whole_by_range_and_by_entry(serve: Serve, link: str, who: str, pdu: int) -> None:
    """PDUs from the longest to tiny ones: the same rows in one APDU, in some blocks and in hundreds.

    The range is no longer than one HDLC frame: a response longer than one and shorter than two frames throws an
    exception in jDLMS's server, which closes the connection.
    """
    buffer = AttributeRef(7, SMALL_PROFILE, 2)
    count = 900 if pdu > 100 else 120
    with connect(serve, link, who, max_receive_pdu_size=pdu) as meter:
        if pdu > 100:
            assert meter.get(buffer) == [row(i) for i in range(1000)]
        assert meter.get(buffer, selection=by_entry(11, 10 + count)) == [row(i) for i in range(10, 10 + count)]
        assert meter.get(buffer, selection=by_range(96, 135)) == [row(i) for i in range(96, 136)]
        assert meter.get(buffer, selection=by_range(4000, 4100)) == []


@pytest.mark.parametrize(("link", "who"), [("wrapper", "lls"), ("wrapper", "hls-gmac"), ("hdlc", "none")])
def test_ten_thousand_rows(serve: Serve, link: str, who: str) -> None:
    with connect(serve, link, who) as meter:
        rows = meter.get(AttributeRef(7, LARGE_PROFILE, 2))
        assert rows == [row(i) for i in range(10_000)]
        assert meter.get(AttributeRef(7, LARGE_PROFILE, 7)) == 10_000


@pytest.mark.parametrize("pdu", [100, 1024])
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("who", ["none", "hls-gmac"])
def test_some_of_ten_thousand_rows_by_range_and_by_entry(serve: Serve, link: str, who: str, pdu: int) -> None:
    buffer = AttributeRef(7, LARGE_PROFILE, 2)
    with connect(serve, link, who, max_receive_pdu_size=pdu) as meter:
        assert meter.get(buffer, selection=by_entry(9_901, 10_000)) == [row(i) for i in range(9_900, 10_000)]
        assert meter.get(buffer, selection=by_range(9_000, 9_039)) == [row(i) for i in range(9_000, 9_040)]


@pytest.mark.parametrize("who", CLIENTS)
def test_refusals_by_their_classes(serve: Serve, who: str) -> None:
    with connect(serve, "wrapper", who) as meter:
        with pytest.raises(ObjectUndefined):
            meter.get(UNDEFINED)
        with pytest.raises(ReadWriteDenied):
            meter.set(SCALER_UNIT, Structure((Integer(0), Enum(30))))
        with pytest.raises(ServiceError):
            meter.call(MethodRef(3, "1.0.9.8.0.255", 1), Integer(0))
        value, error = meter.get(SCALER_UNIT, UNDEFINED, errors="return")
        assert value == (-1, 30)
        assert isinstance(error, ObjectUndefined)
        with pytest.raises(ObjectUndefined) as raised:
            meter.get(SCALER_UNIT, UNDEFINED)
        assert raised.value.results[0] == (-1, 30)
        assert meter.get(SCALER_UNIT) == (-1, 30)


OTHER = bytes(reversed(range(16)))
DEADLINE = 3.0


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    ("who", "changed", "errors", "words"),
    [
        ("lls", {"password": "87654321"}, AssociationRejected, "authentication-failure"),
        ("lls-ciphered", {"password": "87654321"}, AssociationRejected, "authentication-failure"),
        # Where deciphering fails it closes the connection and says nothing.
        ("hls-gmac", {"encryption_key": OTHER}, LinkError, "closed"),
        ("hls-gmac", {"authentication_key": OTHER}, LinkError, "closed"),
    ],
)
def test_wrong_secrets_are_one_clear_error(
    serve: Serve, link: str, who: str, changed: dict[str, Any], errors: type[DlmsError], words: str
) -> None:
    security = Security(**CLIENTS[who][1] | changed)
    began = time.monotonic()
    with pytest.raises(errors, match=words) as raised:
        connect(serve, link, who, security=security, deadlines=Deadlines(link=DEADLINE, response=DEADLINE))
    assert time.monotonic() - began < 2 * DEADLINE
    assert OTHER.hex() not in str(raised.value).lower()


@pytest.mark.parametrize("link", LINKS)
def test_an_unknown_client_is_one_clear_error(serve: Serve, link: str) -> None:
    server = serve("jdlms", link, "ln")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    began = time.monotonic()
    # It closes the connection and sends no AARE.
    with pytest.raises(LinkError, match="closed"):
        dlms.connect(
            f"{scheme}://127.0.0.1:{server.port}?client=77", quirks=QUIRKS,
            deadlines=Deadlines(link=DEADLINE, response=DEADLINE),
        )  # fmt: skip
    assert time.monotonic() - began < 2 * DEADLINE


def test_without_the_quirks_the_deviations_are_errors(serve: Serve) -> None:
    """Nothing is let through that was not named."""
    with pytest.raises(Downgrade, match="another application context"):
        connect(serve, "wrapper", "lls", quirks=Quirks())
    with pytest.raises(AssociationRejected):
        connect(serve, "wrapper", "lls-ciphered", quirks=QUIRKS)
