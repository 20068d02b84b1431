"""Tasks that share a connection have it one after the other, whoever of them gives up."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest

from dlms.association.effects import Wait
from dlms.errors import ConnectionLost
from dlms.shell.awaiting import AsyncCarrier
from dlms.shell.demands import Conversation


async def no_transport() -> NoReturn:
    raise AssertionError("nobody dials here")


def conversation(name: str, heard: list[str], *, error: Exception | None = None) -> Conversation[str]:
    heard.append(f"{name} begins")
    yield Wait(0.001)
    yield Wait(0.001)
    heard.append(f"{name} ends")
    if error is not None:
        raise error
    return name


def one_after_the_other(heard: list[str]) -> bool:
    pairs = list(zip(heard[::2], heard[1::2], strict=True))
    return all(first.split()[0] == second.split()[0] for first, second in pairs)


def test_in_the_order_of_their_asking() -> None:
    heard: list[str] = []

    async def scenario() -> list[str]:
        carrier = AsyncCarrier(no_transport)
        return await asyncio.gather(*(carrier.carry_on(conversation(name, heard)) for name in "abcde"))

    assert asyncio.run(scenario()) == list("abcde")
    assert [line for line in heard if "begins" in line] == [f"{name} begins" for name in "abcde"]
    assert one_after_the_other(heard)


def test_an_error_lets_the_next_one_begin() -> None:
    async def scenario() -> list[str | BaseException]:
        carrier = AsyncCarrier(no_transport)
        errors = [None, ValueError("mine"), None]
        tasks = (carrier.carry_on(conversation(str(at), [], error=error)) for at, error in enumerate(errors))
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third = asyncio.run(scenario())
    assert (first, third) == ("0", "2")
    assert isinstance(second, ValueError)


@pytest.mark.parametrize("rounds", range(8))
@pytest.mark.parametrize("given_up", [{1}, {0}, {0, 1}, {1, 2}, {0, 1, 2, 3}])
def test_whoever_gives_up_holds_nobody_up(given_up: set[int], rounds: int) -> None:
    """At any moment: while it waits, while it has its turn, and just as it gets it."""
    heard: list[str] = []

    async def scenario() -> None:
        carrier = AsyncCarrier(no_transport)
        tasks = [asyncio.create_task(carrier.carry_on(conversation(str(at), heard))) for at in range(5)]
        for _ in range(rounds):
            await asyncio.sleep(0.0004)
        cancelled = [at for at in given_up if tasks[at].cancel()]
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        for at, result in enumerate(results):
            assert isinstance(result, asyncio.CancelledError) if at in cancelled else result == str(at)
        assert await asyncio.wait_for(carrier.carry_on(conversation("last", heard)), 10) == "last"

    asyncio.run(scenario())
    open_now: str | None = None
    for line in heard:
        name, what = line.split()
        if what == "begins":
            open_now = name
        else:
            assert open_now == name


def test_one_whose_turn_came_as_it_gave_up_passes_it_on() -> None:
    heard: list[str] = []

    async def scenario() -> None:
        carrier = AsyncCarrier(no_transport)
        first, second, third = (asyncio.create_task(carrier.carry_on(conversation(name, heard))) for name in "abc")
        await first
        second.cancel()  # `first` has just made it the next one
        assert await asyncio.wait_for(third, 10) == "c"
        with pytest.raises(asyncio.CancelledError):
            await second

    asyncio.run(scenario())
    assert "b ends" not in heard


def test_nothing_is_sent_where_nobody_dialled() -> None:
    def sends() -> Conversation[None]:
        yield b"octets", 1.0

    async def scenario() -> None:
        with pytest.raises(ConnectionLost, match="closed"):
            await AsyncCarrier(no_transport).carry_on(sends())

    asyncio.run(scenario())
