"""What a logical device does by itself: its parts and their timers, and what it has to send unasked."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from dlms.apdu import encode
from dlms.association.server.work import LOGGER
from dlms.grammar import Message

ROUNDS: Final = 8
"""How often a tick looks again: parts that keep each other busy leave the rest for the next one."""


class Part(Protocol):
    """What makes some objects of a device live. Times are POSIX seconds; nothing here waits or asks a clock."""

    def next_timer(self) -> float | None:
        """When `tick` is due; None for never. Asked again after every tick and every change of the device."""

    def tick(self, now: float) -> None:
        """Do all that is due at `now`; asked too early it does nothing."""


P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class Notification:
    """An APDU that nobody asked for. It goes to whoever is associated: as `client`, or, where that is None, as any."""

    message: Message
    client: int | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """An APDU, protected already, that a device carries to `destination` itself, a URL: from its SAP `server` to the
    SAP `client` there. `sent` is told whether it went."""

    octets: bytes
    destination: str
    client: int
    server: int
    sent: Callable[[bool], None]


@dataclass(slots=True)
class ScriptsUnderWay:
    """How many scripts of a device are being executed, one by the other, and how many actions they have begun."""

    scripts: int = 0
    actions: int = 0


class Parts:
    """The parts of one device, and what waits for its shell: notifications and unfinished work."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._watchers: list[Callable[[], None]] = []
        self.notifications: deque[Notification | Push] = deque()
        self.unfinished: deque[Awaitable[object]] = deque()
        """Async functions that a part has begun; the shell finishes them."""
        self.scripts_under_way = ScriptsUnderWay()

    def install(self, part: P) -> P:
        """Let a part live from now on, which is what its first timer counts from; it is returned."""
        self._parts.append(part)
        part.next_timer()
        self.changed()
        return part

    def notify(self, message: Message, *, client: int | None = None) -> None:
        """Have a notification sent to whoever is associated as `client` (None: to everybody who is associated), and
        agreed to notifications of its kind. EncodeError for a message that cannot be encoded."""
        encode(message)
        self.notifications.append(Notification(message, client))
        self.changed()

    def push(self, push: Push) -> None:
        """Have an APDU carried to where it is to go."""
        self.notifications.append(push)
        self.changed()

    def next_timer(self) -> float | None:
        """When the first of the parts is due."""
        return min((at for part in self._parts if (at := part.next_timer()) is not None), default=None)

    def tick(self, now: float) -> None:
        """Let every part do what is due, and what that makes due; one that fails, if only to say when it is due, is
        logged and keeps none of the others from it."""
        for _ in range(ROUNDS):
            if not sum(self._ticked(part, now) for part in self._parts):
                return

    @staticmethod
    def _ticked(part: Part, now: float) -> bool:
        """Tick a part that is due; whether it was."""
        due = False
        try:
            at = part.next_timer()
            due = at is not None and at <= now
            if due:
                part.tick(now)
        except Exception:
            LOGGER.exception("%r failed", part)
        return due

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have `watcher()` called whenever a timer may have changed, or something waits to be sent or finished."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` no longer."""
        self._watchers.remove(watcher)

    def changed(self) -> None:
        """Tell the watchers. A write or an invocation by a client tells them too."""
        for watcher in self._watchers:
            watcher()
