"""Any octets are one frame that encodes to itself, or a DecodeError; the parameters in them likewise."""

from dlms_core.fault import DecodeError
from dlms_core.hdlc import Frame
from dlms_core.hdlc_parameters import HdlcParameters


def check(octets: bytes) -> None:
    for transparency in (False, True):
        try:
            frame = Frame.decode(octets, transparency=transparency)
        except DecodeError:
            continue
        assert Frame.decode(frame.encode(transparency=transparency), transparency=transparency) == frame
    try:
        parameters = HdlcParameters.decode(octets)
    except DecodeError:
        return
    assert HdlcParameters.decode(octets) == parameters
