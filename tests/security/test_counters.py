"""Counters: used once, never lowered, kept across processes; received ones judged by a rule."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlms.errors import ConfigurationError, CounterExhausted, ReplayDetected, SecurityError
from dlms.security.counters import (
    CounterStore,
    MemoryCounterStore,
    ReceivedCounter,
    ReplayRule,
    SqliteCounterStore,
    counter_name,
)
from dlms.security.keys import Key

KEY = Key("000102030405060708090A0B0C0D0E0F")
LAST = 0xFFFF_FFFF
Maker = Callable[[int], CounterStore]


@pytest.fixture(params=["memory", "sqlite", "sqlite-block-1"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Maker]:
    if request.param == "memory":
        yield MemoryCounterStore
        return
    block = 1 if request.param.endswith("1") else 64
    with ExitStack() as stack:
        path = tmp_path / "counters.sqlite"
        yield lambda first: stack.enter_context(SqliteCounterStore(path, first=first, block=block))


def test_values_are_handed_out_once(make: Maker) -> None:
    store = make(7)
    assert store.next_value("a") == 7
    assert [store.reserve("a"), store.reserve("a", 100), store.reserve("a"), store.reserve("b")] == [7, 8, 108, 7]
    assert store.next_value("a") == 109


def test_what_is_at_hand_is_the_next_value_or_nothing(make: Maker) -> None:
    store = make(7)
    taken = [store.reserve("a")]
    for _ in range(200):
        value = store.at_hand("a")
        taken.append(store.reserve("a") if value is None else value)
    assert taken == list(range(7, 208))
    assert store.next_value("a") == 208


def test_what_is_at_hand_was_put_away(tmp_path: Path) -> None:
    path = tmp_path / "counters.sqlite"
    with SqliteCounterStore(path, block=4) as store, SqliteCounterStore(path, block=4) as other:
        assert store.at_hand("a") is None
        assert [store.reserve("a"), *(store.at_hand("a") for _ in range(4))] == [0, 1, 2, 3, None]
        assert other.reserve("a") == 4
        assert store.reserve("a") == 8


def test_more_than_is_held_does_not_reach_into_the_block_of_another(tmp_path: Path) -> None:
    path = tmp_path / "counters.sqlite"
    with SqliteCounterStore(path, block=4) as store, SqliteCounterStore(path, block=4) as other:
        assert [store.reserve("a"), other.reserve("a")] == [0, 4]
        assert store.reserve("a", 10) == 8  # 1 to 3 are skipped: ten in a row are not there
        assert [other.reserve("a") for _ in range(4)] == [5, 6, 7, 18]
        assert store.reserve("b", 3) == 0
        assert store.reserve("b", 5) == 3  # nobody was in between: what was held goes on


def test_nobody_waits_for_what_is_at_hand(tmp_path: Path) -> None:
    with SqliteCounterStore(tmp_path / "counters.sqlite") as store:
        store.reserve("a")
        with store._lock:  # another thread takes a block
            assert store.at_hand("a") is None
        assert store.at_hand("a") == 1


def test_a_counter_is_never_lowered(make: Maker) -> None:
    store = make(0)
    assert store.reserve("a") == 0
    store.advance_to("a", 30)
    assert store.reserve("a") == 30
    store.advance_to("a", 5)
    assert store.reserve("a") == 31
    store.advance_to("a", 5000)
    assert store.next_value("a") == 5000
    assert store.reserve("a") == 5000


def test_the_end_of_a_counter(make: Maker) -> None:
    store = make(LAST - 2)
    assert store.reserve("a") == LAST - 2
    with pytest.raises(CounterExhausted):
        store.reserve("a", 2)
    assert store.reserve("a") == LAST - 1
    for _ in range(2):
        with pytest.raises(CounterExhausted):
            store.reserve("a")
    if isinstance(store, MemoryCounterStore):
        with pytest.raises(CounterExhausted):
            store.at_hand("a")
    else:
        assert store.at_hand("a") is None
    assert store.next_value("a") == LAST
    with pytest.raises(ConfigurationError):
        store.reserve("b", 0)


def test_what_was_received(make: Maker) -> None:
    store = make(0)
    assert store.received("a") is None
    assert store.put_received("a", 0)
    assert store.put_received("a", 5)
    for refused in (5, 3, 0):
        assert store.put_received("a", refused) is False
    assert store.received("a") == 5
    assert store.received("b") is None
    assert store.reserve("a") == 0


def test_a_file_outlives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "counters.sqlite"
    program = (
        "import os, sys; from dlms.security.counters import SqliteCounterStore as S\n"
        "s = S(sys.argv[1]); print(s.reserve('a', 3), s.reserve('a'), flush=True); os._exit(9)"
    )
    seen: list[int] = []
    for _ in range(3):
        run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
        seen += [int(text) for text in run.stdout.split()]
    assert len(seen) == 6
    assert seen == sorted(set(seen))
    with SqliteCounterStore(path) as store:
        assert store.reserve("a") > seen[-1]


def test_threads_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "counters.sqlite"
    taken: list[int] = []

    def take(store: SqliteCounterStore) -> None:
        taken.extend(store.reserve("a") for _ in range(50))

    with SqliteCounterStore(path, block=2) as one, SqliteCounterStore(path, block=2) as other:
        threads = [threading.Thread(target=take, args=(store,)) for store in (one, other, one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(taken)) == 200


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        SqliteCounterStore(tmp_path / "missing" / "counters.sqlite")
    (tmp_path / "text").write_text("no database, " * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        SqliteCounterStore(tmp_path / "text")
    with pytest.raises(ConfigurationError):
        SqliteCounterStore(tmp_path / "counters.sqlite", block=0)


@pytest.mark.parametrize("name", ["", ":memory:"])
def test_a_database_that_ends_with_its_connection_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="outlive"):
        SqliteCounterStore(name)


def test_processes_that_make_the_file_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from dlms.security.counters import SqliteCounterStore as S\n"
        "print(flush=True)\n"
        "for path in sys.stdin: print(*[S(path.strip(), block=3).reserve('a') for _ in range(4)])"
    )
    command = [sys.executable, "-c", program]
    made = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for each in made:
        assert each.stdout
        each.stdout.readline()  # it is ready
    paths = "".join(f"{tmp_path / str(number)}\n" for number in range(30))
    for each in made:
        assert each.stdin
        each.stdin.write(paths)
        each.stdin.flush()
    said = [each.communicate(timeout=60)[0].splitlines() for each in made]
    assert all(each.returncode == 0 for each in made)
    for lines in zip(*said, strict=True):
        taken = [int(text) for line in lines for text in line.split()]
        assert len(taken) == len(set(taken)) == 16


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_takes_values_of_its_own(tmp_path: Path) -> None:
    """A pool of workers that is forked after the first use: two processes with one block would repeat nonces."""
    program = (
        "import os, sys; from dlms.security.counters import SqliteCounterStore as S\n"
        "s = S(sys.argv[1]); print(s.reserve('a'), flush=True); s._lock.acquire(); child = not os.fork()\n"
        "child or s._lock.release()\n"
        "os.write(1, ''.join(f'{s.reserve(chr(97))} ' for _ in range(100)).encode()); child or os.wait()"
    )
    command = [sys.executable, "-W", "error", "-c", program, str(tmp_path / "counters")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    taken = [int(text) for text in run.stdout.split()]
    assert len(taken) == 201
    assert len(set(taken)) == 201
    assert not run.stderr


def test_a_file_that_can_be_used_no_more_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "counters.sqlite"
    with SqliteCounterStore(path, block=1) as store:
        store._database.execute("PRAGMA busy_timeout=10")
        first = store.reserve("a")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for use in (store.reserve, lambda name: store.advance_to(name, 50), lambda name: store.put_received(name, 5)):
            with pytest.raises(SecurityError, match="database is locked"):
                use("a")
        other.execute("ROLLBACK")
        assert store.reserve("a") == first + 1
        pages = store._database.execute("PRAGMA page_count").fetchone()[0]
        store._database.execute(f"PRAGMA max_page_count={pages}")  # a full disk
        names = (f"{number}" for number in range(10_000))
        with pytest.raises(SecurityError, match="full"):
            deque(map(store.reserve, names), maxlen=0)
        assert store.reserve("a") == first + 2
        other.execute("DROP TABLE invocation_counter")
        other.close()
        for use in (store.reserve, store.next_value, store.received):
            with pytest.raises(SecurityError, match="no such table"):
                use("a")
    with pytest.raises(SecurityError, match="closed"):
        store.reserve("a")


def test_a_closed_store_hands_out_nothing_that_it_held(tmp_path: Path) -> None:
    with SqliteCounterStore(tmp_path / "counters.sqlite", block=64) as store:
        assert store.reserve("a") == 0
    assert store.at_hand("a") is None
    with pytest.raises(SecurityError, match="closed"):
        store.reserve("a")


def test_a_store_that_nobody_closed_is_closed(tmp_path: Path) -> None:
    database = SqliteCounterStore(tmp_path / "counters.sqlite")._database
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.execute("SELECT 1")


def test_names_belong_to_a_key_and_a_title() -> None:
    name = counter_name(bytes(8), KEY)
    assert name == counter_name(bytes(8), Key(KEY.reveal()))
    assert name != counter_name(bytes(7) + b"1", KEY)
    assert name != counter_name(bytes(8), Key(bytes(16)))


@given(st.lists(st.integers(0, 50), max_size=30))
def test_strict_accepts_rising_values_only(values: list[int]) -> None:
    store = MemoryCounterStore()
    accepted: list[int] = []
    for value in values:
        received = ReceivedCounter(ReplayRule(), store, "peer")  # as if each came in an association of its own
        try:
            received.accept(value)
        except ReplayDetected:
            assert accepted
            assert value <= accepted[-1]
        else:
            accepted.append(value)
    assert accepted == sorted(set(accepted))


def test_a_refused_value_does_not_count() -> None:
    received = ReceivedCounter(ReplayRule(max_forward_jump=100), MemoryCounterStore(), "peer")
    received.accept(5)
    for refused in (5, 4, 106, 900, LAST):
        with pytest.raises(ReplayDetected):
            received.accept(refused)
    assert received.last == 5
    received.accept(6)
    received.accept(106)


def test_strict_remembers(make: Maker) -> None:
    """Across associations, for which a store that is no memory may make its caller wait."""
    store = make(0)
    ReceivedCounter(ReplayRule(), store, "peer").accept(100)
    later = ReceivedCounter(ReplayRule(), store, "peer")
    assert later.last == 100
    assert later.waits is not isinstance(store, MemoryCounterStore)
    with pytest.raises(ReplayDetected, match="not above the last, 100"):
        later.accept(100)
    later.accept(LAST - 1)  # a leap of any length, where nothing was said
    forgetful = ReceivedCounter(ReplayRule("per_association"), store, "peer")
    assert (forgetful.last, forgetful.waits) == (None, False)
    forgetful.accept(0)


def test_per_association_forgets() -> None:
    store = MemoryCounterStore()
    rule = ReplayRule("per_association", max_forward_jump=10)
    first = ReceivedCounter(rule, store, "peer")
    first.accept(100)
    with pytest.raises(ReplayDetected):
        first.accept(100)
    with pytest.raises(ReplayDetected, match="leaps"):
        first.accept(111)
    second = ReceivedCounter(rule, store, "peer")
    assert second.last is None
    second.accept(5)
    assert store.received("peer") is None
    with pytest.raises(ConfigurationError):
        ReplayRule("lax")  # type: ignore[arg-type]
