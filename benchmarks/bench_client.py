"""The client for threads over loopback, beside a bare socket loop of the same messages in the same run.

The meter is a process with canned answers (`benchmarks.canned`), so that what is above the bare loop is the client's.
"""

from __future__ import annotations

import time

import pytest
from benchmarks import canned

import dlms
from dlms.association.profile_reading import ProfileStructure

ROUNDS = 60


def best_beside(ours, bare, rounds=ROUNDS, *, number=1):
    """The best times of both in seconds a call, taken in turn: what disturbs one disturbs the other."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, call in enumerate((ours, bare)):
            start = time.perf_counter()
            for _ in range(number):
                call()
            best[which] = min(best[which], (time.perf_counter() - start) / number)
    return best


def recorded(url, ask, turns, **options):
    """The octets that a client sends for its first `turns` operations."""
    sent: list[bytes] = []
    with dlms.connect(url, trace=lambda what, octets: sent.append(octets) if what == "sent" else None, **options) as of:
        for _ in range(turns):
            ask(of)
    return sent


def report(benchmark, ours, bare, what):
    benchmark.extra_info["us"] = round(ours * 1e6, 1)
    benchmark.extra_info["us above the bare loop"] = round((ours - bare) * 1e6, 1)
    benchmark.extra_info["ratio to the bare loop"] = round(ours / bare, 3)
    print(
        f"\n{benchmark.name}: {what} {ours * 1e6:.1f} us, bare {bare * 1e6:.1f} us:"
        f" {(ours - bare) * 1e6:.1f} us above it, {ours / bare:.2f} x"
    )


def side_by_side(benchmark, answers, ask, what, *, secured=False, number=1, messages=1):
    options = canned.client_options(secured=secured)
    with canned.meter(answers) as port:
        url = f"tcp://127.0.0.1:{port}?client={canned.CLIENT}&server={canned.METER}"
        requests = recorded(url, ask, 16, **options)
        bare = canned.Bare(port, requests, answers)
        with dlms.connect(url, **options) as meter:
            benchmark.pedantic(ask, args=(meter,), rounds=8, iterations=number)
            ours, alone = best_beside(lambda: ask(meter), lambda: bare(messages), number=number)
        bare.close()
    report(benchmark, ours, alone, what)


def read_value(meter):
    assert meter.get(canned.ENERGY) == 4711


def reader(count):
    structure: ProfileStructure = canned.STRUCTURE

    def read(meter):
        assert len(meter.read_profile(canned.PROFILE, structure=structure)) == count

    return read


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "secured"])
def test_one_value(benchmark, secured):
    answers = canned.secured_values(5000) if secured else canned.plain_values()
    side_by_side(benchmark, answers, read_value, "one register", secured=secured, number=50)


def test_1000_rows_in_one_apdu(benchmark):
    """Budget: a bare round trip and 60 us."""
    answers = canned.profiles(canned.rows(1000))
    side_by_side(benchmark, answers, reader(1000), "1,000 rows", number=10)


def test_10000_rows_in_blocks(benchmark):
    """Budget: 1.5 x the bare loop."""
    octets = canned.rows(10_000)
    answers = canned.profiles(octets, 1024)
    side_by_side(benchmark, answers, reader(10_000), "10,000 rows", messages=len(answers) // 16)
