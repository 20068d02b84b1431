"""Ciphered APDUs opened with given keys, outside any association: what a listener or a translator has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from dlms.apdu.ciphering import DedicatedCiphering, GeneralDedCiphering, GeneralGloCiphering, GlobalCiphering
from dlms.errors import DecodeError, MissingKey
from dlms.security.keys import TITLE_LENGTH, Key, KeyRing, KeySet
from dlms.security.protection import Protection, SecurityControl, unprotect

Ciphered: TypeAlias = GlobalCiphering | DedicatedCiphering | GeneralGloCiphering | GeneralDedCiphering
CIPHERED = (GlobalCiphering, DedicatedCiphering, GeneralGloCiphering, GeneralDedCiphering)


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


def open_ciphered(message: Ciphered, keys: KeyRing, *, accept_unchecked: bool = False) -> Plaintext:
    """The APDU inside `message`, its tag checked first.

    The sender's system title is the message's, else that of the key set. `accept_unchecked` lets an APDU through whose
    tag cannot be checked for want of an authentication key. Raises MissingKey, TagMismatch, and DecodeError for what
    cannot be a ciphered APDU.
    """
    content = message.ciphered_content
    title = message.system_title if isinstance(message, (GeneralGloCiphering, GeneralDedCiphering)) else b""
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
    dedicated = isinstance(message, (DedicatedCiphering, GeneralDedCiphering))
    octets = unprotect(
        content.information,
        content.authentication_tag or b"",
        control=control,
        invocation_counter=content.invocation_counter,
        system_title=title,
        encryption_key=_encryption_key(known, control, dedicated=dedicated),
        authentication_key=known.authentication,
        accept_unchecked=accept_unchecked,
    )
    checked = control.authenticated and known.authentication is not None
    return Plaintext(octets, control, content.invocation_counter, title, checked)


def _encryption_key(known: KeySet, control: SecurityControl, *, dedicated: bool) -> Key:
    if dedicated:
        name, key = "dedicated", known.dedicated
    elif Protection.BROADCAST_KEY in control.protection:
        name, key = "broadcast encryption", known.broadcast_encryption
    else:
        name, key = "encryption", known.encryption
    if key is None:
        raise MissingKey(f"the {name} key is needed and not known")
    return key
