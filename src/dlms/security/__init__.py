"""Security: keys, and the protection of APDUs with them (security suite 0; the GCM of suites 1 and 2 is the same)."""

from __future__ import annotations

from dlms.security.keys import Key, KeyRing, KeySet
from dlms.security.protection import Protection, SecurityControl, protect, unprotect

__all__ = ["Key", "KeyRing", "KeySet", "Protection", "SecurityControl", "protect", "unprotect"]
