"""Push setup: what a device sends on its own, when and where to."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import (
    CaptureObjectDefinition,
    LogicalNameOctets,
    ProtectionParameters,
    RestrictedObjectDefinition,
    Window,
)
from dlms.data import DateTime, DoubleLongUnsigned, Integer, LongUnsigned, OctetString, Unsigned
from dlms.datetime import CosemDateTime
from dlms.enumerations import PushMessageType, PushOperationMethod, PushTransportService
from dlms.grammar import array, structure


@structure
class SendDestinationAndMethod:
    """Where a push goes, over what, and as what."""

    transport_service: PushTransportService
    destination: Annotated[bytes, OctetString]
    message: PushMessageType


@structure
class RepetitionDelay:
    """How long a retry waits: the least, the exponent that it grows by (in hundredths), and the most."""

    repetition_delay_min: Annotated[int, LongUnsigned]
    repetition_delay_exponent: Annotated[int, LongUnsigned]
    repetition_delay_max: Annotated[int, LongUnsigned]


@structure
class ConfirmationParameters:
    """From when pushes are to be confirmed, and how often."""

    confirmation_start_date: Annotated[CosemDateTime, DateTime]
    confirmation_interval: Annotated[int, DoubleLongUnsigned]


class _PushSetup(InterfaceClass):
    send_destination_and_method = attribute(3, SendDestinationAndMethod, static=True)
    communication_window = attribute(4, array(Window), static=True)
    randomisation_start_interval = attribute(5, LongUnsigned, static=True, note="seconds")
    number_of_retries = attribute(6, Unsigned, static=True)
    push = method(1, Integer)


class PushSetupV0(_PushSetup, class_id=40, version=0, methods_at=(1, 0x38)):
    """Push setup, version 0."""

    push_object_list = attribute(2, array(CaptureObjectDefinition), static=True)
    repetition_delay = attribute(7, LongUnsigned, static=True, note="seconds")


class _ProtectedPushSetup(_PushSetup):
    push_object_list = attribute(2, array(RestrictedObjectDefinition), static=True)
    port_reference = attribute(8, LogicalNameOctets, static=True)
    push_client_sap = attribute(9, Integer, static=True, book_name="push_client_SAP")
    push_protection_parameters = attribute(10, array(ProtectionParameters), static=True)


class PushSetupV1(_ProtectedPushSetup, class_id=40, version=1):
    """Push setup, version 1. Five elements of a push object are seen in one source."""

    repetition_delay = attribute(7, LongUnsigned, static=True, note="seconds")


class _ConfirmedPushSetup(_ProtectedPushSetup):
    repetition_delay = attribute(7, RepetitionDelay, static=True)
    push_operation_method = attribute(11, PushOperationMethod, static=True)
    confirmation_parameters = attribute(12, ConfirmationParameters, static=True)
    last_confirmation_date_time = attribute(13, DateTime)
    reset = method(2, Integer)


class PushSetupV2(_ConfirmedPushSetup, class_id=40, version=2):
    """Push setup, version 2."""


class PushSetup(_ConfirmedPushSetup, class_id=40, version=3):
    """Push setup: what a device sends on its own, when and where to.

    Uncertain: version 3 has the attributes of version 2; what it changed inside them was not seen.
    """
