"""Push setup (class 40): what a device sends on its own as data-notification, when, where to, and again if need be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from dlms.apdu import encode_with_data_octets
from dlms.apdu.notification import DataNotification
from dlms.association.server.get import as_data
from dlms.association.server.logical_device import LogicalDevice
from dlms.association.server.parts import Push
from dlms.association.server.work import LOGGER, Work
from dlms.cosem.classes import PushSetup, PushSetupV0, PushSetupV1, PushSetupV2
from dlms.cosem.classes.push import ConfirmationParameters, RepetitionDelay, SendDestinationAndMethod
from dlms.cosem.references import AttributeRef
from dlms.cosem.types import Window
from dlms.datetime import CosemDateTime
from dlms.device.clock import LiveClock
from dlms.device.part import DeviceItself, begin
from dlms.device.push_message import PushObject, push_body
from dlms.enumerations import ProtectionType, PushMessageType, PushOperationMethod, PushTransportService
from dlms.errors import ConfigurationError, DlmsError
from dlms.logical_name import LogicalName
from dlms.security.context import SecurityContext
from dlms.security.protection import Protection
from dlms.service_errors import OtherReason

AnyPushSetup: TypeAlias = PushSetup | PushSetupV0 | PushSetupV1 | PushSetupV2
NO_PORT: Final = LogicalName("0.0.0.0.0.0")
NOT_SPECIFIED: Final = CosemDateTime()
EVERY_MINUTE: Final = RepetitionDelay(60, 100, 60)
INVOKE_IDS: Final = 1 << 24
SCHEMES: Final = {
    PushTransportService.TCP: "tcp",
    PushTransportService.UDP: "udp",
    PushTransportService.HDLC: "hdlc+tcp",
}
"""How a destination is reached; it is a host and a port, in ASCII."""
PROTECTIONS: Final = {
    ProtectionType.AUTHENTICATION: Protection.AUTHENTICATED,
    ProtectionType.ENCRYPTION: Protection.ENCRYPTED,
    ProtectionType.AUTHENTICATION_AND_ENCRYPTION: Protection.AUTHENTICATED | Protection.ENCRYPTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTimes:
    """When a push goes: within `communication_window`s (none: always), up to `randomisation_start_interval` seconds
    late, and again up to `number_of_retries` times, `repetition_delay` after each failure (seconds, where the version
    of the class says no more)."""

    communication_window: Sequence[Window] = ()
    randomisation_start_interval: int = 0
    number_of_retries: int = 0
    repetition_delay: RepetitionDelay = EVERY_MINUTE


class LivePushSetup:
    """Pushes when its method is invoked: by a client, a script at its time, or the program (`push`).

    The push goes to SAP `client` of the destination, where a device serves that client ciphered with its keys, as
    general-glo-ciphering: by `protection`, or by push_protection_parameters where these are written. `random` gives
    numbers from 0 to 1. What waits to be sent goes out with the values that there are when it is sent.
    """

    def __init__(
        self,
        device: LogicalDevice,
        setup: AnyPushSetup,
        push_object_list: Iterable[PushObject],
        destination: SendDestinationAndMethod,
        *,
        clock: LiveClock,
        client: int,
        random: Callable[[], float],
        protection: Protection = Protection.NONE,
        times: PushTimes | None = None,
    ) -> None:
        self.setup = setup
        self._device = device
        self._clock = clock
        self._client = client
        self._random = random
        self._protection = protection
        self._itself = DeviceItself(device)
        self._at: float | None = None
        self._failures = 0
        self._invoke_id = 0
        times = times or PushTimes()
        device.add(setup)  # the version that it is: its attributes are those of other versions
        device[setup.send_destination_and_method] = destination
        device[setup.communication_window] = list(times.communication_window)
        device[setup.randomisation_start_interval] = times.randomisation_start_interval
        device[setup.number_of_retries] = times.number_of_retries
        device.on_call(setup.push, lambda _: self.push())
        self._objects: AttributeRef[Any] = setup.push_object_list
        objects: Any = list(push_object_list)  # of the kind that the version wants
        device[self._objects] = objects
        delay = times.repetition_delay
        if isinstance(setup, (PushSetupV0, PushSetupV1)):
            device[setup.repetition_delay] = delay.repetition_delay_min
        else:
            device[setup.repetition_delay] = delay
            device[setup.push_operation_method] = PushOperationMethod.UNCONFIRMED_RETRY_ON_SUPPORTING_LAYER_FAILURE
            device[setup.confirmation_parameters] = ConfirmationParameters(NOT_SPECIFIED, 0)
            device[setup.last_confirmation_date_time] = NOT_SPECIFIED
            device.on_call(setup.reset, lambda _: self.reset())
        if not isinstance(setup, PushSetupV0):
            device[setup.port_reference] = NO_PORT
            device[setup.push_client_sap] = client
            device[setup.push_protection_parameters] = []

    def push(self) -> None:
        """Send as soon as the window and the randomisation let it."""
        self._failures = 0
        opening = self._opening(self._clock.now())
        if opening is None:
            LOGGER.warning("%s: no communication window will come", self.setup.logical_name)
            raise OtherReason
        self._at = opening + self._random() * self._device[self.setup.randomisation_start_interval]
        self._device.changed()

    def reset(self) -> None:
        """Forget what waits to be sent, or to be sent again."""
        self._at = None

    # ---- when -----------------------------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        return None if self._at is None else self._clock.world(self._at)

    def tick(self, now: float) -> None:
        if self._at is not None and self._at <= self._clock.own(now):
            self._at = None
            begin(self._device, self._send())

    def _opening(self, own: float) -> float | None:
        """When a window is open first, from a time of the device's clock on; None for never."""
        windows: list[Window] = self._device[self.setup.communication_window]
        openings = [own] if not windows else []
        local_time = self._clock.local_time
        for window in windows:
            start = local_time.next_occurrence(window.start_time, window.start_time, own)
            end = local_time.next_occurrence(window.end_time, window.end_time, own)
            if end is not None and (start is None or end < start):
                openings.append(own)  # it is open
            elif start is not None:
                openings.append(start)
        return min(openings, default=None)

    def _sent(self, taken: bool) -> None:
        if taken or self._failures >= self._device[self.setup.number_of_retries]:
            return
        self._failures += 1
        self._at = self._clock.now() + self._delay()
        self._device.changed()

    def _delay(self) -> float:
        repetition_delay: AttributeRef[Any] = self.setup.repetition_delay
        delay: int | RepetitionDelay = self._device[repetition_delay]
        if isinstance(delay, int):
            return delay
        try:
            grown: float = delay.repetition_delay_min * (delay.repetition_delay_exponent / 100) ** (self._failures - 1)
        except OverflowError:  # exponents go up to 655 and failures to 255
            return delay.repetition_delay_max
        return min(grown, delay.repetition_delay_max)

    # ---- what -----------------------------------------------------------------------------------------------------

    def _send(self) -> Work[None]:
        device, setup = self._device, self.setup
        body = yield from push_body(self._itself, device[self._objects], self._clock.clock)
        self._invoke_id = (self._invoke_id + 1) % INVOKE_IDS
        message = DataNotification(self._invoke_id, self._clock.date_time(self._clock.now()), as_data(body))
        try:
            octets = self._protected(message)
            push = Push(octets, self._url(), self._sap(), device.sap, self._sent)
        except DlmsError as error:
            LOGGER.warning("%s cannot push: %s", setup.logical_name, error)
            return
        device.push(push)

    def _url(self) -> str:
        destination: SendDestinationAndMethod = self._device[self.setup.send_destination_and_method]
        scheme = SCHEMES.get(destination.transport_service)
        if scheme is None or destination.message != PushMessageType.A_XDR_ENCODED_XDLMS_APDU:
            raise ConfigurationError(f"a push by {destination.transport_service!r} as {destination.message!r}")
        return f"{scheme}://{destination.destination.decode('ascii', 'replace')}"

    def _sap(self) -> int:
        setup = self.setup
        return self._client if isinstance(setup, PushSetupV0) else self._device[setup.push_client_sap]

    def _protected(self, message: DataNotification) -> bytes:
        protection = self._wanted_protection()
        if protection is Protection.NONE:
            return encode_with_data_octets(message)
        device, client = self._device, self._device.clients.get(self._sap())
        if client is None or client.encryption_key is None or device.system_title is None:
            raise ConfigurationError(f"there is no key for client {self._sap()}")
        context = SecurityContext(
            own_title=device.system_title,
            peer_title=client.system_title or b"",
            protection=protection,
            encryption_key=client.encryption_key,
            authentication_key=client.authentication_key,
            counters=device.counters,
            replay=client.replay,
            general=True,
        )
        store, name = context.sending_counter
        return context.protect(message, store.reserve(name))

    def _wanted_protection(self) -> Protection:
        setup = self.setup
        parameters = [] if isinstance(setup, PushSetupV0) else self._device[setup.push_protection_parameters]
        wanted = self._protection
        for layer in parameters:
            if layer.protection_type not in PROTECTIONS:
                raise ConfigurationError(f"protection by {layer.protection_type!r}")
            wanted |= PROTECTIONS[layer.protection_type]
        return wanted
