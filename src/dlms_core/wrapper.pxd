"""The wrapper of DLMS/COSEM over TCP and UDP: one WPDU after another."""

from libc.stdint cimport uint8_t, uint16_t

from dlms_core.stream cimport StreamReader


cdef class Wpdu:
    cdef readonly int source
    cdef readonly int destination
    cdef readonly bytes apdu
    cdef readonly unsigned long long offset
    cdef readonly object fault


cdef class WpduReader(StreamReader):
    cdef readonly size_t limit
    cdef bytes first_octets

    cdef bint may_begin(self, uint8_t octet) noexcept
    cdef object whole(self, const uint8_t* header, size_t at, size_t length)
    cdef Wpdu wpdu(self, const uint8_t* header, size_t at, size_t length)
    cdef int cut(self, const uint8_t* header, size_t at, size_t left, list events) except -1


cdef class ApduReader(WpduReader):
    cdef uint16_t source
    cdef uint16_t destination
