"""The client for threads over loopback, beside a bare socket loop of the same messages in the same run, and beside the
clients of others reading the same rows.

The meter is a process with canned answers (`benchmarks.canned`), so that what is above the bare loop is the client's.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
import timeit
from pathlib import Path

import pytest
from benchmarks import canned
from tests.interop.peers import Unavailable, class_path, unavailable

import dlms
from dlms.association.profile_reading import ProfileStructure

ROUNDS = 60
GURUX_INVOKE = 0xC1  # of every request of gurux-dlms; jDLMS counts as we do
GURUX_READS = Path(__file__).parent / "peers" / "gurux_dlms_reads.py"
WARM_UP = {"jDLMS": 5.0, "gurux-dlms": 0.5}  # for each second of measuring; Java compiles as it goes
PEER_SECONDS = 60.0


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


# ---- other people's clients --------------------------------------------------------------------------------------


@pytest.fixture
def reads(request):
    """The last arguments of another client: which rows, how long to warm up, how long to measure (briefly, where all
    benchmarks are to be brief)."""
    seconds = float(request.config.getoption("benchmark_max_time"))

    def of(name):
        return [canned.PROFILE.logical_name.dotted, "1000", str(WARM_UP[name] * seconds), str(seconds)]

    return of


def mean_of_ten(nanoseconds):
    """The best mean of reads, ten at a time as far as there are ten, in seconds: what `best_beside` takes of ours."""
    tens = zip(*[iter(nanoseconds)] * min(10, len(nanoseconds)), strict=False)
    return min(sum(ten) / len(ten) for ten in tens) / 1e9


def beside_peer(benchmark, name, command, answers):
    """1,000 rows in one APDU read by us and by `command`, each from a meter with the same octets in its answers."""
    read = reader(1000)
    with canned.meter(canned.profiles(canned.rows(1000))) as port, canned.meter(answers, [canned.accepted()]) as other:
        url = f"tcp://127.0.0.1:{port}?client={canned.CLIENT}&server={canned.METER}"
        with dlms.connect(url, **canned.client_options()) as meter:
            benchmark.pedantic(read, args=(meter,), rounds=8, iterations=10)
            before = timeit.repeat(lambda: read(meter), number=10, repeat=ROUNDS // 2)
            done = subprocess.run(command(other), capture_output=True, text=True, timeout=PEER_SECONDS, check=False)
            after = timeit.repeat(lambda: read(meter), number=10, repeat=ROUNDS // 2)
    assert done.returncode == 0, done.stderr[-2000:]
    measured = [int(word) for word in done.stdout.split()]
    ours, theirs = min(before + after) / 10, mean_of_ten(measured)
    benchmark.extra_info["us"] = round(ours * 1e6, 1)
    benchmark.extra_info[f"ratio to {name}"] = round(ours / theirs, 5)
    print(
        f"\n{benchmark.name}: 1,000 rows {ours * 1e6:.1f} us, {name} {theirs * 1e6:.0f} us"
        f" (the best of {len(measured)} reads): {theirs / ours:.1f} times as long"
    )


def test_1000_rows_beside_jdlms(benchmark, reads):
    try:
        classes = class_path("jdlms")
    except Unavailable as reason:
        unavailable(str(reason))

    def command(port):
        # With every compiler of Java's: the interop tests' flags are for a short life.
        return ["java", "-cp", classes, "peer.TimedReads", *canned.where(port), *reads("jDLMS")]

    beside_peer(benchmark, "jDLMS", command, canned.profiles(canned.rows(1000)))


def test_1000_rows_beside_gurux_dlms(benchmark, reads):
    if importlib.util.find_spec("gurux_dlms") is None:
        unavailable("gurux-dlms is not installed")

    def command(port):
        return [sys.executable, str(GURUX_READS), *canned.where(port), *reads("gurux-dlms")]

    beside_peer(benchmark, "gurux-dlms", command, canned.profiles(canned.rows(1000), invoke=GURUX_INVOKE))
