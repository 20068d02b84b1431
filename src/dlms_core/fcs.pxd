"""CRC-16/X-25 over a run of octets (fcs.h)."""

from libc.stdint cimport uint8_t, uint16_t

cdef extern from "fcs.h" nogil:
    enum:
        DLMS_FCS_START
        DLMS_FCS_GOOD

    uint16_t dlms_fcs(uint16_t state, const uint8_t* octets, size_t count)
    uint16_t dlms_fcs_slice16(uint16_t state, const uint8_t* octets, size_t count)
    bint dlms_fcs_folds()
