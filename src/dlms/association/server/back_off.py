"""How long a client is kept waiting after it failed to prove itself."""

from __future__ import annotations


class BackOff:
    """Failures in a row of one client of one device, over all its connections.

    The first closes the door for `first` seconds, each further one for twice as long, up to `longest`.
    """

    def __init__(self, first: float = 1.0, longest: float = 300.0) -> None:
        self._first = first
        self._longest = longest
        self._next = first
        self._closed_until = float("-inf")

    def closed(self, now: float) -> bool:
        """Whether the client has to wait."""
        return now < self._closed_until

    def failed(self, now: float) -> None:
        """The client did not prove itself."""
        self._closed_until = now + self._next
        self._next = min(2 * self._next, self._longest)

    def succeeded(self) -> None:
        """The client proved itself."""
        self._next = self._first
        self._closed_until = float("-inf")
