"""What a task waits for at a connection wakes it at once, and is a future to asyncio in all else.

So it is to asyncio's own tasks, and to those written in Python, which patches of asyncio use.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dlms_core.arrival import Arrival

PythonTask: Any = asyncio.tasks._PyTask  # type: ignore[attr-defined]  # what asyncio.Task is without its C module
WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who")


async def wait(arrival: Arrival) -> None:
    await arrival


def python_tasks(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    return PythonTask(coroutine, loop=loop, **options)


def in_a_loop(test: Callable[[], Awaitable[None]]) -> Callable[..., None]:
    async def limited() -> None:
        async with asyncio.timeout(10):
            await test()

    @pytest.mark.parametrize("tasks", [None, python_tasks], ids=["tasks", "tasks in Python"])
    def run(tasks: Any) -> None:
        async def main() -> None:
            asyncio.get_running_loop().set_task_factory(tasks)
            await asyncio.create_task(limited())

        asyncio.run(main())

    run.__name__ = test.__name__
    return run


def waiting(arrival: Arrival, seen: list[str], *, name: str = "woken") -> asyncio.Task[None]:
    async def waits() -> None:
        WHO.set(name)
        await wait(arrival)
        seen.append(WHO.get())

    return asyncio.create_task(waits())


def from_the_loop(what: Callable[[], Any]) -> asyncio.Future[Any]:
    """What it returns, called by the loop, as a connection is."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_soon(lambda: done.set_result(what()))
    return done


@in_a_loop
async def test_a_task_goes_on_within_the_call() -> None:
    arrival, seen = Arrival(asyncio.get_running_loop(), bytes), list[str]()
    task = waiting(arrival, seen)
    await asyncio.sleep(0)
    assert arrival.awaited

    def wake() -> list[str]:
        arrival.wake()
        return seen.copy()

    assert await from_the_loop(wake) == ["woken"]
    assert not arrival.awaited
    await task


@in_a_loop
async def test_it_serves_again_and_again() -> None:
    arrival, seen = Arrival(asyncio.get_running_loop(), bytes), list[str]()
    for _ in range(3):
        task = waiting(arrival, seen)
        await asyncio.sleep(0)
        await from_the_loop(arrival.wake)
        await task
    assert seen == ["woken"] * 3


@in_a_loop
async def test_it_wakes_nobody_who_does_not_wait() -> None:
    arrival, seen = Arrival(asyncio.get_running_loop(), bytes), list[str]()
    arrival.wake()
    task = waiting(arrival, seen)
    await asyncio.sleep(0)
    assert not task.done()
    await from_the_loop(arrival.wake)
    await from_the_loop(arrival.wake)
    await task
    assert seen == ["woken"]


@in_a_loop
async def test_a_task_keeps_its_own_context() -> None:
    WHO.set("another")
    first, second = (Arrival(asyncio.get_running_loop(), bytes) for _ in range(2))
    seen: list[str] = []
    tasks = [waiting(first, seen, name="first"), waiting(second, seen, name="second")]
    await asyncio.sleep(0)
    await from_the_loop(lambda: (second.wake(), first.wake()))
    await asyncio.gather(*tasks)
    assert seen == ["second", "first"]
    assert WHO.get() == "another"


@in_a_loop
async def test_a_task_that_wakes_another_goes_on_first() -> None:
    arrival, seen = Arrival(asyncio.get_running_loop(), bytes), list[str]()
    task = waiting(arrival, seen)
    await asyncio.sleep(0)
    arrival.wake()
    seen.append("who woke it")
    await task
    assert seen == ["who woke it", "woken"]


@in_a_loop
async def test_a_cancelled_task_is_woken_once() -> None:
    arrival, seen = Arrival(asyncio.get_running_loop(), bytes), list[str]()
    task = waiting(arrival, seen)
    await asyncio.sleep(0)
    assert task.cancel("no longer wanted")
    assert not arrival.awaited
    arrival.wake()  # what arrives now is for the next one
    with pytest.raises(asyncio.CancelledError, match="no longer wanted"):
        await task
    assert not arrival.cancel()
    another = waiting(arrival, seen)
    await asyncio.sleep(0)
    await from_the_loop(arrival.wake)
    await another
    assert seen == ["woken"]


@in_a_loop
async def test_a_task_cancelled_twice_is_cancelled() -> None:
    arrival = Arrival(asyncio.get_running_loop(), bytes)
    task = waiting(arrival, [])
    await asyncio.sleep(0)
    task.cancel()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_a_loop
async def test_a_time_limit_of_asyncio_ends_the_wait() -> None:
    arrival = Arrival(asyncio.get_running_loop(), bytes)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await wait(arrival)
    assert not arrival.awaited


@in_a_loop
async def test_an_error_of_the_task_stays_its_own() -> None:
    arrival = Arrival(asyncio.get_running_loop(), bytes)

    async def fails() -> None:
        await wait(arrival)
        raise RuntimeError("of the task")

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await from_the_loop(arrival.wake)
    assert task.done()
    with pytest.raises(RuntimeError, match="of the task"):
        await task


def test_a_task_of_another_loop_cannot_wait() -> None:
    foreign = asyncio.new_event_loop()
    try:
        with pytest.raises(RuntimeError, match="attached to a different loop"):
            asyncio.run(wait_here(Arrival(foreign, bytes)))
    finally:
        foreign.close()


async def wait_here(arrival: Arrival) -> None:
    await wait(arrival)
