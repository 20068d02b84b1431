"""Our client against a Gurux server (its Java port), a separate process, over real sockets: what jDLMS has not.

Nothing here needs a quirk. SET and ACTION in blocks of their own are more than its server does (4.0.47, the only
version on Maven Central): two tests at the end say how it fails.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from tests.interop.conftest import Serve
from tests.interop.test_cosem_server import bursts

import dlms
from dlms.apdu import decode
from dlms.apdu.ciphering import GlobalCiphering
from dlms.association.opening import LN_CONFORMANCE
from dlms.client import Deadlines, Meter, Retries
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import OctetString
from dlms.errors import AssociationRejected, AuthenticationFailed, DecodeError, LinkError
from dlms.link.hdlc_settings import HdlcSettings
from dlms.security import Security
from dlms.security.counters import SqliteCounterStore
from dlms.service_errors import ExceptionResponseReceived, ObjectClassInconsistent

SECRET = "Gurux"
TITLE = "4D4D4D0000000001"
KEYS: dict[str, Any] = {
    "policy": "authenticated+encrypted",
    "client_system_title": TITLE,
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
}


def hls_2(challenge: bytes, secret: bytes) -> bytes:
    """Gurux's way of mechanism 2: AES-128-CBC, initialisation vector 0, challenge and secret padded with zeros."""
    padded = challenge + bytes(-len(challenge) % 16)
    encryptor = Cipher(AES128(secret.ljust(16, b"\0")), CBC(bytes(16))).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


MECHANISMS: dict[str, dict[str, Any]] = {
    "none": {},
    "lls": {"password": SECRET},
    "hls-2": {"password": SECRET, "manufacturer_reply": hls_2},
    "hls-md5": {"password": SECRET},
    "hls-sha1": {"password": SECRET},
    "hls-gmac": {},
    "hls-sha256": {"password": SECRET},
}
PLAIN = {"none": 16, "lls": 17, "hls-2": 2, "hls-md5": 3, "hls-sha1": 4, "hls-sha256": 6}
CIPHERED = {"none": 32, "lls": 33, "hls-2": 34, "hls-md5": 35, "hls-sha1": 36, "hls-gmac": 1, "hls-sha256": 38}
SERVICE_BLOCKS = LN_CONFORMANCE
ACSE = range(0x60, 0x64)
TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
SCALER_UNIT = AttributeRef(3, "1.0.1.8.0.255", 3)
BUFFER = AttributeRef(7, "1.0.99.1.0.255", 2)
# The server may capture a row when it starts; then the first of its 1,000 makes room.
READINGS = [1000 + 7 * i for i in range(1000)]


def connect(
    serve: Serve, link: str, client: int, security: Security, pdu: int = 1024, window: int = 1, **options: Any
) -> Meter:
    server = serve("gurux", link, "ln", str(pdu), str(window))
    scheme = {"wrapper": "tcp", "hdlc": "hdlc+tcp", "udp": "udp"}[link]
    # Once it is agreed on, Gurux puts whatever is long in general blocks: what has blocks of its own goes without it.
    limits = Deadlines(link=5, response=5, release=2)
    values: dict[str, Any] = {"deadlines": limits, "conformance": SERVICE_BLOCKS, **options}
    return dlms.connect(f"{scheme}://127.0.0.1:{server.port}?client={client}", security=security, **values)


def secured(mechanism: str, **keys: Any) -> Security:
    return Security(mechanism, **MECHANISMS[mechanism], **keys)


def exercise(meter: Meter) -> None:
    assert meter.get(TEXT, SCALER_UNIT)[1] == (0, 0)
    for value in (bytes(range(256)) * 3, b"HELLO-GURUX"):
        meter.set(TEXT, OctetString(value))
        assert meter.get(TEXT) == value
    assert energies(meter) in (READINGS, [*READINGS[1:], 123456])


def energies(meter: Meter) -> list[int]:
    return [energy for _, energy in meter.get(BUFFER)]


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("mechanism", PLAIN)
def test_mechanisms_without_ciphering(serve: Serve, link: str, mechanism: str) -> None:
    title = {"client_system_title": TITLE} if mechanism == "hls-sha256" else {}
    with connect(serve, link, PLAIN[mechanism], secured(mechanism, **title)) as meter:
        exercise(meter)


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("mechanism", CIPHERED)
def test_mechanisms_with_ciphering(serve: Serve, link: str, mechanism: str) -> None:
    with connect(serve, link, CIPHERED[mechanism], secured(mechanism, **KEYS)) as meter:
        exercise(meter)


@pytest.mark.parametrize("policy", ["authenticated", "encrypted", "authenticated+encrypted"])
@pytest.mark.parametrize("ciphering", ["service", "general"])
@pytest.mark.parametrize("dedicated_key", [False, True])
def test_every_envelope(serve: Serve, policy: str, ciphering: str, dedicated_key: bool) -> None:
    keys = KEYS | {"policy": policy, "ciphering": ciphering, "dedicated_key": dedicated_key}
    seen: set[str] = set()

    def trace(what: str, octets: bytes) -> None:
        if what in ("apdu sent", "apdu received") and octets[0] not in ACSE:
            seen.add(type(decode(octets)).__name__)

    with connect(serve, "wrapper", 1, secured("hls-gmac", **keys), trace=trace) as meter:
        exercise(meter)
    kind = "Ded" if dedicated_key else "Glo"
    services = {f"{kind}{service}{way}" for service in ("Get", "Set", "Action") for way in ("Request", "Response")}
    assert seen == ({f"General{kind}Ciphering"} if ciphering == "general" else services)


@pytest.mark.parametrize("window", [1, 3, 7])
@pytest.mark.parametrize("size", [32, 128])
def test_hdlc_segments(serve: Serve, window: int, size: int) -> None:
    """Segments both ways. Whatever window the server agrees to, it sends one frame, waits for RR, and takes no second
    one before it has acknowledged the first."""
    hdlc = HdlcSettings(window_receive=window, information_transmit=size, information_receive=size)
    received = bytearray()

    def trace(what: str, octets: bytes) -> None:
        received.extend(octets if what == "received" else b"")

    with connect(serve, "hdlc", 16, Security(), window=window, hdlc=hdlc, trace=trace) as meter:
        exercise(meter)
    assert len(bursts(bytes(received))) > 100
    assert max(bursts(bytes(received))) == 1


@pytest.mark.parametrize(("mechanism", "client"), [("none", 16), ("lls", 17), ("hls-md5", 3), ("hls-gmac", 1)])
def test_udp(serve: Serve, mechanism: str, client: int) -> None:
    """In processes of their own: what one association leaves in the one server for all datagrams confuses the next."""
    keys = KEYS if mechanism == "hls-gmac" else {}
    with connect(serve, "udp", client, secured(mechanism, **keys), pdu=1024 + client) as meter:
        exercise(meter)


@pytest.mark.parametrize("wrong", ["encryption_key", "authentication_key"])
def test_wrong_keys_over_udp(serve: Serve, wrong: str) -> None:
    with pytest.raises((AssociationRejected, AuthenticationFailed, ExceptionResponseReceived)):
        connect(serve, "udp", 1, secured("hls-gmac", **KEYS | {wrong: bytes(16)}))


@pytest.mark.parametrize(("mechanism", "client"), [("lls", 17), ("hls-md5", 3), ("hls-sha1", 4)])
def test_wrong_passwords_over_udp(serve: Serve, mechanism: str, client: int) -> None:
    """In a process of its own: one server does for all datagrams, and what it could not decipher leaves it confused."""
    with pytest.raises((AssociationRejected, AuthenticationFailed)):
        connect(serve, "udp", client, Security(mechanism, password="Wrong"), pdu=1000 + client)


def test_signs_of_life_over_hdlc_are_more_than_it_takes(serve: Serve) -> None:
    """It counts an RR as if it were an information frame: its own RR acknowledges what was never sent. The link is
    given up then, and set up anew where retries are asked for."""
    security = secured("hls-gmac", **KEYS, replay="per_association")
    with connect(serve, "hdlc", 1, security, keep_alive=0.2) as meter:
        time.sleep(0.6)
        with pytest.raises(LinkError, match=r"impossible N\(R\)"):
            meter.get(TEXT)
    with connect(serve, "hdlc", 1, security, keep_alive=0.2, retries=Retries(times=2, pause=0.02)) as meter:
        time.sleep(0.6)
        assert meter.get(TEXT)


@pytest.mark.parametrize("pdu", [64, 200])
def test_get_in_small_blocks(serve: Serve, pdu: int) -> None:
    with connect(serve, "wrapper", 1, secured("hls-gmac", **KEYS), max_receive_pdu_size=pdu) as meter:
        assert energies(meter) in (READINGS, [*READINGS[1:], 123456])


def test_counters_rise_across_connections(serve: Serve, tmp_path: Path) -> None:
    sent: list[int] = []

    def trace(what: str, octets: bytes) -> None:
        message = decode(octets) if what == "apdu sent" else None
        if isinstance(message, GlobalCiphering):
            sent.append(message.ciphered_content.invocation_counter or 0)

    with SqliteCounterStore(tmp_path / "counters.sqlite") as counters:
        # The peer makes a server anew for each connection, and its counters begin anew with it.
        security = secured("hls-gmac", **KEYS, counters=counters, replay="per_association")
        for _ in range(3):
            with connect(serve, "wrapper", 1, security, trace=trace) as meter:
                assert meter.get(TEXT)
    assert len(sent) == 6
    assert sent == sorted(set(sent))


def refusals() -> list[Any]:
    """Every mechanism, plain and ciphered, with each secret and key that can be wrong."""
    cases = []
    for clients, keys in ((PLAIN, {}), (CIPHERED, KEYS)):
        for mechanism, client in clients.items():
            known = MECHANISMS[mechanism] | keys | ({"client_system_title": TITLE} if mechanism == "hls-sha256" else {})
            wrong = {"password": "Wrong", "encryption_key": bytes(16), "authentication_key": bytes(16)}
            cases += [
                pytest.param(
                    client, Security(mechanism, **known | {name: wrong[name]}), id=f"{mechanism}-{client}-{name}"
                )
                for name in wrong
                if name in known
            ]
    return cases


@pytest.mark.parametrize(("client", "security"), refusals())
def test_what_is_wrong_is_one_clear_error(serve: Serve, client: int, security: Security) -> None:
    """Where it cannot decipher the AARQ it says so by an exception-response: there is no AARE to reject with."""
    began = time.monotonic()
    with pytest.raises((AssociationRejected, AuthenticationFailed, ExceptionResponseReceived)):
        connect(serve, "wrapper", client, security)
    assert time.monotonic() - began < 4


def test_set_in_blocks_is_more_than_it_takes(serve: Serve) -> None:
    """It drops the first block and keeps no transaction; its set-response has three octets too many."""
    received: list[bytes] = []
    with connect(
        serve, "wrapper", 16, Security(), pdu=200, trace=lambda what, octets: received.append(octets)
    ) as meter:
        with pytest.raises(DecodeError, match="3 octets follow the end of the value"):
            meter.set(TEXT, OctetString(bytes(700)))
        assert received[-1].endswith(bytes.fromhex("C502C100000001000000"))
        assert meter.get(TEXT) == b"HELLO-GURUX"


@pytest.mark.parametrize("ciphered", [False, True])
def test_action(serve: Serve, ciphered: bool) -> None:
    """A method that gives back its argument. Of an argument in blocks it takes the first only: it knows no
    action-request-with-pblock."""
    echo = MethodRef(1, "0.0.96.1.0.255", 1)
    security = secured("hls-gmac", **KEYS) if ciphered else Security()
    with connect(serve, "wrapper", 1 if ciphered else 16, security) as meter:
        for value in (b"SHORT", bytes(range(256)) * 3):
            assert meter.call(echo, OctetString(value)) == value
        with pytest.raises(ObjectClassInconsistent):
            meter.call(echo, OctetString(bytes(1500)))
