"""The LLC header in front of an APDU on HDLC."""

from libc.stdint cimport uint8_t

cdef enum:
    LLC_LENGTH = 3

# How many LLC headers stand at the front.
cdef size_t count_headers(const uint8_t* octets, size_t count) noexcept nogil
