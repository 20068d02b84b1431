"""Whom a logical device serves: how each client proves itself, how its APDUs are protected, what it may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from dlms.enumerations import AttributeAccessV3, Conformance, MethodAccessV3
from dlms.errors import ConfigurationError
from dlms.logical_name import LogicalName
from dlms.security.counters import ReplayRule
from dlms.security.keys import KEY_LENGTHS, TITLE_LENGTH, Key
from dlms.security.protection import Protection
from dlms.security.settings import MECHANISMS, POLICIES, Mechanism, Policy

__all__ = ["LN_SERVED", "NO_ACCESS", "READ", "READ_AND_WRITE", "SN_SERVED", "ServedClient"]

READ: Final = AttributeAccessV3.READ
READ_AND_WRITE: Final = AttributeAccessV3.READ | AttributeAccessV3.WRITE
NO_ACCESS: Final = MethodAccessV3(0)

KEY_LENGTH: Final = KEY_LENGTHS[0]
"""Octets of a key of security suite 0."""
COMMON = (
    Conformance.GENERAL_PROTECTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.DATA_NOTIFICATION
)
LN_SERVED: Final = (
    COMMON
    | Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.ACCESS
    | Conformance.GET
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
)
"""What a server grants with logical names, unless told otherwise."""
SN_SERVED: Final = (
    COMMON
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
)
"""What a server grants with short names, unless told otherwise."""


@dataclass(frozen=True, slots=True, init=False)
class ServedClient:
    """One client SAP of a logical device.

    `authentication`, `password`, `policy` and the keys are those of dlms.Security, seen from the meter; `policy` is
    the least that every APDU has to have, and what a client uses beyond it when it opens the association holds until
    it ends; an answer is protected as its request is, at the least. `system_title` pins the client's; None takes any.
    `short_names` None serves both kinds of names.
    `attributes` and `methods` are the access rights where the device says nothing else of an attribute or method.
    `association_version` is that of the Association LN object that the client sees: 0 to 3. `users` are its user ids
    with their names; where there are any, only they are let in. `pre_established` makes the association exist without
    being opened, as soon as the client speaks, and nothing releases it: without authentication, `conformance` as it
    stands, `short_names` False unless it is True. `security_setup` names the Security setup object of its associations.
    New keys that `LogicalDevice.serve` is given hold from the next association on; with `new_keys_at_once` in an open
    one, too, once its answer has gone under the old ones.
    """

    sap: int
    authentication: Mechanism
    password: bytes | None = field(repr=False)
    policy: Policy
    encryption_key: Key | None
    authentication_key: Key | None
    master_key: Key | None
    system_title: bytes | None
    manufacturer_reply: Callable[[bytes, bytes], bytes] | None = field(repr=False)
    short_names: bool | None
    attributes: AttributeAccessV3
    methods: MethodAccessV3
    conformance: Conformance
    max_receive_pdu_size: int
    challenge_length: int
    association_version: int
    users: Mapping[int, str]
    replay: ReplayRule
    pre_established: bool
    security_setup: LogicalName
    new_keys_at_once: bool

    def __init__(
        self,
        sap: int,
        *,
        authentication: Mechanism | str = Mechanism.NONE,
        password: bytes | str | None = None,
        policy: Policy | str = Policy.NONE,
        encryption_key: Key | bytes | str | None = None,
        authentication_key: Key | bytes | str | None = None,
        master_key: Key | bytes | str | None = None,
        system_title: bytes | None = None,
        manufacturer_reply: Callable[[bytes, bytes], bytes] | None = None,
        short_names: bool | None = None,
        attributes: AttributeAccessV3 = READ,
        methods: MethodAccessV3 = NO_ACCESS,
        conformance: Conformance = LN_SERVED | SN_SERVED,
        max_receive_pdu_size: int = 0xFFFF,
        challenge_length: int = 16,
        association_version: int = 1,
        users: Mapping[int, str] | None = None,
        replay: ReplayRule | Literal["strict", "per_association"] = "strict",
        pre_established: bool = False,
        security_setup: str | bytes = "0.0.43.0.0.255",
        new_keys_at_once: bool = False,
    ) -> None:
        values: dict[str, object] = {
            "sap": sap,
            "authentication": MECHANISMS[authentication] if isinstance(authentication, str) else authentication,
            "password": password.encode("ascii") if isinstance(password, str) else password,
            "policy": POLICIES[policy] if isinstance(policy, str) else policy,
            "encryption_key": _key(encryption_key, "encryption_key"),
            "authentication_key": _key(authentication_key, "authentication_key"),
            "master_key": _key(master_key, "master_key"),
            "system_title": system_title,
            "manufacturer_reply": manufacturer_reply,
            "short_names": short_names,
            "attributes": attributes,
            "methods": methods,
            "conformance": conformance,
            "max_receive_pdu_size": max_receive_pdu_size,
            "challenge_length": challenge_length,
            "association_version": association_version,
            "users": dict(users or {}),
            "replay": replay if isinstance(replay, ReplayRule) else ReplayRule(replay),
            "pre_established": pre_established,
            "security_setup": LogicalName(security_setup),
            "new_keys_at_once": new_keys_at_once,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check()

    @property
    def can_cipher(self) -> bool:
        """Whether there is a key to cipher with."""
        return self.encryption_key is not None

    def _check(self) -> None:
        if not 0 <= self.sap <= 0xFFFF:
            raise ConfigurationError(f"a client SAP is 0 to 65535, not {self.sap}")
        gmac = self.authentication is Mechanism.HLS_GMAC
        if self.authentication is not Mechanism.NONE and not gmac and self.password is None:
            raise ConfigurationError(f"client {self.sap}: the mechanism needs a password")
        if self.authentication is Mechanism.HLS and self.manufacturer_reply is None:
            raise ConfigurationError(f"client {self.sap}: hls-2 is the manufacturer's own: give manufacturer_reply")
        if (gmac or self.policy is not Policy.NONE) and self.encryption_key is None:
            raise ConfigurationError(f"client {self.sap}: an encryption_key is needed")
        if (gmac or Protection.AUTHENTICATED in self.policy.value) and self.authentication_key is None:
            raise ConfigurationError(f"client {self.sap}: an authentication_key is needed")
        for name in ("encryption_key", "authentication_key", "master_key"):
            key = getattr(self, name)
            if key is not None and len(key) != KEY_LENGTH:
                raise ConfigurationError(f"client {self.sap}: {name} has {KEY_LENGTH} octets, not {len(key)}")
        if self.system_title is not None and len(self.system_title) != TITLE_LENGTH:
            raise ConfigurationError(f"client {self.sap}: a system title has 8 octets, not {len(self.system_title)}")
        if not 8 <= self.challenge_length <= 64:
            raise ConfigurationError(f"a challenge has 8 to 64 octets, not {self.challenge_length}")
        if not 0 <= self.association_version <= 3:
            raise ConfigurationError(f"Association LN has versions 0 to 3, not {self.association_version}")
        if self.max_receive_pdu_size < 64:
            raise ConfigurationError("max_receive_pdu_size is 64 octets at least")
        if self.pre_established and self.authentication is not Mechanism.NONE:
            raise ConfigurationError(f"client {self.sap}: nobody proves himself in a pre-established association")
        if self.pre_established and self.policy is not Policy.NONE and self.system_title is None:
            raise ConfigurationError(f"client {self.sap}: a pre-established association needs its system_title")


def _key(given: Key | bytes | str | None, what: str) -> Key | None:
    return given if given is None or isinstance(given, Key) else Key(given, what)
