"""Octet stuffing of async-HDLC links (transparency.h)."""

from libc.stdint cimport uint8_t

cdef extern from "transparency.h" nogil:
    enum:
        DLMS_FLAG
        DLMS_ESCAPE
        DLMS_TRANSPARENCY_HAS_SSE2

    size_t dlms_stuffed_size(const uint8_t* octets, size_t count)
    void dlms_stuff(const uint8_t* octets, size_t count, uint8_t* out)
    size_t dlms_unstuff(const uint8_t* octets, size_t count, uint8_t* out, size_t* fault)
