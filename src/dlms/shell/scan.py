"""Finding the stations on an HDLC line: every address is called (SNRM), and who answers (UA, DM) is there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypedDict

from dlms.association.engine import Engine, Trace
from dlms.errors import ConfigurationError, ConnectionLost, LinkError, LinkRefused
from dlms.link.hdlc_settings import HdlcInForce, HdlcSettings
from dlms.shell.demands import Conversation, Dial, HangUp
from dlms.shell.options import OnProgress
from dlms.shell.target import Target


@dataclass(frozen=True, slots=True)
class Station:
    """A station that answered: its logical (`server`) and physical address, and how.

    "UA" accepts, with the parameters that it agreed to; "DM" is there and refuses, as a busy meter does, or one that
    does not know the client.
    """

    server: int
    physical: int | None
    answer: Literal["UA", "DM"]
    in_force: HdlcInForce | None = None


class ScanOptions(TypedDict, total=False):
    """Each address is given `patience` seconds (0.5), `attempts` times (2)."""

    patience: float
    attempts: int
    on_progress: OnProgress | None
    trace: Trace | None


def scan(
    target: Target,
    servers: Iterable[int],
    physicals: Iterable[int] | None,
    *,
    patience: float = 0.5,
    attempts: int = 2,
    on_progress: OnProgress | None = None,
    trace: Trace | None = None,
) -> Conversation[tuple[Station, ...]]:
    """Call every logical address with every physical one; see ScanOptions."""
    if target.url.link == "wrapper":
        raise ConfigurationError("only HDLC has stations to look for: the wrapper has no addresses that answer")
    settings = replace(target.hdlc or HdlcSettings(), response_timeout=patience, repetitions=attempts - 1)
    below: Iterable[int | None] = [None] if physicals is None else physicals
    places = list(product(servers, below))
    found: list[Station] = []
    yield Dial()
    for done, (server, physical) in enumerate(places):
        if on_progress is not None:
            on_progress(done, len(places))
        url = replace(target.url, server=server, physical=physical)
        place = replace(target, url=url, hdlc=settings)
        try:
            station = yield from _called(Engine(place.link(), trace), server, physical)
        except ConnectionLost:  # some hang up after whatever they did not like; once more over a new line
            yield Dial()
            station = yield from _called(Engine(place.link(), trace), server, physical)
        if station is not None:
            found.append(station)
    if on_progress is not None:
        on_progress(len(places), len(places))
    yield HangUp()
    return tuple(found)


def _called(engine: Engine, server: int, physical: int | None) -> Conversation[Station | None]:
    """Call one address; where it answers, the link is taken down again."""
    engine.connect(time.monotonic())
    try:
        while engine.is_connected() is None:
            yield from _turn(engine)
    except LinkRefused:
        return Station(server, physical, "DM")
    except LinkError:
        return None
    in_force = getattr(engine.link, "in_force", None)
    with contextlib.suppress(ConnectionLost):
        engine.disconnect(time.monotonic())
        while engine.is_disconnected() is None:  # a station that does not answer DISC is left as it is
            yield from _turn(engine)
    return Station(server, physical, "UA", in_force)


def _turn(engine: Engine) -> Conversation[None]:
    octets = engine.octets_to_send()
    timer = engine.link.next_timer()
    arrived = yield octets, 0.0 if timer is None else timer - time.monotonic()
    if arrived == b"":
        raise ConnectionLost("the line was closed while it was looked through")
    if arrived is None:
        engine.tick(time.monotonic())
    else:
        engine.receive(arrived, time.monotonic())
