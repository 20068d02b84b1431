"""The security of one association: both titles, the keys, what is sent protected and what is accepted.

Nothing here reserves counters or reads a clock: whoever sends hands in the counter that was reserved for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from dlms.apdu import encode, encode_with_data_octets
from dlms.apdu.ciphering import (
    CipheredContent,
    DedicatedCiphered,
    DedicatedCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GlobalCiphered,
    GlobalCiphering,
)
from dlms.errors import Downgrade, SecurityError
from dlms.grammar import Message
from dlms.security.ciphered import Ciphered
from dlms.security.counters import CounterStore, MemoryCounterStore, ReceivedCounter, ReplayRule, counter_name
from dlms.security.keys import Key
from dlms.security.protection import Protection, SecurityControl, protect, unprotect


def _plain_tag(ciphered: int, distance: int) -> int:
    """The tag of the plain APDU: ciphered ones lie 0x20 or 0x40 above it, or, from C0 on, 8 or 16."""
    return ciphered - (0x20 if ciphered < 0x80 else 8) * distance


GLOBAL: dict[int, type[GlobalCiphering]] = {_plain_tag(of.tags[0], 1): of for of in get_args(GlobalCiphered)}
DEDICATED: dict[int, type[DedicatedCiphering]] = {_plain_tag(of.tags[0], 2): of for of in get_args(DedicatedCiphered)}
"""The service-specific envelope of a plain APDU, by its tag; an APDU that has none goes in a general one."""


@dataclass(slots=True)
class SecurityContext:
    """What protects the APDUs between `own_title` and `peer_title`.

    `protection` is what is asked of both directions: nothing less is accepted. `general` chooses the general APDUs
    over the service-specific ones. The dedicated key, where there is one, takes over from the global one once the
    association stands (`use_dedicated`).
    """

    own_title: bytes
    peer_title: bytes
    protection: Protection
    encryption_key: Key
    authentication_key: Key | None
    counters: CounterStore
    replay: ReplayRule
    suite: int = 0
    general: bool = False
    dedicated_key: Key | None = None
    use_dedicated: bool = False
    _dedicated_counters: MemoryCounterStore = field(default_factory=MemoryCounterStore)
    _received: dict[bool, ReceivedCounter] = field(default_factory=dict)

    @property
    def sending_counter(self) -> tuple[CounterStore, str]:
        """Where the counter of what we send is kept, and its name there."""
        key, store = (
            (self.dedicated_key, self._dedicated_counters)
            if self.use_dedicated and self.dedicated_key is not None
            else (self.encryption_key, self.counters)
        )
        return store, counter_name(self.own_title, key)

    def protect(self, message: Message, counter: int, *, besides: Protection = Protection.NONE) -> bytes:
        """The octets of the ciphered APDU around a message, whose Data may be given as octets.

        `besides` is protection that this message needs, whatever the policy.
        """
        dedicated = self.use_dedicated and self.dedicated_key is not None
        key = self.dedicated_key if dedicated else self.encryption_key
        assert key is not None  # noqa: S101  # dedicated says so
        control = SecurityControl(self.suite, self.protection | besides)
        information, tag = protect(
            encode_with_data_octets(message),
            control=control,
            invocation_counter=counter,
            system_title=self.own_title,
            encryption_key=key,
            authentication_key=self.authentication_key,
        )
        content = CipheredContent(control.octet, counter, information, tag or None)
        envelope = None if self.general else (DEDICATED if dedicated else GLOBAL).get(message.tags[0])
        if envelope is not None:
            return encode(envelope(content))
        if dedicated:
            return encode(GeneralDedCiphering(self.own_title, content))
        return encode(GeneralGloCiphering(self.own_title, content))

    def unprotect(self, message: Ciphered) -> bytes:
        """The plain APDU inside a received one: protected enough, new, and with a tag that fits.

        Raises Downgrade, ReplayDetected, TagMismatch and SecurityError; the counter counts only once the tag fits.
        """
        content = message.ciphered_content
        control = SecurityControl.of(content.security_control)
        dedicated = isinstance(message, (DedicatedCiphering, GeneralDedCiphering))
        self._check(message, control)
        key = self.dedicated_key if dedicated else self.encryption_key
        if key is None:
            raise SecurityError("the peer used a dedicated key, and none was agreed on")
        assert content.invocation_counter is not None  # noqa: S101  # it is protected: _check
        received = self._received_counter(key, dedicated=dedicated)
        received.check(content.invocation_counter)
        plain = unprotect(
            content.information,
            content.authentication_tag or b"",
            control=control,
            invocation_counter=content.invocation_counter,
            system_title=self.peer_title,
            encryption_key=key,
            authentication_key=self.authentication_key,
        )
        received.accept(content.invocation_counter)
        return plain

    def _check(self, message: Message, control: SecurityControl) -> None:
        missing = self.protection & ~control.protection
        if missing:
            names = " and ".join(part.name.lower() for part in missing if part.name)
            raise Downgrade(f"the peer's APDU is not {names}")
        if not (control.authenticated or control.encrypted):
            raise Downgrade("the peer's APDU is not protected")
        if control.suite != self.suite:
            raise SecurityError(f"the peer used security suite {control.suite}, not {self.suite}")
        if Protection.BROADCAST_KEY in control.protection:
            raise SecurityError("the peer used the broadcast key in an association")
        if isinstance(message, (GeneralGloCiphering, GeneralDedCiphering)) and message.system_title not in (
            b"",
            self.peer_title,
        ):
            raise SecurityError(f"an APDU of another sender: {message.system_title.hex().upper()}")

    def _received_counter(self, key: Key, *, dedicated: bool) -> ReceivedCounter:
        found = self._received.get(dedicated)
        if found is None:
            store: CounterStore = self._dedicated_counters if dedicated else self.counters
            found = ReceivedCounter(self.replay, store, counter_name(self.peer_title, key))
            self._received[dedicated] = found
        return found
