"""Our client against the Gurux server, which answers what is too long by general-block-transfer.

`single_blocks`: this server announces a window of one and never ends a longer one.
"""

from __future__ import annotations

import pytest
from tests.interop.conftest import Serve

import dlms
from dlms.association.opening import LN_CONFORMANCE
from dlms.client import Deadlines
from dlms.cosem.references import AttributeRef
from dlms.enumerations import Conformance
from dlms.quirks import Quirks

PROFILE = AttributeRef(7, "1.0.99.1.0.255", 2)


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_a_profile_in_blocks(serve: Serve, link: str) -> None:
    server = serve("gurux", link, "ln", "200", "1")
    scheme = "tcp" if link == "wrapper" else "hdlc+tcp"
    blocks = []
    with dlms.connect(
        f"{scheme}://127.0.0.1:{server.port}?client=16",
        quirks=Quirks(single_blocks=True),
        conformance=LN_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER,
        deadlines=Deadlines(response=20),
        trace=lambda what, octets: blocks.append(octets) if what == "apdu received" else None,
    ) as meter:
        rows = meter.get(PROFILE)
    assert len(rows) == 1000
    assert rows[1][1] - rows[0][1] == 7
    assert sum(octets.startswith(b"\xe0") for octets in blocks) > 50
