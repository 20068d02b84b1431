"""What a caller says about security, in the words of a meter's TOML file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum, IntEnum
from typing import Any, Literal, Self, TypeVar

from dlms.errors import ConfigurationError
from dlms.security.counters import CounterStore, MemoryCounterStore, ReplayRule
from dlms.security.keys import KEY_LENGTHS, Key, hidden_text, octets_of_hex, title_of_hex
from dlms.security.protection import Protection

E = TypeVar("E", bound=Enum)
ManufacturerReply = Callable[[bytes, bytes], bytes]
"""HLS mechanism 2, which the book leaves to the manufacturer: (challenge received, secret) -> the reply."""


class Mechanism(IntEnum):
    """Authentication mechanisms, by the number that ends their mechanism name."""

    NONE = 0
    LLS = 1
    HLS = 2
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6

    @property
    def high_level(self) -> bool:
        """Whether both sides prove themselves, with two more messages after AARE."""
        return self >= Mechanism.HLS


MECHANISMS = {
    "none": Mechanism.NONE,
    "lls": Mechanism.LLS,
    "hls-2": Mechanism.HLS,
    "hls-md5": Mechanism.HLS_MD5,
    "hls-sha1": Mechanism.HLS_SHA1,
    "hls-gmac": Mechanism.HLS_GMAC,
    "hls-sha256": Mechanism.HLS_SHA256,
}


class Policy(Enum):
    """How APDUs of an association are protected."""

    NONE = Protection.NONE
    AUTHENTICATED = Protection.AUTHENTICATED
    ENCRYPTED = Protection.ENCRYPTED
    AUTHENTICATED_ENCRYPTED = Protection.AUTHENTICATED | Protection.ENCRYPTED


POLICIES = {
    "none": Policy.NONE,
    "authenticated": Policy.AUTHENTICATED,
    "encrypted": Policy.ENCRYPTED,
    "authenticated+encrypted": Policy.AUTHENTICATED_ENCRYPTED,
}


@dataclass(frozen=True, slots=True, init=False)
class Security:
    """Authentication, keys and policy of a client towards one meter.

    The mechanism that is named is the permission to use it: nothing weaker is ever accepted in its place. Texts stand
    for the same things as in a meter's TOML file; keys and titles may be octets or hexadecimal text.

    `initiate_policy` is how the initiate-request in AARQ and RLRQ is protected, and the initiate-response has to be,
    where that is more than the `policy` of everything after; with the policy "none" too, in a ciphered context.
    `ciphering` "service" protects with the glo- (or ded-) APDU of each service, "general" with general-glo-ciphering
    (or general-ded-). `dedicated_key` True has a fresh key made for each association. `challenge_length` is that of
    our own challenge, 8 to 64 octets. `replay` is the name of a rule, or in a table its name and max_forward_jump:
    `{ name = "strict", max_forward_jump = 100000 }`. `counters` is where invocation counters are kept: the default
    forgets them with the process, so give a SqliteCounterStore wherever keys live longer.
    """

    authentication: Mechanism
    password: bytes | None = field(repr=False)
    suite: int
    policy: Policy
    initiate_policy: Policy | None
    client_system_title: bytes | None
    encryption_key: Key | None
    authentication_key: Key | None
    master_key: Key | None
    ciphering: Literal["service", "general"]
    dedicated_key: bool
    challenge_length: int
    manufacturer_reply: ManufacturerReply | None = field(repr=False)
    replay: ReplayRule
    counters: CounterStore = field(repr=False)

    def __init__(
        self,
        authentication: Mechanism | str = Mechanism.NONE,
        *,
        password: bytes | str | None = None,
        suite: int = 0,
        policy: Policy | str = Policy.NONE,
        initiate_policy: Policy | str | None = None,
        client_system_title: bytes | str | None = None,
        encryption_key: Key | bytes | str | None = None,
        authentication_key: Key | bytes | str | None = None,
        master_key: Key | bytes | str | None = None,
        ciphering: Literal["service", "general"] = "service",
        dedicated_key: bool = False,
        challenge_length: int = 16,
        manufacturer_reply: ManufacturerReply | None = None,
        replay: ReplayRule | Mapping[str, Any] | Literal["strict", "per_association"] = "strict",
        counters: CounterStore | None = None,
    ) -> None:
        values: dict[str, object] = {
            "authentication": _named(Mechanism, MECHANISMS, authentication, "authentication"),
            "password": _octets(password),
            "suite": suite,
            "policy": _named(Policy, POLICIES, policy, "policy"),
            "initiate_policy": None
            if initiate_policy is None
            else _named(Policy, POLICIES, initiate_policy, "initiate_policy"),
            "client_system_title": title_of_hex(client_system_title, "client_system_title")
            if isinstance(client_system_title, str)
            else client_system_title,
            "encryption_key": _key(encryption_key, "encryption_key"),
            "authentication_key": _key(authentication_key, "authentication_key"),
            "master_key": _key(master_key, "master_key"),
            "ciphering": ciphering,
            "dedicated_key": dedicated_key,
            "challenge_length": challenge_length,
            "manufacturer_reply": manufacturer_reply,
            "replay": _rule(replay),
            "counters": MemoryCounterStore() if counters is None else counters,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_options()
        self._check_secrets()

    def with_changes(self, **values: Any) -> Self:
        """The same with other values, given as to the constructor."""
        return replace(self, **values)

    @property
    def ciphered(self) -> bool:
        """Whether the association has a ciphered context."""
        return self.initiate_protection is not Protection.NONE

    @property
    def initiate_protection(self) -> Protection:
        """How the initiate-request and the initiate-response are protected."""
        return (self.policy if self.initiate_policy is None else self.initiate_policy).value

    def _check_options(self) -> None:
        if type(self.suite) is not int or self.suite != 0:
            raise ConfigurationError(f"security suite {self.suite!r} is not supported; suite 0 is")
        if self.ciphering not in ("service", "general"):
            raise ConfigurationError(f"ciphering is 'service' or 'general', not {self.ciphering!r}")
        if type(self.challenge_length) is not int or not 8 <= self.challenge_length <= 64:
            raise ConfigurationError(f"a challenge has 8 to 64 octets, not {self.challenge_length!r}")
        if not isinstance(self.dedicated_key, bool):
            raise ConfigurationError(f"dedicated_key is true or false, not {self.dedicated_key!r:.40}")
        if self.client_system_title is not None and len(self.client_system_title) != 8:
            raise ConfigurationError(f"a system title has 8 octets, not {len(self.client_system_title)}")
        if self.policy.value & ~self.initiate_protection:
            raise ConfigurationError("the initiate_policy protects no less than the policy")
        if self.dedicated_key and self.policy is Policy.NONE:
            raise ConfigurationError("a dedicated key needs a ciphered policy")

    def _check_secrets(self) -> None:
        """Everything that the mechanism and the policy need is there, and nothing is there that nothing uses."""
        gmac = self.authentication is Mechanism.HLS_GMAC
        by_password = self.authentication is not Mechanism.NONE and not gmac
        if by_password and self.password is None:
            raise ConfigurationError(f"authentication {_name(self.authentication)} needs a password")
        if not by_password and self.password is not None:
            raise ConfigurationError(
                f"a password is given, but authentication is {_name(self.authentication)}: name a mechanism"
            )
        if self.authentication is Mechanism.HLS and self.manufacturer_reply is None:
            raise ConfigurationError("authentication hls-2 is the manufacturer's own: give manufacturer_reply")
        for name in ("encryption_key", "authentication_key", "master_key"):
            key = getattr(self, name)
            if key is not None and len(key) != KEY_LENGTHS[0]:
                raise ConfigurationError(f"{name}: a key of suite 0 has {KEY_LENGTHS[0]} octets, not {len(key)}")
        needs_keys = self.ciphered or gmac
        if not needs_keys and (self.encryption_key is not None or self.authentication_key is not None):
            raise ConfigurationError("keys are given, but nothing uses them: name a policy or authentication hls-gmac")
        if needs_keys and self.encryption_key is None:
            raise ConfigurationError("an encryption_key is needed")
        if (gmac or Protection.AUTHENTICATED in self.initiate_protection) and self.authentication_key is None:
            raise ConfigurationError("an authentication_key is needed")
        if (needs_keys or self.authentication is Mechanism.HLS_SHA256) and self.client_system_title is None:
            raise ConfigurationError("a client_system_title is needed")

    @classmethod
    def from_mapping(cls, table: Mapping[str, Any], where: str = "security") -> Self:
        """From the entries of a meter's TOML table; entries that are not about security are not looked at.

        A key or password is text, `{ file = "..." }` or `{ env = "..." }`; a password also `{ hex = "..." }`. Raises
        ConfigurationError, which never shows a secret.
        """
        values: dict[str, Any] = {}
        for name in ("encryption_key", "authentication_key", "master_key", "client_system_title"):
            text = hidden_text(table.get(name), f"{where}: {name}")
            if text is not None:
                values[name] = text
        match table.get("password"):
            case {"hex": str(digits), **rest} if not rest:
                values["password"] = octets_of_hex(digits, f"{where}: password")
            case given:
                text = hidden_text(given, f"{where}: password")
                if text is not None:
                    values["password"] = text
        plain = {f.name for f in fields(cls)} - {"password", "counters", "manufacturer_reply", *values}
        values |= {name: table[name] for name in plain if name in table}
        return cls(**values)


def _name(mechanism: Mechanism) -> str:
    return next(name for name, member in MECHANISMS.items() if member is mechanism)


def _key(given: Key | bytes | str | None, what: str) -> Key | None:
    return given if given is None or isinstance(given, Key) else Key(given, what)


def _rule(given: ReplayRule | Mapping[str, Any] | str) -> ReplayRule:
    if isinstance(given, Mapping):
        unknown = sorted(set(given) - {each.name for each in fields(ReplayRule)})
        if unknown:
            raise ConfigurationError(f"a replay rule has a name and max_forward_jump, not {', '.join(unknown)}")
        given = ReplayRule(**given)
    rule = given if isinstance(given, ReplayRule) else ReplayRule(given)  # type: ignore[arg-type]  # it checks the name
    jump = rule.max_forward_jump
    if jump is not None and (type(jump) is not int or jump < 1):
        raise ConfigurationError(f"max_forward_jump is a number above 0, not {jump!r:.40}")
    return rule


def _octets(password: bytes | str | None) -> bytes | None:
    if not isinstance(password, str):
        return password
    try:
        return password.encode("ascii")
    except UnicodeEncodeError:
        raise ConfigurationError("a password as text is ASCII; give octets for any other") from None


def _named(kind: type[E], names: Mapping[str, E], value: object, what: str) -> E:
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value in names:
        return names[value]
    raise ConfigurationError(f"{what} is one of {', '.join(names)}; not {value!r}")
