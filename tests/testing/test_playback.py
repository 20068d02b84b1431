"""A capture of a session, played back: the same client meets the same meter again, any other one a clear error."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.serving import serving

import dlms
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.errors import ConfigurationError, DecodeError, DlmsError
from dlms.security.counters import MemoryCounterStore
from dlms.server import READ_AND_WRITE, LogicalDevice, ServedClient, Server
from dlms.testing import Playback, PlaybackMismatch
from dlms.transport.capture import CaptureFile, Record, read_capture, write_capture

NAME = dlms.cosem.classes.Data("0.0.96.1.0.255").value
ENERGY = dlms.cosem.classes.Register("1.0.1.8.0.255").value
LISTENING = ("tcp://127.0.0.1:0", "hdlc+tcp://127.0.0.1:0")
NAMES = itertools.count()


def a_meter() -> Server:
    device = LogicalDevice("TST0000000000001", clients=[ServedClient(16, attributes=READ_AND_WRITE)])
    device[NAME] = OctetString(bytes(300))
    device[ENERGY] = DoubleLongUnsigned(4711)
    return Server(device)


@pytest.fixture(scope="module", params=LISTENING)
def captured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A session with a meter of ours, over the wrapper and over HDLC: the URL's link, and the capture file."""
    path = tmp_path_factory.mktemp("capture") / "capture.txt"
    with (
        serving(a_meter(), request.param) as (url,),
        CaptureFile(path) as trace,
        dlms.connect(url, trace=trace) as meter,
    ):
        use(meter)
    return request.param.removesuffix("tcp://127.0.0.1:0"), path


def use(meter: dlms.client.Meter) -> None:
    assert meter.get(ENERGY) == 4711
    assert len(meter.get(NAME)) == 300
    meter.set(ENERGY, DoubleLongUnsigned(4712))


@pytest.fixture
def pair() -> str:
    return f"pair://playback-{next(NAMES)}"


def test_the_same_client_over_tcp(captured: tuple[str, Path]) -> None:
    link, path = captured
    playback = Playback.of(path)
    with playback.served(f"{link}tcp://127.0.0.1:0") as url, dlms.connect(url) as meter:
        use(meter)
    assert playback.finished


def test_the_same_client_in_one_process(captured: tuple[str, Path], pair: str) -> None:
    link, path = captured
    with Playback.of(path).served(f"{link}{pair}") as url, dlms.connect(url) as meter:
        use(meter)


def test_the_same_client_under_asyncio(captured: tuple[str, Path]) -> None:
    link, path = captured

    async def session() -> int:
        with Playback.of(path).served(f"{link}tcp://127.0.0.1:0") as url:
            async with dlms.aio.connect(url) as meter:
                energy = await meter.get(ENERGY)
                await meter.get(NAME)
                await meter.set(ENERGY, DoubleLongUnsigned(4712))
                return energy

    assert asyncio.run(session()) == 4711


def played(path: Path, url: str, *, written: int | None = 4712) -> None:
    """The session again, with another value written; without one, nothing but the first read."""
    with Playback.of(path).served(url) as reached, dlms.connect(reached) as meter:
        assert meter.get(ENERGY) == 4711
        if written is not None:
            assert len(meter.get(NAME)) == 300
            meter.set(ENERGY, DoubleLongUnsigned(written))


def test_another_request_is_told_with_its_place(captured: tuple[str, Path], pair: str) -> None:
    link, path = captured
    with pytest.raises(PlaybackMismatch, match=r"line \d+ of the capture: octet \d+ of .* is 69, not 68"):
        played(path, f"{link}{pair}", written=4713)


def test_what_is_left_out_is_told(captured: tuple[str, Path], pair: str) -> None:
    link, path = captured
    with pytest.raises(PlaybackMismatch, match=r"of the capture: octet .* is .*, not"):  # it releases too early
        played(path, f"{link}{pair}", written=None)
    with (
        pytest.raises(PlaybackMismatch, match="of the capture: the client does not send"),
        Playback.of(path).served(f"{link}{pair}"),
    ):
        pass


def test_an_error_of_the_test_itself_passes(captured: tuple[str, Path], pair: str) -> None:
    link, path = captured
    with pytest.raises(ZeroDivisionError), Playback.of(path).served(f"{link}{pair}"):
        _ = 1 / 0


@pytest.mark.parametrize("captured", LISTENING[:1], indirect=True)
def test_masked_octets_may_be_any(captured: tuple[str, Path], tmp_path: Path) -> None:
    _, path = captured
    records = read_capture(path.read_text(encoding="ascii"))
    value = DoubleLongUnsigned(4712).value.to_bytes(4, "big")
    masked = [
        replace(record, free=frozenset(range(len(record.octets) - 4, len(record.octets))))
        if record.octets.endswith(value)
        else record
        for record in records
    ]
    assert masked != records
    other = tmp_path / "masked.txt"
    other.write_text(write_capture(masked), encoding="ascii")
    with Playback.of(other).served("tcp://127.0.0.1:0") as url, dlms.connect(url) as meter:
        assert meter.get(ENERGY) == 4711
        meter.get(NAME)
        meter.set(ENERGY, DoubleLongUnsigned(9999))


SCRIPT = [Record("received", b"hello"), Record("sent", b"ab"), Record("sent", b"cd"), Record("received", b"bye")]


def test_a_transport_in_memory() -> None:
    transport = Playback(SCRIPT).transport()
    assert transport.receive(None) == b"hello"
    assert transport.receive(0.001) is None  # a timer of the link
    with pytest.raises(PlaybackMismatch, match="the client waits, and does not send"):
        transport.receive(None)
    transport.send(b"abc")
    assert transport.receive(0.001) is None
    transport.send(b"d")
    assert transport.receive(None) == b"bye"
    assert transport.receive(None) == b""
    with pytest.raises(PlaybackMismatch, match=r"the capture has ended, and the client sends \[78\]"):
        transport.send(b"x")


def test_a_mismatch_shows_both_octets_in_their_place() -> None:
    playback = Playback([Record("sent", bytes(40), line=7)])
    playback.receive(bytes(20))
    with pytest.raises(PlaybackMismatch) as told:
        playback.receive(b"\x00\x00\xff")
    message = str(told.value)
    assert message.startswith("line 7 of the capture: octet 22 of what the client sends is FF, not 00: expected ...")
    assert "[00]" in message
    assert message.endswith("[FF]")


def test_only_these_urls_are_served() -> None:
    with pytest.raises(ConfigurationError, match="udp"), Playback([]).served("udp://127.0.0.1:4059"):
        pass


def test_a_file_that_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("7EA0\n", encoding="ascii")
    with pytest.raises(DecodeError, match="line 1"):
        Playback.of(path)
    path.write_bytes(b"\xff\xfe no text at all\n")
    with pytest.raises(DecodeError, match="line 1"):
        Playback.of(path)


@pytest.mark.parametrize("over", ["pair", "tcp"])
def test_a_second_connection_is_closed(captured: tuple[str, Path], pair: str, over: str) -> None:
    link, path = captured
    at = f"{link}{pair}" if over == "pair" else f"{link}tcp://127.0.0.1:0"
    with Playback.of(path).served(at) as url, dlms.connect(url) as meter:
        with pytest.raises(DlmsError) as refused, dlms.connect(url):
            pass
        assert not isinstance(refused.value, TimeoutError), "it was left waiting"
        use(meter)


def test_nothing_waits_on_for_a_client_that_does_not_come() -> None:
    before = set(threading.enumerate())
    with pytest.raises(PlaybackMismatch), Playback([Record("sent", b"x")]).served("tcp://127.0.0.1:0"):
        started = set(threading.enumerate()) - before
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()
    assert len(started) == 1


KEYS = {"encryption_key": "000102030405060708090A0B0C0D0E0F", "authentication_key": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"}


def test_a_ciphered_session_with_what_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: str) -> None:
    """HLS and ciphered services: the same challenge and the same counters give the same octets."""
    ours = threading.current_thread()
    monkeypatch.setattr(
        os, "urandom", lambda count: (b"C" if threading.current_thread() is ours else b"S") * count
    )  # the meter's own is in the capture
    policy = "authenticated+encrypted"
    client = ServedClient(1, authentication="hls-gmac", policy=policy, **KEYS)
    device = LogicalDevice("TST0000000000001", system_title=b"TST\0\0\0\0\1", clients=[client])
    device[ENERGY] = DoubleLongUnsigned(4711)

    def security(first: int) -> dlms.Security:
        return dlms.Security("hls-gmac", policy=policy, client_system_title="4D4D4D0000000001", **KEYS,
                             counters=MemoryCounterStore(first=first), replay="per_association")  # fmt: skip

    path = tmp_path / "capture.txt"
    with (
        serving(Server(device), "tcp://127.0.0.1:0") as (url,),
        CaptureFile(path) as trace,
        dlms.connect(f"{url}?client=1", security=security(100), trace=trace) as meter,
    ):
        assert meter.get(ENERGY) == 4711
    with Playback.of(path).served(pair) as url, dlms.connect(f"{url}?client=1", security=security(100)) as meter:
        assert meter.get(ENERGY) == 4711
    with pytest.raises(PlaybackMismatch), Playback.of(path).served(pair) as url:
        dlms.connect(f"{url}?client=1", security=security(101)).open()
