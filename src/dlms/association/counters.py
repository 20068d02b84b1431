"""What a meter expects as the next invocation counter of a client, read by the public client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dlms.association.effects import Exchange
from dlms.cosem.references import AttributeRef
from dlms.errors import ConfigurationError, SecurityError
from dlms.security.counters import FORWARD_JUMP, counter_name
from dlms.security.protection import LAST_COUNTER
from dlms.security.settings import Security

if TYPE_CHECKING:
    from dlms.association.client import ClientAssociation

COUNTER_OBJECT: Final = AttributeRef(1, "0.0.43.1.0.255", 2)
"""Where meters commonly keep the counter that they last accepted; which object it is differs by client and by meter."""


def read_counter(association: ClientAssociation, ref: AttributeRef[Any] = COUNTER_OBJECT) -> Exchange[int]:
    """The last invocation counter that the meter accepted; nothing is changed by reading it."""
    value = yield from association.get(ref)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LAST_COUNTER:
        raise SecurityError(f"{ref} holds {value!r:.40}, no invocation counter")
    return value


def check_counted(security: Security) -> str:
    """The name of the counter that is kept for this security; ConfigurationError where none is."""
    if security.encryption_key is None or security.client_system_title is None:
        raise ConfigurationError("no counter is kept: the security has no encryption_key")
    return counter_name(security.client_system_title, security.encryption_key)


def advance_counter(security: Security, last: int, *, force: bool = False) -> int:
    """Let the next counter that `security` sends be above `last`, and return it; it is never lowered.

    What the public client reads is not authenticated: a leap of more than 2**24 is refused without `force`, since a
    lie could use the counter up. SecurityError for such a leap, and for a counter that is used up already.
    """
    name = check_counted(security)
    if last >= LAST_COUNTER - 1:
        raise SecurityError("the meter's invocation counter is used up: the key has to be changed")
    ours = security.counters.next_value(name)
    if last + 1 - ours > FORWARD_JUMP and not force:
        raise SecurityError(
            f"the meter says that its invocation counter is {last}, a leap of {last + 1 - ours} beyond ours: "
            "more than 2**24 has to be forced"
        )
    security.counters.advance_to(name, last + 1)
    return security.counters.next_value(name)


@dataclass(frozen=True, slots=True)
class CounterReading:
    """The two ends of an invocation counter: `ours`, the next that we would send, and `accepted`, the last that the
    meter says it took. What it says is not authenticated."""

    security: Security = field(repr=False)
    ours: int
    accepted: int

    @property
    def behind(self) -> int:
        """By how much ours is below the first that the meter takes; 0 where it is not."""
        return max(self.accepted + 1 - self.ours, 0)

    def go_on_above(self, *, force: bool = False) -> int:
        """Let ours go on above what the meter accepted, by the rules of `advance_counter`: the next that we send."""
        return advance_counter(self.security, self.accepted, force=force)


def compare_counters(
    association: ClientAssociation, security: Security, ref: AttributeRef[Any] = COUNTER_OBJECT
) -> Exchange[CounterReading]:
    """The next counter of `security` beside the last that the meter accepted; nothing is changed by looking."""
    name = check_counted(security)
    accepted = yield from read_counter(association, ref)
    return CounterReading(security, security.counters.next_value(name), accepted)
