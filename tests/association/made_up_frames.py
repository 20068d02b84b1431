"""HDLC frames in place of those that the source of a capture leaves out: with the numbers that fit its neighbours."""

from __future__ import annotations

from dlms.transport.capture import Record
from dlms_core import llc
from dlms_core.hdlc import Frame, FrameKind, HdlcAddress, control_octet


class Line:
    """What goes over a line between a client and a meter. `sent` and `received` count I frames, as the client does."""

    def __init__(self, client: HdlcAddress, server: HdlcAddress, *, sent: int = 0, received: int = 0) -> None:
        self.client = client
        self.server = server
        self.sent = sent
        self.received = received

    def connection(self) -> list[Record]:
        """SNRM and UA, with nothing but the defaults."""
        snrm = Frame(self.server, self.client, control_octet(FrameKind.SNRM, poll_final=True))
        agreed = Frame(self.client, self.server, control_octet(FrameKind.UA, poll_final=True))
        return [Record("sent", snrm.encode()), Record("received", agreed.encode())]

    def exchange(self, request: bytes, response: bytes) -> list[Record]:
        """An APDU of the client, and the meter's answer to it, each in one I frame."""
        return [*self.request(request), *self.segment(llc.add(response, response=True), last=True)]

    def request(self, apdu: bytes) -> list[Record]:
        """An APDU of the client in one I frame."""
        control = control_octet(FrameKind.I, poll_final=True, send_sequence=self.sent % 8,
                                receive_sequence=self.received % 8)  # fmt: skip
        self.sent += 1
        frame = Frame(self.server, self.client, control, llc.add(apdu, response=False))
        return [Record("sent", frame.encode())]

    def segment(self, information: bytes, *, last: bool) -> list[Record]:
        """An I frame of the meter, and, unless it is the `last` one, the client's RR."""
        control = control_octet(FrameKind.I, poll_final=True, send_sequence=self.received % 8,
                                receive_sequence=self.sent % 8)  # fmt: skip
        self.received += 1
        frame = Frame(self.client, self.server, control, information, segmented=not last)
        ready = control_octet(FrameKind.RR, poll_final=True, receive_sequence=self.received % 8)
        asked = [] if last else [Record("sent", Frame(self.server, self.client, ready).encode())]
        return [Record("received", frame.encode()), *asked]
