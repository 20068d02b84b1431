"""Foreign meters on serial lines: behind a pty, and behind pyserial's own server of RFC 2217."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from tests.interop import test_cosem_server, test_gurux_server, test_jdlms_server
from tests.interop.conftest import Serve
from tests.shells.colours import COLOURS, run
from tests.shells.test_serial_lines import OF_PYSERIAL, Rfc2217Server, a_terminal

from dlms.client import Deadlines
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import EntryDescriptor
from dlms.data import OctetString
from dlms.quirks import NAMED, Quirks
from dlms.security import Security

TEXT = AttributeRef(1, "0.0.96.1.0.255", 2)
BUFFER = AttributeRef(7, "1.0.99.1.0.255", 2)
PER_ASSOCIATION: dict[str, Any] = {"replay": "per_association"}
METERS: dict[str, tuple[tuple[str, ...], Security, Quirks]] = {
    "jdlms": (("hdlc", "ln"), Security("hls-gmac", **test_jdlms_server.KEYS), Quirks(**NAMED["jdlms-server"])),
    "gurux": (
        ("hdlc", "ln", "1024", "1"),
        Security("hls-gmac", **test_gurux_server.KEYS, **PER_ASSOCIATION),
        Quirks(),
    ),
    "cosem": (("hdlc", "ln", "1024", "0", "7"), Security("hls-gmac", **test_cosem_server.KEYS), Quirks()),
}


@contextmanager
def line(kind: str, port: int) -> Iterator[str]:
    """The URL of a serial line to the meter that listens there."""
    if kind == "pty":
        with a_terminal(port) as device:
            yield f"hdlc+serial://{device}?baud=38400"
    else:
        with closing(Rfc2217Server(port)) as server:
            yield f"hdlc+rfc2217://127.0.0.1:{server.number}?baud=19200"
            assert 19200 in server.bauds


@OF_PYSERIAL
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("kind", ["pty", "rfc2217"])
@pytest.mark.parametrize("name", METERS)
def test_a_ciphered_profile_and_a_long_value(serve: Serve, name: Any, kind: str, colour: str) -> None:
    arguments, security, quirks = METERS[name]
    server = serve(name, *arguments)

    async def scenario(open_meter: Any) -> None:
        with line(kind, server.port) as url:
            options = {"security": security, "quirks": quirks, "deadlines": Deadlines(response=20)}
            async with open_meter(f"{url}&client=1", **options) as meter:
                await meter.set(TEXT, OctetString(bytes(range(200))))
                assert await meter.get(TEXT) == bytes(range(200))
                assert len(await meter.get(BUFFER, selection=EntryDescriptor(1, 60, 1, 0))) == 60

    run(colour, scenario)
