"""Growable output with length back-patch (sink.h): the only way out."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "sink.h" nogil:
    ctypedef struct dlms_sink:
        uint8_t* octets
        size_t used
        size_t room

    void dlms_sink_open(dlms_sink*)
    void dlms_sink_close(dlms_sink*)
    bint dlms_sink_need(dlms_sink*, size_t)
    bint dlms_sink_u8(dlms_sink*, uint8_t)
    bint dlms_sink_u16(dlms_sink*, uint16_t)
    bint dlms_sink_u32(dlms_sink*, uint32_t)
    bint dlms_sink_u64(dlms_sink*, uint64_t)
    bint dlms_sink_octets(dlms_sink*, const uint8_t*, size_t)
    bint dlms_sink_length(dlms_sink*, size_t)
    bint dlms_sink_wrap(dlms_sink*, size_t)
    void dlms_put_be16(uint8_t*, uint16_t)
    void dlms_put_be32(uint8_t*, uint32_t)
    void dlms_put_be64(uint8_t*, uint64_t)
    size_t dlms_length_width(size_t)
    void dlms_put_length(uint8_t*, size_t, size_t)
