"""The peers of a test session: each combination is started once, when the first test asks for it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
from tests.interop.peers import Name, Peer, Unavailable, free_port, running, unavailable

Serve = Callable[..., Peer]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """`serve("jdlms", "wrapper", "ln")`: that server, started once for the session and anew if it has died."""
    logs = tmp_path_factory.mktemp("peers")
    started: dict[tuple[str, ...], Peer] = {}
    with contextlib.ExitStack() as stack:

        def start(name: Name, *arguments: str) -> Peer:
            key = (name, *arguments)
            if key not in started or not started[key].alive:
                kind = socket.SOCK_DGRAM if "udp" in arguments else socket.SOCK_STREAM
                log = logs / f"{'-'.join(key)}.log"
                try:
                    server = running(name, "Server", *arguments, port=free_port(kind), log=log)
                    started[key] = stack.enter_context(server)
                except Unavailable as reason:
                    unavailable(str(reason))
            return started[key]

        yield start
