"""The protection of octets with AES-GCM as IEC 62056-5-3 uses it: 12-octet tags, counters in the nonce.

Plaintext is released only after its tag was found right. Without a tag (encryption only) nothing vouches for the
plaintext but its form; `SecurityControl.authenticated` says which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag
from functools import lru_cache

from dlms.errors import ConfigurationError, DecodeError, MissingKey, TagMismatch
from dlms.security.keys import KEY_LENGTHS, Key
from dlms_core.seal import TAG_LENGTH, Sealing

LAST_COUNTER = 0xFFFF_FFFF
SUITE_MASK = 0x0F


class Protection(Flag):
    """What a security control octet says beside the suite."""

    NONE = 0
    AUTHENTICATED = 0x10
    ENCRYPTED = 0x20
    BROADCAST_KEY = 0x40
    COMPRESSED = 0x80


@dataclass(frozen=True, slots=True)
class SecurityControl:
    """The security control octet: suite in bits 0 to 3, what was done in bits 4 to 7."""

    suite: int
    protection: Protection

    @staticmethod
    @lru_cache(maxsize=256)
    def of(octet: int) -> SecurityControl:
        """The meaning of the octet as sent."""
        return SecurityControl(octet & SUITE_MASK, Protection(octet & ~SUITE_MASK))

    @property
    def octet(self) -> int:
        """The octet as sent."""
        return self.suite | self.protection.value

    @property
    def authenticated(self) -> bool:
        """Whether a tag follows."""
        return Protection.AUTHENTICATED in self.protection


class Seal(Sealing):
    """AES-GCM as one sender uses it: security control, system title and keys are settled, the counter is not.

    Whoever protects many APDUs keeps one. Raises ConfigurationError and MissingKey for keys and titles that do not fit
    the security control, DecodeError for one that says that the content is compressed. Counters are 32-bit numbers;
    `header` is what general-ciphering authenticates besides.
    """

    __slots__ = ("authentication_key", "encryption_key")

    def __init__(
        self, control: SecurityControl, system_title: bytes, encryption_key: Key, authentication_key: Key | None
    ) -> None:
        if Protection.COMPRESSED in control.protection:
            raise DecodeError("compressed content (V.44) is not supported", layer="ciphering", offset=0)
        _check_lengths(control, system_title, encryption_key, authentication_key)
        super().__init__(
            encryption_key.gcm.encrypt, system_title, control.octet, _associated(control, authentication_key)
        )
        self.encryption_key = encryption_key
        self.authentication_key = authentication_key


def protect(
    plain: bytes,
    *,
    control: SecurityControl,
    invocation_counter: int,
    system_title: bytes,
    encryption_key: Key,
    authentication_key: Key | None = None,
    header: bytes = b"",
) -> tuple[bytes, bytes]:
    """The content to send and its tag (b"" where `control` asks for none).

    `system_title` is the sender's; `header` is what general-ciphering authenticates besides (its fields from
    transaction-id to other-information, lengths included). The caller answers for never using a counter twice under a
    key. Raises ConfigurationError and MissingKey.
    """
    _check_counter(invocation_counter)
    return Seal(control, system_title, encryption_key, authentication_key).protect(plain, invocation_counter, header)


def unprotect(
    content: bytes,
    tag: bytes,
    *,
    control: SecurityControl,
    invocation_counter: int,
    system_title: bytes,
    encryption_key: Key,
    authentication_key: Key | None = None,
    header: bytes = b"",
    accept_unchecked: bool = False,
) -> bytes:
    """The plaintext of received content, after its tag was found right.

    `system_title` is the sender's. `accept_unchecked` lets content through whose tag cannot be checked because no
    authentication key is known: by that name only, and never a tag that was checked and found wrong. Raises
    TagMismatch, MissingKey, ConfigurationError, and DecodeError for content that is compressed or whose tag has
    another length than 12.
    """
    if accept_unchecked and authentication_key is None and len(tag) == TAG_LENGTH:
        control = SecurityControl(control.suite, control.protection & ~Protection.AUTHENTICATED)
    _check_counter(invocation_counter)
    seal = Seal(control, system_title, encryption_key, authentication_key)
    plain = seal.unprotect(content, tag, invocation_counter, header)
    if plain is None:
        raise tag_mismatch()
    return plain


def _check_counter(value: int) -> None:
    if not 0 <= value <= LAST_COUNTER:
        raise ConfigurationError(f"an invocation counter is a 32-bit number, not {value}")


def tag_mismatch() -> TagMismatch:
    """What is raised where `Seal.unprotect` finds that the tag does not fit."""
    return TagMismatch("the authentication tag does not fit: wrong key, wrong system title, or altered octets")


def _associated(control: SecurityControl, authentication_key: Key | None) -> bytes:
    if not control.authenticated:
        return b""
    if authentication_key is None:
        raise MissingKey("an authentication key is needed for the tag")
    return bytes((control.octet,)) + authentication_key.reveal()


def _check_lengths(control: SecurityControl, title: bytes, key: Key, authentication_key: Key | None) -> None:
    """Suite 2 takes 32-octet keys. Suites 0 and 1 share AES-128 (Kaifa says suite 1 and means 0)."""
    if len(title) != 8:
        raise ConfigurationError(f"a system title has 8 octets, this one has {len(title)}")
    expected = KEY_LENGTHS[1] if control.suite == 2 else KEY_LENGTHS[0]
    for name, used in (("encryption", key), ("authentication", authentication_key)):
        if used is not None and len(used) != expected:
            raise ConfigurationError(
                f"security suite {control.suite} takes keys of {expected} octets, the {name} key has {len(used)}"
            )
