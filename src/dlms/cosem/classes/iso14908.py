"""ISO/IEC 14908: control networks."""

from __future__ import annotations

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.data import DoubleLongUnsigned, Enum, Integer, LongUnsigned, OctetString, Unsigned


class Iso14908Identification(InterfaceClass, class_id=130, version=0, title="ISO/IEC 14908 identification"):
    """ISO/IEC 14908 identification: the addresses of the node (one source)."""

    node_id = attribute(2, Unsigned, static=True, book_name="node_ID")
    subnet_id = attribute(3, Unsigned, static=True, book_name="subnet_ID")
    domain_id = attribute(4, OctetString, static=True, book_name="domain_ID")
    program_id = attribute(5, OctetString, static=True, book_name="program_ID")
    unique_node_id = attribute(6, OctetString, static=True, book_name="unique_node_ID")


class Iso14908ProtocolSetup(InterfaceClass, class_id=131, version=0, title="ISO/IEC 14908 protocol setup"):
    """ISO/IEC 14908 protocol setup: when a connection times out (one source)."""

    inactivity_timeout = attribute(2, LongUnsigned, static=True)


class _Iso14908ProtocolStatus(InterfaceClass):
    transmission_errors = attribute(2, LongUnsigned)
    transmit_tx_failure = attribute(3, LongUnsigned)
    transmit_tx_retries = attribute(4, LongUnsigned)
    receive_tx_full = attribute(5, LongUnsigned)
    lost_messages = attribute(6, LongUnsigned)
    missed_messages = attribute(7, LongUnsigned)
    layer2_received = attribute(8, LongUnsigned)
    layer3_received = attribute(9, LongUnsigned)
    messages_received = attribute(10, DoubleLongUnsigned)
    messages_validated = attribute(11, DoubleLongUnsigned)


class Iso14908ProtocolStatusV0(_Iso14908ProtocolStatus, class_id=132, version=0, title="ISO/IEC 14908 protocol status"):
    """ISO/IEC 14908 protocol status, version 0 (one source)."""


class Iso14908ProtocolStatus(
    _Iso14908ProtocolStatus, class_id=132, version=1, title="ISO/IEC 14908 protocol status", methods_at=(1, 0x70)
):
    """ISO/IEC 14908 protocol status: messages sent, received and lost (one source)."""

    reset = method(1, Integer)


class _Iso14908Diagnostic(InterfaceClass):
    plc_signal_quality_status = attribute(2, Enum)
    com_module_state = attribute(3, Enum)
    received_message_status = attribute(4, Unsigned)
    no_receive_buffer = attribute(5, LongUnsigned)
    transmit_no_data = attribute(6, LongUnsigned)
    backlog_overflows = attribute(7, LongUnsigned)
    late_ack = attribute(8, LongUnsigned)
    frequency_invalid = attribute(9, LongUnsigned)


class Iso14908DiagnosticV0(_Iso14908Diagnostic, class_id=133, version=0, title="ISO/IEC 14908 diagnostic"):
    """ISO/IEC 14908 diagnostic, version 0 (one source)."""


class Iso14908Diagnostic(
    _Iso14908Diagnostic, class_id=133, version=1, title="ISO/IEC 14908 diagnostic", methods_at=(1, 0x60)
):
    """ISO/IEC 14908 diagnostic: signal, modem and buffers.

    One source; the codes of the enumerations were not seen.
    """

    reset = method(1, Integer)
