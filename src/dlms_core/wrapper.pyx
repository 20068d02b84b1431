"""The wrapper of DLMS/COSEM over TCP and UDP: one WPDU after another (IEC 62056-47).

A WPDU is version 0001, source wPort, destination wPort, length (each two octets), and an APDU of that length.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memchr, memcpy

from dlms_core.fault import DecodeError, EncodeError

from dlms_core.cursor cimport dlms_be16
from dlms_core.sink cimport dlms_put_be16
from dlms_core.stream cimport StreamReader

HEADER_LENGTH = 8
VERSION = b"\x00\x01"

cdef enum:
    HEADER = 8


cdef class Wpdu:
    """One WPDU: wPorts, APDU octets, and the offset of its header in the stream.

    `fault` is None, or says why it is not whole: the stream ended within the APDU.
    """

    def __init__(self):
        raise TypeError("a Wpdu comes from a WpduReader; build() makes its octets")

    def __eq__(self, other):
        if not isinstance(other, Wpdu):
            return NotImplemented
        cdef Wpdu that = <Wpdu> other
        return (
            self.source == that.source and self.destination == that.destination
            and self.apdu == that.apdu and self.offset == that.offset
            and (self.fault is None) == (that.fault is None)
        )

    def __hash__(self):
        return hash((self.source, self.destination, self.apdu, self.offset))

    def __repr__(self):
        return (
            f"<Wpdu source={self.source} destination={self.destination} apdu={self.apdu.hex()}"
            f" offset={self.offset}{'' if self.fault is None else ' incomplete'}>"
        )


cdef class WpduReader(StreamReader):
    """Reads the WPDUs of a stream: `read` and `finish` give Wpdu and DecodeError in the order of the
    stream.

    A header of another version, or one that announces nothing or more than `limit`, is a fault; reading goes on at
    the next header. Only then, where two octets of payload might pass for a header, `first_octets` (the octets that
    an APDU can begin with; empty for any) decide with it. `in_step=False` reads a stream from such a state on: what
    comes before the first header is no fault.
    """

    layer = "wrapper"

    def __init__(self, size_t limit=65535, bytes first_octets=b"", *, bint in_step=True):
        self.limit = limit
        self.first_octets = first_octets
        self.lost = not in_step

    cdef Py_ssize_t take(self, const uint8_t* octets, size_t count, bint last, list events) except -1:
        cdef size_t at = 0
        cdef size_t length
        cdef bint header_alone
        cdef const uint8_t* header
        while count - at >= HEADER:
            header = octets + at
            length = dlms_be16(header + 6)
            if dlms_be16(header) != 1:
                self.garbage(at, f"expected version 0001, got {dlms_be16(header):04X}", events)
                header = <const uint8_t*> memchr(header + 1, 0, count - at - 1)
                at = count if header == NULL else <size_t> (header - octets)
                continue
            if length == 0 or length > self.limit:
                header_alone = not self.lost and length == 0
                self.garbage(at, f"expected a length from 1 to {self.limit}, got {length}", events)
                if header_alone:  # a header and nothing more: the next one follows at once
                    self.lost = False
                    at += HEADER
                else:
                    at += 1
                continue
            if self.lost:
                if count - at == HEADER:
                    break
                if not self.may_begin(header[HEADER]):
                    at += 1
                    continue
            if count - at - HEADER < length:
                if self.lost and last:  # not a header after all: nothing of that length came
                    at += 1
                    continue
                break
            events.append(self.whole(header, at, length))
            self.lost = False
            at += HEADER + length
        if last and at < count:
            self.cut(octets + at, at, count - at, events)
        return at

    cdef bint may_begin(self, uint8_t octet) noexcept:
        cdef Py_ssize_t known = PyBytes_GET_SIZE(self.first_octets)
        return known == 0 or memchr(PyBytes_AS_STRING(self.first_octets), octet, known) != NULL

    cdef object whole(self, const uint8_t* header, size_t at, size_t length):
        """What a WPDU is handed out as."""
        return self.wpdu(header, at, length)

    cdef Wpdu wpdu(self, const uint8_t* header, size_t at, size_t length):
        cdef Wpdu wpdu = Wpdu.__new__(Wpdu)
        wpdu.source = dlms_be16(header + 2)
        wpdu.destination = dlms_be16(header + 4)
        wpdu.apdu = PyBytes_FromStringAndSize(<const char*> header + HEADER, <Py_ssize_t> length)
        wpdu.offset = self.offset + at
        return wpdu

    cdef int cut(self, const uint8_t* header, size_t at, size_t left, list events) except -1:
        """The stream ended within a WPDU."""
        cdef Wpdu wpdu
        cdef size_t length
        if left < HEADER or self.lost:
            self.garbage(at, f"expected a header of {HEADER} octets, got {left}", events)
            return 0
        length = dlms_be16(header + 6)
        wpdu = self.wpdu(header, at, left - HEADER)
        wpdu.fault = DecodeError(
            f"expected {length} octets of APDU, got {left - HEADER}",
            layer=self.layer, offset=self.offset + at + HEADER,
        )
        events.append(wpdu)
        return 0


cdef class ApduReader(WpduReader):
    """Reads a stream as a WpduReader does, but of what goes from `source` to `destination` the octets of the APDUs
    alone: a WPDU is handed out for what is between others, or not whole."""

    def __init__(self, source, destination, size_t limit=65535):
        super().__init__(limit)
        self.source = wport(source, "source")
        self.destination = wport(destination, "destination")

    cdef object whole(self, const uint8_t* header, size_t at, size_t length):
        if dlms_be16(header + 2) != self.source or dlms_be16(header + 4) != self.destination:
            return self.wpdu(header, at, length)
        return PyBytes_FromStringAndSize(<const char*> header + HEADER, <Py_ssize_t> length)

    @cython.critical_section
    def only(self, bytes octets not None):
        """The APDU where the octets are one whole WPDU of this pair; else None, and they are for `read` to take."""
        cdef const uint8_t* header = <const uint8_t*> PyBytes_AS_STRING(octets)
        cdef size_t count = PyBytes_GET_SIZE(octets)
        if (
            self.held.used or self.lost or count <= HEADER or count - HEADER > self.limit
            or dlms_be16(header) != 1 or dlms_be16(header + 6) != count - HEADER
            or dlms_be16(header + 2) != self.source or dlms_be16(header + 4) != self.destination
        ):
            return None
        self.offset += count
        return PyBytes_FromStringAndSize(<const char*> header + HEADER, <Py_ssize_t> (count - HEADER))


cdef uint16_t wport(value, str name) except? 0xFFFF:
    if not 0 <= value <= 0xFFFF:
        raise EncodeError(f"expected 0 to 65535, got {value}", path=name)
    return value


def build(apdu, *, source, destination):
    """The octets of one WPDU. EncodeError if a wPort does not fit two octets, or the APDU is empty or over
    65,535."""
    cdef Py_buffer view
    cdef bytes whole
    cdef uint8_t* at
    cdef uint16_t source_wport = wport(source, "source")
    cdef uint16_t destination_wport = wport(destination, "destination")
    PyObject_GetBuffer(apdu, &view, PyBUF_SIMPLE)
    try:
        if not 1 <= view.len <= 0xFFFF:
            raise EncodeError(f"expected 1 to 65535 octets, got {view.len}", path="apdu")
        whole = PyBytes_FromStringAndSize(NULL, HEADER + view.len)
        at = <uint8_t*> PyBytes_AS_STRING(whole)
        dlms_put_be16(at, 1)
        dlms_put_be16(at + 2, source_wport)
        dlms_put_be16(at + 4, destination_wport)
        dlms_put_be16(at + 6, <uint16_t> view.len)
        memcpy(at + HEADER, view.buf, view.len)
        return whole
    finally:
        PyBuffer_Release(&view)
