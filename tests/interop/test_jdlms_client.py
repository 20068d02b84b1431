"""jDLMS's client reads, writes and acts on our server as on a meter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.interop.every_class import every_class, expected
from tests.interop.jdlms_client import ask, listed, notation
from tests.interop.peers import Unavailable, class_path, talk, unavailable
from tests.serving import serving

from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.cosem.types import CaptureObjectDefinition, OctetStringDateTime
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.datetime import CosemDateTime
from dlms.enumerations import MethodAccessV3
from dlms.server import READ_AND_WRITE, LogicalDevice, ProfileBuffer, ServedClient, Server
from dlms.units import ScalerUnit, Unit

ENCRYPTION_KEY = bytes(range(16))
AUTHENTICATION_KEY = bytes(range(0xD0, 0xE0))
PASSWORD = "12345678"

CLOCK = Clock("0.0.1.0.0.255")
ENERGY = Register("1.0.1.8.0.255")
LONG = Data("0.0.96.1.0.255")
PROFILE = ProfileGeneric("1.0.99.1.0.255")
START = 1_700_000_000_000
NOW = CosemDateTime.from_epoch_milliseconds(START)


def meter() -> LogicalDevice:
    everything = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
    keys = {"encryption_key": ENCRYPTION_KEY, "authentication_key": AUTHENTICATION_KEY}
    device = LogicalDevice(
        "DLM0000000000001",
        system_title=b"DLM\x00\x00\x00\x00\x01",
        clients=[
            ServedClient(16),
            ServedClient(1, **everything),
            ServedClient(2, authentication="lls", password=PASSWORD, **everything),
            ServedClient(3, authentication="hls-gmac", policy="authenticated+encrypted", **keys, **everything),
            ServedClient(
                4, authentication="lls", password=PASSWORD, policy="authenticated+encrypted", **keys, **everything
            ),
        ],
    )

    async def energy() -> DoubleLongUnsigned:
        return DoubleLongUnsigned(4711)

    device[CLOCK.time] = lambda: NOW
    device[CLOCK.time_zone] = 60
    device[ENERGY.value] = energy
    device[ENERGY.scaler_unit] = ScalerUnit(-1, Unit(30))
    device.on_call(ENERGY.reset, lambda argument: OctetString(bytes([argument])))
    device[LONG.value] = OctetString(bytes(70_000))
    columns = [
        CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0),
        CaptureObjectDefinition(3, ENERGY.logical_name, 2, 0),
    ]
    rows = [(CosemDateTime.from_epoch_milliseconds(START + 900_000 * i), 1000 + i) for i in range(100)]
    device[PROFILE.capture_objects] = columns
    device[PROFILE.buffer] = ProfileBuffer(columns, [OctetStringDateTime, DoubleLongUnsigned], rows)
    return device


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, str]]:
    try:
        class_path("jdlms")
    except Unavailable as reason:
        unavailable(str(reason))
    with serving(Server(meter()), "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0") as (wrapper, hdlc):
        yield {"wrapper": wrapper.rpartition(":")[2], "hdlc": hdlc.rpartition(":")[2]}


PUBLIC = ("ln", "16", "none", "plain")
SESSIONS = {
    "none": ("ln", "1", "none", "plain"),
    "lls": ("ln", "2", "lls", "plain"),
    "lls-ciphered": ("ln", "4", "lls", "ciphered"),
    "hls5-ciphered": ("ln", "3", "hls", "ciphered"),
}


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_reads_writes_and_acts(ports: dict[str, str], link: str, session: str, counters: Iterator[int]) -> None:
    arguments = [ports[link], link, *SESSIONS[session]]
    if session.endswith("ciphered"):
        arguments.append(str(next(counters)))
    answers = ask(
        arguments,
        "get 8/0.0.1.0.0.255/2",
        "get 3/1.0.1.8.0.255/2",
        "get 3/1.0.1.8.0.255/3,3/1.0.1.8.0.255/2,3/9.9.9.9.9.9/2",
        "set 8/0.0.1.0.0.255/3=i16:-120",
        "get 8/0.0.1.0.0.255/3",
        "set 8/0.0.1.0.0.255/3=i16:60,8/0.0.1.0.0.255/2=u8:1",
        "call 3/1.0.1.8.0.255/1=i8:5",
        "call 3/1.0.1.8.0.255/1=i8:6,3/1.0.1.8.0.255/9=i8:1",
        "get 1/0.0.96.1.0.255/2",
    )
    assert answers == [
        f"SUCCESS os:{NOW.octets.hex().upper()}",
        "SUCCESS u32:4711",
        "SUCCESS {i8:-1;enum:30} , SUCCESS u32:4711 , OBJECT_UNDEFINED -",
        "SUCCESS",
        "SUCCESS i16:-120",
        "SUCCESS , READ_WRITE_DENIED",
        "SUCCESS os:05",
        "SUCCESS os:06 , OBJECT_UNDEFINED -",
        f"SUCCESS os:{'00' * 70_000}",
    ]


@pytest.fixture(scope="module")
def counters() -> Iterator[int]:
    """First invocation counters for sessions one after the other: the server remembers."""
    return iter(range(1000, 1_000_000, 1000))


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_public_client_reads_and_does_nothing_else(ports: dict[str, str], link: str) -> None:
    answers = ask(
        [ports[link], link, *PUBLIC],
        "get 1/0.0.42.0.0.255/2",
        "set 8/0.0.1.0.0.255/3=i16:-120",
        "call 3/1.0.1.8.0.255/1=i8:5",
        "get 15/0.0.40.0.0.255/2/4/{u16:8;os:0000010000FF}",
        "get 17/0.0.41.0.0.255/2",
    )
    assert answers == [
        f"SUCCESS os:{b'DLM0000000000001'.hex().upper()}",
        "READ_WRITE_DENIED",
        "READ_WRITE_DENIED -",
        "SUCCESS [{u16:8;u8:0;os:0000010000FF;{[{i8:1;enum:1;null};{i8:2;enum:1;null};{i8:3;enum:1;null}];[]}}]",
        f"SUCCESS [{{u16:1;os:{b'DLM0000000000001'.hex().upper()}}}]",
    ]


def row(number: int) -> str:
    at = CosemDateTime.from_epoch_milliseconds(START + 900_000 * number).octets.hex().upper()
    return f"{{os:{at};u32:{1000 + number}}}"


def test_a_profile_by_range_entry_and_column(ports: dict[str, str]) -> None:
    def at(number: int) -> str:
        return "os:" + CosemDateTime.from_epoch_milliseconds(START + 900_000 * number).octets.hex().upper()

    clock, energy = "{u16:8;os:0000010000FF;i8:2;u16:0}", "{u16:3;os:0100010800FF;i8:2;u16:0}"
    stranger = energy.replace("0108", "0208")
    answers = ask(
        [ports["wrapper"], "wrapper", *PUBLIC],
        "get 7/1.0.99.1.0.255/2",
        f"get 7/1.0.99.1.0.255/2/1/{{{clock};{at(10)};{at(12)};[]}}",
        f"get 7/1.0.99.1.0.255/2/1/{{{clock};{at(10)};{at(11)};[{energy}]}}",
        "get 7/1.0.99.1.0.255/2/2/{u32:99;u32:0;u16:1;u16:0}",
        "get 7/1.0.99.1.0.255/2/2/{u32:1;u32:2;u16:2;u16:2}",
        f"get 7/1.0.99.1.0.255/2/1/{{{energy};u32:1005;u32:1006;[]}}",
        f"get 7/1.0.99.1.0.255/2/1/{{{energy};{at(10)};{at(11)};[]}}",
        f"get 7/1.0.99.1.0.255/2/1/{{{stranger};u32:1005;u32:1006;[]}}",
    )
    assert answers == [
        f"SUCCESS [{';'.join(row(i) for i in range(100))}]",
        f"SUCCESS [{row(10)};{row(11)};{row(12)}]",
        "SUCCESS [{u32:1010};{u32:1011}]",
        f"SUCCESS [{row(98)};{row(99)}]",
        "SUCCESS [{u32:1000};{u32:1001}]",
        f"SUCCESS [{row(5)};{row(6)}]",
        "TYPE_UNMATCHED -",
        "SCOPE_OF_ACCESS_VIOLATED -",
    ]


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_reads_writes_and_acts_by_short_names(
    ports: dict[str, str], link: str, session: str, counters: Iterator[int]
) -> None:
    arguments = [ports[link], link, "sn", *SESSIONS[session][1:]]
    if session.endswith("ciphered"):
        arguments.append(str(next(counters)))
    answers = ask(
        arguments,
        "get 8/0.0.1.0.0.255/2",
        "get 3/1.0.1.8.0.255/2",
        "set 8/0.0.1.0.0.255/3=i16:-120",
        "get 8/0.0.1.0.0.255/3",
        "set 8/0.0.1.0.0.255/3=i16:60",
        "get 1/0.0.96.1.0.255/2",
    )
    assert answers == [
        f"SUCCESS os:{NOW.octets.hex().upper()}",
        "SUCCESS u32:4711",
        "SUCCESS",
        "SUCCESS i16:-120",
        "SUCCESS",
        "OTHER_REASON -",  # jDLMS does not propose blocks with short names
    ]


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_walks_the_object_list_and_reads_what_it_says(
    ports: dict[str, str], link: str, session: str, counters: Iterator[int]
) -> None:
    arguments = [ports[link], link, *SESSIONS[session]]
    ciphered = session.endswith("ciphered")
    first = [str(next(counters))] if ciphered else []
    (object_list,) = ask([*arguments, *first], "get 15/0.0.40.0.0.255/2")
    attributes = listed(object_list.removeprefix("SUCCESS "))
    assert {(8, "0.0.1.0.0.255", 2), (7, "1.0.99.1.0.255", 2), (15, "0.0.40.0.0.255", 2)} < set(attributes)
    second = [str(next(counters))] if ciphered else []
    answers = ask([*arguments, *second], *(f"get {of}/{name}/{number}" for of, name, number in attributes))
    assert {answer.split()[0] for answer in answers} == {"SUCCESS"}
    found = dict(zip(attributes, answers, strict=True))
    assert found[8, "0.0.1.0.0.255", 2] == f"SUCCESS os:{NOW.octets.hex().upper()}"
    assert found[7, "1.0.99.1.0.255", 2] == f"SUCCESS [{';'.join(row(i) for i in range(100))}]"


def test_wrong_secrets_open_nothing() -> None:
    with serving(Server(meter()), "tcp://127.0.0.1:0") as (url,):
        port = url.rpartition(":")[2]
        for client, authentication, ciphering in (
            ("16", "lls", "plain"),
            ("2", "none", "plain"),
            ("3", "lls", "ciphered"),
        ):
            words = (port, "wrapper", "ln", client, authentication, ciphering)
            done = talk("jdlms", *words, lines=["get 8/0.0.1.0.0.255/2"])
            assert "SUCCESS" not in done.stdout
            assert "Exception" in done.stderr


def test_every_attribute_of_every_class() -> None:
    """As jDLMS understands the Data of each."""
    device = every_class([ServedClient(16)])
    values = expected(device)
    lines = [f"get {name.replace(':', '/')}" for name in values]
    with serving(Server(device), "tcp://127.0.0.1:0") as (url,):
        answers = ask([url.rpartition(":")[2], "wrapper", *PUBLIC], *lines)
    wanted = {name: f"SUCCESS {notation(octets)}" for name, octets in values.items()}
    assert dict(zip(values, answers, strict=True)) == wanted
