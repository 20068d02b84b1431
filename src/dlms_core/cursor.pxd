"""Checked big-endian reads over a run of octets (cursor.h): the only way in."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "cursor.h" nogil:
    enum:
        DLMS_OK
        DLMS_TRUNCATED
        DLMS_TAG
        DLMS_LENGTH
        DLMS_LENGTH_FORM
        DLMS_COUNT
        DLMS_DEPTH
        DLMS_SIZE
        DLMS_VALUE
        DLMS_TRAILING
        DLMS_CHECK
        DLMS_PYTHON

    ctypedef struct dlms_fault:
        int code
        size_t offset
        int64_t expected
        int64_t found

    ctypedef struct dlms_cursor:
        const uint8_t* origin
        const uint8_t* at
        const uint8_t* end
        dlms_fault fault

    void dlms_cursor_open(dlms_cursor*, const uint8_t*, size_t)
    size_t dlms_left(const dlms_cursor*)
    size_t dlms_offset(const dlms_cursor*)
    bint dlms_fail(dlms_cursor*, int, const uint8_t*, int64_t, int64_t)
    bint dlms_need(dlms_cursor*, size_t)
    bint dlms_u8(dlms_cursor*, uint8_t*)
    bint dlms_u16(dlms_cursor*, uint16_t*)
    bint dlms_u32(dlms_cursor*, uint32_t*)
    bint dlms_u64(dlms_cursor*, uint64_t*)
    bint dlms_octets(dlms_cursor*, size_t, const uint8_t**)
    bint dlms_length(dlms_cursor*, size_t*)
    uint16_t dlms_be16(const uint8_t*)
    uint32_t dlms_be32(const uint8_t*)
    uint64_t dlms_be64(const uint8_t*)
