"""One association as the server sees it: what was agreed on, and the state that a request meets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.rights import Access
from dlms.enumerations import ApplicationContext, Conformance
from dlms.security.context import SecurityContext
from dlms.security.protection import Protection
from dlms.security.settings import Mechanism

LEAST_PDU_SIZE = 12
CIPHERED_OVERHEAD = 1 + 9 + 3 + 1 + 4 + 12
"""Tag, system title with its length, length, security control, invocation counter, tag."""


class State(Enum):
    NON_ASSOCIATED = auto()
    ASSOCIATION_PENDING = auto()
    """AARE is sent, the client has yet to prove itself (HLS)."""
    ASSOCIATED = auto()


@dataclass(slots=True)
class ServerAssociation:
    """What client and server agreed on; `max_send_pdu_size` is the longest APDU that the client takes."""

    device: LogicalDevice
    client: ServedClient
    access: Access
    state: State = State.NON_ASSOCIATED
    context: ApplicationContext = ApplicationContext.LOGICAL_NAME_REFERENCING_NO_CIPHERING
    conformance: Conformance = field(default_factory=lambda: Conformance(0))
    max_send_pdu_size: int = 0xFFFF
    security: SecurityContext | None = None
    client_title: bytes = b""
    client_challenge: bytes = field(default=b"", repr=False)
    server_challenge: bytes = field(default=b"", repr=False)
    user_id: int | None = None
    proven: bool = False
    """Whether the client has shown that it knows a secret of its own: a password or a key."""
    by_general_blocks: bool = False
    """Whether the request came by general-block-transfer: its answer goes so, and the service makes no blocks."""

    @property
    def short_names(self) -> bool:
        """Whether objects go by short names."""
        return self.context in (
            ApplicationContext.SHORT_NAME_REFERENCING_NO_CIPHERING,
            ApplicationContext.SHORT_NAME_REFERENCING_WITH_CIPHERING,
        )

    @property
    def room(self) -> int:
        """How long a plain APDU may be so that the client takes it, protected as the request was."""
        return self.max_send_pdu_size - (CIPHERED_OVERHEAD if self.access.protection is not Protection.NONE else 0)

    def established(self) -> None:
        """The client has proven itself as far as it has to."""
        self.state = State.ASSOCIATED
        self.proven = self.proven or self.client.authentication is not Mechanism.NONE
        if self.security is not None:
            self.device.client_titles[self.client.sap] = self.client_title

    def renew_keys(self) -> None:
        """Go on under the client's new keys, where it has some that hold at once."""
        client, security = self.device.clients.get(self.client.sap), self.security
        if client is None or security is None or not client.new_keys_at_once or client.encryption_key is None:
            return
        if (client.encryption_key, client.authentication_key) != (
            security.encryption_key,
            security.authentication_key,
        ):
            security.change_keys(client.encryption_key, client.authentication_key)

    def allows(self, service: Conformance) -> bool:
        """Whether all of `service` was agreed on."""
        return not service._value_ & ~self.conformance._value_  # a Flag's own operators take ten times as long

    def in_service_blocks(self, service: Conformance) -> bool:
        """Whether a long answer goes in the blocks of its service."""
        return not self.by_general_blocks and self.allows(service)

    def fits(self, octets: int) -> bool:
        """Whether a plain APDU of so many octets reaches the client, by general-block-transfer if need be."""
        return octets <= self.room or self.allows(Conformance.GENERAL_BLOCK_TRANSFER)


RandomOctets = Callable[[int], bytes]
"""The system's generator of random numbers, handed in: how many octets -> octets."""
