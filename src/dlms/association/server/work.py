"""What a server, or a device by itself, does: generators that yield the awaitables of async functions."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Generator
from inspect import isawaitable
from typing import Any, Final, TypeAlias, TypeVar

from dlms.service_errors import OtherReason, ServiceError

T = TypeVar("T")
Work: TypeAlias = Generator[Awaitable[Any], Any, T]
"""What is done for a request: yields awaitables, is resumed with their results, returns T."""
LOGGER: Final = logging.getLogger("dlms.server")


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
    return result
