"""Long frames of the wired M-Bus, and the DLMS segments in them."""

from libc.stdint cimport uint8_t

from dlms_core.stream cimport StreamReader


cdef class MbusFrame:
    cdef readonly int control
    cdef readonly int address
    cdef readonly int control_information
    cdef readonly object source
    cdef readonly object destination
    cdef readonly bytes data
    cdef readonly unsigned long long offset
    cdef readonly object fault


cdef class MbusReader(StreamReader):
    cdef size_t unstated_length(self, const uint8_t* octets, size_t left, bint last) noexcept
    cdef MbusFrame frame(self, const uint8_t* octets, size_t at, size_t length, bint whole)
    cdef int cut(self, const uint8_t* octets, size_t at, size_t left, size_t length, list events) except -1
