"""Long frames of the wired M-Bus (EN 13757-2), and the DLMS segments in them (EN 13757-1, IEC 62056-7-3).

A long frame is 68 L L 68, L octets (control, address, control information CI, data), their sum modulo 256,
16. With CI from 00 to 1F the data is a DLMS segment: source and destination service access point, then a part
of the APDU. The low four bits of CI number the segments from 0, bit 4 marks the last one: 10 is an APDU in
one segment.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcpy

from dlms_core.fault import DecodeError, EncodeError

from dlms_core.stream cimport StreamReader

SEGMENT_MAXIMUM = 245  # as EVN's meters divide: L = FA, of which five are C, A, CI, STSAP, DTSAP
SEGMENTS_MAXIMUM = 16

cdef enum:
    START = 0x68
    STOP = 0x16
    HEADER = 4          # 68 L L 68
    TRAILER = 2         # checksum, stop
    SMALLEST = 3        # C, A, CI
    SAPS = 2            # STSAP, DTSAP
    DLMS_CI_END = 0x20
    FINAL = 0x10
    # A frame with L = 0 says nothing of its length; longer ones than this were never seen.
    UNSTATED_MAXIMUM = 1024


cdef inline uint8_t checksum(const uint8_t* octets, size_t count) noexcept nogil:
    cdef uint8_t total = 0
    cdef size_t i
    for i in range(count):
        total += octets[i]
    return total


cdef inline bint is_header(const uint8_t* octets) noexcept nogil:
    return octets[0] == START and octets[3] == START and octets[1] == octets[2]


cdef class MbusFrame:
    """One long frame: its control, address and CI octets, its data, and where in the stream it began.

    In a DLMS segment (CI below 20) `source` and `destination` are the service access points and `data`
    follows them; elsewhere they are None and `data` follows CI. `fault` is None, or says why the frame is not
    sound: a checksum that does not fit, or the end of the stream within it.
    """

    def __init__(self):
        raise TypeError("an MbusFrame comes from an MbusReader; build_frame() makes its octets")

    @property
    def segment(self):
        """The number of the DLMS segment; None where the frame carries something else."""
        return None if self.source is None else self.control_information & 0x0F

    @property
    def final(self):
        """Whether this DLMS segment is the last of its APDU."""
        return self.source is not None and (self.control_information & FINAL) != 0

    def __eq__(self, other):
        if not isinstance(other, MbusFrame):
            return NotImplemented
        cdef MbusFrame that = <MbusFrame> other
        return (
            self.control == that.control and self.address == that.address
            and self.control_information == that.control_information
            and self.source == that.source and self.destination == that.destination
            and self.data == that.data and self.offset == that.offset
            and (self.fault is None) == (that.fault is None)
        )

    def __hash__(self):
        return hash((self.control, self.address, self.control_information, self.data, self.offset))

    def __repr__(self):
        return (
            f"<MbusFrame control={self.control:02X} address={self.address:02X}"
            f" control_information={self.control_information:02X} source={self.source}"
            f" destination={self.destination} data={self.data.hex()} offset={self.offset}"
            f"{'' if self.fault is None else ' faulty'}>"
        )


cdef class MbusReader(StreamReader):
    """Reads the long frames of a stream: `read` and `finish` give MbusFrame and DecodeError in its order.

    What is between frames is a fault, as is a header whose stop octet is not where L puts it; reading goes on
    at the next header. A frame whose checksum alone is wrong comes out with its `fault`.

    L counts modulo 256 at some meters: Sagemcom T210-D sends 01 for 257. As no frame is shorter than 3, L = 1
    and L = 2 mean 257 and 258; L = 0 means 256 if checksum and stop octet agree, else whatever length they
    agree with.
    """

    layer = "mbus"

    cdef Py_ssize_t take(self, const uint8_t* octets, size_t count, bint last, list events) except -1:
        cdef size_t at = 0
        cdef size_t left, length
        cdef const uint8_t* start
        while at < count:
            start = octets + at
            if start[0] != START:
                self.garbage(at, f"expected the start octet 68, got {start[0]:02X}", events)
                start = <const uint8_t*> memchr(start, START, count - at)
                if start == NULL:
                    return <Py_ssize_t> count
                at = start - octets
            left = count - at
            if left < HEADER:
                if last:
                    self.garbage(at, f"expected a header of {HEADER} octets, got {left}", events)
                break
            if not is_header(start):
                self.garbage(at, f"expected 68 L L 68, got {start[:HEADER].hex(' ').upper()}", events)
                at += 1
                continue
            length = start[1]
            if length == 0:
                length = self.unstated_length(start, left, last)
                if length == 0 and left < HEADER + UNSTATED_MAXIMUM + TRAILER and not last:
                    break
            elif length < SMALLEST:
                length += 256
            if length == 0:
                self.garbage(at, "expected a checksum and stop octet after L = 0, got none", events)
                at += 1
            elif left < HEADER + length + TRAILER:
                if last:
                    self.cut(start, at, left, length, events)
                break
            elif start[HEADER + length + 1] != STOP:
                self.garbage(at, f"expected the stop octet 16 after {length} octets, got another", events)
                at += 1
            else:
                events.append(self.frame(start, at, length, True))
                self.lost = False
                at += HEADER + length + TRAILER
        return <Py_ssize_t> at

    cdef int cut(self, const uint8_t* octets, size_t at, size_t left, size_t length, list events) except -1:
        """The stream ended within a frame."""
        cdef MbusFrame frame
        cdef str reason = f"expected a frame of {HEADER + length + TRAILER} octets, got {left}"
        if left < HEADER + SMALLEST:
            return self.garbage(at, reason, events)
        frame = self.frame(octets, at, min(left - HEADER, length), False)
        frame.fault = DecodeError(reason, layer=self.layer, offset=self.offset + at + left)
        events.append(frame)
        return 0

    cdef size_t unstated_length(self, const uint8_t* octets, size_t left, bint last) noexcept:
        """The length of a frame with L = 0 by its checksum and stop octet; 0 if none fits (yet)."""
        cdef const uint8_t* content = octets + HEADER
        cdef size_t room = min(left - HEADER, <size_t> UNSTATED_MAXIMUM + TRAILER)
        cdef uint8_t total = 0
        cdef size_t length
        if room >= 256 + TRAILER:
            if content[257] == STOP and content[256] == checksum(content, 256):
                return 256
        elif not last:
            return 0
        for length in range(room - 1 if room else 0):
            if length >= SMALLEST and content[length] == total and content[length + 1] == STOP:
                return length
            total += content[length]
        return 0

    cdef MbusFrame frame(self, const uint8_t* octets, size_t at, size_t length, bint whole):
        cdef uint8_t expected
        cdef MbusFrame frame = MbusFrame.__new__(MbusFrame)
        cdef size_t skipped = HEADER + SMALLEST
        frame.control = octets[HEADER]
        frame.address = octets[HEADER + 1]
        frame.control_information = octets[HEADER + 2]
        if frame.control_information < DLMS_CI_END and length >= SMALLEST + SAPS:
            frame.source = octets[skipped]
            frame.destination = octets[skipped + 1]
            skipped += SAPS
        frame.data = PyBytes_FromStringAndSize(
            <const char*> octets + skipped, <Py_ssize_t> (HEADER + length - skipped)
        )
        frame.offset = self.offset + at
        if whole:
            expected = checksum(octets + HEADER, length)
            if octets[HEADER + length] != expected:
                frame.fault = DecodeError(
                    f"expected checksum {expected:02X}, got {octets[HEADER + length]:02X}",
                    layer=self.layer, offset=frame.offset + HEADER + length,
                )
        return frame


cdef uint8_t octet(value, str name) except? 0xFF:
    if not 0 <= value <= 0xFF:
        raise EncodeError(f"expected 0 to 255, got {value}", path=name)
    return value


cdef bytes long_frame(const uint8_t* header, size_t header_length, const uint8_t* data, size_t count):
    """C, A, CI (and the service access points) from `header`, then `data`, as one frame of L = header_length
    + count."""
    cdef size_t length = header_length + count
    cdef bytes whole = PyBytes_FromStringAndSize(NULL, <Py_ssize_t> (HEADER + length + TRAILER))
    cdef uint8_t* at = <uint8_t*> PyBytes_AS_STRING(whole)
    at[0] = at[3] = START
    at[1] = at[2] = <uint8_t> length
    memcpy(at + HEADER, header, header_length)
    memcpy(at + HEADER + header_length, data, count)
    at[HEADER + length] = checksum(at + HEADER, length)
    at[HEADER + length + 1] = STOP
    return whole


def build_frame(data, *, control=0x53, address=0xFF, control_information):
    """The octets of one long frame. EncodeError if `data` is over 252 octets, or another argument does not
    fit one."""
    cdef Py_buffer view
    cdef uint8_t header[SMALLEST]
    header[0] = octet(control, "control")
    header[1] = octet(address, "address")
    header[2] = octet(control_information, "control_information")
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if view.len > 255 - SMALLEST:
            raise EncodeError(f"expected at most 252 octets, got {view.len}", path="data")
        return long_frame(header, SMALLEST, <const uint8_t*> view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


def build(
    apdu, *, source=0x01, destination=0x67, control=0x53, address=0xFF,
    Py_ssize_t segment_length=SEGMENT_MAXIMUM,
):
    """The long frames that carry an APDU in DLMS segments of at most `segment_length` octets.

    EncodeError if the APDU is empty, needs more than the sixteen segments that CI can number, or an argument
    does not fit.
    """
    cdef Py_buffer view
    cdef uint8_t header[SMALLEST + SAPS]
    cdef list frames = []
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t count
    cdef int number = 0
    if not 1 <= segment_length <= 255 - SMALLEST - SAPS:
        raise EncodeError(f"expected 1 to 250, got {segment_length}", path="segment_length")
    header[0] = octet(control, "control")
    header[1] = octet(address, "address")
    header[3] = octet(source, "source")
    header[4] = octet(destination, "destination")
    PyObject_GetBuffer(apdu, &view, PyBUF_SIMPLE)
    try:
        if not 1 <= view.len <= segment_length * SEGMENTS_MAXIMUM:
            raise EncodeError(
                f"expected 1 to {segment_length * SEGMENTS_MAXIMUM} octets, got {view.len}", path="apdu"
            )
        while at < view.len:
            count = min(segment_length, view.len - at)
            header[2] = <uint8_t> (number | (FINAL if at + count == view.len else 0))
            frames.append(long_frame(header, SMALLEST + SAPS, <const uint8_t*> view.buf + at, count))
            at += count
            number += 1
        return frames
    finally:
        PyBuffer_Release(&view)
