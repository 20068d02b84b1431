"""What a server, or a device by itself, does: generators that yield the awaitables of async functions."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Generator, Iterator
from inspect import isawaitable
from typing import Any, Final, TypeAlias, TypeVar

from dlms.service_errors import OtherReason, ServiceError

T = TypeVar("T")
Work: TypeAlias = Generator[Awaitable[Any], Any, T]
"""What is done for a request: yields awaitables, is resumed with their results, returns T."""
LOGGER: Final = logging.getLogger("dlms.server")


ITEMS_AT_ONCE: Final = 16
"""Of a list that are done in a row: one may cost as much as a request of its own, and thousands fit into one."""


class Turn:
    """What is awaited for nothing but that others have their turn."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def turn(done: int) -> Work[None]:
    """Let others have their turn, now and then; `done` items of a list are."""
    if done and not done % ITEMS_AT_ONCE:
        yield Turn()


def called(function: Any, *arguments: object) -> Work[Any]:
    """The result of a device's function, awaited where it is async; whatever it raises becomes a ServiceError."""
    try:
        result = function(*arguments)
        if isawaitable(result):
            result = yield result
    except ServiceError:
        raise
    except Exception:
        LOGGER.exception("a function of the device failed")
        raise OtherReason from None
    return pieces_of(result) if isinstance(result, Iterator) else result


def pieces_of(octets: Iterator[bytes]) -> Iterator[bytes]:
    """What the iterator of a device's function gives; whatever it raises becomes a ServiceError."""
    try:
        yield from octets
    except ServiceError:
        raise
    except Exception:
        LOGGER.exception("a function of the device failed")
        raise OtherReason from None
