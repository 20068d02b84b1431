"""Our client with short names against the Gurux server.

It ignores the parameter of the look-up in object_list and answers all of it; in blocks it gives the Data of a single
variable without the list around it. Both need no quirk. After any method its server answers object-class-inconsistent
to whatever is read, so that none is invoked here. HLS without ciphering it does not finish: until the association
stands it takes nothing but an AARQ and writes, and its own client writes the answer to the challenge, which brings back
no proof of the server's; we read, as the book has methods invoked that return something.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve
from tests.interop.test_gurux_server import KEYS, secured

import dlms
from dlms.apdu import decode
from dlms.apdu.read_write import ReadRequest
from dlms.client import Deadlines, Meter
from dlms.cosem.references import AttributeRef
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.errors import AssociationRejected, AuthenticationFailed, ReplayDetected
from dlms.security import Security
from dlms.service_errors import ExceptionResponseReceived, ObjectUndefined

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
UNDEFINED = AttributeRef(3, "1.0.9.8.0.255", 2)
PROFILE = AttributeRef(7, "1.0.99.1.0.255", 2)


def connect(serve: Serve, link: str, pdu: int, **options: Any) -> Meter:
    server = serve("gurux", link, "sn", str(pdu), "1")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    deadlines = Deadlines(response=20)
    return dlms.connect(
        f"{scheme}://127.0.0.1:{server.port}?client=16", short_names=True, deadlines=deadlines, **options
    )


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("pdu", [200, 1024])
def test_reads_and_writes_in_blocks(serve: Serve, link: str, pdu: int) -> None:
    with connect(serve, link, pdu) as meter:
        meter.set(TEXT, OctetString(b"SHORT"))
        meter.set(ENERGY, DoubleLongUnsigned(77))
        text, energy, missing = meter.get(TEXT, ENERGY, UNDEFINED, errors="return")
        assert (text, energy) == (b"SHORT", 77)
        assert isinstance(missing, ObjectUndefined)
        rows = meter.get(PROFILE)
        assert len(rows) == 1000
        meter.set(TEXT, OctetString(bytes(range(250)) * 10))
        assert meter.get(TEXT) == bytes(range(250)) * 10


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
@pytest.mark.parametrize("pdu", [200, 1024])
def test_a_profile_in_blocks(serve: Serve, link: str, pdu: int) -> None:
    """Its blocks hold the rows alone: they become columns as they come, too."""
    told: list[tuple[int, int | None]] = []
    with connect(serve, link, pdu, on_progress=lambda *done: told.append(done)) as meter:
        profile = meter.read_profile("1.0.99.1.0.255", access="all")
        assert len(profile) == 1000
        assert not profile.gaps()
    rows = [done for done, total in told if total == 1000]
    assert rows == sorted(rows)
    assert len(set(rows)) > 10


def test_a_password(serve: Serve) -> None:
    server = serve("gurux", "wrapper", "sn", "1024", "1")
    url = f"tcp://127.0.0.1:{server.port}?client=17"
    with dlms.connect(url, short_names=True, security=secured("lls"), deadlines=Deadlines(response=20)) as meter:
        assert len(meter.get(PROFILE)) == 1000


@pytest.mark.parametrize("mechanism", ["none", "lls", "hls-gmac"])
def test_ciphered_it_uses_one_invocation_counter_for_every_response(serve: Serve, mechanism: str) -> None:
    """The association stands and the first response is read; the next one repeats the counter, and with it the nonce
    of AES-GCM: no rule for replays lets that through."""
    server = serve("gurux", "wrapper", "sn", "1024", "1")
    url = f"tcp://127.0.0.1:{server.port}?client=1"
    security = secured(mechanism, **KEYS, replay="per_association")
    with (
        dlms.connect(url, short_names=True, security=security, deadlines=Deadlines(response=20)) as meter,
        pytest.raises(ReplayDetected, match="received invocation counter 1 is not above the last, 1"),
    ):
        meter.get(TEXT)


@pytest.mark.parametrize(("mechanism", "client"), [("hls-2", 2), ("hls-md5", 3), ("hls-sha1", 4)])
def test_it_takes_no_answer_to_its_challenge_that_is_read(serve: Serve, mechanism: str, client: int) -> None:
    server = serve("gurux", "wrapper", "sn", "1024", "1")
    told: list[tuple[str, bytes]] = []
    with pytest.raises(ExceptionResponseReceived):
        dlms.connect(
            f"tcp://127.0.0.1:{server.port}?client={client}", short_names=True, security=secured(mechanism),
            deadlines=Deadlines(response=20), trace=lambda what, octets: told.append((what, octets)),
        )  # fmt: skip
    apdus = [octets for what, octets in told if what.startswith("apdu")]
    assert isinstance(decode(apdus[2]), ReadRequest)  # reply_to_HLS_authentication, FA58
    assert apdus[3] == bytes.fromhex("D80202")


@pytest.mark.parametrize("ciphered", [False, True])
def test_a_wrong_password_is_refused(serve: Serve, ciphered: bool) -> None:
    server = serve("gurux", "wrapper", "sn", "1024", "1")
    keys = KEYS | {"replay": "per_association"} if ciphered else {}
    with pytest.raises(AssociationRejected):
        dlms.connect(
            f"tcp://127.0.0.1:{server.port}?client=17", short_names=True,
            security=Security("lls", password="Wrong", **keys), deadlines=Deadlines(response=5),
        )  # fmt: skip


@pytest.mark.parametrize("key", ["encryption_key", "authentication_key"])
@pytest.mark.parametrize("mechanism", ["none", "lls", "hls-gmac"])
def test_a_wrong_key_is_refused(serve: Serve, mechanism: str, key: str) -> None:
    server = serve("gurux", "wrapper", "sn", "1024", "1")
    with pytest.raises((AssociationRejected, AuthenticationFailed, ExceptionResponseReceived)):
        dlms.connect(
            f"tcp://127.0.0.1:{server.port}?client=1", short_names=True,
            security=secured(mechanism, **KEYS | {key: bytes(16)}), deadlines=Deadlines(response=5),
        )  # fmt: skip
