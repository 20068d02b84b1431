"""Initiate: the xDLMS context that an association opens with (IEC 62056-5-3, InitiateRequest and InitiateResponse)."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dlms.enumerations import Conformance
from dlms.grammar import Boolean, Integer8, Message, OctetString, Unsigned8, Unsigned16, sequence
from dlms.grammar.nodes import ConformanceNode

ConformanceBits: TypeAlias = Annotated[Conformance, ConformanceNode(Conformance)]


@sequence(tag=0x01, kw_only=True)
class InitiateRequest(Message):
    """initiate-request: what the client proposes."""

    dedicated_key: OctetString | None = None
    response_allowed: Boolean = True
    proposed_quality_of_service: Integer8 | None = None
    proposed_dlms_version_number: Unsigned8
    proposed_conformance: ConformanceBits
    client_max_receive_pdu_size: Unsigned16


@sequence(tag=0x08, kw_only=True)
class InitiateResponse(Message):
    """initiate-response: what the server grants.

    `vaa_name` is 0x0007 with logical names, the base name of the association object with short names. The book makes
    it Integer16; it is unsigned here, as everybody writes it (FA00).
    """

    negotiated_quality_of_service: Integer8 | None = None
    negotiated_dlms_version_number: Unsigned8
    negotiated_conformance: ConformanceBits
    server_max_receive_pdu_size: Unsigned16
    vaa_name: Unsigned16
