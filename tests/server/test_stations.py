"""The server's end of an HDLC line, frame by frame."""

from __future__ import annotations

import pytest

from dlms.link.hdlc_settings import HdlcSettings
from dlms.server.stations import Ended, HdlcStation, Request
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet
from dlms_core.hdlc_parameters import HdlcParameters
from dlms_core.hdlc_reader import FrameReader

CLIENT, METER = HdlcAddress(16), HdlcAddress(1)
LLC = b"\xe6\xe6\x00"


def frame(kind: FrameKind, information: bytes = b"", **numbers: int) -> bytes:
    return Frame(METER, CLIENT, control_octet(kind, poll_final=True, **numbers), information).encode()


def frames(station: HdlcStation) -> list[Frame]:
    return [found for found in FrameReader().read(station.octets_to_send()) if isinstance(found, Frame)]


@pytest.mark.parametrize(("window", "sent"), [(1, 1), (2, 2), (7, 3)])
def test_the_apdus_of_one_answer_share_a_window(window: int, sent: int) -> None:
    station = HdlcStation(frozenset({1}), HdlcSettings(window_transmit=7, window_receive=7))
    asked = HdlcParameters(window_size_transmit=window, window_size_receive=window)
    station.receive(frame(FrameKind.SNRM, asked.encode()), 0.0)
    station.receive(frame(FrameKind.I, LLC + b"request", send_sequence=0, receive_sequence=0), 0.0)
    ended, request = station.events()
    assert isinstance(ended, Ended)
    assert isinstance(request, Request)
    frames(station)
    station.send(request.line, [b"one", b"two", b"three"], 0.0)
    found = frames(station)
    assert [each.send_sequence for each in found] == list(range(sent))
    assert [each.poll_final for each in found] == [False] * (sent - 1) + [True]
