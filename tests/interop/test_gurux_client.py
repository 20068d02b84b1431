"""The Gurux client (its Java port), a process of its own, reads, writes and acts on our server as on a meter."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from tests.interop.every_class import every_class, expected
from tests.interop.peers import Unavailable, answers, class_path, talk, unavailable
from tests.interop.test_gurux_server import MECHANISMS, hls_2
from tests.serving import serving

from dlms.cosem.classes import Clock, Data, ProfileGeneric
from dlms.cosem.types import CaptureObjectDefinition, OctetStringDateTime
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.datetime import CosemDateTime
from dlms.enumerations import MethodAccessV3
from dlms.server import READ_AND_WRITE, LogicalDevice, ProfileBuffer, ServedClient, Server

KEYS: dict[str, Any] = {"encryption_key": bytes(range(16)), "authentication_key": bytes(range(0xD0, 0xE0))}
OWN_KEYS = {name: key.hex() for name, key in KEYS.items()} | {"title": "4D4D4D0000000001"}
EVERYTHING: dict[str, Any] = {"attributes": READ_AND_WRITE, "methods": MethodAccessV3.ACCESS}
PLAIN = {"none": 16, "lls": 17, "hls-2": 2, "hls-md5": 3, "hls-sha1": 4, "hls-gmac": 5, "hls-sha256": 6}
CIPHERED = {"none": 32, "lls": 33, "hls-2": 34, "hls-md5": 35, "hls-sha1": 36, "hls-gmac": 37, "hls-sha256": 38}
POLICIES = {"authenticated": 41, "encrypted": 42, "authenticated+encrypted": 37}
SMALL, SMALL_CIPHERED = 51, 52
"""Clients from which the server takes APDUs of 200 octets."""
CLOCK, TEXT, PROFILE = Clock("0.0.1.0.0.255"), Data("0.0.96.1.0.255"), ProfileGeneric("1.0.99.1.0.255")
START = 1_700_000_100
ROWS = 500
LONG = bytes(range(256)) * 8
COUNTERS = count(1000, 10_000)
"""First invocation counters of sessions one after the other: the server remembers."""


def meter() -> LogicalDevice:
    """Every class, and besides a profile, a value to write and a method that gives back its argument."""

    def served(mechanism: str, sap: int, **options: Any) -> ServedClient:
        known = {name: hls_2 if callable(value) else value for name, value in MECHANISMS[mechanism].items()}
        return ServedClient(sap, authentication=mechanism, **known, **EVERYTHING, **options)

    clients = [served(name, sap, **(KEYS if name == "hls-gmac" else {})) for name, sap in PLAIN.items()]
    clients += [served(name, sap, policy="authenticated+encrypted", **KEYS) for name, sap in CIPHERED.items()]
    clients += [
        served("hls-gmac", POLICIES[policy], policy=policy, **KEYS) for policy in ("authenticated", "encrypted")
    ]
    clients.append(served("none", SMALL, max_receive_pdu_size=200))
    clients.append(
        served("hls-gmac", SMALL_CIPHERED, policy="authenticated+encrypted", max_receive_pdu_size=200, **KEYS)
    )
    device = every_class(clients)
    device[CLOCK.time] = stamp(0)
    device[TEXT.value] = OctetString(b"TEXT")
    device.on_call(TEXT.method(1), lambda argument: argument)
    columns = [
        CaptureObjectDefinition(8, CLOCK.logical_name, 2, 0), CaptureObjectDefinition(1, TEXT.logical_name, 2, 0)
    ]  # fmt: skip
    rows = [(stamp(number), 1000 + number) for number in range(ROWS)]
    device[PROFILE.capture_objects] = columns
    device[PROFILE.buffer] = ProfileBuffer(columns, [OctetStringDateTime, DoubleLongUnsigned], rows)
    return device


def stamp(number: int) -> CosemDateTime:
    return CosemDateTime.from_epoch_milliseconds(1000 * (START + 900 * number))


def rows(first: int, last: int) -> str:
    """The octets of those rows as an array, in hex."""
    found = b"".join(
        b"\x02\x02\x09\x0c" + stamp(i).octets + b"\x06" + (1000 + i).to_bytes(4) for i in range(first, last)
    )
    size = last - first
    head = bytes((1, size)) if size < 0x80 else b"\x01\x82" + size.to_bytes(2, "big")
    return (head + found).hex().upper()


def octet_string(octets: bytes) -> str:
    size = len(octets)
    head = bytes((9, size)) if size < 0x80 else b"\x09\x82" + size.to_bytes(2, "big")
    return (head + octets).hex().upper()


def peer_needed() -> None:
    try:
        class_path("gurux")
    except Unavailable as reason:
        unavailable(str(reason))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[LogicalDevice, dict[str, str]]]:
    peer_needed()
    device = meter()
    with serving(Server(device), "tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0") as urls:
        yield device, {link: url.rpartition(":")[2] for link, url in zip(("wrapper", "hdlc"), urls, strict=True)}


@pytest.fixture
def ports(served: tuple[LogicalDevice, dict[str, str]]) -> dict[str, str]:
    return served[1]


def run(ports: dict[str, str], link: str, *lines: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """One session of Gurux's client."""
    words = (f"{name}={value}" for name, value in {"link": link, **options}.items())
    return talk("gurux", ports[link], *words, lines=lines)


def ask(ports: dict[str, str], link: str, *lines: str, **options: Any) -> list[str]:
    """What it answers to each line."""
    return answers(run(ports, link, *lines, **options), len(lines))


def exercise(ports: dict[str, str], link: str, **options: Any) -> None:
    """Values short and long both ways, a method, a profile, lists."""
    found = ask(
        ports, link,
        "get 8/0.0.1.0.0.255:2",
        f"set 1/0.0.96.1.0.255:2 {octet_string(LONG)}",
        "get 1/0.0.96.1.0.255:2",
        f"set 1/0.0.96.1.0.255:2 {octet_string(b'SHORT')}",
        "get 1/0.0.96.1.0.255:2",
        "entries 1.0.99.1.0.255 3 2",
        "entries 1.0.99.1.0.255 1 400",
        f"range 1.0.99.1.0.255 {START + 9000} {START + 9900}",
        "get 1/9.9.9.9.9.9:2",
        **options,
    )  # fmt: skip
    assert found == [
        f"090C{stamp(0).octets.hex().upper()}",
        "OK",
        octet_string(LONG),
        "OK",
        octet_string(b"SHORT"),
        rows(2, 4),
        rows(0, 400),
        rows(10, 12),
        "UNDEFINED_OBJECT",
    ]


def session(mechanism: str, *, ciphered: bool, **options: Any) -> dict[str, Any]:
    chosen = {"client": (CIPHERED if ciphered else PLAIN)[mechanism], "authentication": mechanism}
    known = MECHANISMS[mechanism]
    if "password" in known:
        chosen["password"] = known["password"]
    if ciphered or mechanism == "hls-gmac":
        chosen |= OWN_KEYS | {"counter": next(COUNTERS)}
    if mechanism == "hls-sha256":
        chosen["title"] = OWN_KEYS["title"]
    if ciphered:
        chosen["security"] = "authenticated+encrypted"
    return chosen | options


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("mechanism", PLAIN)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_every_mechanism(ports: dict[str, str], link: str, mechanism: str, ciphered: bool) -> None:
    exercise(ports, link, **session(mechanism, ciphered=ciphered))


WRONG = {name: {"password": "Wrong"} for name in PLAIN if name not in ("none", "hls-gmac")}
WRONG |= {"hls-gmac": {"authentication_key": "00" * 16}}


@pytest.mark.parametrize("mechanism", WRONG)
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_wrong_secret_is_refused(link: str, mechanism: str) -> None:
    refusal = "Connection is permanently rejected" if mechanism == "lls" else "Device reports Read-Write denied"
    refused(link, refusal, **session(mechanism, ciphered=False) | WRONG[mechanism])


@pytest.mark.parametrize("key", ["encryption_key", "authentication_key"])
def test_a_wrong_key_is_refused(key: str) -> None:
    refused("wrapper", "Connection is permanently rejected", **session("hls-gmac", ciphered=True) | {key: "00" * 16})


def refused(link: str, refusal: str, **options: Any) -> None:
    """On a server of its own: after a failure it lets nobody in for a while."""
    peer_needed()
    url = "tcp://127.0.0.1:0" if link == "wrapper" else "hdlc+tcp://127.0.0.1:0"
    with serving(Server(meter()), url) as (where,):
        done = run({link: where.rpartition(":")[2]}, link, **options)
    assert (done.stdout, done.returncode) == ("", 1)
    assert refusal in done.stderr


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("general", ["no", "yes"])
@pytest.mark.parametrize("dedicated", [False, True])
def test_every_envelope(ports: dict[str, str], policy: str, general: str, dedicated: bool) -> None:
    options = {"client": POLICIES[policy], "security": policy, "general": general}
    if dedicated:
        options["dedicated_key"] = "A0" * 16
    exercise(ports, "wrapper", **session("hls-gmac", ciphered=True) | options)


@pytest.mark.parametrize("pdu", [128, 500])
@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_small_blocks(ports: dict[str, str], link: str, ciphered: bool, pdu: int) -> None:
    exercise(ports, link, **session("hls-gmac" if ciphered else "none", ciphered=ciphered), pdu=pdu)


@pytest.mark.parametrize("window", [1, 3, 7])
@pytest.mark.parametrize("size", [32, 128, 1024])
def test_hdlc_windows(ports: dict[str, str], window: int, size: int) -> None:
    """Whatever window it offers, one is agreed on: of a wider one Gurux's client takes the first frame alone."""
    exercise(ports, "hdlc", **session("none", ciphered=False), hdlc_window=window, hdlc_size=size)


@pytest.mark.parametrize(("link", "window"), [("wrapper", 1), ("wrapper", 3), ("wrapper", 63), ("hdlc", 1)])
@pytest.mark.parametrize("ciphered", [False, True])
def test_general_block_transfer(ports: dict[str, str], link: str, ciphered: bool, window: int) -> None:
    """While blocks stream Gurux does not poll its HDLC link, nor does it take a window of frames: one at a time."""
    options = session("hls-gmac" if ciphered else "none", ciphered=ciphered) | {"blocks": "general", "pdu": 200}
    found = ask(
        ports, link,
        f"set 1/0.0.96.1.0.255:2 {octet_string(LONG)}",
        "get 1/0.0.96.1.0.255:2",
        f"set 1/0.0.96.1.0.255:2 {octet_string(b'SHORT')}",
        "entries 1.0.99.1.0.255 1 400",
        "entries 1.0.99.1.0.255 3 2",
        f"call 1/0.0.96.1.0.255:1 {octet_string(LONG)}",
        **options, block_window=window,
    )  # fmt: skip
    assert found == ["OK", octet_string(LONG), "OK", rows(0, 400), rows(2, 4), octet_string(LONG)]


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_requests_in_general_blocks(ports: dict[str, str], link: str, ciphered: bool) -> None:
    """Gurux confirms FFFF in the last block of a request, and then takes no answer that has blocks of its own."""
    options = session("hls-gmac" if ciphered else "none", ciphered=ciphered) | {"blocks": "general", "pdu": 200}
    found = ask(
        ports, link,
        f"set 1/0.0.96.1.0.255:2 {octet_string(LONG)}",
        "get 1/0.0.96.1.0.255:2",
        f"set 1/0.0.96.1.0.255:2 {octet_string(b'SHORT')}",
        "get 1/0.0.96.1.0.255:2",
        **options | {"client": SMALL_CIPHERED if ciphered else SMALL},
    )  # fmt: skip
    assert found == ["OK", octet_string(LONG), "OK", octet_string(b"SHORT")]


@pytest.mark.parametrize("mechanism", ["none", "lls"])
@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_short_names(ports: dict[str, str], link: str, ciphered: bool, mechanism: str) -> None:
    exercise(ports, link, **session(mechanism, ciphered=ciphered, names="sn"))


@pytest.mark.parametrize("names", ["ln", "sn"])
@pytest.mark.parametrize("ciphered", [False, True])
def test_every_attribute_of_every_class(
    served: tuple[LogicalDevice, dict[str, str]], names: str, ciphered: bool
) -> None:
    device, ports = served
    held = {name: octets.hex().upper() for name, octets in expected(device).items()}
    options = session("hls-gmac" if names == "ln" else "lls", ciphered=ciphered, names=names)
    if names == "sn":
        found = dict(zip(held, ask(ports, "wrapper", *(f"get {name}" for name in held), **options), strict=True))
    else:
        found = dict(pair.split("=") for pair in ask(ports, "wrapper", "walk", **options)[0].split())
    assert {name: found.get(name) for name in held} == held


@pytest.mark.parametrize("ciphered", [False, True])
@pytest.mark.parametrize("pdu", [65535, 200])
def test_methods_and_lists(ports: dict[str, str], ciphered: bool, pdu: int) -> None:
    """What a method returns in blocks Gurux gives its user with the octets before the Data: result and choices."""
    found = ask(
        ports, "wrapper",
        f"call 1/0.0.96.1.0.255:1 {octet_string(b'ARGUMENT')}",
        f"call 1/0.0.96.1.0.255:1 {octet_string(LONG)}",
        "list 1/0.0.42.0.0.255:2 3/0.0.128.3.0.255:1",
        "list " + " ".join(["1/0.0.42.0.0.255:2"] * 10),
        "call 1/0.0.96.1.0.255:9 0F01",
        **session("hls-gmac" if ciphered else "none", ciphered=ciphered, pdu=pdu),
    )  # fmt: skip
    name = b"DLM0000000000001".hex().upper()
    returned = ("000100" if pdu == 200 else "") + octet_string(LONG)
    assert found == [
        octet_string(b"ARGUMENT"), returned, f"{name} 0000800300FF", " ".join([name] * 10), "UNDEFINED_OBJECT"
    ]  # fmt: skip
