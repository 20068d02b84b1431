"""Carrying a push to where it is to go: the device connects, sends, and is done."""

from __future__ import annotations

import asyncio

from dlms.association.server.parts import Push
from dlms.association.server.work import LOGGER
from dlms.errors import ConfigurationError, DlmsError
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcSettings
from dlms.transport.base import AsyncTransport
from dlms.transport.tcp import AsyncTcpTransport
from dlms.transport.udp import AsyncUdpTransport
from dlms.transport.url import Url
from dlms_core.hdlc import HdlcAddress
from dlms_core.wrapper import build


def destination_of(text: str) -> Url:
    """Where a push is to go: ConfigurationError for what is not reached by tcp://, udp:// or hdlc+tcp://."""
    url = Url.parse(text, "push")
    if url.scheme not in ("tcp", "udp"):
        raise ConfigurationError(f"a push goes to tcp://, udp:// or hdlc+tcp://, not to {url.scheme}://")
    if not url.port:
        raise ConfigurationError("a push goes to a port, and 0 is none")
    return url


async def carry(push: Push, hdlc: HdlcSettings, timeout: float) -> bool:
    """Send a push within `timeout` seconds; whether it went. Over HDLC it goes in UI frames."""
    try:
        url = destination_of(push.destination)
        octets = framed(push, url, hdlc)
        async with asyncio.timeout(timeout):
            transport: AsyncTransport
            if url.scheme == "udp":
                transport = await AsyncUdpTransport.connect(url.host, url.port)
            else:
                transport = await AsyncTcpTransport.connect(url.host, url.port, timeout)
            try:
                await transport.send(octets)
            finally:
                await transport.close()
    except (DlmsError, TimeoutError) as error:
        LOGGER.warning("a push to %s failed: %s", push.destination, error)
        return False
    return True


def framed(push: Push, url: Url, hdlc: HdlcSettings) -> bytes:
    """The octets of a push on its link."""
    if url.link == "wrapper":
        return build(push.octets, source=push.server, destination=push.client)
    link = HdlcLink(HdlcAddress(push.server, url.physical), HdlcAddress(push.client), hdlc)
    link.send_unsolicited(push.octets)
    return link.octets_to_send()
