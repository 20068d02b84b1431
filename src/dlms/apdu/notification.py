"""Notifications: what a server sends unasked (IEC 62056-5-3, Data-Notification and EventNotificationRequest)."""

from __future__ import annotations

from dlms.apdu.get import CosemAttributeDescriptor, LongInvokeIdAndPriority
from dlms.data import Data
from dlms.grammar import DateTimeOctets, Message, sequence


@sequence(tag=0x0F)
class DataNotification(Message):
    """data-notification. Meters write its date-time in other ways too; see `deviations`."""

    long_invoke_id_and_priority: LongInvokeIdAndPriority
    date_time: DateTimeOctets
    notification_body: Data


@sequence(tag=0x10)
class DataNotificationConfirm(Message):
    """data-notification-confirm.

    The tag has two independent sources (Gurux for Go; the ASN.1 module of youserj/COSEMpdu). The fields have one, the
    latter: they are unsettled, and no captured octets are known.
    """

    long_invoke_id_and_priority: LongInvokeIdAndPriority
    date_time: DateTimeOctets


@sequence(tag=0xC2, kw_only=True)
class EventNotificationRequest(Message):
    """event-notification-request."""

    time: DateTimeOctets | None = None
    cosem_attribute_descriptor: CosemAttributeDescriptor
    attribute_value: Data
