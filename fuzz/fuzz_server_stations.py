"""Invariant: any octets on a server's line, wrapper or HDLC, whole or octet by octet, give requests and never raise."""

from dlms.link.hdlc_settings import HdlcSettings
from dlms.server.stations import HdlcStation, Request, WrapperStation


def check(octets: bytes) -> None:
    for station in (WrapperStation(), HdlcStation(frozenset({1, 16}), HdlcSettings())):
        station.receive(octets, 0.0)
        for octet in octets:
            station.receive(bytes([octet]), 0.0)
        for event in station.events():
            if isinstance(event, Request):
                station.send(event.line, [event.octets, event.octets], 1.0)
        station.tick(1000.0)
        station.octets_to_send()
