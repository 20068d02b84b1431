"""Security setup of a device (class 64, versions 0 and 1): its policy, its keys, and the counters that go with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from dlms.association.server.clients import ServedClient
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.work import LOGGER
from dlms.cosem.classes import Data, SecuritySetup, SecuritySetupV0
from dlms.cosem.classes.access_control import KeyTransferData
from dlms.cosem.references import AttributeRef, MethodRef
from dlms.data import DoubleLongUnsigned, OctetString
from dlms.device.part import Untimed
from dlms.enumerations import KeyId, SecurityPolicyV0, SecurityPolicyV1, SecuritySuite
from dlms.errors import ConfigurationError, DlmsError
from dlms.logical_name import LogicalName
from dlms.security.counters import counter_name
from dlms.security.key_wrap import unwrap_key
from dlms.security.keys import Key
from dlms.security.protection import Protection
from dlms.security.settings import Policy
from dlms.service_errors import OtherReason

Setup: TypeAlias = SecuritySetup | SecuritySetupV0
Changed: TypeAlias = Callable[[ServedClient], object]

AUTHENTICATED_V1: Final = SecurityPolicyV1.AUTHENTICATED_REQUEST | SecurityPolicyV1.AUTHENTICATED_RESPONSE
ENCRYPTED_V1: Final = SecurityPolicyV1.ENCRYPTED_REQUEST | SecurityPolicyV1.ENCRYPTED_RESPONSE
FIELDS: Final = {
    KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: "encryption_key",
    KeyId.AUTHENTICATION_KEY: "authentication_key",
    KeyId.MASTER_KEY: "master_key",
}
"""Where a client has the key of that number."""


class LiveSecuritySetup(Untimed):
    """What clients share that are under one Security setup: keys and policy, which its methods change.

    `clients` are their SAPs; they are served by the device and have the same keys and policy. `changed` is told of each
    client as it will be served after a change, so that keys can be kept beyond the life of the process; where it
    raises, nothing changes. Everything holds from the next association on; new keys in open ones, too, where the client
    has `new_keys_at_once`.

    The last invocation counter that was accepted of these clients stands in the Data object 0-b:43.1.e of the setup's
    b and e, which a public client may be allowed to read.
    """

    def __init__(
        self, device: LogicalDevice, clients: Iterable[int], setup: Setup | None = None, *,
        changed: Changed | None = None,
    ) -> None:  # fmt: skip
        self.setup = of = setup or SecuritySetup("0.0.43.0.0.255")
        self.broadcast_encryption_key: Key | None = None
        """The global broadcast encryption key, once one was transferred. It is kept, and no more: the server takes no
        APDU under it."""
        self._device = device
        self._saps = tuple(clients)
        self._changed: Changed | None = None
        self._check()
        self._policy = self._in_words(self._clients[0].policy.value)
        name = of.logical_name
        self.invocation_counter = Data(LogicalName(bytes((name.a, name.b, 43, 1, name.e, 255))))
        self._serve(security_setup=name)
        self._changed = changed
        policy: AttributeRef[Any] = of.security_policy
        activate: MethodRef[Any] = of.security_activate
        device[policy] = lambda: self._policy
        device[of.security_suite] = SecuritySuite.AES_GCM_128
        device[of.client_system_title] = self._client_system_title
        device[of.server_system_title] = OctetString(device.system_title or b"")
        device[self.invocation_counter.value] = lambda: DoubleLongUnsigned(self._last_accepted())
        device.on_call(activate, self._security_activate)
        if isinstance(of, SecuritySetupV0):
            device.on_call(of.global_key_transfer, self._key_transfer)
        else:
            device[of.certificates] = []
            device.on_call(of.key_transfer, self._key_transfer)

    @property
    def _clients(self) -> list[ServedClient]:
        return [self._device.clients[sap] for sap in self._saps]

    def _check(self) -> None:
        if self._device.system_title is None:
            raise ConfigurationError("a device with a security setup has a system_title")
        missing = [sap for sap in self._saps if sap not in self._device.clients]
        if missing or not self._saps:
            raise ConfigurationError(f"a security setup is of clients that the device serves, not of {missing}")
        first, *others = self._clients
        names = (*FIELDS.values(), "policy")
        if any(getattr(first, name) != getattr(other, name) for other in others for name in names):
            raise ConfigurationError("clients of one security setup have the same keys and the same policy")

    def _serve(self, **changes: Any) -> None:
        """All of them, or an error and none."""
        renewed = [replace(client, **changes) for client in self._clients]
        if self._changed is not None:
            for client in renewed:
                self._changed(client)
        for client in renewed:
            self._device.serve(client)

    # ---- attributes -----------------------------------------------------------------------------------------------

    def _titles(self) -> list[bytes]:
        known = self._device.client_titles
        return [title for client in self._clients if (title := client.system_title or known.get(client.sap))]

    def _client_system_title(self) -> bytes:
        titles = self._titles()
        return titles[0] if titles else b""

    def _last_accepted(self) -> int:
        """Of clients with several titles, the highest; 0 before the first."""
        key = self._clients[0].encryption_key
        if key is None:
            return 0
        received = (self._device.counters.received(counter_name(title, key)) for title in self._titles())
        return max((value for value in received if value is not None), default=0)

    def _in_words(self, protection: Protection) -> SecurityPolicyV0 | SecurityPolicyV1:
        authenticated, encrypted = Protection.AUTHENTICATED in protection, Protection.ENCRYPTED in protection
        if isinstance(self.setup, SecuritySetupV0):
            return SecurityPolicyV0(authenticated + 2 * encrypted)
        return SecurityPolicyV1(AUTHENTICATED_V1 * authenticated | ENCRYPTED_V1 * encrypted)

    # ---- methods --------------------------------------------------------------------------------------------------

    def _security_activate(self, policy: SecurityPolicyV0 | SecurityPolicyV1) -> None:
        """Raise the policy. Version 1 may ask for protection of one direction: it is then asked for of both."""
        number = int(policy)
        authenticated, encrypted = (
            (1, 2) if isinstance(self.setup, SecuritySetupV0) else (int(AUTHENTICATED_V1), int(ENCRYPTED_V1))
        )
        if number & ~(authenticated | encrypted) or int(self._policy) & ~number:
            LOGGER.warning("security_activate: from policy %d to %d is no raise", self._policy, number)
            raise OtherReason
        protection = Protection.NONE
        if number & authenticated:
            protection |= Protection.AUTHENTICATED
        if number & encrypted:
            protection |= Protection.ENCRYPTED
        try:
            self._serve(policy=Policy(protection))
        except ConfigurationError as error:
            LOGGER.warning("security_activate: %s", error)
            raise OtherReason from None
        self._policy = policy

    def _key_transfer(self, transferred: Sequence[KeyTransferData]) -> None:
        """Take all keys or none: each has to be unwrapped with the master key first."""
        master = self._clients[0].master_key
        try:
            if master is None:
                raise ConfigurationError("there is no master key")
            keys = {data.key_id: unwrap_key(master, data.key_wrapped) for data in transferred}
            allowed = set(KeyId) - ({KeyId.MASTER_KEY} if isinstance(self.setup, SecuritySetupV0) else set())
            if not keys or len(keys) < len(transferred) or not set(keys) <= allowed:
                raise ConfigurationError(f"not one key each of {sorted(allowed)}")
            self._serve(**{FIELDS[key_id]: key for key_id, key in keys.items() if key_id in FIELDS})
        except DlmsError as error:
            LOGGER.warning("key_transfer: %s", error)
            raise OtherReason from None
        self.broadcast_encryption_key = keys.get(KeyId.GLOBAL_BROADCAST_ENCRYPTION_KEY, self.broadcast_encryption_key)
