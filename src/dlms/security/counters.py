"""Invocation counters: one for each key and direction, used once and never lowered.

A counter belongs to a key under a system title. Its name is made of the title and a fingerprint of the key, so a new
key starts a new counter by itself. A store hands out values only after it has put away that they are gone: a process
that dies loses some values and repeats none.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
import threading
import weakref
from dataclasses import dataclass
from typing import Final, Literal, Protocol, Self

from dlms.errors import ConfigurationError, CounterExhausted, ReplayDetected, SecurityError
from dlms.security.keys import Key
from dlms.security.protection import LAST_COUNTER
from dlms_core.counter import InvocationCounter

ATTEMPTS = 20
FORWARD_JUMP = 1 << 24  # how far a counter may leap without being forced; a lie of a peer could exhaust it otherwise


def counter_name(system_title: bytes, key: Key) -> str:
    """The name of the counter that the bearer of `system_title` uses with `key`; it tells nothing of the key."""
    fingerprint = hmac.digest(key.reveal(), b"dlms invocation counter" + system_title, hashlib.sha256)
    return f"{system_title.hex().upper()}-{fingerprint.hex()[:16]}"


class CounterStore(Protocol):
    """Where counters are kept. Every method is safe to call from several threads."""

    def reserve(self, name: str, count: int = 1) -> int:
        """Take `count` values for good and return the first; raises CounterExhausted."""

    def at_hand(self, name: str) -> int | None:
        """As `reserve(name)`, but None where that might wait, for a disk or another thread."""

    def next_value(self, name: str) -> int:
        """The value that `reserve` would return, without taking it."""

    def advance_to(self, name: str, value: int) -> None:
        """Let the next reserved value be at least `value`; a counter is never lowered."""

    def received(self, name: str) -> int | None:
        """The highest received value that was put away, None before the first."""

    def put_received(self, name: str, value: int) -> bool:
        """Put away a received value that is above all before; False where it is not, and nothing changes."""


class MemoryCounterStore:
    """Counters for the life of the process. `first` is where an unknown counter starts, 0 or above.

    A fixed key with counters that start again is how nonces repeat: use it with keys that live no longer than the
    process, or with `first` read from the meter.
    """

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._counters: dict[str, InvocationCounter] = {}
        self._received: dict[str, int] = {}
        self._lock = threading.Lock()

    def _counter(self, name: str) -> InvocationCounter:
        return self._counters.get(name) or self._counters.setdefault(name, InvocationCounter(self._first))

    def reserve(self, name: str, count: int = 1) -> int:
        if not 0 < count <= LAST_COUNTER:
            raise ConfigurationError(f"cannot reserve {count} values of a counter")
        value = self._counter(name).take(count)
        if value is None:
            raise _exhausted(name)
        return value

    def at_hand(self, name: str) -> int | None:
        counter = self._counters.get(name)
        value = None if counter is None else counter.take()
        return self.reserve(name) if value is None else value

    def next_value(self, name: str) -> int:
        return self._counter(name).next

    def advance_to(self, name: str, value: int) -> None:
        self._counter(name).advance_to(value)

    def received(self, name: str) -> int | None:
        with self._lock:
            return self._received.get(name)

    def put_received(self, name: str, value: int) -> bool:
        with self._lock:
            if value <= self._received.get(name, -1):
                return False
            self._received[name] = value
            return True


class SqliteCounterStore:
    """Counters in an SQLite file, for several threads and processes.

    Values are reserved on disk `block` at a time, so that not every message waits for the disk; what is left of a
    block when the process ends is skipped. A process that is forked goes on with a block and a connection of its own.
    Where the file cannot be read or written any more (a full disk), SecurityError: nothing is sent without a counter.
    """

    def __init__(self, path: str | os.PathLike[str], *, first: int = 0, block: int = 64) -> None:
        if block < 1:
            raise ConfigurationError(f"a block of counters has at least one value, not {block}")
        self._first = first
        self._block = block
        self._path = os.fspath(path)
        if self._path in ("", ":memory:"):  # SQLite's names for a database that ends with its connection
            raise ConfigurationError(f"counters have to outlive the process: {self._path!r} names no file")
        self._held: dict[str, range] = {}
        self._lock = threading.Lock()
        self._database = self._connected()
        try:
            # A counter that was reserved must be on the disk before it is used (FULL, in `_take`). A received one that
            # a power failure loses costs a replay within one association at the worst.
            self._write_ahead()
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS invocation_counter (name TEXT PRIMARY KEY, next INTEGER, received INTEGER)"
            )
        except sqlite3.Error as error:
            self._database.close()
            raise ConfigurationError(f"{self._path}: {error}") from None
        _open.add(self)

    def _connected(self) -> sqlite3.Connection:
        try:
            database = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise ConfigurationError(f"{self._path}: {error}") from None
        weakref.finalize(self, database.close)
        return database

    def _write_ahead(self) -> None:
        """Have the file keep a write-ahead log. Several processes that open a new file at once are in each other's way:
        SQLite lets nobody wait for this, but for a transaction it does."""
        for _ in range(ATTEMPTS):
            try:
                self._database.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute("COMMIT")
            else:
                return
        self._database.execute("PRAGMA journal_mode=WAL")

    def go_on_as_a_child(self) -> None:
        """Share nothing with the process that this one was forked from: neither its values nor its connection, which
        SQLite does not allow to be used, or closed, on both sides."""
        _of_the_parent.append(self._database)
        self._lock = threading.Lock()
        self._held = {}
        self._database = self._connected()
        self._database.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        """Close the file. Values reserved and not used are skipped."""
        with self._lock:
            self._held.clear()
            self._database.close()
            _open.discard(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reserve(self, name: str, count: int = 1) -> int:
        with self._lock:
            held = self._held.get(name, range(0))
            if len(held) < count or count < 1:
                held = self._take(name, count, held)
            self._held[name] = held[count:]
            return held[0]

    def at_hand(self, name: str) -> int | None:
        if not self._lock.acquire(blocking=False):
            return None
        try:
            held = self._held.get(name)
            if not held:
                return None
            self._held[name] = held[1:]
            return held[0]
        finally:
            self._lock.release()

    def next_value(self, name: str) -> int:
        with self._lock:
            held = self._held.get(name)
            return held[0] if held else self._stored(name)

    def advance_to(self, name: str, value: int) -> None:
        with self._lock:
            held = self._held.pop(name, range(0))
            if value in held:
                self._held[name] = range(value, held.stop)
            elif held and value < held.start:
                self._held[name] = held
            else:
                self._write(
                    "INSERT INTO invocation_counter (name, next) VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET next = max(excluded.next, coalesce(next, 0))",
                    (name, max(value, self._first)),
                )

    def received(self, name: str) -> int | None:
        with self._lock:
            row = self._execute("SELECT received FROM invocation_counter WHERE name = ?", (name,)).fetchone()
            return None if row is None else row[0]

    def put_received(self, name: str, value: int) -> bool:
        with self._lock:
            written = self._write(
                "INSERT INTO invocation_counter (name, received) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET received = excluded.received"
                " WHERE received IS NULL OR received < excluded.received",
                (name, value),
            )
            return written == 1

    def _stored(self, name: str) -> int:
        row = self._execute("SELECT next FROM invocation_counter WHERE name = ?", (name,)).fetchone()
        return self._first if row is None or row[0] is None else int(row[0])

    def _take(self, name: str, count: int, held: range) -> range:
        """`held` lengthened, or a new block where another process took what follows it; put away before it is used."""
        self._execute("PRAGMA synchronous=FULL")
        try:
            self._execute("BEGIN IMMEDIATE")
            stored = self._stored(name)
            first = held.start if held and held.stop == stored else stored
            stop = max(_after(name, first, count), min(stored + self._block, LAST_COUNTER))
            self._write(
                "INSERT INTO invocation_counter (name, next) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET next = excluded.next",
                (name, stop),
            )
            self._execute("COMMIT")
        finally:
            if self._database.in_transaction:  # nothing was taken
                self._execute("ROLLBACK")
            self._execute("PRAGMA synchronous=NORMAL")
        return range(first, stop)

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        return self._execute(statement, values).rowcount

    def _execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise SecurityError(f"invocation counters cannot be kept in {self._path}: {error}") from None


_open: Final[weakref.WeakSet[SqliteCounterStore]] = weakref.WeakSet()
_of_the_parent: Final[list[sqlite3.Connection]] = []
"""Connections that a child process inherited, kept from being closed."""


def _after_fork() -> None:
    for store in list(_open):
        store.go_on_as_a_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _after(name: str, value: int, count: int) -> int:
    """The next value once `count` have been taken. FFFFFFFF itself is never used: the key has to be changed first."""
    if count < 1:
        raise ConfigurationError(f"cannot reserve {count} values of a counter")
    if value + count > LAST_COUNTER:
        raise _exhausted(name)
    return value + count


def _exhausted(name: str) -> CounterExhausted:
    return CounterExhausted(f"invocation counter {name} is used up: the key has to be changed")


@dataclass(frozen=True, slots=True)
class ReplayRule:
    """How received invocation counters are judged.

    `strict`: greater than every one received before under that key, remembered by the counter store across
    associations. `per_association`: greater than every one of this association (for peers that start again, as jDLMS's
    server does). Either way a leap of more than `max_forward_jump` beyond the last is refused; None allows any.
    """

    name: Literal["strict", "per_association"] = "strict"
    max_forward_jump: int | None = None

    def __post_init__(self) -> None:
        if self.name not in ("strict", "per_association"):
            raise ConfigurationError(f"no replay rule is named {self.name!r}: strict or per_association")


class ReceivedCounter:
    """The received counters of one peer and key, judged by a rule once the tag fits."""

    def __init__(self, rule: ReplayRule, store: CounterStore, name: str) -> None:
        self._strict = rule.name == "strict"
        self._longest_jump = LAST_COUNTER if rule.max_forward_jump is None else rule.max_forward_jump
        self._store = store
        self._name = name
        self._last = store.received(name) if self._strict else None
        self.waits = self._strict and not isinstance(store, MemoryCounterStore)
        """Whether `accept` may wait, for a disk or another thread."""

    @property
    def last(self) -> int | None:
        """The last accepted value."""
        return self._last

    def accept(self, value: int) -> None:
        """Remember a value whose tag was found right; ReplayDetected for one that the rule refuses, or that another
        association accepted meanwhile.
        """
        last = self._last
        if value >= LAST_COUNTER:
            raise ReplayDetected("the received invocation counter is used up")
        if last is not None:
            if value <= last:
                raise ReplayDetected(f"received invocation counter {value} is not above the last, {last}")
            if value - last > self._longest_jump:
                raise ReplayDetected(
                    f"received invocation counter {value} leaps more than {self._longest_jump} beyond the last, {last}"
                )
        if self._strict and not self._store.put_received(self._name, value):
            self._last = self._store.received(self._name)
            raise ReplayDetected(f"received invocation counter {value} was used in another association")
        self._last = value
