"""A meter: logical devices served over TCP, UDP, HDLC or within the process.

    from dlms.server import LogicalDevice, ServedClient, Server

    device = LogicalDevice("ABC0000000000001", clients=[ServedClient(16)])
    device[Clock("0.0.1.0.0.255").time] = read_the_clock
    async with Server(device) as server:
        print(await server.listen("tcp://127.0.0.1:4059"))
        await server.serve_forever()

Nothing listens beyond the loopback unless a URL names another address.
"""

from __future__ import annotations

from dlms.association.server.clients import LN_SERVED, READ, READ_AND_WRITE, SN_SERVED, ServedClient
from dlms.association.server.logical_device import LogicalDevice, ServedObject
from dlms.association.server.profile_buffer import ProfileBuffer
from dlms.association.server.session import ServerSession, SessionLimits
from dlms.server.connection import ServerLimits
from dlms.server.listening import Server

__all__ = [
    "LN_SERVED",
    "READ",
    "READ_AND_WRITE",
    "SN_SERVED",
    "LogicalDevice",
    "ProfileBuffer",
    "ServedClient",
    "ServedObject",
    "Server",
    "ServerLimits",
    "ServerSession",
    "SessionLimits",
]
