"""What a part is, and how it acts on its own device: beyond the rights of any client."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from inspect import isawaitable
from typing import Any, Final, TypeVar

from dlms.association.server.clients import READ_AND_WRITE, ServedClient
from dlms.association.server.logical_device import LogicalDevice, Outcome, ServedObject
from dlms.association.server.parts import Part
from dlms.association.server.rights import Access
from dlms.association.server.work import LOGGER, Work
from dlms.enumerations import AttributeAccessV3, MethodAccessV3
from dlms.service_errors import ServiceError

__all__ = ["DeviceItself", "Outcome", "Part", "Untimed", "begin", "outcome"]

T = TypeVar("T")
NOBODY: Final = ServedClient(0)


class DeviceItself(Access):
    """The device at its own objects: it may read, write and invoke whatever there is."""

    def __init__(self, device: LogicalDevice) -> None:
        super().__init__(device, NOBODY)

    def attribute_access(self, served: ServedObject, attribute_id: int) -> AttributeAccessV3:
        return READ_AND_WRITE

    def method_access(self, served: ServedObject, method_id: int) -> MethodAccessV3:
        return MethodAccessV3.ACCESS

    def octets(self, class_id: int, logical_name: bytes, attribute_id: int) -> Work[bytes]:
        """The octets of an attribute's value; raises ServiceError."""
        found: bytes | Iterator[bytes] = yield from self.read(self.find(class_id, logical_name), attribute_id)
        return found if isinstance(found, bytes) else b"".join(found)


class Untimed:
    """A part that only answers: nothing of it is timed."""

    def next_timer(self) -> float | None:
        return None

    def tick(self, now: float) -> None:
        """There is nothing to do."""


async def finished(work: Work[T], awaitable: Awaitable[Any]) -> T:
    """The result of `work` that has been begun and waits for `awaitable`."""
    try:
        while True:
            try:
                result = await awaitable
            except Exception as error:
                awaitable = work.throw(error)
            else:
                awaitable = work.send(result)
    except StopIteration as done:
        value: T = done.value
        return value


def outcome(work: Work[T]) -> Outcome[T]:
    """What `work` comes to: its result, or an awaitable of it where a function of the device is async."""
    try:
        awaitable = next(work)
    except StopIteration as done:
        value: T = done.value
        return value
    return finished(work, awaitable)


def begin(device: LogicalDevice, work: Work[None]) -> None:
    """Do `work` now; what is async of it is finished by the shell. A ServiceError is logged."""
    result = outcome(_logged(work))
    if isawaitable(result):
        device.unfinished.append(result)
        device.changed()


def _logged(work: Work[None]) -> Work[None]:
    try:
        yield from work
    except ServiceError as error:
        LOGGER.warning("what a device does by itself failed: %s", error)
