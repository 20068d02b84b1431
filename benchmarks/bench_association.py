"""A client's own share of a round trip, in memory: operation, protection, message, link, and no socket."""

from __future__ import annotations

import timeit

import pytest
from benchmarks import canned

from dlms.association.client import ClientAssociation
from dlms.association.effects import Reserve
from dlms.association.engine import Engine
from dlms.association.opening import Proposal
from dlms.link.wrapper import WrapperLink
from dlms.security import Key, Security

ROUNDS, TURNS = 60, 200


def opened(secured):
    """An open association, as HLS leaves it, and its engine."""
    options = canned.client_options(secured=secured)
    association = ClientAssociation(Proposal(**{"security": Security(), **options}))
    engine = Engine(WrapperLink(canned.CLIENT, canned.METER))
    engine.connect(0.0)
    drive(engine, association.open(), iter(()))
    return association, engine


def drive(engine, exchange, answers):
    """What a shell does, without its clock and socket."""
    outcome = None
    while True:
        try:
            effect = exchange.send(outcome)
        except StopIteration as stop:
            return stop.value
        outcome = None
        kind = type(effect)
        if kind is bytes:
            engine.ask(effect, 0.0)
            outcome = engine.answer(next(answers), 0.0)
        elif kind is Reserve:
            outcome = effect.store.reserve(effect.name)


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "secured"])
def test_round_trip(benchmark, secured):
    """Budget: 8 us for a secured one, authenticated and encrypted."""
    association, engine = opened(secured)
    count = (ROUNDS + 2) * TURNS
    given = canned.secured_values(count) if secured else canned.plain_values() * (count // 16 + 1)
    answers = iter(given)

    def read():
        assert drive(engine, association.get(canned.ENERGY), answers) == 4711

    benchmark.pedantic(read, rounds=ROUNDS, iterations=TURNS, warmup_rounds=1)
    encrypt = Key(canned.ENCRYPTION).gcm.encrypt
    alone = min(timeit.repeat(lambda: encrypt(bytes(12), bytes(13), bytes(17)), number=1000, repeat=10)) / 1000
    best = benchmark.stats.stats.min
    benchmark.extra_info["us"] = round(best * 1e6, 2)
    benchmark.extra_info["ratio to one AES-GCM"] = round(best / alone, 1)
    print(
        f"\n{benchmark.name}: {best * 1e6:.2f} us a round trip, {best / alone:.1f} x one AES-GCM of {alone * 1e6:.2f}"
    )
