"""No entry point keeps memory: octets given again and again, sound and damaged, leave the heaps as large as they were.

Blocks of Python's allocator are counted, and with glibc the bytes in use of malloc, which the C core calls.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import platform
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz.seeds import damaged, seeds

pytestmark = pytest.mark.skipif(
    "asan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizers put their own heap in place"
)

TARGETS = sorted(path.stem for path in (Path(__file__).parent.parent / "fuzz").glob("fuzz_*.py"))
CALLS = 300
ROUNDS = 20
MEASUREMENTS = 3
# One block or 8 octets for every 30th call is already above these.
MOST_BLOCKS = CALLS * ROUNDS // 30
MOST_OCTETS = 64 * 1024


class Heap(ctypes.Structure):
    """mallinfo2 of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def malloc_in_use() -> int:
    """Octets that malloc has given out, mapped ones included; 0 where there is no telling."""
    if platform.libc_ver()[0] != "glibc":
        return 0
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = Heap
    heap = mallinfo2()
    return int(heap.uordblks + heap.hblkhd)


def in_use() -> tuple[int, int]:
    gc.collect()
    return sys.getallocatedblocks(), malloc_in_use()


def growth(call: Callable[[], None]) -> tuple[int, int]:
    """By how many blocks and octets the heaps grow over ROUNDS calls, after a few to fill caches. What looks like a
    leak is measured again: caches fill up once, a leak goes on."""
    for _ in range(3):
        call()
    for _ in range(MEASUREMENTS):
        blocks, octets = in_use()
        for _ in range(ROUNDS):
            call()
        more_blocks, more_octets = in_use()
        grown = more_blocks - blocks, more_octets - octets
        if grown[0] < MOST_BLOCKS and grown[1] < MOST_OCTETS:
            break
    return grown


@pytest.mark.parametrize("target", TARGETS)
def test_the_heaps_do_not_grow(target: str) -> None:
    check: Callable[[bytes], None] = importlib.import_module(f"fuzz.{target}").check
    chance = random.Random(target)
    start = seeds()
    inputs = [damaged(octets, chance) if chance.random() < 0.5 else octets for octets in chance.choices(start, k=CALLS)]

    def call() -> None:
        for octets in inputs:
            check(octets)

    blocks, octets = growth(call)
    assert blocks < MOST_BLOCKS
    assert octets < MOST_OCTETS


def test_a_leak_of_either_kind_is_seen() -> None:
    kept: list[object] = []

    def keep() -> None:
        kept.extend(object() for _ in range(CALLS))

    def lose() -> None:
        malloc = ctypes.CDLL(None).malloc
        for _ in range(CALLS):
            malloc(ctypes.c_size_t(64))

    assert growth(keep)[0] >= MOST_BLOCKS
    if malloc_in_use():
        assert growth(lose)[1] >= MOST_OCTETS
