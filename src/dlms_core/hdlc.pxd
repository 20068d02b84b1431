"""HDLC frame format type 3 (hdlc.h): its values."""

from libc.stdint cimport uint8_t, uint16_t, uint64_t

cdef extern from "hdlc.h" nogil:
    enum:
        DLMS_HDLC_LONGEST
        DLMS_HDLC_GOOD
        DLMS_HDLC_PENDING
        DLMS_HDLC_OUTSIDE
        DLMS_HDLC_TYPE
        DLMS_HDLC_LENGTH
        DLMS_HDLC_ADDRESS
        DLMS_HDLC_HCS
        DLMS_HDLC_FCS
        DLMS_HDLC_CLOSING
        DLMS_HDLC_TRUNCATED
        DLMS_HDLC_ABORTED
        DLMS_HDLC_ENDLESS

    ctypedef struct dlms_hdlc_frame:
        const uint8_t* destination
        const uint8_t* source
        const uint8_t* information
        size_t length
        size_t information_length
        uint8_t destination_size
        uint8_t source_size
        uint8_t control
        uint8_t segmented
        uint8_t bounded
        size_t at
        unsigned expected
        unsigned found

    int dlms_hdlc_check(const uint8_t* octets, size_t available, dlms_hdlc_frame* frame)
    size_t dlms_hdlc_length(size_t destination_size, size_t source_size, size_t information_length)
    void dlms_hdlc_build(const dlms_hdlc_frame* frame, uint8_t* out)


cdef class HdlcAddress:
    cdef readonly uint16_t upper
    cdef uint16_t _lower
    cdef readonly uint8_t size
    cdef void put(self, uint8_t* out) noexcept


cdef class Frame:
    cdef readonly bytes information
    cdef readonly uint64_t offset
    cdef readonly bint segmented
    cdef readonly uint8_t control
    cdef uint8_t _destination_size
    cdef uint8_t _source_size
    cdef uint8_t[4] _destination
    cdef uint8_t[4] _source


# The Frame of a good verdict; `offset` is where in its stream its format is.
cdef Frame new_frame(const dlms_hdlc_frame* checked, uint64_t offset)

# A bad verdict in words, and the field that it is about.
cdef str verdict_reason(int verdict, unsigned expected, unsigned found)
cdef str verdict_field(int verdict)
