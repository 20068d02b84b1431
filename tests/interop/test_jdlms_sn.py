"""Our client with short names against the jDLMS server; its quirks are those of `test_jdlms_server`.

An object is found by the look-up in object_list. With a PDU of 65535 octets jDLMS sends blocks that its wrapper cannot
carry, so that less is proposed here. Ciphered it names the context of logical names in its AARE, which
`context_name_not_echoed` lets through. HLS it does not finish: until the association stands it takes nothing but an
ACTION, which short names do not have.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve
from tests.interop.test_jdlms_server import (
    CLIENTS,
    ENERGY,
    LINKS,
    RESET,
    SCALER_UNIT,
    TEXT,
    UNDEFINED,
    by_entry,
    by_range,
    row,
)

import dlms
from dlms.client import Deadlines, Meter
from dlms.cosem.references import AttributeRef
from dlms.data import DoubleLongUnsigned, Integer, OctetString
from dlms.errors import DecodeError
from dlms.security import Security
from dlms.service_errors import ObjectUndefined

WITHOUT_HLS = [who for who in CLIENTS if who != "hls-gmac"]
PROFILE = AttributeRef(7, "1.0.99.1.0.255", 2)
LONG_PROFILE = AttributeRef(7, "1.0.99.2.0.255", 2)


def connect(serve: Serve, link: str = "wrapper", who: str = "lls", **options: Any) -> Meter:
    number, security, quirks = CLIENTS[who]
    server = serve("jdlms", link, "sn")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return dlms.connect(
        f"{scheme}://127.0.0.1:{server.port}?client={number}", security=Security(**security), short_names=True,
        **{"quirks": quirks, "deadlines": Deadlines(response=20), **options},
    )  # fmt: skip


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("who", WITHOUT_HLS)
def test_reads_writes_and_calls_whatever_the_security(serve: Serve, link: str, who: str) -> None:
    with connect(serve, link, who) as meter:
        meter.set(TEXT, OctetString(b"SHORT"))
        assert meter.get(TEXT) == b"SHORT"
        assert meter.get(TEXT, SCALER_UNIT) == (b"SHORT", (-1, 30))
        meter.set(ENERGY, DoubleLongUnsigned(77))
        assert meter.get(ENERGY) == 77
        assert meter.call(RESET, Integer(0)) is None
        assert meter.get(ENERGY) == 0


def test_an_object_that_the_meter_does_not_have(serve: Serve) -> None:
    with connect(serve) as meter:
        assert isinstance(meter.get(TEXT, UNDEFINED, errors="return")[1], ObjectUndefined)


@pytest.mark.parametrize("pdu", [300, 1000, 40_000])
def test_profiles_in_blocks(serve: Serve, pdu: int) -> None:
    with connect(serve, max_receive_pdu_size=pdu) as meter:
        rows = meter.get(LONG_PROFILE if pdu > 300 else PROFILE)
        assert rows == [row(i) for i in range(10_000 if pdu > 300 else 1000)]


@pytest.mark.parametrize("pdu", [200, 1000])
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("who", WITHOUT_HLS)
def test_profiles_by_range_and_by_entry(serve: Serve, link: str, who: str, pdu: int) -> None:
    with connect(serve, link, who, max_receive_pdu_size=pdu) as meter:
        for buffer, count in ((PROFILE, 1000), (LONG_PROFILE, 10_000)):
            last = count - 96
            assert meter.get(buffer, selection=by_entry(last + 1, count)) == [row(i) for i in range(last, count)]
            assert meter.get(buffer, selection=by_range(last, last + 9)) == [row(i) for i in range(last, last + 10)]


@pytest.mark.parametrize("link", LINKS)
def test_it_finishes_no_hls(serve: Serve, link: str) -> None:
    """Its exception-response is ciphered under the tag of a plain one."""
    told: list[bytes] = []
    with pytest.raises(DecodeError, match="19 octets follow"):
        connect(serve, link, "hls-gmac", trace=lambda what, octets: told.append(octets))
    apdu = next(octets for octets in reversed(told) if octets.startswith(b"\xd8"))
    assert apdu.startswith(bytes.fromhex("D8143000000002"))


def test_without_the_quirk_another_ciphered_context_is_an_error(serve: Serve) -> None:
    quirks = CLIENTS["lls-ciphered"][2].to_value() | {"context_name_not_echoed": False}
    with pytest.raises(dlms.DlmsError, match="another application context"):
        connect(serve, "wrapper", "lls-ciphered", quirks=dlms.quirks.Quirks(**quirks))
