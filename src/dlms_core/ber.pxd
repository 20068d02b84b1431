"""The slice of BER that ACSE uses: contents of INTEGER, OBJECT IDENTIFIER and BIT STRING (X.690)."""

from libc.stdint cimport int64_t

from dlms_core.cursor cimport dlms_cursor
from dlms_core.sink cimport dlms_sink

cdef enum:
    BER_INTEGER = 0x02
    BER_BIT_STRING = 0x03
    BER_OCTET_STRING = 0x04
    BER_OBJECT_IDENTIFIER = 0x06

# Each reads the content from the cursor up to its end; a fault leaves its mark in the cursor and gives 0 or None.
cdef bint read_integer(dlms_cursor* c, int64_t* value) noexcept
cdef object read_object_identifier(dlms_cursor* c)
cdef object read_bit_string(dlms_cursor* c, size_t bits)

# Each appends the content, without tag and length; 0 when memory ran out.
cdef bint write_integer(dlms_sink* s, int64_t value) noexcept
cdef int write_object_identifier(dlms_sink* s, object value) except -1
cdef int write_bits(dlms_sink* s, str value) except -1
