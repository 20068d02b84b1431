"""What readers of a stream share: octets kept between two deliveries, and the offset of what comes next."""

from libc.stdint cimport uint8_t

from dlms_core.sink cimport dlms_sink


cdef class StreamReader:
    cdef dlms_sink held
    cdef readonly unsigned long long offset
    cdef bint lost

    cdef int deliver(self, const uint8_t* octets, Py_ssize_t count, list events) except -1
    cdef int keep(self, const uint8_t* octets, size_t count) except -1

    # Reads what is whole among `count` octets into `events`; returns how many octets it is done with. With
    # `last` set no octet follows: what is still incomplete becomes an event too.
    cdef Py_ssize_t take(self, const uint8_t* octets, size_t count, bint last, list events) except -1
    cdef int garbage(self, size_t at, str reason, list events) except -1
