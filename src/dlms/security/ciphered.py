"""Ciphered APDUs opened with given keys, outside any association: what a listener or a translator has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from dlms.apdu.ciphering import (
    AgreedKey,
    DedicatedCiphered,
    DedicatedCiphering,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GlobalCiphered,
    GlobalCiphering,
    IdentifiedKey,
    ProtectionHeader,
    WrappedKey,
)
from dlms.enumerations import KeyId
from dlms.errors import DecodeError, MissingKey
from dlms.grammar import Message, program
from dlms.security.key_wrap import unwrap_key
from dlms.security.keys import TITLE_LENGTH, Key, KeyRing, KeySet
from dlms.security.protection import Protection, SecurityControl, unprotect

Ciphered: TypeAlias = GlobalCiphering | DedicatedCiphering | GeneralGloCiphering | GeneralDedCiphering
CIPHERED = (GlobalCiphering, DedicatedCiphering, GeneralGloCiphering, GeneralDedCiphering)
"""What protects the APDUs of an association."""
HAS_DEDICATED_KEY: Final[Mapping[type[Message], bool]] = {
    of: issubclass(of, (DedicatedCiphering, GeneralDedCiphering))
    for of in (*get_args(GlobalCiphered), *get_args(DedicatedCiphered), GeneralGloCiphering, GeneralDedCiphering)
}
"""Every class of these, and whether its key is the dedicated one. A look-up of a type is a tenth of an isinstance."""
OPENABLE = (*CIPHERED, GeneralCiphering)
"""That, and what protects an APDU for a third party."""
HEADER: Final = program(ProtectionHeader)


@dataclass(frozen=True, slots=True)
class Plaintext:
    """What a ciphered APDU held.

    `authenticated`: its tag was checked and fits. False: it had none, or `accept_unchecked` let it pass.
    """

    octets: bytes
    control: SecurityControl
    invocation_counter: int
    system_title: bytes
    authenticated: bool


def open_ciphered(
    message: Ciphered | GeneralCiphering, keys: KeyRing, *, sender: bytes | None = None, accept_unchecked: bool = False
) -> Plaintext:
    """The APDU inside `message`, its tag checked first.

    The sender's system title is the message's, else `sender`, known from elsewhere, else that of the key set.
    `accept_unchecked` lets an APDU through whose tag cannot be checked for want of an authentication key.
    general-ciphering names its key: a global one, or one that comes wrapped under the master key; one that has to be
    agreed on is not known here. Raises MissingKey, TagMismatch, and DecodeError for what cannot be a ciphered APDU.
    """
    content = message.ciphered_content
    title = _stated_title(message) or sender or b""
    if title and len(title) != TITLE_LENGTH:
        raise DecodeError(f"a system title has {TITLE_LENGTH} octets, this one has {len(title)}",
                          layer="ciphering", path="system-title", offset=0)  # fmt: skip
    known = keys.keys_for(title or None)
    if known is None:
        raise MissingKey(f"no keys are known for system title {title.hex().upper()}" if title else "no keys are known")
    title = title or known.system_title or b""
    if not title:
        raise MissingKey("the sender's system title is not in the APDU and was not given")
    control = SecurityControl.of(content.security_control)
    if content.invocation_counter is None:
        raise DecodeError("neither encrypted nor authenticated: there is nothing to open",
                          layer="ciphering", path="security-control", offset=0)  # fmt: skip
    octets = unprotect(
        content.information,
        content.authentication_tag or b"",
        control=control,
        invocation_counter=content.invocation_counter,
        system_title=title,
        encryption_key=_encryption_key(message, known, control),
        authentication_key=known.authentication,
        header=HEADER.encode(message.header) if isinstance(message, GeneralCiphering) else b"",
        accept_unchecked=accept_unchecked,
    )
    checked = control.authenticated and known.authentication is not None
    return Plaintext(octets, control, content.invocation_counter, title, checked)


def _stated_title(message: Ciphered | GeneralCiphering) -> bytes:
    if isinstance(message, GeneralCiphering):
        return message.originator_system_title
    return message.system_title if isinstance(message, (GeneralGloCiphering, GeneralDedCiphering)) else b""


def _encryption_key(message: Ciphered | GeneralCiphering, known: KeySet, control: SecurityControl) -> Key:
    broadcast = Protection.BROADCAST_KEY in control.protection
    if isinstance(message, GeneralCiphering):
        info = message.key_info
        if isinstance(info, WrappedKey):
            return unwrap_key(_known("master", known.master), info.key_ciphered_data)
        if isinstance(info, AgreedKey):
            raise MissingKey("the key is one that both sides agree on, which needs their private keys")
        broadcast = isinstance(info, IdentifiedKey) and info.key_id == KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY
    if isinstance(message, (DedicatedCiphering, GeneralDedCiphering)):
        return _known("dedicated", known.dedicated)
    if broadcast:
        return _known("broadcast encryption", known.broadcast_encryption)
    return _known("encryption", known.encryption)


def _known(name: str, key: Key | None) -> Key:
    if key is None:
        raise MissingKey(f"the {name} key is needed and not known")
    return key
