"""COSEM date-time, date and time as values, and their octets <-> milliseconds (clock.h)."""

from libc.stdint cimport int64_t, uint8_t

cdef extern from "clock.h" nogil:
    const int64_t DLMS_NAT
    const int DLMS_NO_DEVIATION

    ctypedef struct dlms_time_rule:
        int deviation_sign
        int daylight_saving_apart

    int64_t dlms_date_ms(const uint8_t*)
    int64_t dlms_time_ms(const uint8_t*)
    int dlms_deviation(const uint8_t*)
    int64_t dlms_epoch_ms(const uint8_t*, const dlms_time_rule*)
    bint dlms_put_date_time(uint8_t*, int64_t, int, int, const dlms_time_rule*)

cdef class CosemDateTime:
    cdef uint8_t raw[12]

cdef class CosemDate:
    cdef uint8_t raw[5]

cdef class CosemTime:
    cdef uint8_t raw[4]

cdef CosemDateTime date_time_of(const uint8_t* octets)
cdef CosemDate date_of(const uint8_t* octets)
cdef CosemTime time_of(const uint8_t* octets)
cdef int time_rule(str deviation_sign, bint daylight_saving_apart, dlms_time_rule* rule) except -1
