"""How long gurux-dlms takes to read a profile over the wrapper: PORT CLIENT SERVER OBIS ROWS WARM_UP SECONDS.

It reads for WARM_UP seconds first, then for SECONDS, three times at least each, and prints the nanoseconds of these.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSProfileGeneric

LEAST = 3


class Session:
    """An association of gurux-dlms."""

    def __init__(self, port: int, client: int, server: int) -> None:
        self.client = GXDLMSClient(True, client, server, Authentication.NONE, None, InterfaceType.WRAPPER)
        self.socket = socket.create_connection(("127.0.0.1", port), 10.0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.parseAareResponse(self.exchange(self.client.aarqRequest()).data)

    def exchange(self, messages: list[bytes]) -> GXReplyData:
        """The reply to the last of these messages."""
        for message in messages:
            received, reply = GXByteBuffer(), GXReplyData()
            self.socket.sendall(bytes(message))
            while not self.client.getData(received, reply, GXReplyData()):
                octets = self.socket.recv(65536)
                if not octets:
                    raise ConnectionError("the meter closed")
                received.set(octets)
        return reply

    def reads(self, profile: GXDLMSProfileGeneric, rows: int, seconds: float) -> list[int]:
        """The nanoseconds of each read."""
        times: list[int] = []
        end = time.perf_counter() + seconds
        while len(times) < LEAST or time.perf_counter() < end:
            start = time.perf_counter_ns()
            read = self.exchange(self.client.read(profile, 2)).value
            times.append(time.perf_counter_ns() - start)
            if len(read) != rows:
                raise ValueError(f"{len(read)} rows")
        return times


def main(port: str, client: str, server: str, name: str, rows: str, warm_up: str, seconds: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):  # it prints as it goes
        session = Session(int(port), int(client), int(server))
        profile = GXDLMSProfileGeneric(name)
        session.reads(profile, int(rows), float(warm_up))
        times = session.reads(profile, int(rows), float(seconds))
    print(*times)


if __name__ == "__main__":
    main(*sys.argv[1:])
