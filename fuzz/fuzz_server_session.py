"""Invariant: any octets to a server session, associated or not, are answered with whole APDUs or not at all."""

from dlms.apdu import decode
from dlms.association.logical_device import LogicalDevice
from dlms.association.server_clients import READ_AND_WRITE, ServedClient
from dlms.association.server_session import ServerSession
from dlms.cosem.classes import Clock, Data
from dlms.data import OctetString
from dlms.enumerations import MethodAccessV3

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400FFFFFF0080")
AARQ_SN = bytes.fromhex("601DA109060760857405080102BE10040E01000000065F1F0400FFFFFF0080")
CLOCK = Clock("0.0.1.0.0.255")


def check(octets: bytes) -> None:
    client = ServedClient(1, attributes=READ_AND_WRITE, methods=MethodAccessV3.ACCESS)
    for opening in (b"", AARQ, AARQ_SN):
        device = LogicalDevice("DLM0000000000001", clients=[client])
        device[CLOCK.time_zone] = 60
        device[Data("0.0.96.1.0.255").value] = OctetString(bytes(300))
        device.on_call(CLOCK.adjust_to_quarter, lambda argument: None)
        session = ServerSession(device, 1, random=bytes)
        for request in (opening, octets, octets):
            for answer in respond(session, request):
                decode(answer)


def respond(session: ServerSession, request: bytes) -> list[bytes]:
    work = session.respond(request, 0.0)
    try:
        next(work)
    except StopIteration as done:
        answers: list[bytes] = done.value
        return answers
    raise AssertionError("nothing here is async")
