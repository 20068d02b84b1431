"""Invariant: any octets to a server session, associated or not, are answered with whole APDUs or not at all, no error
of ours is logged on the way, and the device ticks on."""

from fuzz.live_meter import MANAGER, NOW, errors_of_ours_fail, meter, respond

from dlms.apdu import decode
from dlms.association.server.session import ServerSession

AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400FFFFFF0080")
AARQ_SN = bytes.fromhex("601DA109060760857405080102BE10040E01000000065F1F0400FFFFFF0080")


def check(octets: bytes) -> None:
    with errors_of_ours_fail():
        device = meter()
        for opening in (b"", AARQ, AARQ_SN):
            session = ServerSession(device, MANAGER, random=bytes)
            for request in (opening, octets, octets):
                for answer in respond(session, request):
                    decode(answer)
        for seconds in (0, 1, 86400):
            device.tick(NOW + seconds)
