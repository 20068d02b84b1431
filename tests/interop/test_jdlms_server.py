"""Our client against the jDLMS server, a separate process, over real sockets.

What jDLMS does against the book is let through by name:

`jdlms-server`
    hdlc_receive_numbers_ignored: its N(R) stays 0. disconnect_unanswered: it closes TCP after RLRE. context_name_not_
    echoed: with LLS it answers the application context without ciphering by naming the one with ciphering.
`initiate_request_not_ciphered`
    with LLS in a ciphered context its server reads the initiate-request of the AARQ without deciphering it first, so
    that no ciphered one is ever accepted, not even that of jDLMS's own client.
`replay="per_association"`
    its invocation counters begin with 1 in every association.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.client import Deadlines, Meter
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import Integer, OctetString
from dlms.quirks import NAMED, Quirks
from dlms.security import Security

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
