"""The security of one association: both titles, the keys, what is sent protected and what is accepted.

Nothing here reserves counters or reads a clock: whoever sends hands in the counter that was reserved for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, get_args

from dlms.apdu import decode_with_data_octets, encode, encode_with_data_octets
from dlms.apdu.ciphering import (
    AUTHENTICATED,
    BROADCAST_KEY,
    ENCRYPTED,
    SUITE,
    CipheredContent,
    DedicatedCiphered,
    DedicatedCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GlobalCiphered,
    GlobalCiphering,
)
from dlms.errors import DecodeError, Downgrade, SecurityError
from dlms.grammar import Message
from dlms.security.ciphered import HAS_DEDICATED_KEY, Ciphered
from dlms.security.counters import CounterStore, MemoryCounterStore, ReceivedCounter, ReplayRule, counter_name
from dlms.security.keys import Key
from dlms.security.protection import Protection, Seal, SecurityControl, tag_mismatch


def _plain_tag(ciphered: int, distance: int) -> int:
    """The tag of the plain APDU: ciphered ones lie 0x20 or 0x40 above it, or, from C0 on, 8 or 16."""
    return ciphered - (0x20 if ciphered < 0x80 else 8) * distance


GLOBAL: dict[int, type[GlobalCiphering]] = {_plain_tag(of.tags[0], 1): of for of in get_args(GlobalCiphered)}
DEDICATED: dict[int, type[DedicatedCiphering]] = {_plain_tag(of.tags[0], 2): of for of in get_args(DedicatedCiphered)}
"""The service-specific envelope of a plain APDU, by its tag; an APDU that has none goes in a general one."""
ENVELOPE_TAGS: Final = {of: of.tags[0] for of in (*GLOBAL.values(), *DEDICATED.values())}
GLOBAL_TAGS, DEDICATED_TAGS = (bytes(of.tags[0] for of in table.values()) for table in (GLOBAL, DEDICATED))
PROTECTED: Final = AUTHENTICATED | ENCRYPTED
WITH_TITLE: Final = (GeneralGloCiphering, GeneralDedCiphering)


@dataclass(slots=True)
class SecurityContext:
    """What protects the APDUs between `own_title` and `peer_title`.

    `protection` is what is asked of both directions: nothing less is accepted. `general` chooses the general APDUs
    over the service-specific ones. The dedicated key, where there is one, takes over from the global one once the
    association stands (`use_dedicated`). `trace` is told of every plain APDU: ("plaintext sent" or "plaintext
    received", octets).
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
    trace: Callable[[str, bytes], None] | None = None
    _dedicated_counters: MemoryCounterStore = field(default_factory=MemoryCounterStore)
    _received: dict[bool, ReceivedCounter] = field(default_factory=dict)
    _own_seal: Seal | None = None
    _peer_seal: Seal | None = None
    _counted_key: Key | None = None
    _counter_name: str = ""

    @property
    def sending_counter(self) -> tuple[CounterStore, str]:
        """Where the counter of what we send is kept, and its name there."""
        key, store = self.encryption_key, self.counters
        if self.use_dedicated and self.dedicated_key is not None:
            key, store = self.dedicated_key, self._dedicated_counters
        if key is not self._counted_key:
            self._counted_key, self._counter_name = key, counter_name(self.own_title, key)
        return store, self._counter_name

    def protected_at_once(self, message: Message) -> bytes | None:
        """What `protect` makes of a message under the next counter; the message as it is where nothing is asked for.

        None where that counter has to be put away first, for which somebody may have to wait.
        """
        if self.protection is Protection.NONE:
            return encode_with_data_octets(message)
        store, name = self.sending_counter
        counter = store.at_hand(name)
        return None if counter is None else self.protect(message, counter)

    def protect(self, message: Message, counter: int, *, besides: Protection = Protection.NONE) -> bytes:
        """The octets of the ciphered APDU around a message, whose Data may be given as octets.

        `besides` is protection that this message needs, whatever the policy.
        """
        dedicated = self.use_dedicated and self.dedicated_key is not None
        key = self.dedicated_key if dedicated else self.encryption_key
        assert key is not None  # noqa: S101  # dedicated says so
        control = self.suite | self.protection._value_ | besides._value_
        seal = self._own_seal
        if (
            seal is None
            or seal.control != control
            or seal.encryption_key is not key
            or seal.authentication_key is not self.authentication_key
        ):
            seal = self._own_seal = Seal(SecurityControl.of(control), self.own_title, key, self.authentication_key)
        plain = encode_with_data_octets(message)
        if self.trace is not None:
            self.trace("plaintext sent", plain)
        envelope = None if self.general else (DEDICATED if dedicated else GLOBAL).get(message.tags[0])
        if envelope is not None and control & PROTECTED:
            return seal.apdu(ENVELOPE_TAGS[envelope], plain, counter)
        information, tag = seal.protect(plain, counter)
        content = CipheredContent(control, counter, information, tag or None)
        if envelope is not None:
            return encode(envelope(content))
        if dedicated:
            return encode(GeneralDedCiphering(self.own_title, content))
        return encode(GeneralGloCiphering(self.own_title, content))

    def unprotect(self, message: Ciphered, *, besides: Protection = Protection.NONE) -> bytes:
        """The plain APDU inside a received one: protected enough, with a tag that fits, and new.

        `besides` is protection that this message must have, whatever the policy. Raises Downgrade, TagMismatch,
        ReplayDetected and SecurityError; the counter counts only once the tag fits, or, where none was asked for, what
        was deciphered is an APDU.
        """
        plain, waiting = self.deciphered(message, besides=besides)
        if waiting is not None:
            received, counter = waiting
            received.accept(counter)
        return plain

    def opened_at_once(self, octets: bytes) -> bytes | None:
        """What `unprotect` makes of the octets of a service-specific ciphered APDU that is just what is asked for.

        None for anything else, and wherever somebody may have to wait: its message tells more.
        """
        seal = self._peer_seal
        if seal is None or self.trace is not None:
            return None
        dedicated = seal.encryption_key is not self.encryption_key
        received = self._received.get(dedicated)
        if (
            received is None
            or received.waits
            or seal.control != self.suite | self.protection._value_
            or not seal.control & AUTHENTICATED
            or seal.authentication_key is not self.authentication_key
            or (dedicated and seal.encryption_key is not self.dedicated_key)
        ):
            return None
        opened = seal.opened(octets, DEDICATED_TAGS if dedicated else GLOBAL_TAGS)
        if opened is None:
            return None
        counter, plain = opened
        received.accept(counter)
        return plain

    def deciphered(
        self, message: Ciphered, *, besides: Protection = Protection.NONE
    ) -> tuple[bytes, tuple[ReceivedCounter, int] | None]:
        """What `unprotect` does, but that it does not wait. Where accepting the counter might, it is returned with the
        plain APDU, with which nothing may be done before.
        """
        content = message.ciphered_content
        control = content.security_control
        kind = type(message)
        dedicated = HAS_DEDICATED_KEY[kind]
        asked = self.suite | self.protection._value_ | besides._value_
        if control != asked or not asked & PROTECTED or kind in WITH_TITLE:
            self._check(message, control, asked & ~SUITE)
        key = self.dedicated_key if dedicated else self.encryption_key
        if key is None:
            raise SecurityError("the peer used a dedicated key, and none was agreed on")
        counter = content.invocation_counter
        assert counter is not None  # noqa: S101  # it is protected: _check
        seal = self._peer_seal
        if (
            seal is None
            or seal.control != control
            or seal.encryption_key is not key
            or seal.authentication_key is not self.authentication_key
        ):
            seal = self._peer_seal = Seal(
                SecurityControl.of(control), self.peer_title, key, self.authentication_key
            )  # fmt: skip
        plain = seal.unprotect(content.information, content.authentication_tag or b"", counter)
        if plain is None:
            raise tag_mismatch()
        if not control & AUTHENTICATED:
            _check_form(plain)
        received = self._received.get(dedicated)
        if received is None:
            store: CounterStore = self._dedicated_counters if dedicated else self.counters
            received = ReceivedCounter(self.replay, store, counter_name(self.peer_title, key))
            self._received[dedicated] = received
        waiting = (received, counter) if received.waits else None
        if waiting is None:
            received.accept(counter)
        if self.trace is not None:
            self.trace("plaintext received", plain)
        return plain, waiting

    def lowest_acceptable(self, envelope: type[Message]) -> int:
        """The lowest invocation counter that would be accepted in a ciphered APDU of that kind."""
        received = self._received.get(HAS_DEDICATED_KEY[envelope])
        return 0 if received is None or received.last is None else received.last + 1

    def change_keys(self, encryption_key: Key, authentication_key: Key | None) -> None:
        """Go on under other global keys; the counters of an encryption key are its own. A dedicated key stays."""
        if encryption_key != self.encryption_key:
            self._received.pop(False, None)
        self.encryption_key = encryption_key
        self.authentication_key = authentication_key

    def _check(self, message: Message, control: int, required: int) -> None:
        missing = required & ~control
        if missing:
            names = " and ".join(part.name.lower() for part in Protection(missing) if part.name)
            raise Downgrade(f"the peer's APDU is not {names}")
        if not control & PROTECTED:
            raise Downgrade("the peer's APDU is not protected")
        if control & SUITE != self.suite:
            raise SecurityError(f"the peer used security suite {control & SUITE}, not {self.suite}")
        if control & BROADCAST_KEY:
            raise SecurityError("the peer used the broadcast key in an association")
        if isinstance(message, WITH_TITLE) and message.system_title not in (
            b"",
            self.peer_title,
        ):
            raise SecurityError(f"an APDU of another sender: {message.system_title.hex().upper()}")


def _check_form(plain: bytes) -> None:
    """Without a tag only its form vouches for a plaintext: a counter does not count for what anybody made up."""
    try:
        decode_with_data_octets(plain)
    except DecodeError:
        raise SecurityError("what was deciphered is no APDU: another key, or altered octets") from None
