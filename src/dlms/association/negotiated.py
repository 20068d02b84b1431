"""What an open association is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from dlms.enumerations import Conformance
from dlms.quirks import Quirks
from dlms.security.context import SecurityContext
from dlms_core.seal import TAG_LENGTH

CONFIRMED: Final = 0x40
HIGH_PRIORITY: Final = 0x80
ASSOCIATION_BASE_NAME: Final = 0xFA00
"""The short name of the current association."""
ENVELOPE: Final = 1 + 1 + 8 + 3 + 1 + 4 + TAG_LENGTH
"""Octets around a plain APDU: tag, system title with its length, length, security control, counter, tag."""
BLOCK_WINDOW: Final = 16
"""How many blocks of a general-block-transfer are taken at once where no quirk says otherwise."""


def vaa_name_of(*, short_names: bool) -> int:
    """The vaa-name: the base name of the current association, or what stands for it with logical names."""
    return ASSOCIATION_BASE_NAME if short_names else 0x0007


@dataclass(frozen=True, slots=True, kw_only=True)
class PreEstablished:
    """What both sides know of an association that exists without being opened: it is there as soon as the link is, and
    nothing releases it.

    `conformance` and `max_send_pdu_size` (the longest APDU that the server takes, 0 for any) are what an AARE would
    have said. Nobody proves himself in such an association; it may be ciphered.
    """

    conformance: Conformance
    max_send_pdu_size: int = 0xFFFF


@dataclass(slots=True)
class Negotiated:
    """What both sides agreed on, and the counting of requests.

    `max_send_pdu_size` is the longest APDU that the server takes, 0 for any; `vaa_name` the base name of the current
    association with short names. `security` is None without ciphering. `block_window` is how many blocks of a
    general-block-transfer we take at once, 1 to 63. `quirks` are those of the server. `trace` is told of ("request in
    blocks", octets): a whole request in plain, before the first of the blocks that carry it.
    """

    conformance: Conformance
    max_send_pdu_size: int
    short_names: bool
    vaa_name: int
    server_system_title: bytes | None
    security: SecurityContext | None
    block_window: int = BLOCK_WINDOW
    quirks: Quirks = field(default_factory=Quirks)
    trace: Callable[[str, bytes], None] | None = None
    tells_progress: bool = True
    """Whether anybody wants to be told how far the blocks of a value have come."""
    _invoke_id: int = 0
    _long_invoke_id: int = 0
    longest_apdu: int = field(init=False)
    """The octets of the longest APDU that the server takes."""
    room: int = field(init=False)
    """The octets of the longest plain APDU that fits it: less what protection adds at the most."""
    agreed: int = field(init=False)
    """`conformance` as a number: a Flag's own operators take ten times as long."""
    _flags: int = field(init=False)

    def __post_init__(self) -> None:
        self.longest_apdu = self.max_send_pdu_size or 0xFFFF
        self.room = self.longest_apdu - (0 if self.security is None else ENVELOPE)
        self.agreed = int(self.conformance)
        self._invoke_id = self.quirks.invoke_id or 0
        self._flags = (HIGH_PRIORITY if self.high_priority else 0) | (
            0 if self.quirks.service_class_not_set else CONFIRMED
        )

    def invoke_id_and_priority(self, *, confirmed: bool = True) -> int:
        """The octet of the next request: a new invoke-id, and its priority and service class, as the quirks have it."""
        if self.quirks.invoke_id is None:
            self._invoke_id = (self._invoke_id + 1) & 0x0F
        return self._invoke_id | self._flags if confirmed else self._invoke_id | self._flags & ~CONFIRMED

    @property
    def high_priority(self) -> bool:
        """Whether requests ask for a high priority: where the server agreed to priorities, or as its quirks have it."""
        priority = self.quirks.priority
        if priority == "negotiated":
            return self.allows(Conformance.PRIORITY_MGMT_SUPPORTED)
        return priority == "high"

    def next_long_invoke_id(self) -> int:
        """The long-invoke-id of the next request, 24 bits."""
        self._long_invoke_id = (self._long_invoke_id + 1) & 0xFF_FFFF
        return self._long_invoke_id

    def allows(self, service: Conformance) -> bool:
        """Whether all of `service` was negotiated."""
        return not service._value_ & ~self.agreed
