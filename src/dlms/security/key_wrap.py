"""Keys under way: AES key wrap (RFC 3394) under the master key (KEK), as Security setup takes them."""

from __future__ import annotations

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from dlms.errors import ConfigurationError, TagMismatch
from dlms.security.keys import Key

WRAPPING_ADDS = 8  # octets, the integrity check


def wrap_key(master_key: Key, key: Key) -> bytes:
    """A key wrapped under the master key: 8 octets longer. Both are of one suite, so equally long."""
    if len(master_key) != len(key):
        raise ConfigurationError(f"a key of {len(key)} octets under a master key of {len(master_key)}")
    return aes_key_wrap(master_key.reveal(), key.reveal())


def unwrap_key(master_key: Key, wrapped: bytes) -> Key:
    """The key that was wrapped; TagMismatch for another master key or altered octets, ConfigurationError for a length
    that no key of this suite has."""
    if len(wrapped) != len(master_key) + WRAPPING_ADDS:
        raise ConfigurationError(
            f"a wrapped key has {len(master_key) + WRAPPING_ADDS} octets, this one has {len(wrapped)}"
        )
    try:
        return Key(aes_key_unwrap(master_key.reveal(), wrapped))
    except InvalidUnwrap:
        raise TagMismatch("the wrapped key does not fit: another master key, or altered octets") from None
