"""Counters of which no value is handed out twice."""

from __future__ import annotations

import threading

import pytest

from dlms_core.counter import InvocationCounter

LAST = 0xFFFF_FFFF


def test_values_rise_from_the_first() -> None:
    counter = InvocationCounter(7)
    assert [counter.next, counter.take(), counter.take(3), counter.take(), counter.next] == [7, 7, 8, 11, 12]


def test_it_is_never_lowered() -> None:
    counter = InvocationCounter()
    counter.advance_to(100)
    counter.advance_to(5)
    assert counter.take() == 100


def test_the_last_value_is_never_taken() -> None:
    counter = InvocationCounter(LAST - 2)
    assert counter.take(3) is None
    assert [counter.take(), counter.take(), counter.take()] == [LAST - 2, LAST - 1, None]
    counter.advance_to(1 << 40)
    assert counter.take() is None
    assert InvocationCounter(1 << 63).take() is None


@pytest.mark.parametrize("count", [LAST, (1 << 64) - 1])
def test_more_than_there_are_cannot_be_taken(count: int) -> None:
    counter = InvocationCounter(5)
    assert counter.take(count) is None
    assert counter.take() == 5


@pytest.mark.parametrize("value", [-1, 1 << 64])
def test_numbers_of_another_size_are_refused(value: int) -> None:
    with pytest.raises(OverflowError):
        InvocationCounter(value)
    with pytest.raises(OverflowError):
        InvocationCounter().take(value)
    with pytest.raises(OverflowError):
        InvocationCounter().advance_to(value)


def test_threads_never_share_a_value() -> None:
    counter, taken = InvocationCounter(), [list[int | None]() for _ in range(4)]

    def take(mine: list[int | None]) -> None:
        mine += [counter.take() for _ in range(5_000)]

    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(value for mine in taken for value in mine if value is not None) == list(range(20_000))
