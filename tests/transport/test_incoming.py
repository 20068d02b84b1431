"""Meters that dial in: nobody waits for ever, and none is kept waiting for what has ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

import pytest

from dlms.errors import ConnectionLost
from dlms.transport import incoming
from dlms.transport.incoming import AsyncTcpListener, TcpListener

HOST = "127.0.0.1"


def test_who_waits_learns_that_listening_ended() -> None:
    async def main() -> None:
        async with AsyncTcpListener(HOST, 0) as listener:
            waiting = [asyncio.create_task(listener.accept()) for _ in range(3)]
            await asyncio.sleep(0)
            await listener.close()
            async with asyncio.timeout(10):
                outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["listening ended"] * 3
        assert all(isinstance(outcome, ConnectionLost) for outcome in outcomes)
        with pytest.raises(ConnectionLost, match="nobody listens"):
            await listener.accept()

    asyncio.run(main())


def test_who_waits_in_another_thread_learns_it_too() -> None:
    outcomes: list[str] = []

    def wait(listener: TcpListener) -> None:
        try:
            listener.accept()
        except ConnectionLost as error:
            outcomes.append(str(error))

    with TcpListener(HOST, 0) as listener:
        threads = [threading.Thread(target=wait, args=(listener,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join(10)
    assert len(outcomes) == 2
    assert all(text.startswith("listening ended") for text in outcomes)


def test_listening_again() -> None:
    async def main() -> None:
        listener = AsyncTcpListener(HOST, 0)
        for _ in range(2):
            async with listener:
                with socket.create_connection((HOST, listener.port)) as meter:
                    transport = await listener.accept(10.0)
                    assert transport is not None
                    meter.sendall(b"here I am")
                    assert await transport.receive(10.0) == b"here I am"
                    await transport.close()

    asyncio.run(main())


def test_patience() -> None:
    async def main() -> None:
        async with AsyncTcpListener(HOST, 0) as listener:
            assert await listener.accept(0.01) is None

    asyncio.run(main())
    with TcpListener(HOST, 0) as listener:
        for timeout in (0.01, 0.0, -1.0):
            assert listener.accept(timeout) is None


def test_more_than_can_wait_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "WAITING_MOST", 1)

    async def main() -> None:
        async with AsyncTcpListener(HOST, 0) as listener:
            reader, writer = await asyncio.open_connection(HOST, listener.port)
            refused, other = await asyncio.open_connection(HOST, listener.port)
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionResetError):
                    assert await refused.read(1) == b""
            transport = await listener.accept(10.0)
            assert transport is not None
            await transport.send(b"hello")
            assert await reader.read(5) == b"hello"
            await transport.close()
            for each in (writer, other):
                each.close()

    asyncio.run(main())
