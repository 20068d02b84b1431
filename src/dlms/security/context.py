"""The security of one association: both titles, the keys, what is sent protected and what is accepted.

Nothing here reserves counters or reads a clock: whoever sends hands in the counter that was reserved for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, get_args

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
ENVELOPE_TAGS: Final = tuple({plain: of.tags[0] for plain, of in table.items()} for table in (GLOBAL, DEDICATED))
"""The tag of that envelope, by the tag of the plain APDU: of the global one, and of the dedicated one."""
PROTECTED: Final = AUTHENTICATED | ENCRYPTED
WITH_TITLE: Final = (GeneralGloCiphering, GeneralDedCiphering)


class _Sending(NamedTuple):
    """What is sent with, as long as nothing changes: where the counter is and, if nothing but a counter is wanting,
    the tags of the envelopes and the seal."""

    store: CounterStore
    name: str
    envelopes: Mapping[int, int]
    seal: Seal | None


class _Receiving(NamedTuple):
    """What is received with at once, as long as nothing changes."""

    seal: Seal
    tags: bytes
    accept: Callable[[int], None]


UNSET: Final = object()
MADE: Final = frozenset(("_sending", "_receiving", "_seals"))
"""Attributes that follow from the others."""


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
    _seals: dict[tuple[bool, bool, int], Seal] = field(default_factory=dict)
    _sending: _Sending | None = None
    _receiving: _Receiving | None = None

    def __setattr__(self, name: str, value: object) -> None:
        """Whatever changes, what was made of it is made anew."""
        if getattr(self, name, UNSET) is value:  # a server says with every request what is as it was
            return
        object.__setattr__(self, name, value)
        if name not in MADE:
            object.__setattr__(self, "_seals", {})
            object.__setattr__(self, "_sending", None)
            object.__setattr__(self, "_receiving", None)

    @property
    def _dedicated(self) -> bool:
        """Whether the dedicated key is in use."""
        return self.use_dedicated and self.dedicated_key is not None

    @property
    def sending_counter(self) -> tuple[CounterStore, str]:
        """Where the counter of what we send is kept, and its name there."""
        sending = self._sending or self._as_sending()
        return sending.store, sending.name

    def _as_sending(self) -> _Sending:
        dedicated = self._dedicated
        control = self.suite | self.protection._value_
        at_once = control & PROTECTED and not self.general and self.trace is None
        sending = self._sending = _Sending(
            self._dedicated_counters if dedicated else self.counters,
            counter_name(self.own_title, self._key(dedicated)),
            ENVELOPE_TAGS[dedicated] if at_once else {},
            self._seal(True, dedicated, control) if at_once else None,
        )
        return sending

    def sealed_at_once(self, tag: int, plain: bytes) -> bytes | None:
        """The service-specific ciphered APDU around the plain one of this tag, under the next counter; the plain one
        where nothing is asked for.

        None where it takes more: a counter that has to be put away first, for which somebody may have to wait, a
        general APDU, a trace. `protect` does all.
        """
        store, name, envelopes, seal = self._sending or self._as_sending()
        envelope = envelopes.get(tag)
        if envelope is None or seal is None:
            return plain if self.protection is Protection.NONE else None
        counter = store.at_hand(name)
        return None if counter is None else seal.apdu(envelope, plain, counter)

    def protect(self, message: Message, counter: int, *, besides: Protection = Protection.NONE) -> bytes:
        """The octets of the ciphered APDU around a message, whose Data may be given as octets.

        `besides` is protection that this message needs, whatever the policy.
        """
        dedicated = self._dedicated
        control = self.suite | self.protection._value_ | besides._value_
        seal = self._seal(True, dedicated, control)
        plain = encode_with_data_octets(message)
        if self.trace is not None:
            self.trace("plaintext sent", plain)
        envelope = None if self.general else (DEDICATED if dedicated else GLOBAL).get(message.tags[0])
        if envelope is not None and control & PROTECTED:
            return seal.apdu(envelope.tags[0], plain, counter)
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

    def _as_receiving(self) -> _Receiving | None:
        control = self.suite | self.protection._value_
        dedicated = self._dedicated
        received = self._received.get(dedicated)
        if received is None or received.waits or self.trace is not None or not control & AUTHENTICATED:
            return None
        tags = bytes(ENVELOPE_TAGS[dedicated].values())
        receiving = self._receiving = _Receiving(self._seal(False, dedicated, control), tags, received.accept)
        return receiving

    def opened_at_once(self, octets: bytes) -> tuple[int, bytes, Callable[[int], None]] | None:
        """The counter and the plain APDU of a service-specific ciphered one that is protected just as is asked for, and
        whose tag fits. The counter is not judged yet: it is for the third to accept or refuse with ReplayDetected, and
        before it did nothing may be done with the APDU.

        None for anything else, and wherever somebody may have to wait: its message tells more.
        """
        receiving = self._receiving or self._as_receiving()
        if receiving is None:
            return None
        seal, tags, accept = receiving
        opened = seal.opened(octets, tags)
        if opened is None:
            return None
        counter, plain = opened
        return counter, plain, accept

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
        key = self._key(dedicated)
        counter = content.invocation_counter
        assert counter is not None  # noqa: S101  # it is protected: _check
        seal = self._seal(False, dedicated, control)
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

    def _key(self, dedicated: bool) -> Key:
        if not dedicated:
            return self.encryption_key
        if self.dedicated_key is None:
            raise SecurityError("the peer used a dedicated key, and none was agreed on")
        return self.dedicated_key

    def _seal(self, own: bool, dedicated: bool, control: int) -> Seal:
        """What one of the two protects with under one of the keys."""
        seal = self._seals.get((own, dedicated, control))
        if seal is None:
            title = self.own_title if own else self.peer_title
            seal = Seal(SecurityControl.of(control), title, self._key(dedicated), self.authentication_key)
            self._seals[own, dedicated, control] = seal
        return seal

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
