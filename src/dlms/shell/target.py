"""Whom to connect to, and over which link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from dlms.association.negotiated import PreEstablished
from dlms.association.opening import Proposal
from dlms.enumerations import Conformance
from dlms.errors import ConfigurationError, EncodeError
from dlms.link.base import Link
from dlms.link.hdlc import HdlcLink
from dlms.link.hdlc_settings import HdlcSettings
from dlms.link.wrapper import WrapperLink
from dlms.meter_description import Described, Description
from dlms.quirks import Quirks
from dlms.security.settings import Security
from dlms.transport.url import Url
from dlms_core.hdlc import HdlcAddress

LAST_WRAPPER_PORT: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to connect to and what to ask for, as both shells take it from their callers."""

    url: Url
    proposal: Proposal
    quirks: Quirks
    hdlc: HdlcSettings | None

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        meter: Described | None = None,
        security: Security | None = None,
        short_names: bool | None = None,
        quirks: Quirks | Mapping[str, Any] | str | None = None,
        hdlc: HdlcSettings | None = None,
        max_receive_pdu_size: int = 0xFFFF,
        conformance: Conformance | None = None,
        server_system_title: bytes | None = None,
        user_id: int | None = None,
        pre_established: PreEstablished | None = None,
    ) -> Self:
        """Raises ConfigurationError for what cannot be asked for."""
        described = Description.of({} if meter is None else meter)
        where = url or described.url
        if where is None:
            raise ConfigurationError("no meter is named: give its URL, or a description that has it")
        if security is not None and not isinstance(security, Security):
            raise ConfigurationError(f"security is a dlms.Security, not {type(security).__name__}")
        deviations = described.quirks if quirks is None else quirks
        if not isinstance(deviations, Quirks):
            deviations = Quirks.from_value(deviations)
        proposal = Proposal(
            security=security or described.security,
            short_names=described.short_names if short_names is None else short_names,
            max_receive_pdu_size=max_receive_pdu_size,
            conformance=conformance,
            server_system_title=server_system_title or described.server_system_title,
            user_id=described.user_id if user_id is None else user_id,
            pre_established=pre_established,
            quirks=deviations,
        )
        return cls(Url.parse(where), proposal, deviations, hdlc)

    def as_client(self, client: int, security: Security) -> Target:
        """The same meter for another client, whose association is opened as usual."""
        url = replace(self.url, client=client)
        proposal = replace(self.proposal, security=security, user_id=None, pre_established=None)
        return replace(self, url=url, proposal=proposal)

    def link(self) -> Link:
        """The client's end of the link that the URL asks for."""
        return _link(self.url, self.hdlc, self.quirks)


def _link(url: Url, hdlc: HdlcSettings | None, quirks: Quirks) -> Link:
    if url.link == "wrapper":
        if not all(0 <= sap <= LAST_WRAPPER_PORT for sap in (url.client, url.server)):
            raise ConfigurationError(f"client and server are 0 to {LAST_WRAPPER_PORT} in a meter's URL")
        return WrapperLink(url.client, url.server, datagrams=url.scheme == "udp")
    size = url.address_size
    try:
        client = HdlcAddress(url.client)
        if url.physical is None and size in (None, 1):
            meter = HdlcAddress(url.server)
        else:
            meter = HdlcAddress(url.server, url.physical if url.physical is not None else 0x10, size=size)
    except EncodeError as error:
        raise ConfigurationError(
            f"no HDLC address (client {url.client}, server {url.server}, physical {url.physical}): {error}"
        ) from None
    return HdlcLink(client, meter, hdlc, quirks)
