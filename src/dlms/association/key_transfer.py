"""New keys and secrets for a meter, and a stricter policy: Security setup (class 64) and the Association's secret.

Each operation gives the `Security` of the next association, which the ClientAssociation adopts, too. What is sent are
keys wrapped under the master key, never the keys; nothing here shows one in an error.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from dlms.association.effects import Exchange
from dlms.cosem.classes import AssociationLN, AssociationSNV2, SecuritySetup, SecuritySetupV0
from dlms.cosem.classes.access_control import KeyTransferData
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.enumerations import KeyId, SecurityPolicyV0, SecurityPolicyV1
from dlms.errors import ConfigurationError, LinkError, MissingKey, ProtocolError, TransportError
from dlms.security.key_wrap import wrap_key
from dlms.security.keys import Key
from dlms.security.protection import Protection
from dlms.security.settings import Mechanism, Policy, Security

if TYPE_CHECKING:
    from dlms.association.client import ClientAssociation

T = TypeVar("T")
Setup: TypeAlias = SecuritySetup | SecuritySetupV0
GivenKey: TypeAlias = Key | bytes | str

SECURITY_SETUP: Final = SecuritySetup("0.0.43.0.0.255")
CURRENT_ASSOCIATION: Final = "0.0.40.0.0.255"
NOT_KNOWN: Final = "whether the meter took what was sent is not known: the old may hold, or the new"
POLICIES_V1: Final = {
    Protection.AUTHENTICATED: SecurityPolicyV1.AUTHENTICATED_REQUEST | SecurityPolicyV1.AUTHENTICATED_RESPONSE,
    Protection.ENCRYPTED: SecurityPolicyV1.ENCRYPTED_REQUEST | SecurityPolicyV1.ENCRYPTED_RESPONSE,
}


def transfer_keys(
    association: ClientAssociation,
    *,
    encryption_key: GivenKey | None = None,
    authentication_key: GivenKey | None = None,
    broadcast_encryption_key: GivenKey | None = None,
    master_key: GivenKey | None = None,
    setup: Setup = SECURITY_SETUP,
    at_once: bool = False,
) -> Exchange[Security]:
    """Give the meter new global keys, wrapped under the master key that the association's Security holds.

    All go in one request. This association goes on under the old keys; `at_once` is for meters that change to the new
    ones as soon as they have answered. The Security that is returned has the new keys, whose invocation counters begin
    anew. Raises MissingKey without a master key, ConfigurationError for keys that cannot be or were used before, and
    ServiceError where the meter refuses. Where the connection is lost on the way, either keys may be in force: the
    error says so.
    """
    security = association.proposal.security
    if security.master_key is None:
        raise MissingKey("a master_key is needed to wrap keys")
    given = {
        KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: _key(encryption_key, "encryption_key"),
        KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY: _key(broadcast_encryption_key, "broadcast_encryption_key"),
        KeyId.AUTHENTICATION_KEY: _key(authentication_key, "authentication_key"),
        KeyId.MASTER_KEY: _key(master_key, "master_key"),
    }
    keys = {key_id: key for key_id, key in given.items() if key is not None}
    _check(security, keys, setup)
    renewed = security.with_changes(
        encryption_key=keys.get(KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY, security.encryption_key),
        authentication_key=keys.get(KeyId.AUTHENTICATION_KEY, security.authentication_key),
        master_key=keys.get(KeyId.MASTER_KEY, security.master_key),
    )
    method = setup.global_key_transfer if isinstance(setup, SecuritySetupV0) else setup.key_transfer
    wrapped = [KeyTransferData(key_id, wrap_key(security.master_key, key)) for key_id, key in keys.items()]
    yield from _told_if_lost(association.call(method, wrapped))
    context = association.negotiated.security
    if at_once and context is not None:
        context.change_keys(renewed.encryption_key or context.encryption_key, renewed.authentication_key)
    association.adopt(renewed)
    return renewed


def _check(security: Security, keys: dict[KeyId, Key], setup: Setup) -> None:
    """A key that was used before would begin its counters anew, and so repeat what has to be unique."""
    if not keys:
        raise ConfigurationError("no key is given")
    if KeyId.MASTER_KEY in keys and isinstance(setup, SecuritySetupV0):
        raise ConfigurationError("Security setup version 0 takes no master key")
    used = [key for key in (security.encryption_key, security.authentication_key, security.master_key) if key]
    for key_id, key in keys.items():
        if key in used:
            raise ConfigurationError(f"the new {key_id.book_name} is in use already: every key has one purpose, once")
        used.append(key)


def activate_security(
    association: ClientAssociation, policy: Policy | str, *, setup: Setup = SECURITY_SETUP
) -> Exchange[Security]:
    """Raise the meter's security_policy; the Security that is returned has the raised policy.

    A policy is never lowered: ConfigurationError where the meter's asks for more, or where the keys for it are missing.
    """
    raised = association.proposal.security.with_changes(policy=policy)
    protection = raised.policy.value
    wanted = _policy_v0(protection) if isinstance(setup, SecuritySetupV0) else _policy_v1(protection)
    ref: AttributeRef[Any] = setup.security_policy
    current = yield from association.get(ref)
    if not isinstance(current, int):
        raise ProtocolError(f"the meter's security_policy is {current!r:.40}")
    if current & ~wanted:
        raise ConfigurationError(f"the meter's security_policy is {current!r:.80}: it is raised, never lowered")
    method: MethodRef[Any] = setup.security_activate
    yield from _told_if_lost(association.call(method, wanted))
    association.adopt(raised)
    return raised


def _policy_v0(protection: Protection) -> SecurityPolicyV0:
    authenticated, encrypted = Protection.AUTHENTICATED in protection, Protection.ENCRYPTED in protection
    return SecurityPolicyV0(authenticated + 2 * encrypted)


def _policy_v1(protection: Protection) -> SecurityPolicyV1:
    """The same for both directions."""
    return reduce(or_, (bits for part, bits in POLICIES_V1.items() if part in protection), SecurityPolicyV1(0))


def change_lls_secret(association: ClientAssociation, secret: bytes | str) -> Exchange[Security]:
    """Change the password of the current association (LLS); the Security that is returned has the new one."""
    changed, octets = _with_password(association, secret, high_level=False)
    if association.negotiated.short_names:
        yield from _told_if_lost(association.call(AssociationSNV2(CURRENT_ASSOCIATION).change_lls_secret, octets))
    else:
        yield from _told_if_lost(association.set(AssociationLN(CURRENT_ASSOCIATION).secret, octets))
    association.adopt(changed)
    return changed


def change_hls_secret(association: ClientAssociation, secret: bytes | str) -> Exchange[Security]:
    """Change the secret of the current association (HLS with a secret of its own); the Security that is returned has
    the new one. ConfigurationError where it would travel unencrypted."""
    changed, octets = _with_password(association, secret, high_level=True)
    context = association.negotiated.security
    if context is None or Protection.ENCRYPTED not in context.protection:
        raise ConfigurationError("the new secret would travel in clear: open the association with an encrypting policy")
    of = AssociationSNV2 if association.negotiated.short_names else AssociationLN
    yield from _told_if_lost(association.call(of(CURRENT_ASSOCIATION).change_hls_secret, octets))
    association.adopt(changed)
    return changed


def _told_if_lost(exchange: Exchange[T]) -> Exchange[T]:
    """A step whose outcome is not known where its answer does not come; the error says so."""
    try:
        return (yield from exchange)
    except (TransportError, LinkError) as error:
        error.add_note(NOT_KNOWN)
        raise


def _with_password(association: ClientAssociation, secret: bytes | str, *, high_level: bool) -> tuple[Security, bytes]:
    security = association.proposal.security
    mechanism = security.authentication
    if mechanism is Mechanism.NONE or mechanism.high_level is not high_level or security.password is None:
        raise ConfigurationError(f"authentication {mechanism.name.lower()} has no such secret")
    changed = security.with_changes(password=secret)
    assert changed.password is not None  # noqa: S101  # the mechanism needs one: Security checked it
    return changed, changed.password


def _key(given: GivenKey | None, what: str) -> Key | None:
    return given if given is None or isinstance(given, Key) else Key(given, what)
