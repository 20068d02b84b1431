"""Our client with short names against the jDLMS server; its quirks are those of `test_jdlms_server`.

An object is found by the look-up in object_list. With a PDU of 65535 octets jDLMS sends blocks that its wrapper cannot
carry, so that less is proposed here.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.apdu.get import SelectiveAccessDescriptor
from dlms.client import Deadlines, Meter
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import DoubleLongUnsigned, Integer, LongUnsigned, OctetString, Structure
from dlms.security import Security
from dlms.service_errors import ObjectUndefined

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
ENERGY = AttributeRef(3, "1.0.1.8.0.255", 2)
SCALER_UNIT = AttributeRef(3, "1.0.1.8.0.255", 3)
RESET = MethodRef(3, "1.0.1.8.0.255", 1)
UNDEFINED = AttributeRef(3, "1.0.9.8.0.255", 2)
PROFILE = AttributeRef(7, "1.0.99.1.0.255", 2)
LONG_PROFILE = AttributeRef(7, "1.0.99.2.0.255", 2)
ENTRIES_5_TO_6 = SelectiveAccessDescriptor(
    2, Structure((DoubleLongUnsigned(5), DoubleLongUnsigned(6), LongUnsigned(1), LongUnsigned(0)))
)


def connect(serve: Serve, link: str = "wrapper", **options: Any) -> Meter:
    server = serve("jdlms", link, "sn")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    return dlms.connect(
        f"{scheme}://127.0.0.1:{server.port}?client=17",
        security=Security("lls", password="12345678"),
        short_names=True,
        quirks="jdlms-server",
        deadlines=Deadlines(response=20),
        **options,
    )


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_reads_writes_and_calls(serve: Serve, link: str) -> None:
    with connect(serve, link) as meter:
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
        assert len(rows) == (10_000 if pdu > 300 else 1000)
        assert rows[-1][2] == 1000 + 7 * (len(rows) - 1)
        assert meter.get(LONG_PROFILE, selection=ENTRIES_5_TO_6) == rows[4:6]
