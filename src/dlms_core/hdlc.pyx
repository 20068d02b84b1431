"""HDLC frame format type 3 (IEC 62056-46): addresses, control fields and frames.

Frames are found in a stream by `dlms_core.hdlc_reader`; the parameters of SNRM and UA are in
`dlms_core.hdlc_parameters`.
"""

from enum import StrEnum

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport SIZE_MAX
from libc.string cimport memcmp, memcpy

from dlms_core.fault import DecodeError, EncodeError

from dlms_core.transparency cimport DLMS_FLAG, dlms_stuff, dlms_stuffed_size, dlms_unstuff

CLAUSE = "IEC 62056-46, 6.4"


cdef class HdlcAddress:
    """A station: the upper (logical device, or client) and the lower (physical device) HDLC address.

    One octet holds an upper address of 7 bits and no lower one (`lower` is None), two octets hold 7 bits of each,
    four octets 14 bits of each. `size` defaults to the least that holds both. EncodeError for what does not fit.
    """

    def __init__(self, upper, lower=None, *, size=None):
        if size is None:
            size = 1 if lower is None else 2 if upper <= 0x7F and lower <= 0x7F else 4
        if size not in (1, 2, 4):
            raise EncodeError(f"an address has 1, 2 or 4 octets, not {size}", path="size")
        if (lower is None) != (size == 1):
            raise EncodeError(f"an address of {size} octets has {'no' if size == 1 else 'a'} lower part", path="lower")
        highest = 0x3FFF if size == 4 else 0x7F
        for name, value in (("upper", upper), ("lower", lower)):
            if value is not None and not 0 <= value <= highest:
                raise EncodeError(f"{value} is not between 0 and {highest}", path=name)
        self.upper = upper
        self._lower = lower or 0
        self.size = size

    @property
    def lower(self):
        return None if self.size <= 1 else self._lower

    @staticmethod
    def decode(octets):
        """The address that `octets`, all of them, are; DecodeError unless there are 1, 2 or 4 and the last ends it."""
        cdef bytes field = bytes(memoryview(octets))
        if len(field) not in (1, 2, 4) or [octet & 1 for octet in field] != [0] * (len(field) - 1) + [1]:
            raise DecodeError(
                f"no address of 1, 2 or 4 octets: {field[:8].hex()}", layer="hdlc", offset=0, clause=CLAUSE
            )
        return new_address(<const uint8_t*>PyBytes_AS_STRING(field), PyBytes_GET_SIZE(field))

    def encode(self):
        cdef uint8_t[4] octets
        self.put(octets)
        return octets[:self.size]

    cdef void put(self, uint8_t* out) noexcept:
        if self.size == 1:
            out[0] = self.upper << 1 | 1
        elif self.size == 2:
            out[0] = self.upper << 1
            out[1] = self._lower << 1 | 1
        else:
            out[0] = self.upper >> 6 & 0xFE
            out[1] = self.upper << 1 & 0xFE
            out[2] = self._lower >> 6 & 0xFE
            out[3] = self._lower << 1 & 0xFE | 1

    def matches(self, HdlcAddress other not None):
        """Whether both can mean one station, however many octets each takes.

        Meters answer with more octets than they were asked with. Parts that both have must be equal, or one of them
        be the all-station address (7F; 3FFF in four octets).
        """
        cdef uint16_t everyone = 0x3FFF if self.size == 4 else 0x7F
        cdef uint16_t others_everyone = 0x3FFF if other.size == 4 else 0x7F
        return (
            self.upper == other.upper or self.upper == everyone or other.upper == others_everyone
        ) and (
            self.size <= 1
            or other.size <= 1
            or self._lower == other._lower
            or self._lower == everyone
            or other._lower == others_everyone
        )

    def __eq__(self, other):
        if not isinstance(other, HdlcAddress):
            return NotImplemented
        cdef HdlcAddress address = other
        return self.size == address.size and self.upper == address.upper and self._lower == address._lower

    def __hash__(self):
        return hash((self.size, self.upper, self._lower))

    def __repr__(self):
        if self.size <= 1:
            return f"HdlcAddress({self.upper})"
        return f"HdlcAddress({self.upper}, {self._lower}, size={self.size})"

    def __reduce__(self):
        return HdlcAddress.decode, (self.encode(),)


cdef HdlcAddress new_address(const uint8_t* octets, size_t size):
    cdef HdlcAddress address = HdlcAddress.__new__(HdlcAddress)
    address.size = size
    if size == 4:
        address.upper = <uint16_t>(octets[0] >> 1) << 7 | octets[1] >> 1
        address._lower = <uint16_t>(octets[2] >> 1) << 7 | octets[3] >> 1
    else:
        address.upper = octets[0] >> 1
        address._lower = octets[1] >> 1 if size == 2 else 0
    return address


class FrameKind(StrEnum):
    """What a control field says a frame is."""

    I = "I"  # no-cython-lint
    RR = "RR"
    RNR = "RNR"
    REJ = "REJ"
    SNRM = "SNRM"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    UI = "UI"
    UNKNOWN = "unknown"


# Control octets with the numbers and the poll/final bit (10) left out.
POLL_FINAL = 0x10
SUPERVISORY = {FrameKind.RR: 0x01, FrameKind.RNR: 0x05, FrameKind.REJ: 0x09}
UNNUMBERED = {
    FrameKind.SNRM: 0x83,
    FrameKind.DISC: 0x43,
    FrameKind.UA: 0x63,
    FrameKind.DM: 0x0F,
    FrameKind.FRMR: 0x87,
    FrameKind.UI: 0x03,
}
NUMBERED = frozenset([FrameKind.I, *SUPERVISORY])


def _kind_of(control):
    if not control & 1:
        return FrameKind.I
    if control & 3 == 1:
        table, octet = SUPERVISORY, control & 0x0F
    else:
        table, octet = UNNUMBERED, control & ~POLL_FINAL
    return next((kind for kind, value in table.items() if value == octet), FrameKind.UNKNOWN)


KINDS = tuple(_kind_of(control) for control in range(256))


def control_octet(kind, *, poll_final=False, send_sequence=None, receive_sequence=None):
    """The control field of a frame of `kind`.

    N(S) (`send_sequence`) belongs to I frames, N(R) (`receive_sequence`) to I, RR, RNR and REJ; both count modulo 8.
    EncodeError for a number that is missing, out of range or out of place.
    """
    kind = FrameKind(kind)
    numbered = kind is FrameKind.I or kind in SUPERVISORY
    for name, number, belongs in (
        ("send_sequence", send_sequence, kind is FrameKind.I),
        ("receive_sequence", receive_sequence, numbered),
    ):
        if (number is not None) != belongs:
            raise EncodeError(f"{kind} has {'a' if belongs else 'no'} sequence number here", path=name)
        if number is not None and not 0 <= number <= 7:
            raise EncodeError(f"{number} is not between 0 and 7", path=name)
    octet = POLL_FINAL if poll_final else 0
    if kind is FrameKind.I:
        return octet | send_sequence << 1 | receive_sequence << 5
    if numbered:
        return octet | SUPERVISORY[kind] | receive_sequence << 5
    if kind is FrameKind.UNKNOWN:
        raise EncodeError("an unknown control field has no octet", path="kind")
    return octet | UNNUMBERED[kind]


cdef class Frame:
    """One frame; its addresses, control octet and segmentation bit as they are on the wire.

    `information` is what follows the header check sequence, b"" where there is none. `offset` is where in its stream
    the frame's format field was, behind the opening flag; it takes no part in equality.
    """

    def __init__(self, HdlcAddress destination not None, HdlcAddress source not None, control, bytes information=b"",
                 *, segmented=False):
        if not 0 <= control <= 0xFF:
            raise EncodeError(f"{control} is not between 0 and 255", path="control")
        if information is None:
            raise EncodeError("None is not octets", path="information")
        cdef size_t length = dlms_hdlc_length(destination.size, source.size, len(information))
        if length > DLMS_HDLC_LONGEST:
            raise EncodeError(
                f"the frame would have {length} octets; its length field ends at {DLMS_HDLC_LONGEST}",
                path="information",
            )
        self._destination_size = destination.size
        destination.put(self._destination)
        self._source_size = source.size
        source.put(self._source)
        self.control = control
        self.information = information
        self.segmented = segmented

    @property
    def destination(self):
        return new_address(self._destination, self._destination_size)

    @property
    def source(self):
        return new_address(self._source, self._source_size)

    @property
    def kind(self):
        return KINDS[self.control]

    @property
    def poll_final(self):
        return self.control & 0x10 != 0

    @property
    def send_sequence(self):
        """N(S) of an I frame, else None."""
        return None if self.control & 1 else self.control >> 1 & 7

    @property
    def receive_sequence(self):
        """N(R) of an I, RR, RNR or REJ frame, else None."""
        return self.control >> 5 if KINDS[self.control] in NUMBERED else None

    @staticmethod
    def decode(octets, *, transparency=False):
        """The frame that `octets`, all of them, are, both flags included; stuffed inside with `transparency`.

        DecodeError (layer "hdlc", offsets from the opening flag) for anything else.
        """
        cdef Py_buffer view
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            return decode_frame(<const uint8_t*>view.buf, view.len, transparency)
        finally:
            PyBuffer_Release(&view)

    def encode(self, *, transparency=False):
        """The frame with both flags and both check sequences; stuffed in between with `transparency`."""
        cdef dlms_hdlc_frame parts
        cdef bytes stuffed
        cdef uint8_t* out
        parts.destination = self._destination
        parts.destination_size = self._destination_size
        parts.source = self._source
        parts.source_size = self._source_size
        parts.control = self.control
        parts.segmented = self.segmented
        parts.information = <const uint8_t*>PyBytes_AS_STRING(self.information)
        parts.information_length = PyBytes_GET_SIZE(self.information)
        parts.length = dlms_hdlc_length(parts.destination_size, parts.source_size, parts.information_length)
        cdef bytes octets = PyBytes_FromStringAndSize(NULL, parts.length + 2)
        out = <uint8_t*>PyBytes_AS_STRING(octets)
        out[0] = out[parts.length + 1] = DLMS_FLAG
        dlms_hdlc_build(&parts, out + 1)
        if not transparency:
            return octets
        cdef size_t size = dlms_stuffed_size(out + 1, parts.length)
        stuffed = PyBytes_FromStringAndSize(NULL, size + 2)
        out = <uint8_t*>PyBytes_AS_STRING(stuffed)
        out[0] = out[size + 1] = DLMS_FLAG
        dlms_stuff(<const uint8_t*>PyBytes_AS_STRING(octets) + 1, parts.length, out + 1)
        return stuffed

    def __cinit__(self):
        self.information = b""

    def __eq__(self, other):
        if not isinstance(other, Frame):
            return NotImplemented
        cdef Frame frame = other
        return (
            self.control == frame.control
            and self.segmented == frame.segmented
            and self._destination_size == frame._destination_size
            and self._source_size == frame._source_size
            and memcmp(self._destination, frame._destination, self._destination_size) == 0
            and memcmp(self._source, frame._source, self._source_size) == 0
            and self.information == frame.information
        )

    def __hash__(self):
        return hash((
            self._destination[:self._destination_size], self._source[:self._source_size], self.control, self.segmented,
            self.information,
        ))

    def __repr__(self):
        numbers = "".join(
            f" {name}={number}"
            for name, number in (("N(S)", self.send_sequence), ("N(R)", self.receive_sequence))
            if number is not None
        )
        kind = f"{self.kind} {self.control:02X}" if self.kind is FrameKind.UNKNOWN else self.kind
        return (
            f"<Frame {kind}{numbers}{' P/F' if self.poll_final else ''}{' segmented' if self.segmented else ''} "
            f"to {self._destination[:self._destination_size].hex()} from {self._source[:self._source_size].hex()}, "
            f"{len(self.information)} octets>"
        )

    def __reduce__(self):
        return Frame.decode, (self.encode(),)


cdef Frame new_frame(const dlms_hdlc_frame* checked, uint64_t offset):
    cdef Frame frame = Frame.__new__(Frame)
    frame.information = PyBytes_FromStringAndSize(<const char*>checked.information, checked.information_length)
    frame.offset = offset
    frame.segmented = checked.segmented
    frame.control = checked.control
    frame._destination_size = checked.destination_size
    frame._source_size = checked.source_size
    memcpy(frame._destination, checked.destination, checked.destination_size)
    memcpy(frame._source, checked.source, checked.source_size)
    return frame


cdef Frame decode_frame(const uint8_t* octets, size_t count, bint transparency):
    cdef dlms_hdlc_frame frame
    cdef bytes plain
    cdef size_t size, at = 0
    cdef int verdict
    if count == 0 or octets[0] != DLMS_FLAG:
        raise DecodeError("no opening flag", layer="hdlc", path="flag", offset=0, expected="7E", clause=CLAUSE)
    if transparency:
        if count < 2 or octets[count - 1] != DLMS_FLAG:
            raise DecodeError("no closing flag", layer="hdlc", path="flag", offset=count, expected="7E", clause=CLAUSE)
        plain = PyBytes_FromStringAndSize(NULL, count)
        size = dlms_unstuff(octets + 1, count - 2, <uint8_t*>PyBytes_AS_STRING(plain) + 1, &at)
        if size == SIZE_MAX:
            raise DecodeError(
                verdict_reason(DLMS_HDLC_ABORTED, 0, 0), layer="hdlc", path="flag", offset=at + 1, clause=CLAUSE
            )
        octets = <const uint8_t*>PyBytes_AS_STRING(plain)
        PyBytes_AS_STRING(plain)[size + 1] = <char>DLMS_FLAG
        count = size + 2
    verdict = dlms_hdlc_check(octets + 1, count - 1, &frame)
    if verdict == DLMS_HDLC_PENDING:
        verdict, frame.at = DLMS_HDLC_TRUNCATED, count - 1
    if verdict != DLMS_HDLC_GOOD:
        raise DecodeError(
            verdict_reason(verdict, frame.expected, frame.found),
            layer="hdlc", path=verdict_field(verdict), offset=frame.at + 1, clause=CLAUSE,
        )
    if frame.length + 2 != count:
        raise DecodeError(
            f"{count - frame.length - 2} octets follow the frame", layer="hdlc", offset=frame.length + 2, clause=CLAUSE
        )
    return new_frame(&frame, 1)


cdef str verdict_reason(int verdict, unsigned expected, unsigned found):
    if verdict == DLMS_HDLC_OUTSIDE:
        return "no flag opens these octets"
    if verdict == DLMS_HDLC_TYPE:
        return f"expected frame format type 3 (A0 to AF), got {found:02X}"
    if verdict == DLMS_HDLC_LENGTH:
        return f"a frame like this cannot have {found} octets"
    if verdict == DLMS_HDLC_ADDRESS:
        return "expected an address of 1, 2 or 4 octets"
    if verdict == DLMS_HDLC_HCS:
        return f"expected header check sequence {expected:04X}, got {found:04X}"
    if verdict == DLMS_HDLC_FCS:
        return f"expected frame check sequence {expected:04X}, got {found:04X}"
    if verdict == DLMS_HDLC_CLOSING:
        return f"expected the closing flag where the length puts it, got {found:02X}"
    if verdict == DLMS_HDLC_TRUNCATED:
        return "the octets end within the frame"
    if verdict == DLMS_HDLC_ABORTED:
        return "an escape before a flag, or a flag inside: the frame was given up"
    return "more octets than the longest frame has, and no flag"


cdef str verdict_field(int verdict):
    if verdict == DLMS_HDLC_TYPE or verdict == DLMS_HDLC_LENGTH:
        return "format"
    if verdict == DLMS_HDLC_ADDRESS:
        return "address"
    if verdict == DLMS_HDLC_HCS:
        return "header-check-sequence"
    if verdict == DLMS_HDLC_FCS:
        return "frame-check-sequence"
    if verdict == DLMS_HDLC_TRUNCATED:
        return "frame"
    return "flag"
