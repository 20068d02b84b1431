"""Security: keys, counters, what a caller asks for, and the protection of APDUs (security suite 0)."""

from __future__ import annotations

from dlms.security.ciphered import Plaintext, open_ciphered
from dlms.security.counters import CounterStore, MemoryCounterStore, ReplayRule, SqliteCounterStore
from dlms.security.keys import Key, KeyRing, KeySet
from dlms.security.protection import Protection, SecurityControl, protect, unprotect
from dlms.security.settings import Mechanism, Policy, Security

__all__ = [
    "CounterStore",
    "Key",
    "KeyRing",
    "KeySet",
    "Mechanism",
    "MemoryCounterStore",
    "Plaintext",
    "Policy",
    "Protection",
    "ReplayRule",
    "Security",
    "SecurityControl",
    "SqliteCounterStore",
    "open_ciphered",
    "protect",
    "unprotect",
]
