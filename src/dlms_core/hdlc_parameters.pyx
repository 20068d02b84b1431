"""The information field of SNRM and UA: negotiation of HDLC parameters (IEC 62056-46, 6.4.4.4.3.2).

    81 format identifier
    80 group identifier: parameter negotiation
    14 group length, then (identifier, length, value) for 05 to 08
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int64_t, uint8_t

from dlms_core.fault import EncodeError

cimport cython

from dlms_core.cursor cimport (
    DLMS_LENGTH,
    DLMS_VALUE,
    dlms_cursor,
    dlms_cursor_open,
    dlms_fail,
    dlms_left,
    dlms_octets,
    dlms_u8,
)
from dlms_core.fault cimport raise_fault

cdef enum:
    FORMAT_IDENTIFIER = 0x81
    PARAMETER_NEGOTIATION = 0x80  # group identifier; other groups hold user data
    FIRST = 0x05
    NOT_STATED = -1

# The identifiers 05 to 08, in order, with the range of each (Blue Book, class 23).
PARAMETERS = (
    ("max_info_field_length_transmit", 32, 2030),
    ("max_info_field_length_receive", 32, 2030),
    ("window_size_transmit", 1, 7),
    ("window_size_receive", 1, 7),
)


@cython.final
cdef class HdlcParameters:
    """What a station states in SNRM or UA; None for what it does not (the defaults hold: 128 octets, window 1).

    "Transmit" and "receive" are as the sender of the frame sees them. EncodeError for a value outside the Blue Book's
    range; whatever a peer states can be decoded.
    """

    cdef int64_t[4] _values

    def __cinit__(self):
        cdef int i
        for i in range(4):
            self._values[i] = NOT_STATED

    def __init__(self, *, max_info_field_length_transmit=None, max_info_field_length_receive=None,
                 window_size_transmit=None, window_size_receive=None):
        values = (
            max_info_field_length_transmit, max_info_field_length_receive, window_size_transmit, window_size_receive
        )
        cdef int i
        for i, ((name, low, high), value) in enumerate(zip(PARAMETERS, values, strict=True)):
            if value is None:
                continue
            if not low <= value <= high:
                raise EncodeError(f"{value} is not between {low} and {high}", path=name)
            self._values[i] = value

    @property
    def max_info_field_length_transmit(self):
        return stated(self._values[0])

    @property
    def max_info_field_length_receive(self):
        return stated(self._values[1])

    @property
    def window_size_transmit(self):
        return stated(self._values[2])

    @property
    def window_size_receive(self):
        return stated(self._values[3])

    @staticmethod
    def decode(octets):
        """The parameters in an information field; nothing is stated in an empty one.

        Values of 1 to 4 octets are read, other identifiers and groups passed over. DecodeError (layer
        "hdlc-parameters") for anything that is not laid out like this.
        """
        cdef Py_buffer view
        cdef dlms_cursor cursor
        cdef HdlcParameters parameters = HdlcParameters.__new__(HdlcParameters)
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        try:
            dlms_cursor_open(&cursor, <const uint8_t*>view.buf, view.len)
            if view.len and not read_field(&cursor, parameters._values):
                raise_fault(&cursor.fault, "hdlc-parameters", "")
        finally:
            PyBuffer_Release(&view)
        return parameters

    def encode(self):
        """The information field; b"" if nothing is stated.

        Information field lengths take one octet where they can, window sizes four, as in the standard's example.
        """
        cdef int i
        group = bytearray()
        for i in range(4):
            if self._values[i] == NOT_STATED:
                continue
            value = int(self._values[i])
            size = 4 if i >= 2 else max(1, (value.bit_length() + 7) // 8)
            group += bytes([FIRST + i, size]) + value.to_bytes(size, "big")
        return bytes([FORMAT_IDENTIFIER, PARAMETER_NEGOTIATION, len(group)]) + group if group else b""

    def __eq__(self, other):
        if not isinstance(other, HdlcParameters):
            return NotImplemented
        return as_tuple(self) == as_tuple(other)

    def __hash__(self):
        return hash(as_tuple(self))

    def __repr__(self):
        values = (
            f"{name}={value}"
            for (name, _, _), value in zip(PARAMETERS, as_tuple(self), strict=True)
            if value is not None
        )
        return f"HdlcParameters({', '.join(values)})"

    def __reduce__(self):
        return HdlcParameters.decode, (self.encode(),)


cdef object stated(int64_t value):
    return None if value == NOT_STATED else value


cdef tuple as_tuple(HdlcParameters parameters):
    return tuple([stated(parameters._values[i]) for i in range(4)])


cdef bint read_field(dlms_cursor* cursor, int64_t* values) noexcept:
    cdef uint8_t octet = 0, length = 0
    cdef const uint8_t* start = cursor.at
    cdef const uint8_t* content
    cdef dlms_cursor group
    if not dlms_u8(cursor, &octet):
        return False
    if octet != FORMAT_IDENTIFIER:
        return dlms_fail(cursor, DLMS_VALUE, start, FORMAT_IDENTIFIER, octet)
    while dlms_left(cursor):
        if not (dlms_u8(cursor, &octet) and dlms_u8(cursor, &length) and dlms_octets(cursor, length, &content)):
            return False
        if octet != PARAMETER_NEGOTIATION:
            continue
        group = cursor[0]
        group.at = content
        group.end = content + length
        if not read_group(&group, values):
            cursor.fault = group.fault
            return False
    return True


cdef bint read_group(dlms_cursor* group, int64_t* values) noexcept:
    cdef uint8_t identifier = 0, length = 0
    cdef const uint8_t* start
    cdef const uint8_t* octets
    cdef int64_t value
    cdef int i
    while dlms_left(group):
        start = group.at
        if not (dlms_u8(group, &identifier) and dlms_u8(group, &length) and dlms_octets(group, length, &octets)):
            return False
        if not FIRST <= identifier < FIRST + 4:
            continue
        if not 1 <= length <= 4:
            return dlms_fail(group, DLMS_LENGTH, start + 1, -1, length)
        value = 0
        for i in range(length):
            value = value << 8 | octets[i]
        values[identifier - FIRST] = value
    return True
